"""Where pipeline comes from and what it costs: what the cases by hand do not say.

Reviews are of 2026-10 unless they say otherwise. Cases: qualified_opportunities, cost_per_qualified_opportunity,
pipeline_concentration, demand_creation_share, unattributed_share, product_qualified_pipeline_share.
"""

import datetime as dt
from random import Random
from typing import Any

import pandas as pd
import pytest
from cases import Case, answer
from deals import CHANCES, ENGINES, said
from hypothesis import given, settings

PLAIN = '[pipeline]\nstages = ["qualified"]\n[suppress]\nmin_n = 0\n'
WHOLE = PLAIN + '[cac]\nnot_applicable = ["tools", "payroll", "agency", "sales_engineering"]\n'
DEALS = """
    opportunity_id  created_at  accepted_at  stage      amount  channel  segment
    a               2026-08-03  2026-08-05   qualified  100     ads      SMB
    b               2026-08-10  2026-08-12   qualified  300     events   Mid
    c               2026-09-01  2026-09-02   qualified  500     -        Mid
    d               2026-09-30  -            qualified  -       ads      SMB
"""
SPEND = """
    month_on  function   amount  channel
    2026-07   marketing  90      ads
    2026-08   marketing  60      -
    2026-10   marketing  50      ads
"""


def asked(
    metric: str,
    tables: dict[str, str],
    settings: str = PLAIN,
    period: str = "2026-10",
    engine: str = "polars",
    **asking: Any,
) -> pd.DataFrame:
    return answer(Case(metric, "hand", tables, [], settings, period, **asking), engine)


def in_september(metric: str, tables: dict[str, str], settings: str = WHOLE, **asking: Any) -> pd.DataFrame:
    """The rows of September, as they can be read at the end of October."""
    rows = asked(metric, tables, settings, periods=2, **asking)
    return rows[rows["period"] == "2026-09"].reset_index(drop=True)


# ---------------------------------------------------------------- qualified opportunities and their cost


def test_qualified_opportunities_without_accepted_at_are_not_none_but_unknown() -> None:
    tables = {"opportunities": "opportunity_id created_at stage\na 2026-09-01 qualified"}
    assert said(asked("qualified_opportunities", tables), "value", "status", "reason") == [
        (None, "undefined", "opportunities has no accepted_at")
    ]


def test_qualified_opportunities_of_a_review_know_nothing_of_later_acceptance() -> None:
    """Read at the end of August: a and b. Had b been accepted on 2 September, a alone."""
    tables = {"opportunities": DEALS}
    assert said(asked("qualified_opportunities", tables, period="2026-08"), "value", "status") == [
        (2, "immature")
    ]
    later = {"opportunities": DEALS.replace("2026-08-12", "2026-09-02")}
    assert said(asked("qualified_opportunities", later, period="2026-08"), "value") == [1]
    assert said(
        asked("qualified_opportunities", later, period="2026-08", options={"months": 3}), "value"
    ) == [1]


def test_cost_per_qualified_opportunity_adds_up_over_channels_and_unattributed() -> None:
    """July to September: 90 + 60 over a, b and c. Of the 60, the new pipeline 100, 300, 500 bears 1/9, 3/9, 5/9."""
    tables = {"spend": SPEND, "opportunities": DEALS}
    whole = in_september("cost_per_qualified_opportunity", tables)
    assert said(whole, "value", "numerator", "n", "status") == [(50, 150, 3, "final")]
    rows = in_september("cost_per_qualified_opportunity", tables, by=["channel"])
    # To the ten-thousandth: 60 x 1/9 = 6.6666, up to 60 x 4/9 = 26.6666 is 20, the rest 33.3334.
    assert said(rows, "channel", "numerator", "n") == [
        ("ads", 96.6666, 1), ("events", 20, 1), ("unattributed", 33.3334, 1),
    ]  # fmt: skip


def test_cost_per_qualified_opportunity_is_provisional_while_a_kind_of_cost_is_missing() -> None:
    tables = {"spend": SPEND, "opportunities": DEALS}
    rows = in_september("cost_per_qualified_opportunity", tables, PLAIN)
    assert said(rows, "value", "status") == [(50, "provisional")]
    assert "no agency, payroll, sales_engineering, tools rows" in said(rows, "reason")[0]


