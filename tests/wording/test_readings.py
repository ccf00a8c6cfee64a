"""The article's readings by hand: each where it holds, and just beyond its limit where it does not."""

import pandas as pd
import pytest

from gtmkit import notebooks, wording
from gtmkit.config import Readings

COLUMNS = ["period", "value", "numerator", "denominator", "n", "low", "high", "status", "reason"]


def rows(*cells, **axes):
    """Answers of 2026-10, one a cell of (value, low, high, n) or (status, reason); axes hold a value of each."""
    found = []
    for cell in cells:
        if isinstance(cell[0], str):
            found.append(
                ["2026-10", None, None, None, cell[2] if len(cell) > 2 else 0, None, None, *cell[:2]]
            )
        else:
            value, low, high, n = cell
            found.append(["2026-10", value, value * 1000, 1000.0, n, low, high, "final", None])
    return pd.DataFrame(found, columns=COLUMNS).assign(**axes)


def near(value, half=0.03, n=200):
    return rows((value, value - half, value + half, n))


# Expansion over a leak: NRR at or above 1.0 and GRR below .85.


@pytest.mark.parametrize(
    ("gross", "net", "verdict"),
    [
        (0.80, 1.05, "act"),  # .80 + .03 = .83, below .85
        (0.849, 1.000, "watch"),  # .849 + .03 reaches .85
        (0.850, 1.000, "no action"),
        (0.849, 0.999, "no action"),
    ],
)
def test_a_leaky_bucket_masked_by_expansion(gross, net, verdict):
    (said,) = wording.leak_under_expansion(near(gross), near(net)).sentences
    assert said.verdict == verdict
    assert ("leaky bucket masked by expansion" in said.text) == (verdict != "no action")


def test_its_figures_have_size_interval_and_n():
    assert str(wording.leak_under_expansion(near(0.849), near(1.0))) == (
        "[watch] NRR 100.0 % (97.0 to 103.0, n 200) over GRR 84.9 % (81.9 to 87.9, n 200): a leaky bucket masked by "
        "expansion, GRR under 85 %, which its interval reaches."
    )


def test_a_company_sets_its_own_limits():
    own = Readings(net_at_least=0.9, gross_below=0.8)
    assert (
        wording.leak_under_expansion(near(0.82), near(0.95), limits=own).sentences[0].verdict == "no action"
    )
    (said,) = wording.leak_under_expansion(near(0.76), near(0.9), limits=own).sentences
    assert (said.verdict, "GRR under 80 %" in said.text) == ("act", True)


def test_a_leak_by_group_names_few_and_undefined():
    gone = ("undefined", "no customers 12 months before")
    gross = rows((0.8, 0.77, 0.83, 200), (0.5, 0.4, 0.6, 12), gone).assign(segment=["a", "b", "c"])
    net = rows((1.05, 1.02, 1.08, 200), (1.5, 1.4, 1.6, 12), gone).assign(segment=["a", "b", "c"])
    assert str(wording.leak_under_expansion(gross, net, "segment")).splitlines() == [
        "[act] a: NRR 105.0 % (102.0 to 108.0, n 200) over GRR 80.0 % (77.0 to 83.0, n 200): a leaky bucket masked by "
        "expansion, GRR under 85 %.",
        "[too few to judge] Fewer than 20 customers: b (n 12).",
        "[not yet] c: retention undefined: no customers 12 months before.",
    ]
    calm = gross.head(1).assign(value=0.9)
    assert str(wording.leak_under_expansion(calm, net.head(1), "segment")) == (
        "[no action] 1 of 1 by segment: no leak under expansion (NRR at 100 % or more, GRR under 85 %)."
    )


def test_the_side_that_is_absent_says_why():
    said = wording.leak_under_expansion(near(0.8), rows(("undefined", "needs table subscriptions")))
    assert str(said) == "[not yet] retention undefined: needs table subscriptions."


# Logo retention above gross retention by .05 or more.


