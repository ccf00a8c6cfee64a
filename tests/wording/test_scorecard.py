"""The sentences of the scorecard, word for word."""

from gtmkit.wording.scorecard import Standing, Star, decision, protected

MISSED = Standing("Win rate", "20.0 % (15 to 25, n 200)", "30 %", "missed", "act")
LEVEL = Standing("Sales cycle", "73 days", "75 days", "not told apart")
MET = Standing("CAC payback", "9.9 months", "18.0 months", "met")
FREE = Standing("Velocity", "USD 24.5 k a day", "", "")
LATER = Standing("ARR", "USD 15.3 m", "USD 16.0 m", "scored in 2026-12")
ABSENT = Standing("Coverage", "", "3.00", "undefined: needs table targets", "not yet")


def test_the_weightiest_leads_and_the_others_stand_by_how_they_stand():
    assert str(decision([LEVEL, MISSED, MET, FREE])) == (
        "[act] Win rate 20.0 % (15 to 25, n 200) misses its target of 30 %; not told apart: Sales cycle; "
        "met: CAC payback; without a target: Velocity."
    )


def test_of_equal_weight_the_first_leads():
    assert str(decision([LEVEL, MET])) == (
        "[no action] Sales cycle 73 days is not told apart from its target of 75 days; met: CAC payback."
    )
    assert str(decision([FREE])) == "[no action] Velocity USD 24.5 k a day has no agreed target."


def test_what_only_touches_is_watched_and_what_is_not_told_apart_is_not():
    close = Standing("Win rate", "25.0 % (20 to 31, n 200)", "30 %", "only touches", "watch")
    assert str(decision([LEVEL, close])) == (
        "[watch] Win rate 25.0 % (20 to 31, n 200) is on the wrong side of its target of 30 %, which its interval "
        "only touches; not told apart: Sales cycle."
    )
    assert str(protected(None, [close, LEVEL], [], [])).splitlines() == [
        "[watch] Guardrail Win rate 25.0 % (20 to 31, n 200) is on the wrong side of its limit, which its interval "
        "only touches: 30 %.",
        "[no action] Guardrail Sales cycle 73 days is not told apart from its limit: 75 days.",
    ]


def test_an_outcome_is_shown_before_it_is_scored():
    assert (
        str(decision([LATER])) == "[no action] ARR USD 15.3 m has a target of USD 16.0 m, scored in 2026-12."
    )


def test_a_figure_that_is_absent_leads_only_where_all_are():
    assert str(decision([ABSENT, MET])) == (
        "[no action] CAC payback 9.9 months meets its target of 18.0 months; undefined: needs table targets: Coverage."
    )
    assert str(decision([ABSENT])) == "[not yet] Coverage undefined: needs table targets."
    assert str(decision([])) == "[not yet] None of its figures is part of this review."


def test_a_north_star_without_a_figure_or_a_past_is_not_judged():
    blank = Star("Working accounts", "", "", "", False, "undefined: needs table events")
    assert str(protected(blank, [], [], [])) == "[not yet] Working accounts undefined: needs table events."
    first = Star("Working accounts", "50", "", "", False)
    assert str(protected(first, [], [], [])) == "[not yet] Working accounts 50; no final period before it."


def test_it_rises_and_every_guardrail_holds():
    star = Star("Working accounts", "58", "56", "2026-09", True)
    assert str(protected(star, [MET], [], [])) == (
        "[no action] Working accounts 58, up from 56 in 2026-09; no guardrail is crossed."
    )


def test_a_guardrail_that_is_not_judged_does_not_hold():
    star = Star("Working accounts", "58", "56", "2026-W42", True)
    risen = "Working accounts 58, up from 56 in 2026-W42"
    assert f"[not yet] {risen}; no guardrail can be judged." in str(protected(star, [ABSENT, ABSENT], [], []))
    said = str(protected(star, [MET, ABSENT], [], []))
    assert f"[no action] {risen}; 1 of 2 guardrails judged, none crossed." in said
    assert str(protected(star, [], [], [])) == f"[not yet] {risen}; no guardrail can be judged."
