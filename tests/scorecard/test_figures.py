"""Which figures of a review are judged for noise: each once, up to its latest observed period, of one definition."""

from datetime import date

from gtmkit import scorecard
from gtmkit.periods import Period
from gtmkit.scorecard.figures import figures, place

from .paper_card import Paper, config, months

YEAR = [10, 12, 11, 13, 12, 10, 14, 12, 11, 13, 12, 10, 14]  # thirteen months up to 2026-10


def found(ws):
    return figures(ws, scorecard.ask(ws))


def of(rows, metric, **dims):
    """The rows of one figure."""
    named = tuple(sorted(dims.items()))
    return next(frame for figure, frame in rows.items() if (figure.metric, figure.dims) == (metric, named))


def test_the_figures_are_those_that_page_one_shows():
    told = found(Paper({"spend": months("2025-10", *YEAR)}, config()))
    names = {figure.metric for figure in told}
    assert {"arr", "win_rate", "spend", "support_burden", "visitors"} <= names
    # Cohorts carry their own past, and movements, reasons and categories are parts of a whole.
    assert not names & {
        "cohort_retention",
        "cumulative_mrr",
        "pipeline_bridge",
        "churn_reasons",
        "cost_categories",
    }
    # An outcome that a month does not show is not judged by the month.
    assert "expansion_arr" not in names
    assert "expansion_arr" in {f.metric for f in found(Paper({}, config(), "2026-Q3"))}


def test_lines_are_judged_of_the_ideal_customer_profile_too():
    told = found(Paper({}, config(scorecard={"lines": ["arr"]})))
    assert [f.dims for f in told if f.metric == "arr"] == [(), (("is_icp", "true"),)]
    assert {f.dims for f in told if f.metric != "arr"} == {()}
    without = found(Paper({}, config(scorecard={"lines": ["arr"]}), has_icp=False))
    assert {f.dims for f in without} == {()}


def test_a_window_that_has_not_passed_is_not_judged_and_as_many_periods_before_are_asked():
    """Of 13 months the last two are immature: eleven are left, so fifteen are asked."""
    ends = [(None, None, None, 0, "immature")] * 2
    ws = Paper({"activation_rate": months("2025-08", *([0.5] * 13), *ends)}, config())
    rows = of(found(ws), "activation_rate")
    assert [rows["period"].iloc[0], rows["period"].iloc[-1], len(rows)] == ["2025-08", "2026-08", 13]
    assert {periods for name, _, periods, *_ in ws.asked if name == "activation_rate"} >= {13, 15}


def test_what_is_immature_as_far_as_can_be_seen_keeps_its_rows_which_say_why():
    ws = Paper({"ltv": months("2022-07", *([(None, None, None, 0, "immature", "too short")] * 52))}, config())
    rows = of(found(ws), "ltv")
    assert set(rows["status"]) == {"immature"}
    assert rows["period"].iloc[-1] == "2026-10"


def test_only_periods_that_mean_the_same_are_looked_at():
    """Changed on 15 May: May holds both definitions, and what came before is of the other."""
    changed = {"on": date(2026, 5, 15), "metric": "spend", "note": "agencies are in"}
    rows = of(found(Paper({"spend": months("2025-10", *YEAR)}, config(change=[changed]))), "spend")
    assert list(rows["period"]) == ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10"]


def test_the_same_figure_in_another_unit_is_one_figure():
    """ARR is twelve times MRR; what merely ends alike is another figure."""
    twelve = [12 * value for value in YEAR]
    quarters = {
        "arr": {q.label: (v,) for q, v in zip(Period.parse("2026-Q3").trailing(13), twelve, strict=True)},
        "mrr": {q.label: (v,) for q, v in zip(Period.parse("2026-Q3").trailing(13), YEAR, strict=True)},
        "bookings": {
            q.label: (v + 1,) for q, v in zip(Period.parse("2026-Q3").trailing(13), YEAR, strict=True)
        },
    }
    names = [figure.metric for figure in found(Paper(quarters, config(), "2026-Q3"))]
    assert {"arr", "bookings"} <= set(names)
    assert "mrr" not in names


def test_where_a_figure_is_of_in_words():
    assert place({}) == ""
    assert place({"is_icp": "true"}) == "ideal customer profile"
    assert place({"use_case": "fraud", "channel": "it's"}) == "use case fraud, channel it's"
