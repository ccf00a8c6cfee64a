"""Sentences word for word: size, interval, n, comparison, verdict; and no word of cause."""

import json

import nbformat
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient

from gtmkit import notebooks, wording
from gtmkit.config import Activation
from gtmkit.wording import judge

COLUMNS = ["value", "numerator", "denominator", "n", "low", "high", "status", "reason"]


def frame(rows, *axes):
    return pd.DataFrame([[*row] for row in rows], columns=[*axes, *COLUMNS])


def share(k, n, low, high, status="final", reason=None):
    return [
        k / n if n and status not in ("suppressed", "undefined") else None,
        k,
        n,
        n,
        low,
        high,
        status,
        reason,
    ]


# Low and high are given, not computed: these are sentences, the intervals have tests of their own.
BLEND = frame([["2026-10", *share(58, 100, 0.48, 0.67)]], "period")
CHANNELS = frame(
    [
        ["partner", "2026-10", *share(24, 33, 0.56, 0.85)],  # holds 58 %: level
        ["outbound", "2026-10", *share(9, 28, 0.18, 0.51)],  # wholly below: act
        [
            "search",
            "2026-10",
            *share(40, 80, 0.392, 0.6),
        ],  # 80 % interval ends at .50 + .654 x .10 = .565: watch
        ["referral", "2026-10", *share(80, 100, 0.7, 0.87)],  # wholly above
        ["events", "2026-10", *share(5, 9, 0.27, 0.81, "suppressed", "n 9, under 20")],
        ["organic", "2026-10", *share(0, 0, None, None, "undefined", "nobody started")],
    ],
    "channel",
    "period",
)


def test_groups_against_the_whole():
    said = wording.against_reference(CHANNELS, BLEND, "channel", subject="activation")
    assert str(said).splitlines() == [
        "[act] outbound: activation 32.1 % (18 to 51, n 28) against 58.0 % over all: below, "
        "beyond the interval.",
        "[watch] search: activation 50.0 % (39 to 60, n 80) against 58.0 % over all: below, "
        "its interval only touches.",
        "[too few to judge] Fewer than 20: events (n 9).",
        "[no action] referral: activation 80.0 % (70 to 87, n 100) against 58.0 % over all: "
        "above, beyond the interval.",
        "[no action] 1 of 6 is not told apart from 58.0 % over all.",
        "[not yet] organic: activation undefined: nobody started.",
    ]


def test_without_a_whole_the_reason_is_said():
    missing = frame([["2026-10", *share(0, 0, None, None, "undefined", "needs table events")]], "period")
    said = wording.against_reference(CHANNELS, missing, "channel", subject="activation")
    assert str(said) == "[not yet] activation undefined: needs table events."
    empty = wording.against_reference(CHANNELS, BLEND.head(0), "channel", subject="activation")
    assert str(empty) == "[not yet] activation has no rows."
    nobody = wording.against_reference(CHANNELS.head(0), BLEND, "channel", subject="activation")
    assert str(nobody) == "[not yet] activation has no rows."


def test_where_lower_is_better_the_adverse_side_turns():
    row = {"value": 90.0, "low": 80.0, "high": 100.0}
    assert judge(row, 70) == ("no action", "above, beyond the interval")
    assert judge(row, 70, higher_is_better=False) == ("act", "above, beyond the interval")
    assert judge({**row, "low": None, "high": None}, 70)[0] == "no action"


@given(value=st.floats(0, 1), down=st.floats(0, 0.5), up=st.floats(0, 0.5), reference=st.floats(0, 1))
def test_act_needs_the_whole_interval_on_the_adverse_side(value, down, up, reference):
    verdict, _ = judge({"value": value, "low": value - down, "high": value + up}, reference)
    assert (verdict == "act") == (value < reference and value + up < reference)
    if value >= reference:
        assert verdict == "no action"


def months(counts, n=100):
    """Win rates of successive months: k won of n, the interval ten points to each side."""
    return frame(
        [[f"2026-{m:02d}", *share(k, n, k / n - 0.1, k / n + 0.1)] for m, k in enumerate(counts, start=1)],
        "period",
    )


