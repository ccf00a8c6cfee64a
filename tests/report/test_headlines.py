from report.paper_review import fact

from gtmkit.report.headlines import HEADLINES, headlines


def test_a_line_says_value_interval_n_and_status():
    facts = [
        fact("win_rate", 0.218, low=0.171, high=0.272, n=271),
        fact("arr", 14_210_000.0, unit="money", n=642, status="provisional", reason="October not settled"),
    ]
    arr, win_rate = headlines(facts, "2026-10", "EUR")
    assert (win_rate.label, win_rate.value, win_rate.interval, win_rate.n, win_rate.status) == (
        "Win rate", "21.8 %", "17 to 27", "271", "final",
    )  # fmt: skip
    assert (arr.label, arr.value, arr.reason) == ("ARR", "EUR 14.2 m", "October not settled")


def test_money_retention_is_spoken_of_in_percent():
    nrr = fact("net_revenue_retention", 1.0534, unit="ratio", low=0.98, high=1.14)
    coverage = fact("pipeline_coverage", 2.96, unit="ratio")
    lines = headlines([nrr, coverage], "2026-10", "EUR")
    assert [(line.value, line.interval) for line in lines] == [("105.3 %", "98 to 114"), ("2.96", "")]


def test_what_is_missing_says_why():
    (line,) = headlines([fact("arr", None, reason="needs table subscriptions", n=None)], "2026-10", "EUR")
    assert line.is_missing
    assert (line.status, line.reason, line.n) == ("undefined", "needs table subscriptions", "")


def test_of_several_rows_the_highest_leads_and_is_named():
    facts = [
        fact("stage_leak", 10.0, unit="money", dims='{"stage": "discovery"}'),
        fact("stage_leak", 30.0, unit="money", dims='{"stage": "proposal"}'),
        fact("stage_leak", None, unit="money", dims='{"stage": "qualified"}'),
    ]
    (line,) = headlines(facts, "2026-10", "EUR")
    assert (line.label, line.value) == ("Stage leak: proposal", "EUR 30")


def test_other_periods_variants_and_metrics_are_not_headlines():
    facts = [fact("arr", 1.0, period="2026-09"), fact("arr", 1.0, variant="x"), fact("mrr", 1.0)]
    assert headlines(facts, "2026-10", "EUR") == []


def test_the_headlines_are_the_companys_figures():
    assert HEADLINES[:2] == ("arr", "net_revenue_retention")
    assert len(set(HEADLINES)) == len(HEADLINES)
