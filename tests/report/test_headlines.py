import pandas as pd
import pytest
from report.paper_review import fact

from gtmkit.config import Config
from gtmkit.periods import Period, in_words
from gtmkit.report.headlines import HEADLINES, MONTHS_BACK, Lead, ask, headlines, lead

CONFIG = Config.model_validate(
    {
        "company": {"name": "Paper", "currency": "EUR", "timezone": "UTC"},
        "metric": {"net_revenue_retention": {"target": 1.05, "owner": "VP Success"}, "arr": {"owner": "CFO"}},
    }
)


def test_a_line_says_value_interval_n_and_status():
    facts = [
        fact("win_rate", 0.218, low=0.171, high=0.272, n=271),
        fact("arr", 14_210_000.0, unit="money", n=642, status="provisional", reason="October not settled"),
    ]
    arr, win_rate = headlines(facts, "2026-10", CONFIG)
    assert (win_rate.label, win_rate.value, win_rate.interval, win_rate.n, win_rate.status) == (
        "Win rate", "21.8 %", "17 to 27", "271", "final",
    )  # fmt: skip
    assert (arr.label, arr.value, arr.reason) == ("ARR", "EUR 14.2 m", "October not settled")


def test_money_retention_is_spoken_of_in_percent():
    nrr = fact("net_revenue_retention", 1.0534, unit="ratio", low=0.98, high=1.14)
    coverage = fact("pipeline_coverage", 2.96, unit="ratio")
    lines = headlines([nrr, coverage], "2026-10", CONFIG)
    assert [(line.value, line.interval) for line in lines] == [("105.3 %", "98 to 114"), ("2.96", "")]


def test_what_is_missing_says_why():
    (line,) = headlines([fact("arr", None, reason="needs table subscriptions", n=None)], "2026-10", CONFIG)
    assert line.is_missing
    assert (line.status, line.reason, line.n) == ("undefined", "needs table subscriptions", "")


def test_of_several_rows_the_highest_leads_and_is_named():
    facts = [
        fact("stage_leak", 10.0, unit="money", dims='{"stage": "discovery"}'),
        fact("stage_leak", 30.0, unit="money", dims='{"stage": "proposal"}'),
        fact("stage_leak", None, unit="money", dims='{"stage": "qualified"}'),
    ]
    (line,) = headlines(facts, "2026-10", CONFIG)
    assert (line.label, line.value) == ("Leak by stage: proposal", "EUR 30")


def test_other_periods_variants_and_metrics_are_not_headlines():
    facts = [fact("arr", 1.0, period="2026-09"), fact("arr", 1.0, variant="x"), fact("mrr", 1.0)]
    assert headlines(facts, "2026-10", CONFIG) == []


def test_the_headlines_are_the_companys_figures():
    assert HEADLINES[:2] == ("arr", "net_revenue_retention")
    assert len(set(HEADLINES)) == len(HEADLINES)


def test_a_line_has_its_definition_and_what_was_agreed():
    arr, nrr = headlines([fact("arr", 1.0, unit="money"), fact("net_revenue_retention", 1.1, unit="ratio")],
                         "2026-10", CONFIG)  # fmt: skip
    assert arr.definition.startswith("Annual recurring revenue")
    assert (arr.target, arr.owner) == ("", "CFO")
    assert (nrr.target, nrr.owner) == ("105 %", "VP Success")


def test_the_status_is_told_in_words():
    told = [
        headlines([fact("arr", None, status=status, reason=None)], "2026-10", CONFIG)[0].said
        for status in ("final", "immature", "suppressed")
    ]
    assert told == ["", "not yet observed", "suppressed"]


def test_the_change_is_from_the_latest_final_period_before_of_the_same_row():
    facts = [
        fact("stage_leak", 30.0, unit="money", dims='{"stage": "a"}'),
        fact("stage_leak", 10.0, unit="money", dims='{"stage": "a"}', period="2026-07"),
        fact("stage_leak", 20.0, unit="money", dims='{"stage": "a"}', period="2026-08"),
        fact("stage_leak", 25.0, unit="money", dims='{"stage": "a"}', period="2026-09", status="provisional"),
        fact("stage_leak", 90.0, unit="money", dims='{"stage": "b"}', period="2026-09"),
    ]
    (line,) = headlines(facts, "2026-10", CONFIG)
    assert (line.change.size, line.change.since) == ("+EUR 10", "2026-08")