def test_the_latest_final_period_against_those_before():
    # Eight months of 30 of 100, then 15 of 100: .15 + .10 < .30, so below beyond the interval.
    wins = months([30] * 8 + [15, 20])
    wins.loc[9, "status"] = "provisional"
    said = wording.against_before(wins, subject="win rate", target=0.2)
    assert str(said).splitlines() == [
        "[act] 2026-09: win rate 15.0 % (5 to 25, n 100) against 30.0 % over the 8 periods before: "
        "below, beyond the interval.",
        "[no action] Target 20.0 % for 2026-09: not told apart.",
        "[not yet] 2026-10: provisional, left out of the comparison.",
    ]


def test_periods_before_a_change_of_definition_are_not_compared():
    # Two of 50 of 100 under the old definition; eight of 30 and then 15 under the new one, which began in March.
    wins = months([50] * 2 + [30] * 8 + [15])
    said = wording.against_before(wins, subject="win rate", changes=["2026-03"])
    assert str(said).splitlines() == [
        "[act] 2026-11: win rate 15.0 % (5 to 25, n 100) against 30.0 % over the 8 periods before: "
        "below, beyond the interval.",
        "[not yet] win rate: 2 periods before it are not comparable: definition changed in 2026-03.",
    ]
    young = wording.against_before(wins, subject="win rate", changes=["2026-03", "2026-10"])
    assert str(young).splitlines() == [
        "[too few to judge] 2026-11: win rate 15.0 % (5 to 25, n 100); 1 final period before it, "
        "eight are needed to tell a change from noise.",
        "[not yet] win rate: 9 periods before it are not comparable: definition changed in 2026-10.",
    ]


def test_a_change_in_the_first_period_or_after_the_latest_final_one_parts_nothing():
    wins = months([30] * 8 + [15, 20])
    wins.loc[9, "status"] = "provisional"
    assert "comparable" not in str(wording.against_before(wins, subject="w", changes=["2026-01", "2026-10"]))


def test_seven_periods_before_give_no_verdict():
    said = wording.against_before(months([30] * 7 + [15]), subject="win rate")
    assert str(said) == (
        "[too few to judge] 2026-08: win rate 15.0 % (5 to 25, n 100); 7 final periods before it, "
        "eight are needed to tell a change from noise."
    )


@pytest.mark.parametrize(("target", "word"), [
    (0.1, "met"), (0.45, "missed"), (0.31, "not told apart"), (0.39, "only touches"),  # .30 + .654 x .10 = .365
])  # fmt: skip
def test_a_target_is_met_missed_or_not_told_apart(target, word):
    said = str(wording.against_before(months([30] * 9), subject="win rate", target=target))
    assert f"Target {target * 100:.1f} % for 2026-09: {word}." in said


def test_nothing_final_says_what_there_is():
    young = frame(
        [["2026-10", *share(0, 0, None, None, "immature", "August starts are the latest")]], "period"
    )
    said = wording.against_before(young, subject="conversion")
    assert str(said) == "[not yet] conversion not yet observed: August starts are the latest."
    assert (
        str(wording.against_before(young.head(0), subject="conversion"))
        == "[not yet] conversion has no rows."
    )


def cells(**cohorts):
    rows = []
    for name, kept in cohorts.items():
        rows += [[name, age, "2026-10", *share(k, kept[0], None, None)] for age, k in enumerate(kept)]
    return frame(rows, "cohort", "age", "period")


def test_cohorts_are_compared_at_equal_age_only():
    # Older: 60 + 62 of 200 kept at age 1; younger: 82 + 80 of 200; the fifth has not reached age 1.
    triangle = cells(a=[100, 60], b=[100, 62], c=[100, 82], d=[100, 80], e=[100])
    triangle = pd.concat([triangle, cells(all=[500, 400]).assign(cohort="all")])
    said = str(wording.cohorts_at_equal_age(triangle, age=1, subject="kept")).splitlines()
    # Wilson 162/200: .750 to .858; 122/200: .541 to .675. Newcombe: .20 - sqrt(.0601^2 + .0649^2) = .1116,
    # .20 + sqrt(.0483^2 + .0691^2) = .2843.
    assert said == [
        "[no action] At month 1 the cohorts c to d: kept 81.0 % (75 to 86, n 200), against 61.0 % "
        "(54 to 67, n 200) of a to b: +20.0 points (+11.2 to +28.4), higher; were they alike, chance would part "
        "them as far in fewer than 1 of 1,000 cases up to month 1, by the log-rank test.",
        "[not yet] e: month 1 is not observed yet.",
    ]
    turned = cells(a=[100, 82], b=[100, 80], c=[100, 60], d=[100, 62])
    assert str(wording.cohorts_at_equal_age(turned, age=1, subject="kept")).startswith("[act]")