@pytest.mark.parametrize(
    ("logo", "gross", "verdict"),
    [
        (0.95, 0.90, "watch"),  # .95 - .90 is a little less than .05 in binary
        (0.900, 0.850, "watch"),
        (0.899, 0.850, "no action"),  # .049
        (0.95, 0.80, "act"),  # .15 less sqrt(.03^2 + .03^2) = .1076, above .05
    ],
)
def test_customers_stay_and_their_revenue_does_not(logo, gross, verdict):
    (said,) = wording.logo_above_gross(near(logo), near(gross)).sentences
    assert said.verdict == verdict
    assert ("ask whether price and packages fit" in said.text) == (verdict != "no action")


def test_the_difference_has_an_interval():
    # .10 -/+ sqrt(.03^2 + .03^2) = .0424: 5.8 to 14.2.
    assert str(wording.logo_above_gross(near(0.95), near(0.85))) == (
        "[act] Logo retention 95.0 % (92.0 to 98.0, n 200) over GRR 85.0 % (82.0 to 88.0, n 200), "
        "+10.0 points (+5.8 to +14.2): customers stay, their revenue less; ask whether price and packages fit."
    )
    open_ended = rows((0.85, None, None, 200))
    (said,) = wording.logo_above_gross(near(0.95), open_ended).sentences
    assert (said.verdict, "+10.0 points: customers stay" in said.text) == ("watch", True)


def test_a_group_of_few_customers_is_named():
    few = rows((0.95, 0.9, 1.0, 19)).assign(segment=["O'Neil"])
    assert str(wording.logo_above_gross(few, few, "segment")) == (
        "[too few to judge] Fewer than 20 customers: O'Neil (n 19)."
    )


# A channel that wins at or above the blend whose customers activate below it.

ALL_WON, ALL_ACTIVE = rows((0.30, 0.28, 0.32, 900)), rows((0.60, 0.55, 0.65, 300))


def churn_of(*channels, min_n=20):
    wins = rows(*(c[1] for c in channels)).assign(channel=[c[0] for c in channels])
    active = rows(*(c[2] for c in channels)).assign(channel=[c[0] for c in channels])
    return wording.buying_churn(wins, ALL_WON, active, ALL_ACTIVE, min_n=min_n)


BELOW, TOUCHING = (0.4, 0.25, 0.59, 40), (0.4, 0.25, 0.6, 40)  # the interval ends below .60, or at it


@pytest.mark.parametrize(
    ("won", "active", "fires"),
    [
        ((0.300, 0.2, 0.4, 80), BELOW, True),  # at the blend
        ((0.299, 0.2, 0.4, 80), BELOW, False),
        ((0.300, 0.2, 0.4, 80), TOUCHING, False),
        ((0.300, 0.2, 0.4, 80), (0.8, 0.65, 0.9, 40), False),  # told apart above
    ],
)
def test_a_channel_that_buys_churn(won, active, fires):
    said = str(churn_of(("outbound", won, active)))
    assert said.startswith("[act] outbound: win rate" if fires else "[no action] None of 1 channel wins")
    assert ("buying churn" in said) == fires


def test_what_it_says_of_a_channel():
    assert str(churn_of(("it's", (0.34, 0.26, 0.42, 119), BELOW), ("b", (0.1, 0.0, 0.2, 50), BELOW))) == (
        "[act] it's: win rate 34.0 % (26 to 42, n 119) against 30.0 % over all, activation 40.0 % (25 to 59, n 40) "
        "against 60.0 %: of the customers it wins fewer activate, which reads as buying churn."
    )


def test_small_channels_and_what_has_none_are_not_read():
    wins = (0.5, 0.4, 0.6, 80)
    told = churn_of(
        ("a", wins, (0.1, 0.0, 0.3, 19)), ("b", wins, ("undefined", "x")), ("unattributed", wins, BELOW)
    )
    assert str(told) == "[too few to judge] Fewer than 20 deals or accounts, or none known: a, b."
    assert str(churn_of()) == "[not yet] win rate by channel has no rows."