def test_what_is_not_yet_observed_leads_with_its_latest_final_period():
    facts = [
        fact("win_rate", 0.9, status="immature", reason="3 of 40 observed"),
        fact("win_rate", 0.4, period="2026-09"),
        fact("win_rate", 0.3, period="2026-08"),
    ]
    (line,) = headlines(facts, "2026-10", CONFIG)
    assert (line.value, line.period, line.status) == ("40.0 %", "2026-09", "final")
    assert (line.change.size, line.change.since) == ("+10.0 points", "2026-08")
    (line,) = headlines(facts[:1], "2026-10", CONFIG)
    assert (line.value, line.period, line.said) == ("90.0 %", "", "not yet observed")


@pytest.mark.parametrize(
    ("metric", "period", "value", "low", "high", "score"),
    [
        ("win_rate", "2026-10", 0.25, 0.2, 0.31, "only touches"),  # the 80 % interval ends at .289
        ("win_rate", "2026-10", 0.25, 0.2, 0.33, "not told apart"),  # at .302
        ("win_rate", "2026-10", 0.25, 0.2, 0.29, "missed"),
        ("win_rate", "2026-10", 0.35, 0.31, 0.4, "met"),
        ("sales_cycle", "2026-10", 70.0, 60.0, None, "not told apart"),
        ("sales_cycle", "2026-10", 70.0, 60.0, 74.0, "met"),
        ("sales_cycle", "2026-10", 80.0, None, None, "missed"),
        (
            "net_revenue_retention",
            "2026-10",
            1.2,
            1.1,
            1.3,
            "scored in 2026-12",
        ),  # an outcome, in mid quarter
        ("net_revenue_retention", "2026-12", 1.2, 1.1, 1.3, "met"),
        ("win_rate", "2026-10", None, None, None, ""),
    ],
)
def test_a_target_is_met_missed_or_not_told_apart(metric, period, value, low, high, score):
    targets = {"win_rate": {"target": 0.3}, "sales_cycle": {"target": 75.0}}
    config = CONFIG.model_copy(
        update={"metric": CONFIG.metric | Config.model_validate(
            {"company": {"name": "P", "currency": "EUR", "timezone": "UTC"}, "metric": targets}).metric}
    )  # fmt: skip
    (line,) = headlines([fact(metric, value, low=low, high=high, period=period)], period, config)
    assert line.score == score


class Asked:
    """A workspace that answers with these statuses, oldest first, and remembers what it was asked."""

    def __init__(self, *statuses):
        self.period = Period.parse("2026-10")
        self.config = Config()
        self.statuses = statuses
        self.asked = {}

    def metric(self, metric, periods):
        self.asked[metric] = periods
        return pd.DataFrame({"period": ["2026-09", "2026-10"], "status": self.statuses})


@pytest.mark.parametrize(
    ("statuses", "periods"),
    [
        (("final", "final"), 2),
        (("final", "provisional"), 2),
        (("undefined", "undefined"), 2),  # a table is missing: it is so in every period
        (("provisional", "provisional"), MONTHS_BACK),
        (("final", "immature"), MONTHS_BACK),
        (("undefined", "final"), MONTHS_BACK),
    ],
)
def test_a_final_period_before_is_looked_for_as_far_back_as_needed(statuses, periods):
    ws = Asked(*statuses)
    ask(ws)
    monthly = {"gross_revenue_retention", "logo_retention", "gross_margin"}  # outcomes, scored by the quarter
    assert set(ws.asked) == set(HEADLINES) - monthly
    assert set(ws.asked.values()) == {periods}


def says(*lines, tag="so-what"):
    return {
        "cell_type": "code",
        "metadata": {"tags": [tag]},
        "outputs": [{"output_type": "execute_result", "data": {"text/plain": "\n".join(lines)}}],
    }


def test_the_weightiest_sentence_leads_a_page():
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "[act] words"},
        says("[watch] a [sic] name.", "[no action] calm."),
        says("[act] first.", "[act] second."),
        says("[act] of another cell.", tag="chart"),
    ]
    assert lead({"cells": cells}) == Lead("act", "first.")
    assert lead({"cells": cells[:2]}) == Lead("watch", "a [sic] name.")
    assert lead({"cells": cells[:1]}) is None
    assert lead({"cells": [says("no verdict"), says("[sure] of none.")]}) is None


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("2026-10", "October 2026"),
        ("2026-Q4", "October 2026 to December 2026"),
        ("2024-01", "January 2024"),
        ("2026-W01", "Week 01, 29 December to 4 January 2026"),
    ],
)
def test_a_period_in_words(label, words):
    assert in_words(Period.parse(label)) == words