def test_one_cohort_or_small_cohorts_are_not_compared():
    assert str(
        wording.cohorts_at_equal_age(cells(a=[100, 60], b=[100]), age=1, subject="kept")
    ).splitlines() == [
        "[not yet] Fewer than two cohorts have reached month 1; kept cannot be compared at equal age.",
        "[not yet] b: month 1 is not observed yet.",
    ]
    small = str(wording.cohorts_at_equal_age(cells(a=[10, 6], b=[10, 9]), age=1, subject="kept"))
    assert small.startswith("[too few to judge]")


def test_losses_up_to_the_age_are_told_apart_by_the_log_rank_test():
    # Both halves keep 150 of 200 at age 2, but the younger lose all 50 at once: the curves differ, the ends do not.
    older, younger = [100, 100, 75], [100, 75, 75]
    said = str(
        wording.cohorts_at_equal_age(cells(a=older, b=older, c=younger, d=younger), age=2, subject="kept")
    )
    assert said.startswith("[no action]")
    assert "0.0 points" in said
    # Of 200 and 200 in the risk set of age 1, 0 and 50 leave; of 200 and 150 at age 2, 50 and 0:
    # 25 of 50 and 50 x 150/350 = 21.43 expected of the younger, 50 observed: excess 3.57; variance
    # 50 x 350/399 x 1/4 + 50 x 300/349 x (200 x 150)/350^2 = 10.965 + 10.525: chi2 .594, p .44.
    assert "in 44 of 100 cases up to month 2, by the log-rank test" in said


def test_a_cohort_that_may_still_change_is_not_compared():
    triangle = cells(a=[100, 60], b=[100, 62], c=[100, 82], d=[100, 80])
    late = (triangle["cohort"] == "d") & (triangle["age"] == 1)
    triangle["status"] = triangle["status"].mask(late, "provisional")
    said = str(wording.cohorts_at_equal_age(triangle, age=1, subject="kept")).splitlines()
    assert "the cohorts b to c: kept 72.0 %" in said[0]
    assert said[1] == "[not yet] d: not settled up to month 1."


def starts(**cohorts):
    """Cohorts with those activated of 50 by age 30; None where the days of some have not passed."""
    rows = [
        [
            name,
            30,
            "2026-10",
            *(share(k, 50, None, None) if k is not None else share(1, 2, None, None, "immature")),
        ]
        for name, k in cohorts.items()
    ]
    return frame([*rows, ["all", 30, "2026-10", *share(100, 200, None, None)]], "cohort", "age", "period")


def test_the_newest_starts_are_held_against_those_before():
    told = {"age": 30, "subject": "activated", "newest": 2, "before": 2}
    # Older 35 + 35 of 100, newer 20 + 20 of 100: pooled .55, z = .3 / sqrt(.55 x .45 x 2/100) = 4.26.
    said = str(wording.newest_starts(starts(a=10, b=35, c=35, d=20, e=20, f=None), **told)).splitlines()
    assert said[0].startswith("[act] Starts of d to e: activated 40.0 %")
    assert "of b to c: \N{MINUS SIGN}30.0 points" in said[0]
    assert said[0].endswith(
        "lower; were they alike, chance would part them as far in fewer than 1 of 1,000 cases at 30 days, by the "
        "two-proportion test."
    )
    assert said[1] == "[not yet] f: the 30 days of some have not passed, or are not settled."
    calm = str(wording.newest_starts(starts(a=30, b=30, c=31, d=30), **told))
    assert calm.startswith("[no action]")
    assert "not told apart" in calm
    assert str(wording.newest_starts(starts(a=30, b=30), **told)).startswith("[not yet] Fewer than 3 cohorts")
    few = wording.newest_starts(starts(a=30, b=30, c=30, d=30), **told, min_n=101)
    assert str(few).startswith("[too few to judge]")
    changed = wording.newest_starts(starts(a=30, b=30, c=30, d=30), **told, changes=["c"])
    assert "definition changed in c" in str(changed)


def test_a_leaning_towards_worse_is_watched_and_one_towards_better_is_not():
    told = {"age": 30, "subject": "activated", "newest": 1, "before": 1}
    # 30 against 24 of 50: z = .12 / sqrt(.54 x .46 x 2/50) = 1.20, p .23; against 23: z 1.40, p .16.
    assert str(wording.newest_starts(starts(a=30, b=24), **told)).startswith("[no action]")
    assert str(wording.newest_starts(starts(a=30, b=23), **told)).startswith("[watch]")
    assert str(wording.newest_starts(starts(a=23, b=30), **told)).startswith("[no action]")