def test_without_a_blend_there_is_no_reading():
    needs = rows(("undefined", "needs table events"))
    some = rows((0.3, 0.2, 0.4, 80)).assign(channel="a")
    assert str(wording.buying_churn(some, ALL_WON, some, needs)) == (
        "[not yet] activation undefined: needs table events."
    )
    none = wording.buying_churn(some, ALL_WON.head(0), some, ALL_ACTIVE)
    assert str(none) == "[not yet] win rate has no rows."


# One channel above half of the pipeline.


def shares_of(nobodys, n=40, **amounts):
    """The share of the largest of some channels, and all amounts by channel with what is nobody's."""
    whole = sum(amounts.values()) + nobodys
    share = rows((max(amounts.values()) / whole, None, None, n)).assign(denominator=whole)
    cells = [(float(amount), None, None, n) for amount in (*amounts.values(), nobodys)]
    return share, rows(*cells).assign(channel=[*amounts, "unattributed"])


@pytest.mark.parametrize(
    ("nobodys", "amounts", "verdict"),
    [
        (0, {"search": 499, "outbound": 501}, "act"),  # .501
        (0, {"search": 500, "outbound": 500}, "no action"),  # .500 is not above
        (100, {"search": 399, "outbound": 501}, "act"),  # .501 to .601
        (101, {"search": 299, "events": 200, "outbound": 400}, "watch"),  # .400 to .501
        (100, {"search": 300, "events": 200, "outbound": 400}, "no action"),  # .400 to .500
    ],
)
def test_one_channel_carries_the_pipeline(nobodys, amounts, verdict):
    (said,) = wording.top_channel(*shares_of(nobodys, **amounts), 0.5).sentences
    assert said.verdict == verdict


def test_the_range_that_the_unattributed_leave_open():
    amounts = {"search": 299, "events": 200, "outbound": 400}
    assert str(wording.top_channel(*shares_of(101, **amounts))) == (
        "[watch] outbound brings 40.0 % (40.0 to 50.1 with what is unattributed, n 40) of the pipeline: above 50 % if "
        "what is unattributed is its too."
    )
    assert str(wording.top_channel(*shares_of(0, **amounts), 0.4)) == (  # 400 of 899
        "[act] outbound brings 44.5 % (n 40) of the pipeline: above 40 %, one channel carries it."
    )
    assert str(wording.top_channel(*shares_of(0, n=19, **amounts))) == (
        "[too few to judge] outbound brings 44.5 % (n 19) of the pipeline: fewer than 20 opportunities."
    )


def test_a_pipeline_without_channels_says_so():
    share, by_channel = shares_of(10, search=90)
    needs = rows(("undefined", "needs table opportunities"))
    words = "[not yet] the share of the largest channel undefined: needs table opportunities."
    assert str(wording.top_channel(needs, needs.assign(channel=None))) == words
    assert str(wording.top_channel(share.head(0), by_channel)).endswith("has no rows.")
    assert (
        str(wording.top_channel(share, by_channel.head(0)))
        == "[not yet] the pipeline by channel has no rows."
    )


# The ideal customer profile, not faster and deeper.


def icp(fast, slow, deep, shallow):
    """Days and depth as (true, false)."""
    sides = ["true", "false"]
    return rows(fast, slow).assign(is_icp=sides), rows(deep, shallow).assign(is_icp=sides)


def days(value, n=60):
    return (value, value - 5.0, value + 5.0, n)


def depth(value, n=60):
    return (value, value - 0.1, value + 0.1, n)


@pytest.mark.parametrize(
    ("fast", "slow", "deep", "shallow", "verdict"),
    [
        (20, 21, 0.51, 0.50, "no action"),  # faster and deeper
        (21, 21, 0.51, 0.50, "watch"),  # not faster
        (20, 21, 0.50, 0.50, "watch"),  # not deeper
        (29, 21, 0.51, 0.50, "act"),  # 8 days less sqrt(5^2 + 5^2) = 7.07: slower
        (28, 21, 0.51, 0.50, "watch"),
        (20, 21, 0.35, 0.50, "act"),  # .15 less sqrt(.1^2 + .1^2) = .141: shallower
    ],
)
def test_the_ideal_customers_are_faster_and_deeper(fast, slow, deep, shallow, verdict):
    (said,) = wording.ideal_customers(*icp(days(fast), days(slow), depth(deep), depth(shallow))).sentences
    assert said.verdict == verdict
    assert ("ask whether positioning and onboarding fit" in said.text) == (verdict != "no action")


