"""The North Star won at a price: the rule by hand, month by month, and what is missing to judge by it."""

from datetime import date

import pytest
from scorecard.paper_card import Paper, config, months

from gtmkit import scorecard
from gtmkit.periods import Period
from gtmkit.scorecard import guardrails

STAR = {"label": "Working accounts", "events": ["workflow_completed"]}
RAILS = {
    "gross_margin": {"at_least": 0.7},
    "cac_payback": {"at_most": 24.0},
    "support_burden": {"at_most": 0.25},
}
AGREED = config(north_star=STAR, guardrails=RAILS)
HELD = {
    "gross_margin": months("2026-07", 0.75, 0.75, 0.75, 0.75),
    "cac_payback": months("2026-07", *[(20.0, 15.0, 27.0, 40)] * 4),
    "support_burden": months("2026-07", *[(0.15, 0.12, 0.18, 600)] * 4),
}


def read(star, agreed=AGREED, period="2026-10", **more):
    figures = {**HELD, **more, "north_star": months("2026-07", *star)}
    return scorecard.ask(Paper(figures, agreed, period))


def burden(*values):
    return {"support_burden": months("2026-07", *values)}


CROSSED = (0.40, 0.35, 0.45, 600)  # the whole interval above .25
TOUCHED = (0.28, 0.24, 0.33, 600)  # .25 lies in it
CALM = (0.15, 0.12, 0.18, 600)


@pytest.mark.parametrize(
    ("star", "of_burden", "warned"),
    [
        ((50, 55, 60, 65), (CALM, CALM, CALM, CALM), []),  # it rises, and all hold
        ((50, 55, 60, 65), (CALM, CROSSED, CALM, CALM), ["2026-08"]),  # it rose to 55 while .40 > .25
        ((50, 45, 60, 65), (CALM, CROSSED, CALM, CALM), []),  # it fell to 45
        ((50, 50, 60, 65), (CALM, CROSSED, CALM, CALM), []),  # it stood still
        ((50, 55, 60, 65), (CALM, TOUCHED, CALM, CALM), []),  # not told apart from the limit
        ((50, 55, 60, 65), (CALM, CALM, CROSSED, CROSSED), ["2026-09", "2026-10"]),  # it stays crossed
        ((50, 55, 60, 65), (CROSSED, CALM, CALM, CALM), []),  # nothing before July to rise from
        ((50, 55, 60, 65), (CALM, (None, None, None, 0, "undefined"), CALM, CALM), []),
        ((50, 55, 60, 65), (CALM, (0.4, None, None, 600, "immature"), CALM, CALM), []),  # judges nothing
        ((50, 55, 60, 65), (CALM, (0.4, 0.35, 0.45, 600, "provisional"), CALM, CALM), ["2026-08"]),
    ],
)
def test_the_months_in_which_it_was_won_at_a_price(star, of_burden, warned):
    assert scorecard.warnings(read(star, **burden(*of_burden))) == warned


def test_the_rise_is_from_the_latest_final_figure():
    # August is provisional: September rises from July's 50, not from August's 70.
    star = (50, (70, None, None, 70, "provisional"), 60, 65)
    assert scorecard.warnings(read(star, **burden(CALM, CALM, CROSSED, CALM))) == ["2026-09"]


def test_a_warning_leads_and_says_by_how_much():
    said = scorecard.verdicts(read((50, 55, 60, 65), **burden(CALM, CALM, CALM, CROSSED)))
    assert said.sentences[0].verdict == "act"
    assert said.sentences[0].text == (
        "Warning: Working accounts is up to 65, from 60 in 2026-09, while Support burden is "
        "0.40 (0.35 to 0.45, n 600), limit at most 0.25."
    )


def test_a_guardrail_that_is_crossed_without_a_rise_is_still_said():
    said = str(scorecard.verdicts(read((50, 55, 60, 55), **burden(CALM, CALM, CALM, CROSSED))))
    assert "Warning" not in said
    assert "[no action] Working accounts 55, from 60 in 2026-09: not higher." in said
    assert (
        "[act] Guardrail Support burden 0.40 (0.35 to 0.45, n 600) is beyond its limit, at most 0.25." in said
    )


def test_an_earlier_month_is_named():
    said = str(scorecard.verdicts(read((50, 55, 60, 65), **burden(CALM, CROSSED, CALM, CALM))))
    assert "Before, it rose while a guardrail was crossed in 2026-08." in said