def test_a_projection_is_told_with_its_back_test_and_one_withheld_with_why():
    row = [0.61, 61, 100, 100, 0.55, 0.66, "final", "tried on months 8 to 12 it was off; without others"]
    none = [None, None, 100, 100, None, None]
    ahead = frame(
        [
            ["a", 13, "2026-10", *row], ["a", 14, "2026-10", 0.6, 60, *row[2:]],
            ["b", 13, "2026-10", *none, "undefined", "withheld: it was further off"],
            ["c", 4, "2026-10", *none, "immature", "3 months observed; segment as of export"],
            ["d", 4, "2026-10", *none, "immature", "3 months observed"],
        ],
        "segment", "age", "period",
    )  # fmt: skip
    assert str(wording.projected(ahead, "segment")).splitlines() == [
        "[no action] a: 60.0 % (55 to 66, n 100) of a cohort still pay at month 14 by projection; "
        "tried on months 8 to 12 it was off.",
        "[not yet] b: no projection: withheld: it was further off.",
        "[not yet] c, d: no projection yet: 3 months observed.",
    ]
    assert str(wording.projected(ahead.head(0), "segment")) == "[not yet] the projection has no rows."
    assert str(wording.projected(ahead[ahead["segment"] == "b"])).startswith("[not yet] all: no projection:")


def stage_frame(values, n=40):
    return frame(
        [[s, "2026-10", v, v, None, n, None, None, "final", None] for s, v in values.items()],
        "stage",
        "period",
    )


def test_leak_and_wait_are_both_named():
    leak = stage_frame({"qualified": 400_000.0, "proposal": 1_600_000.0})
    wait = stage_frame({"qualified": 6000.0, "proposal": 4000.0})
    assert str(wording.bottleneck(leak, wait, currency="USD")) == (
        "[watch] The leak is proposal: USD 1.60 m of USD 2.00 m lost there in 12 months (n 40). "
        "The wait is qualified: 6,000 opportunity-days, 60 % of all."
    )
    assert str(wording.bottleneck(leak, leak, currency="USD")).startswith(
        "[act] proposal is the bottleneck: "
    )
    needs = [None, "2026-10", *[None] * 6, "undefined", "needs table stage_changes"]
    missing = frame([needs], "stage", "period")
    assert (
        str(wording.bottleneck(missing, wait)) == "[not yet] bottleneck undefined: needs table stage_changes."
    )


def test_cohorts_on_two_sides_of_a_change_of_definition_are_not_compared():
    triangle = cells(a=[100, 60], b=[100, 62], c=[100])
    told = str(wording.cohorts_at_equal_age(triangle, age=1, subject="kept", changes=["b"])).splitlines()
    assert told == [
        "[not yet] kept: not comparable: definition changed in b.",
        "[not yet] c: month 1 is not observed yet.",
    ]
    assert "comparable" not in str(
        wording.cohorts_at_equal_age(triangle, age=1, subject="kept", changes=["a"])
    )


def test_coverage_against_what_the_win_rate_asks_for():
    covered = frame([["2026-10", 2.5, 250.0, 100.0, 80, None, None, "final", None]], "period")
    wins = frame([["2026-10", *share(25, 100, 0.175, 0.343)]], "period")
    assert str(wording.coverage(covered, wins)) == (
        "[watch] pipeline coverage 2.50 (n 80) against 4.00 that a win rate of 25.0 % (18 to 34, "
        "n 100) asks for: below."
    )
    met = frame([["2026-10", None, 250.0, -5.0, 80, None, None, "undefined", "target met"]], "period")
    assert str(wording.coverage(met, wins)) == "[not yet] pipeline coverage undefined: target met."


def test_what_is_undefined_as_a_whole_stands_at_every_place():
    needs = NEEDS.assign(cohort=None, age=None)
    assert wording.where(needs, cohort="all", age=12)["reason"].tolist() == ["needs table subscriptions"]
    known = frame(
        [["all", 12, "2026-10", *share(3, 4, 0.3, 0.9)], [None, 12, "2026-10", *share(1, 4, 0.0, 0.6)]],
        "cohort",
        "age",
        "period",
    )
    assert wording.where(known, cohort="all", age=12)["numerator"].tolist() == [3]
    told = wording.cohorts_at_equal_age(needs, age=12, subject="kept")
    assert str(told) == "[not yet] kept undefined: needs table subscriptions."