def test_what_it_says_of_them():
    assert str(wording.ideal_customers(*icp(days(25), days(23), depth(0.54), depth(0.45)))) == (
        "[watch] The ideal customer profile: time to value 25 days (20 to 30, n 60) against 23 days (18 to 28, n 60) "
        "of the others, activation depth 54.0 % (44 to 64, n 60) against 45.0 % (35 to 55, n 60): deeper, but "
        "not faster; ask whether positioning and onboarding fit it."
    )


def test_a_median_that_is_not_reached_is_slower_than_one_that_is():
    never = ("undefined", "under half activated", 60)
    frames = icp(never, days(21), depth(0.51), depth(0.50))
    (said,) = wording.ideal_customers(*frames).sentences
    assert said.verdict == "watch"
    assert "time to value (undefined: under half activated) against 21 days" in said.text
    frames[0].loc[0, "low"] = 27.0  # beyond the 26 at which the others' interval ends
    assert wording.ideal_customers(*frames).sentences[0].verdict == "act"
    unknown = wording.ideal_customers(*icp(days(21), never, depth(0.5), depth(0.5)))
    assert (
        str(unknown) == "[not yet] The ideal customer profile: time to value undefined: under half activated."
    )


def test_both_sides_are_needed_and_enough_of_each():
    small = icp(days(20), days(21, n=19), depth(0.51), depth(0.50))
    assert str(wording.ideal_customers(*small)) == (
        "[too few to judge] The ideal customer profile: time to value of n 60 against n 19 of the others: "
        "fewer than 20 on one side."
    )
    one_side = [frame.head(1) for frame in small]
    assert str(wording.ideal_customers(*one_side)) == (
        "[not yet] The ideal customer profile: is_icp = false has no rows."
    )
    none = [frame.head(0) for frame in small]
    assert str(wording.ideal_customers(*none)).startswith("[not yet] ")
    lacking = rows(("undefined", "accounts has no column is_icp")).assign(is_icp=None)
    assert "accounts has no column is_icp" in str(wording.ideal_customers(lacking, lacking))


def test_by_segment_the_calm_are_counted_and_the_small_named():
    parts = [
        (icp(days(20), days(21), depth(0.51), depth(0.50)), "a"),
        (icp(days(22), days(21), depth(0.51), depth(0.50)), "b"),
        (icp(days(22, n=3), days(21), depth(0.51), depth(0.50)), "it's"),
    ]
    frames = [pd.concat([part[i].assign(segment=name) for part, name in parts]) for i in (0, 1)]
    lines = str(wording.ideal_customers(*frames, "segment", subject="activation")).splitlines()
    assert lines[0].startswith("[watch] b, the ideal customer profile: time to value 22 days")
    assert "activation 51.0 %" in lines[0]
    assert lines[1:] == [
        "[too few to judge] The ideal customer profile, fewer than 20 on one side: it's.",
        "[no action] The ideal customer profile is faster and deeper in 1 of 3 groups by segment.",
    ]


def test_no_reading_names_a_cause():
    said = [
        wording.leak_under_expansion(near(0.8), near(1.05)),
        wording.logo_above_gross(near(0.95), near(0.85)),
        churn_of(("a", (0.3, 0.2, 0.4, 80), BELOW)),
        wording.top_channel(*shares_of(100, a=900, b=10)),
        wording.ideal_customers(*icp(days(25), days(23), depth(0.54), depth(0.45))),
    ]
    for sentence in wording.so_what(*said).sentences:
        assert sentence.verdict in ("act", "watch")
        assert not notebooks.CAUSAL.search(sentence.text), sentence.text


def test_a_gross_interval_that_ends_at_the_limit_reaches_it():
    # .80 + .05 = .85: an end at the limit is not below it.
    (said,) = wording.leak_under_expansion(rows((0.80, 0.75, 0.85, 200)), near(1.05)).sentences
    assert said.verdict == "watch"