def test_what_is_missing_is_said_in_its_place():
    readings = read((50, 55, 60, 65), config(north_star=STAR, guardrails={"gross_margin": {"at_least": 0.7}}))
    assert guardrails.lacking(readings) == [
        "1 guardrail, at least 3 are needed: [guardrails.ID] in gtm.toml."
    ]
    readings = read((50, 55, 60, 65), config())
    assert guardrails.lacking(readings) == [
        "No North Star is agreed: [north_star] in gtm.toml.",
        "No guardrails, at least 3 are needed: [guardrails.ID] in gtm.toml.",
    ]
    assert guardrails.star_of(readings) is None
    assert "No North Star is agreed" in scorecard.north_star(readings).html()


def test_a_guardrail_without_a_figure_says_why():
    readings = read((50, 55, 60, 65), gross_margin={})
    standing = guardrails.rails(readings)[0].standing
    assert (standing.figure, standing.word) == ("", "undefined: needs table crm")
    assert "[not yet] Guardrail Gross margin undefined: needs table crm." in str(scorecard.verdicts(readings))
    assert "not judged" in scorecard.north_star(readings).html()


def test_a_week_says_which_guardrails_it_cannot_read():
    readings = scorecard.ask(Paper({}, AGREED, "2026-W45"))
    words = [rail.standing.word for rail in guardrails.rails(readings)]
    assert words[0] == "is counted by the month"  # gross margin stands on monthly books


def test_the_page_shows_limit_and_standing():
    shown = str(scorecard.north_star(read((50, 55, 60, 65))))
    assert shown.splitlines() == [
        "Working accounts: 65",
        "Gross margin 75.0 %, at least 70 %: holds",
        "CAC payback 20.0 months (15.0 to 27.0, n 40), at most 24.0 months: not told apart",
        "Support burden 0.15 (0.12 to 0.18, n 600), at most 0.25: holds",
    ]


FLOW = config(north_star=STAR, guardrails={"churned_arr": {"at_most": 120_000.0}, **RAILS})


@pytest.mark.parametrize(
    ("period", "churned", "said", "warned"),
    [
        ("2026-10", 88_000.0, "at most EUR 120 k", False),
        ("2026-Q3", 330_000.0, "at most EUR 360 k", False),  # three months at most 120 k
        ("2026-Q3", 454_000.0, "at most EUR 360 k", True),
    ],
)
def test_the_limit_of_a_flow_is_that_of_a_month(period, churned, said, warned):
    before = Period.parse(period).shift(-1).label
    figures = {
        "churned_arr": {before: (0.0,), period: (churned,)},
        "north_star": {before: (50,), period: (60,)},
    }
    readings = scorecard.ask(Paper(figures, FLOW, period))
    assert guardrails.rails(readings)[0].standing.target == said
    assert bool(scorecard.warnings(readings)) is warned


def test_a_part_of_the_company_is_not_judged_by_the_limits_of_the_whole():
    paper = Paper({**HELD, "north_star": months("2026-07", 50, 55, 60, 65)}, AGREED)
    paper.where = {"segment": "SMB"}
    readings = scorecard.ask(paper)
    assert {rail.standing.figure for rail in guardrails.rails(readings)} == {""}
    assert "is not judged: its limit is of the whole company" in str(scorecard.verdicts(readings))
    assert scorecard.warnings(readings) == []


def test_a_part_of_a_period_neither_rises_nor_crosses():
    paper = Paper(
        {**HELD, **burden(CALM, CALM, CALM, CROSSED), "north_star": months("2026-07", 50, 55, 60, 65)}, AGREED
    )
    paper.ends_before = "events through 2026-10-12"
    readings = scorecard.ask(paper)
    assert scorecard.warnings(readings) == []
    assert "[not yet] Working accounts 65 is of part of a period: not compared." in str(
        scorecard.verdicts(readings)
    )


def test_a_north_star_that_was_redefined_has_not_risen():
    change = {"on": date(2026, 10, 1), "metric": "north_star", "note": "two events"}
    readings = read(
        (50, 55, 60, 65),
        config(north_star=STAR, guardrails=RAILS, change=[change]),
        **burden(*[CALM] * 3, CROSSED),
    )
    assert scorecard.warnings(readings) == []
    said = str(scorecard.verdicts(readings))
    assert "[not yet] Working accounts 65 is not comparable: definition changed in 2026-10." in said
