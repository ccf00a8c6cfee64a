"""A change since the period before: its interval by hand, and where there is none."""

from datetime import date

import pytest
from report.paper_review import fact

from gtmkit.config import Config
from gtmkit.scorecard.changes import NO_CHANGE, change, interval_of_difference

COMPANY = {"company": {"name": "Paper", "currency": "EUR", "timezone": "UTC"}}
CONFIG = Config.model_validate(COMPANY)


def of(period, value, low=None, high=None, metric="win_rate", **more):
    return fact(metric, value, low=low, high=high, period=period, **more)


def test_two_wilson_intervals_give_newcombes():
    # Newcombe 1998, table II (a), method 10: 56/70 against 48/80, difference .2, interval .0524 to .3339.
    # Wilson of 56/70: .6918 to .8769; of 48/80: .4905 to .7004.
    low, high = interval_of_difference(of("b", 0.8, 0.69182, 0.87695), of("a", 0.6, 0.49049, 0.70036))
    assert (low, high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))


def test_an_end_that_is_not_known_leaves_the_end_it_makes_unknown():
    # The median of b has no upper end: b - a has none either, and its lower end is there.
    low, high = interval_of_difference(of("b", 90.0, 86.0, None), of("a", 80.0, 77.0, 83.0))
    assert low == 10 - (4**2 + 3**2) ** 0.5
    assert high is None


def test_a_share_changes_in_points_and_is_told_apart_or_not():
    near = change(of("2026-10", 0.30, 0.20, 0.42), of("2026-09", 0.25, 0.16, 0.37), "up", CONFIG)
    # down: hypot(.10, .12) = .156; up: hypot(.12, .09) = .15
    assert (near.size, near.interval, near.told) == ("+5.0 points", "−10.6 to 20.0", "not told apart")
    assert (near.figure, near.since, near.is_adverse) == ("25.0 %", "2026-09", False)
    far = change(of("2026-10", 0.30, 0.28, 0.32), of("2026-09", 0.50, 0.48, 0.52), "up", CONFIG)
    assert (far.size, far.told, far.is_adverse) == ("−20.0 points", "told apart", True)


@pytest.mark.parametrize(("better", "is_adverse"), [("up", False), ("down", True), ("neither", False)])
def test_whether_a_rise_is_bad_news_is_the_catalogues_to_say(better, is_adverse):
    rise = change(of("2026-10", 90.0, 88, 92, unit="days"), of("2026-08", 70.0, 68, 72), better, CONFIG)
    assert (rise.size, rise.told, rise.is_adverse) == ("+20 days", "told apart", is_adverse)


def test_a_total_changes_without_an_interval():
    rise = change(of("2026-10", 2e6, unit="money"), of("2026-09", 1.5e6, unit="money"), "up", CONFIG)
    assert (rise.size, rise.interval, rise.told) == ("+EUR 500 k", "", "")
    nrr = of("2026-10", 1.05, unit="ratio", metric="net_revenue_retention")
    assert change(nrr, nrr | {"value": 1.0, "period": "2026-09"}, "up", CONFIG).size == "+5.0 points"


def test_there_is_no_change_without_a_figure_on_both_sides():
    assert change(of("2026-10", None), of("2026-09", 0.2), "up", CONFIG) == NO_CHANGE
    for before in (None, of("2026-09", None)):
        assert change(of("2026-10", 0.2), before, "up", CONFIG).reason == "no final period before"


@pytest.mark.parametrize(
    ("on", "reason"),
    [
        (date(2026, 9, 1), ""),
        (date(2026, 9, 30), "not comparable: definition changed in 2026-09"),  # September is of both
        (date(2026, 10, 1), "not comparable: definition changed in 2026-10"),
        (date(2026, 11, 1), ""),
    ],
)
def test_there_is_no_change_across_a_definition(on, reason):
    config = Config.model_validate(COMPANY | {"change": [{"on": on, "metric": "win_rate", "note": "n"}]})
    assert change(of("2026-10", 0.2), of("2026-09", 0.3), "up", config).reason == reason


def test_two_versions_are_never_compared():
    told = change(of("2026-10", 0.2, version=2), of("2026-09", 0.3), "up", CONFIG)
    assert (told.reason, told.size) == ("not comparable: definition changed in 2026-10", "")