def test_cost_per_qualified_opportunity_takes_opportunities_as_poisson() -> None:
    """Three seen: their mean may be 0.619 to 8.767 (exact limits of a Poisson count)."""
    rows = in_september("cost_per_qualified_opportunity", {"spend": SPEND, "opportunities": DEALS})
    low, high = said(rows, "low", "high")[0]
    assert (low, high) == (pytest.approx(150 / 8.7673, abs=0.01), pytest.approx(150 / 0.6187, abs=0.05))


def test_cost_per_qualified_opportunity_before_any_cost_is_undefined_and_names_missing_tables() -> None:
    early = asked(
        "cost_per_qualified_opportunity", {"spend": SPEND, "opportunities": DEALS}, period="2026-03"
    )
    assert said(early, "value", "status") == [(None, "undefined")]
    bare = asked("cost_per_qualified_opportunity", {"opportunities": DEALS})
    assert said(bare, "reason") == ["needs table spend"]


# ---------------------------------------------------------------- channels

FROM = """
    opportunity_id  created_at  stage      amount  channel  account_id
    a               2026-10-01  qualified  300     zebra    -
    b               2026-10-02  qualified  300     ant      -
    c               2026-10-03  qualified  200     -        x
    d               2026-10-04  qualified  -       -        -
"""
PEOPLE = "account_id started_on channel\nx 2026-10-20 ant"


def test_pipeline_concentration_takes_the_account_where_an_opportunity_has_no_channel() -> None:
    """Without accounts, zebra and ant are equally large: the first by name. With them ant has 500 of 800."""
    alone = asked("pipeline_concentration", {"opportunities": FROM})
    assert said(alone, "value", "numerator", "denominator", "n") == [(0.375, 300, 800, 4)]
    assert said(alone, "reason") == [
        "largest: ant; 25.0 % of the amount unattributed; no interval: all pipeline is counted; "
        "1 without an amount"
    ]
    known = asked("pipeline_concentration", {"opportunities": FROM, "accounts": PEOPLE})
    assert said(known, "value", "numerator") == [(0.625, 500)]


def test_pipeline_concentration_of_what_has_no_channel_at_all_is_undefined() -> None:
    nobodys = {"opportunities": "opportunity_id created_at stage amount channel\na 2026-10-01 qualified 5 -"}
    assert said(asked("pipeline_concentration", nobodys), "value", "denominator", "status") == [
        (None, 5, "undefined")
    ]
    assert "no amount with a channel" in said(asked("pipeline_concentration", nobodys), "reason")[0]


@pytest.mark.parametrize(
    "metric",
    ["pipeline_concentration", "demand_creation_share", "unattributed_share", "unattributed_share.amount"],
)
def test_where_no_table_has_a_channel_nothing_is_said_of_channels(metric: str) -> None:
    tables = {"opportunities": "opportunity_id created_at stage amount\na 2026-10-01 qualified 5"}
    with_intent = PLAIN + '[[channels]]\nchannel = "ads"\nintent = "creation"\n'
    assert said(asked(metric, tables, with_intent), "value", "reason") == [
        (None, "neither opportunities nor accounts have the column channel")
    ]


def test_demand_creation_share_needs_an_intent_and_takes_the_first_that_a_channel_has() -> None:
    tables = {"opportunities": FROM}
    silent = PLAIN + '[[channels]]\nchannel = "zebra"\nsource = "zoo"\n'
    assert said(asked("demand_creation_share", tables, silent), "status", "reason") == [
        ("undefined", "no [[channels]] with an intent in gtm.toml")
    ]
    twice = silent + "".join(
        f'[[channels]]\nchannel = "zebra"\nintent = "{intent}"\n' for intent in ("creation", "capture")
    )
    answers = asked("demand_creation_share", tables, twice)
    assert said(answers, "value", "numerator", "denominator") == [(0.375, 300, 800)]
    assert "62.5 % of the amount by channels without an intent" in said(answers, "reason")[0]


def test_demand_creation_share_of_channels_that_only_capture_is_zero() -> None:
    capture = PLAIN + '[[channels]]\nchannel = "ant"\nintent = "capture"\n'
    assert said(asked("demand_creation_share", {"opportunities": FROM}, capture), "value", "status") == [
        (0, "final")
    ]


