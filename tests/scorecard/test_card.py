"""The lines of the scorecard and the five questions: what is agreed, what is missing, and in which review."""

from datetime import date
from pathlib import Path

import pytest
from scorecard.paper_card import Paper, config, months

from gtmkit import catalog, display, scorecard
from gtmkit.config import Process
from gtmkit.config.sections import LINES
from gtmkit.scorecard.choice import FOCUS, LEAST_GUARDRAILS, PACED, QUESTIONS
from gtmkit.trust import Trust, standing

AGREED = {
    "win_rate": {
        "target": 0.3, "owner": "VP Sales", "decision": "which deals are worth working", "next_review": "2026-12-02",
    }
}  # fmt: skip
WON = {"win_rate": months("2026-09", (0.25, 0.20, 0.30, 200), (0.20, 0.15, 0.25, 200))}


def settings(metric=AGREED, **more):
    agreed = {
        name: {k: date.fromisoformat(v) if k == "next_review" else v for k, v in keys.items()}
        for name, keys in metric.items()
    }
    return config(metric=agreed, **more)


def line_html(readings, label):
    """The row of the card that begins with a label."""
    rows = scorecard.card(readings).html().split("<tr ")
    return next(row for row in rows if f'role="rowheader">{label}<' in row)


def test_the_article_names_every_metric_of_the_scorecard():
    named = {*LINES, *PACED, *(m for q in QUESTIONS for m in q.metrics), *(item[1] for item in FOCUS)}
    assert named <= catalog.METRICS.keys()
    assert [q.decision for q in QUESTIONS] == ["focus", "demand", "sales_motion", "onboarding", "compounding"]
    served = [(q.decision, catalog.METRICS[m].decision) for q in QUESTIONS for m in q.metrics]
    assert [pair for pair in served if pair[0] != pair[1]] == []
    assert {len(q.metrics) for q in QUESTIONS} <= {2, 3, 4}
    assert LEAST_GUARDRAILS == 3


