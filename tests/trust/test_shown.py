"""Trust beside a figure: quiet where all is sound, else a word in a box with its reasons behind it."""

from datetime import date

from gtmkit.config import Process
from gtmkit.health.fault import Fault
from gtmkit.trust import Evidence, Trust, shown, standing
from gtmkit.trust.finding import Finding

ON = date(2026, 11, 1)
SOUND = Trust("sound")
COACHING = standing("sales_coaching", Process(status="partial"), None, ON)
LATE = Finding("open opportunities past their expected close", 0.31, 100, 0.15)
REVIEW = standing(
    "pipeline_review", Process(status="in_place", reviewed_on=ON), Evidence((LATE,), True, str(LATE)), ON
)
RENEWALS = standing("renewals", Process(status="partial"), None, ON)
FAULT = Fault("warning", "taxonomy", "events.<b>", "3 of 10 events are unknown", "Name them.")
CHECK = Trust("check", (REVIEW, COACHING, RENEWALS), (FAULT,))
UNKNOWN = Trust("unknown", (standing("renewals", None, None, ON), standing("sales_coaching", None, None, ON)))


def test_what_is_sound_has_a_small_word_and_nothing_to_open() -> None:
    assert shown.mark(SOUND) == '<small class="trust">trust: sound</small>'
    assert shown.line({"a": SOUND}) == shown.words({"a": SOUND}) == shown.line({}) == ""
    assert shown.full(SOUND) == "sound"


def test_what_is_not_names_the_fault_first_and_opens_into_every_reason() -> None:
    html = shown.mark(CHECK)
    assert '<summary>trust: <span class="st">check</span> events.&lt;b&gt; and 3 more</summary>' in html
    assert "<li>events.&lt;b&gt;: 3 of 10 events are unknown</li>" in html
    # the two of which the same is to be said share a line; the limit stands with what the data say
    assert "<li>Sales coaching, Renewals: declared partial</li>" in html
    assert (
        "<li>Pipeline review: declared in place, but 31.0\N{NO-BREAK SPACE}% of 100 open opportunities past their "
        "expected close; at most 15\N{NO-BREAK SPACE}% is allowed</li>"
    ) in html


def test_a_level_is_told_by_its_word_and_its_box() -> None:
    assert shown.level("sound") == "sound"
    levels = [shown.level(level) for level in ("check", "unknown", "doubtful")]
    assert levels == [
        '<span class="st">check</span>', '<span class="st un">unknown</span>', '<span class="st dbt">doubtful</span>',
    ]  # fmt: skip


def test_a_terminal_has_one_line() -> None:
    assert shown.full(Trust("check", (REVIEW, COACHING), (FAULT,))) == (
        "check: events.<b> (3 of 10 events are unknown); Pipeline review (31.0 % of 100 open opportunities past "
        "their expected close); Sales coaching (declared partial)"
    )
    assert shown.full(UNKNOWN) == "unknown: Renewals, Sales coaching (nothing is declared of it in gtm.toml)"


def test_figures_side_by_side_are_named_those_alike_together_and_the_worst_first() -> None:
    doubtful = Trust("doubtful", (standing("handoff_and_onboarding", Process(status="missing"), None, ON),))
    of = {"win rate": CHECK, "GRR": doubtful, "ARR": SOUND, "NRR": doubtful}
    assert shown.words(of) == (
        "Trust: doubtful: GRR, NRR (Hand-off and onboarding); check: win rate (events.<b>, Pipeline review and 2 more)"
    )
    html = shown.line(of)
    assert html.startswith(
        '<details class="trust"><summary>Trust: <span class="st dbt">doubtful</span> GRR, NRR ('
    )
    assert html.count("<li>") == 4  # hand-off, the fault, the review, and coaching with renewals
    # alone a figure is named by its caption
    assert shown.words({"win rate": UNKNOWN}) == "Trust: unknown: Renewals, Sales coaching"