def test_creation_capture_and_what_has_no_intent_are_the_whole() -> None:
    """zebra creates 300, ant captures 300, 200 of c have no channel: 300 + 300 + 200 = 800."""
    both = PLAIN + "".join(
        f'[[channels]]\nchannel = "{name}"\nintent = "{intent}"\n'
        for name, intent in (("zebra", "creation"), ("ant", "capture"))
    )
    for metric in ("demand_creation_share", "demand_creation_share.capture"):
        answers = asked(metric, {"opportunities": FROM}, both)
        assert said(answers, "numerator", "denominator", "n") == [(300, 800, 3)]
        assert "25.0 % of the amount by channels without an intent" in said(answers, "reason")[0]


def test_unattributed_share_and_its_amount_are_of_the_same_opportunities() -> None:
    """c and d of four; 200 of 800, d has no amount."""
    tables = {"opportunities": FROM}
    assert said(asked("unattributed_share", tables), "value", "n") == [(0.5, 4)]
    assert said(asked("unattributed_share.amount", tables), "value", "numerator") == [(0.25, 200)]


# ---------------------------------------------------------------- use of the product

TWICE = PLAIN + "[active]\nat_least = 2\n"
LINKED = {
    "opportunities": """
        opportunity_id  created_at  stage      amount  account_id
        a               2026-10-12  qualified  100     x
        b               2026-10-18  qualified  300     y
        c               2026-10-19  qualified  600     y
    """,
    "events": """
        occurred_at          event    account_id  user_id
        2026-10-01T10:00:00  login    x           -
        2026-10-02T10:00:00  invoice  x           -
        2026-10-17T10:00:00  login    -           u
        2026-10-17T11:00:00  login    y           -
    """,
    "identities": "user_id account_id linked_at\nu y 2026-10-25T10:00:00",
}


def test_product_qualified_pipeline_share_counts_any_product_event_of_a_known_user() -> None:
    """y: two on the 17th, one of them by its user; x: an invoice is no use of the product. 900 of 1,000."""
    taxonomy = TWICE + '[events.invoice]\nkind = "billing"\n'
    answers = asked("product_qualified_pipeline_share", LINKED, taxonomy)
    assert said(answers, "value", "numerator", "denominator", "n") == [(0.9, 900, 1000, 3)]
    assert said(asked("product_qualified_pipeline_share", LINKED, TWICE), "value") == [1]


def test_product_qualified_pipeline_share_of_a_week_is_of_the_four_to_it() -> None:
    """Week 42 ends on Sunday 18 October: a and b, not c of Monday. Whose user u is was not known then."""
    answers = asked("product_qualified_pipeline_share", LINKED, TWICE, period="2026-W42")
    assert said(answers, "period", "numerator", "denominator", "n") == [("2026-W42", 100, 400, 2)]
    before = asked("product_qualified_pipeline_share", LINKED, TWICE, period="2026-W41")
    assert said(before, "value", "status") == [(None, "undefined")]


def test_product_qualified_pipeline_share_needs_events() -> None:
    alone = {"opportunities": LINKED["opportunities"]}
    assert said(asked("product_qualified_pipeline_share", alone), "reason") == ["needs table events"]


def _random_use(chance: Random) -> tuple[list[tuple[str, dt.date, str, int]], list[tuple[str, dt.date]]]:
    """Opportunities of (id, day, account, amount) and days of use, many on the same account and day."""
    first = dt.date(2026, 10, 1)
    deals = [
        (
            f"o{i}",
            first + dt.timedelta(days=chance.randrange(31)),
            chance.choice("xyz"),
            chance.randrange(1, 9),
        )
        for i in range(15)
    ]
    use = [(chance.choice("xyz"), first + dt.timedelta(days=chance.randrange(-40, 31))) for _ in range(30)]
    return deals, use


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=5)
@given(chance=CHANCES)
def test_product_qualified_pipeline_share_is_what_a_loop_finds(engine: str, chance: Random) -> None:
    deals, use = _random_use(chance)
    tables = {
        "opportunities": "opportunity_id created_at stage account_id amount\n"
        + "\n".join(f"{name} {day} qualified {account} {amount}" for name, day, account, amount in deals),
        "events": "account_id occurred_at event\n"
        + "\n".join(f"{account} {day} run" for account, day in use),
    }
    qualified = 0
    for _, day, account, amount in deals:
        acts = [d for a, d in use if a == account and 0 < (day - d).days <= 28]
        qualified += amount if len(acts) >= 3 else 0
    found = asked(
        "product_qualified_pipeline_share", tables, PLAIN + "[active]\nat_least = 3\n", engine=engine
    )
    assert said(found, "numerator", "denominator") == [(qualified, sum(amount for *_, amount in deals))]