def test_every_question_leads_to_a_page():
    notebooks = {path.stem for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb")}
    assert {question.page for question in QUESTIONS} <= notebooks


def test_a_line_shows_value_change_target_owner_review_and_decision():
    shown = line_html(scorecard.ask(Paper(WON, settings())), "Win rate")
    assert "<b>20.0\N{NO-BREAK SPACE}%</b><small>15 to 25, n 200</small>" in shown
    assert "\N{MINUS SIGN}5.0 points" in shown
    assert "30\N{NO-BREAK SPACE}%<small>missed</small>" in shown  # .25 is the end of the interval, below .30
    assert "<bdi>VP Sales</bdi><small>next review 2026-12-02</small>" in shown
    assert "which deals are worth working" in shown


@pytest.mark.parametrize("key", ["owner", "target", "decision", "next_review"])
def test_what_is_not_agreed_is_said_in_its_place(key):
    agreed = {"win_rate": {k: v for k, v in AGREED["win_rate"].items() if k != key}}
    shown = line_html(scorecard.ask(Paper(WON, settings(agreed))), "Win rate")
    said = f"no {key.replace('_', ' ')}: [metric.win_rate] {key} in gtm.toml"
    assert said in shown
    assert shown.count('class="lack">no ') == 1


def test_a_table_that_is_missing_is_said_in_its_place():
    shown = line_html(scorecard.ask(Paper({}, settings())), "ARR")
    assert '<span class="st un">undefined</span><small>needs table crm</small>' in shown


def test_the_icp_stands_beside_all_and_where_there_is_none_it_says_so():
    icp = {"win_rate": months("2026-10", (0.4, 0.3, 0.5, 90))}
    shown = line_html(scorecard.ask(Paper(WON, settings(), icp=icp)), "Win rate")
    assert 'data-l="ICP" class="r"><b>40.0\N{NO-BREAK SPACE}%</b><small>30 to 50, n 90</small>' in shown
    card = scorecard.card(scorecard.ask(Paper(WON, settings(), has_icp=False)))
    assert "ICP" not in card.html()
    assert "Nothing is shown of the ideal customer profile: no account has is_icp = true." in str(card)


def test_the_lines_are_those_of_gtm_toml():
    readings = scorecard.ask(Paper(WON, settings(scorecard={"lines": ["sales_cycle.won", "win_rate"]})))
    shown = str(scorecard.card(readings)).splitlines()
    assert [line.split(":")[0].split(" 2")[0] for line in shown] == ["Sales cycle (won)", "Win rate"]
    assert "Win rate" not in str(scorecard.rest(readings))


def test_a_week_shows_the_two_lower_layers_and_names_the_rest():
    card = scorecard.card(scorecard.ask(Paper({}, settings(), "2026-W45")))
    assert "Outcomes" not in card.html()
    assert "Not part of this review, run less often: ARR (by the quarter)" in str(card)


def test_a_weeks_line_says_that_its_target_is_a_months():
    agreed = settings({"content_shipped": {"target": 8.0}})
    figures = {"content_shipped": {"2026-W45": (2.0,)}}
    shown = line_html(scorecard.ask(Paper(figures, agreed, "2026-W45")), "Content shipped")
    assert '<small class="lack">agreed for a month</small>' in shown
    assert "no target" not in shown


def test_every_other_metric_stands_once_below():
    readings = scorecard.ask(Paper(WON, settings()))
    shown = str(scorecard.rest(readings)).splitlines()
    others = [n for n in readings.by_metric if n not in LINES]
    assert len(shown) == len(others)


def test_a_decision_begins_with_its_weightiest_figure():
    figures = {
        **WON,
        "sales_cycle": months("2026-10", (80.0, 70.0, 90.0, 100)),
        "pipeline_coverage": months("2026-10", (3.2,)),
    }
    agreed = {**AGREED, "sales_cycle": {"target": 75.0}, "pipeline_coverage": {"target": 3.0}}
    said = str(scorecard.decisions(scorecard.ask(Paper(figures, settings(agreed))))).splitlines()[2]
    assert said == (
        "Is the sales motion healthy? [act] Win rate 20.0 % (15 to 25, n 200) misses its target of 30 %; "
        "not told apart: Sales cycle; met: Pipeline coverage; undefined: needs table crm: Pipeline velocity."
    )


def test_what_is_read_of_earlier_entrants_says_of_which():
    figures = {
        "activation_rate": months("2026-09", (0.5, 0.4, 0.6, 90), (0.1, 0.0, 0.4, 3, "immature")),
    }
    readings = scorecard.ask(Paper(figures, settings({"activation_rate": {"target": 0.6}})))
    # .50 + .654 x .10 = .565: the 80 % interval ends below .60, the 95 % one touches it.
    assert (
        "Activation rate 50.0 % (40 to 60, n 90, September starts) is on the wrong side of its target of 60 %, "
        "which its interval only touches"
    ) in str(scorecard.decisions(readings))
    assert '<span class="st un">September starts</span>' in line_html(readings, "Activation rate")


def test_figures_of_record_are_the_lines():
    readings = scorecard.ask(Paper(WON, settings()))
    record = scorecard.record(readings)
    assert list(record["metric"]) == [name for name in LINES if name in readings.by_metric]
    assert record.set_index("metric").loc["win_rate", "value"] == 0.20


def test_meanings_hold_definitions_glossary_and_log():
    change = {"on": date(2026, 2, 1), "metric": "win_rate", "note": "Derailed deals count."}
    readings = scorecard.ask(Paper(WON, config(glossary={"lead": "a <person>"}, change=[change])))
    said = scorecard.meanings(readings)
    assert "lead: a <person>" in str(said)
    assert "2026-02-01 win_rate: Derailed deals count." in str(said)
    assert "a &lt;person&gt;" in said.html()
    bare = str(scorecard.meanings(scorecard.ask(Paper(WON, config()))))
    assert "no words are agreed: [glossary] in gtm.toml" in bare


def test_what_cannot_be_asked_by_a_column_is_said_once():
    ws = Paper(WON, settings(scorecard={"focus": ["use_case"]}))
    shown = str(scorecard.focus(ws))
    assert shown.count("CAC payback is not known by use case") == 1


def test_without_columns_there_is_no_focus():
    ws = Paper(WON, settings(scorecard={"focus": []}))
    assert str(scorecard.focus(ws)) == (
        "What groups of customers are worth: no columns: [scorecard] focus in gtm.toml."
    )


def test_what_is_part_of_a_period_is_shown_and_judged_by_nothing():
    """October so far misses its target, which says nothing while it goes on."""
    ws = Paper(
        {"pipeline_created": months("2026-09", 4e6, 1e6)},
        config(metric={"pipeline_created": {"target": 3e6}}),
    )
    ws.ends_before = "opportunities through 2026-10-12"
    said = str(scorecard.decisions(scorecard.ask(ws)))
    assert "Is demand real? [not yet] Pipeline created EUR 1.00 m" in said
    assert "has a target of EUR 3.00 m, not scored: part of a period" in said


COACHED = Trust("check", (standing("sales_coaching", Process(status="partial")),))


def test_beside_every_figure_stands_how_far_it_can_be_trusted():
    figures = {**WON, "close_rate": months("2026-10", (0.4, 0.3, 0.5, 90)), "spend": months("2026-10", 5.0)}
    ws = Paper(figures, settings(), trusted={"win_rate": COACHED, "close_rate": COACHED})
    readings = scorecard.ask(ws)
    marked = '<summary>trust: <span class="st">check</span> Sales coaching</summary>'
    assert marked in line_html(readings, "Win rate")
    assert '<small class="trust">trust: sound</small>' in line_html(readings, "Spend")
    assert "trust" not in line_html(readings, "ARR")  # there is no figure
    assert scorecard.decisions(readings).html().count(marked) == 1
    assert scorecard.rest(readings).html().count(marked) == 1
    assert "Win rate 20.0 % (15 to 25, n 200), target 30 %: missed; trust: check: Sales coaching" in str(
        scorecard.card(readings)
    )
    assert "trust" not in next(line for line in str(scorecard.card(readings)).splitlines() if "Spend" in line)
    assert "Trust: check: Sales coaching." in str(scorecard.meanings(readings))


def test_the_north_star_and_its_guardrails_show_theirs_too():
    agreed = {
        "label": "Accounts at work", "unit": "account", "events": ["done"], "at_least": 1, "per": "week",
    }  # fmt: skip
    figures = {"north_star": months("2026-09", 50.0, 60.0), "gross_margin": months("2026-10", 0.8)}
    guarded = settings(north_star=agreed, guardrails={"gross_margin": {"at_least": 0.7}})
    ws = Paper(figures, guarded, trusted={"north_star": COACHED, "gross_margin": COACHED})
    readings = scorecard.ask(ws)
    assert scorecard.north_star(readings).html().count('<details class="trust">') == 2
    assert display.trust_of(scorecard.followed(readings)) == {"": COACHED}


def test_the_quarter_to_date_shows_them_beside_each_flow():
    ws = Paper(
        {"pipeline_created": months("2026-09", 4e6, 1e6)}, settings(), trusted={"pipeline_created": COACHED}
    )
    assert scorecard.quarter_to_date(ws).html().count('<details class="trust">') == 1
