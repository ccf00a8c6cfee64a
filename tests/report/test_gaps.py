"""What is missing is said once for each reason, whatever the number of figures."""

from report.paper_review import fact

from gtmkit.config import Config
from gtmkit.report.gaps import gaps

CONFIG = Config.model_validate({"company": {"name": "Paper", "currency": "EUR", "timezone": "UTC"}})


def found(*facts):
    return [(gap.said, gap.reason, gap.figures, gap.metrics) for gap in gaps(facts, "2026-10", CONFIG)]


def test_each_reason_stands_once_missing_tables_first():
    rates = [
        fact("win_rate", None, status="suppressed", reason="fewer than 20", dims=f'{{"segment": "{i}"}}')
        for i in range(84)
    ]
    assert found(
        *rates,
        fact("win_rate", 0.5),
        fact("sales_cycle", None, reason="under half closed"),
        fact("arr", None, reason="needs table subscriptions"),
        fact("net_revenue_retention", None, reason="few: under 20; needs table subscriptions"),
    ) == [
        ("undefined", "needs table subscriptions", 2, ("ARR", "Net revenue retention")),
        ("undefined", "under half closed", 1, ("Sales cycle",)),
        ("suppressed", "fewer than 20", 84, ("Win rate (84 of 85 figures)",)),
    ]


def test_a_few_of_many_are_named():
    assert found(
        fact("win_rate", 0.5),
        fact("win_rate", None, reason="opportunities has no column region", dims='{"region": null}'),
        fact("win_rate", None, status="immature", reason="later", dims='{"stage": "a"}', period="2026-09"),
    ) == [
        ("undefined", "opportunities has no column region", 1, ("Win rate (by region)",)),
        ("not yet observed", "later", 1, ("Win rate (a, 2026-09)",)),
    ]


def test_reasons_that_differ_in_a_date_or_a_count_are_one():
    cells = [
        fact(
            "cohort_retention",
            None,
            status="immature",
            reason=f"observed on 2026-1{i}-01",
            dims=f'{{"age": {i}}}',
        )
        for i in (0, 1, 2)
    ]
    assert found(*cells) == [
        ("not yet observed", "observed on 2026-10-01; alike for 2 others", 3, ("Cohort retention",))
    ]


def test_what_is_suppressed_is_so_for_its_size_whatever_else_is_noted():
    noted = fact("win_rate", None, status="suppressed", reason="segment as of export; fewer than 20")
    assert found(noted)[0][1] == "fewer than 20"


def test_a_name_from_data_is_isolated_and_a_metric_we_do_not_know_keeps_its_id():
    assert found(fact("own_metric", None, dims='{"segment": "שוק"}'), fact("own_metric", 1.0)) == [
        ("undefined", "", 1, ("own_metric (\u2068שוק\u2069)",))
    ]
    assert found() == []