def test_a_breakdown_that_is_not_there_names_no_group():
    whole = frame([["2026-10", *share(30, 40, 0.6, 0.9)]], "period")
    none = NEEDS.assign(segment=None, reason="no table has the column segment")
    told = wording.against_reference(none, whole, "segment", subject="kept")
    assert str(told) == "[not yet] by segment: kept undefined: no table has the column segment."


NEEDS = frame([["2026-10", *[None] * 6, "undefined", "needs table subscriptions"]], "period")


def test_a_result_without_axes_says_what_it_needs():
    needs = "undefined: needs table subscriptions."
    assert str(wording.cohorts_at_equal_age(NEEDS, age=1, subject="kept")) == f"[not yet] kept {needs}"
    by = NEEDS.assign(segment=None)
    told = wording.so_what(
        wording.leak_under_expansion(NEEDS, NEEDS), wording.leak_under_expansion(by, by, "segment")
    )
    assert str(told) == f"[not yet] retention {needs}"


def test_where_keeps_the_one_row_of_an_undefined_result():
    assert len(wording.where(NEEDS, cohort="all", age=12)) == 1
    two = cells(a=[10, 9], b=[10])
    assert wording.where(two, cohort="a", age=1)["numerator"].tolist() == [9]


def every_sentence():
    yield wording.against_reference(CHANNELS, BLEND, "channel", subject="activation")
    yield wording.against_before(months([30] * 8 + [15]), subject="win rate", target=0.2)
    yield wording.cohorts_at_equal_age(cells(a=[100, 60], b=[100, 62], c=[100]), age=1, subject="kept")
    yield wording.bottleneck(stage_frame({"a": 5.0}), stage_frame({"a": 5.0}))


def test_no_sentence_names_a_cause_and_each_has_a_verdict():
    for said in every_sentence():
        for sentence in said.sentences:
            assert sentence.verdict in wording.VERDICTS
            assert not notebooks.CAUSAL.search(sentence.text), sentence.text


def test_sentences_are_escaped_and_sorted():
    evil = CHANNELS.assign(channel="<img src=x>")
    html = wording.against_reference(evil, BLEND, "channel", subject="activation").html()
    assert "<img" not in html
    order = [s.verdict for s in wording.so_what(*every_sentence()).sentences]
    assert order == sorted(order, key=wording.VERDICTS.index)


def test_figures_of_record_are_facts_without_nan(monkeypatch):
    rates = frame(
        [["a", "2026-10", 0.1 + 0.2, 3.0, 10.0, 10, None, float("nan"), "final", pd.NA]], "segment", "period"
    )
    shown = []
    monkeypatch.setattr(wording.record, "display", lambda data, raw: shown.append((data, raw)))
    wording.figures("win_rate", rates)
    data, raw = shown[0]
    assert raw is True
    assert json.loads(json.dumps(data[wording.FACTS])) == [
        {
            "metric": "win_rate", "segment": "a", "period": "2026-10", "value": 0.3, "numerator": 3.0,
            "denominator": 10.0, "n": 10.0, "low": None, "high": None, "status": "final", "reason": None,
        }
    ]  # fmt: skip
    assert data["text/plain"].splitlines() == [
        "win_rate",
        "segment  period   value  numerator  denominator   n  low  high  status  reason",
        "a        2026-10    0.3          3           10  10    -     -  final   -",
    ]


@pytest.mark.slow
def test_figures_of_record_pass_through_a_kernel():
    source = (
        "import pandas as pd\nfrom gtmkit import wording\n"
        "row = {'period': 'p', 'value': None, 'n': 1.0, 'status': 'undefined'}\n"
        "wording.figures('x', pd.DataFrame([row]))"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, timeout=60).execute()
    data = notebook.cells[0].outputs[0]["data"]
    assert data[wording.FACTS][0]["value"] is None
    assert data["text/plain"].startswith("x\nperiod")


# ---------------------------------------------------------------- activation


def test_an_interval_whose_end_is_not_reached_holds_what_lies_there():
    # A median of 21 days, at least 9: its curve has not come down far enough to say at most how many.
    row = {"value": 21.0, "low": 9.0, "high": None}
    assert judge(row, 22.0, higher_is_better=False) == ("no action", "not told apart")
    assert judge({"value": 21.0, "low": 18.0, "high": None}, 9.0, higher_is_better=False)[0] == "act"
    assert judge({"value": 21.0, "low": None, "high": None}, 22.0)[1] == "below, without an interval"


def test_the_activation_rule_in_words():
    rule = Activation.model_validate(
        {
            "conditions": [
                {"event": "workflow_completed", "at_least": 2, "within_days": 7},
                {"event": "teammate_invited", "at_least": 3, "distinct": "user_id"},
            ],
            "second": {"event": "report_shared", "window_days": 60},
        }
    )
    assert wording.activation_rule(rule) == (
        "Activated: workflow_completed 2 times in 7 days and teammate_invited by 3 people, within 30 days of "
        "the start. Second milestone: report_shared, within 60 days of the start."
    )
    one = Activation.model_validate(
        {"conditions": [{"event": "go", "distinct": "user_id", "within_days": 1}]}
    )
    assert wording.activation_rule(one) == "Activated: go by 1 person in 1 day, within 30 days of the start."
    assert "not agreed" in wording.activation_rule(Activation())


def at_mix(**values):
    """What each channel would have at the rates of all: no interval."""
    rows = [[name, "2026-10", v, v * 50, 50, 50, None, None, "final", None] for name, v in values.items()]
    return frame(rows, "channel", "period")


def test_each_group_against_the_company_at_its_own_mix():
    mixes = at_mix(partner=0.6, outbound=0.55, search=0.5, referral=0.6, events=0.5, organic=0.5)
    cells = frame(
        [
            ["outbound", "large", "2026-10", *share(5, 22, 0.1, 0.43)],
            ["outbound", "small", "2026-10", *share(4, 6, 0.3, 0.9, "suppressed")],
        ],
        "channel",
        "segment",
        "period",
    )
    said = wording.against_own_mix(CHANNELS, mixes, BLEND, "channel", subject="activation", cells=cells)
    assert str(said).splitlines() == [
        # Its interval of 18 to 51 misses the 55 % of its mix, and the 58 % of all.
        "[act] outbound: activation 32.1 % (18 to 51, n 28); 58.0 % over all, 55.0 % at its own mix of segments: "
        "below its mix, beyond the interval. By segment: large 22.7 % (10 to 43, n 22).",
        # On its mix; below all at 80 %: what it brings, not how it is served.
        "[watch] search: activation 50.0 % (39 to 60, n 80); 58.0 % over all, 50.0 % at its own mix of segments: "
        "below all, its interval only touches, as its mix has it.",
        "[too few to judge] Fewer than 20: events (n 9).",
        "[no action] referral: activation 80.0 % (70 to 87, n 100); 58.0 % over all, 60.0 % at its own mix of "
        "segments: above its mix, beyond the interval.",
        "[no action] 1 of 6 is not told apart from the mix of segments, nor from all.",
        "[not yet] organic: activation undefined: nobody started.",
    ]


def test_a_group_that_its_mix_flatters_is_below_its_mix_though_level_with_all():
    rows = frame([["field", "2026-10", *share(56, 100, 0.46, 0.65)]], "channel", "period")
    said = str(wording.against_own_mix(rows, at_mix(field=0.7), BLEND, "channel", subject="activation"))
    assert said.startswith("[act] field: activation 56.0 %")
    assert said.endswith(
        "58.0 % over all, 70.0 % at its own mix of segments: below its mix, beyond the interval."
    )


def test_without_segments_or_figures_the_mix_says_why():
    nothing = frame(
        [[None, "2026-10", *share(0, 0, None, None, "undefined", "needs table events")]], "channel", "period"
    )
    said = wording.against_own_mix(CHANNELS, nothing, BLEND, "channel", subject="activation")
    assert str(said) == "[not yet] activation at its own mix undefined: needs table events."
    said = wording.against_own_mix(CHANNELS, nothing, nothing, "channel", subject="activation")
    assert str(said) == "[not yet] activation undefined: needs table events."


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (990, "[no action] 2026-10: 99.0 % of 1,000 events are of a known account."),
        (
            900,
            "[watch] 2026-10: 90.0 % of 1,000 events are of a known account; what the others did counts for nobody.",
        ),
    ],
)
def test_events_of_nobody_are_said(known, said):
    matched = frame([["2026-10", *share(known, 1000, 0.8, 1.0)]], "period")
    assert str(wording.known_events(matched)) == said
