"""Headline figures of the notebook on acquisition, counted anew from the sample's files with SQL of its own.

No ledger and no mapping is used: the queries name the columns of the exports. The amount of a stage is in the
currency of its deal and is converted at the rate of the month of the deal.
"""

from pathlib import Path
from typing import Any

import duckdb
import pytest

import gtmkit
from gtmkit import wording
from gtmkit.workspace import Workspace

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
CREATION = "('paid_social', 'partner', 'outbound', 'events', 'display')"  # as [[channels]] of gtm.toml says
DEALS = f"""
    with people as (select * from read_csv('{SAMPLE}/accounts.csv', all_varchar = true)),
    firsts as (
        select "OpportunityId" as deal, arg_min("Amount"::decimal(18, 4), "CreatedDate") as amount
        from read_csv('{SAMPLE}/stage_changes.csv.gz', all_varchar = true)
        where "Amount" is not null group by 1
    )
    select distinct
        "Id" as id, "Type" as kind, coalesce("LeadSource", people."Channel") as channel,
        firsts.amount * coalesce(rates.rate::decimal(18, 4), 1) as amount,
        strptime("CreatedDate", '%m/%d/%Y')::date as created, strptime("Accepted_Date__c", '%m/%d/%Y')::date as accepted
    from read_csv('{SAMPLE}/opportunities.csv', all_varchar = true) as deals
    left join people on people."Account ID" = deals."AccountId" left join firsts on firsts.deal = deals."Id"
    left join read_csv('{SAMPLE}/exchange_rates.csv', all_varchar = true) as rates on rates.currency = "CurrencyIsoCode"
        and strftime(strptime("CreatedDate", '%m/%d/%Y'), '%Y-%m-01') = rates.month_on
    where coalesce(people."Internal", 'false') = 'false' and "Type" in ('New Business', 'Expansion')
"""


@pytest.fixture(scope="module")
def files() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"create table deals as {DEALS}")
    connection.execute(
        f"create table costs as select * from read_csv('{SAMPLE}/spend.csv', all_varchar = true)"
        " where \"Purpose\" = 'new' and \"Department\" in ('Sales', 'Marketing')"
    )
    return connection


@pytest.fixture(scope="module")
def ws() -> Workspace:
    return gtmkit.open(SAMPLE, "2026-10")


def asked(files: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = files.execute(query).fetchone()
    assert row is not None
    return row


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "channels"),
    [
        ("demand_creation_share", f"channel in {CREATION}"),
        ("demand_creation_share.capture", f"channel not in {CREATION}"),  # null is neither
    ],
)
def test_creation_and_capture_of_october(
    metric: str, channels: str, files: duckdb.DuckDBPyConnection, ws: Workspace
) -> None:
    part, whole, n = asked(
        files,
        f"select sum(amount) filter ({channels}), sum(amount), count(amount) from deals"
        " where created >= '2026-10-01' and created < '2026-11-01'",
    )
    row = ws.metric(metric).iloc[0]
    assert (row["numerator"], row["denominator"], row["n"]) == pytest.approx((float(part), float(whole), n))
    assert row["value"] == pytest.approx(float(part) / float(whole))


@pytest.mark.slow
def test_the_largest_channel_of_october_and_what_is_unattributed(
    files: duckdb.DuckDBPyConnection, ws: Workspace
) -> None:
    top, amount, loose, whole = asked(
        files,
        "with by_channel as (select channel, sum(amount) as amount from deals"
        " where created >= '2026-10-01' and created < '2026-11-01' group by 1)"
        " select max_by(channel, amount) filter (channel is not null), max(amount) filter (channel is not null),"
        " sum(amount) filter (channel is null), sum(amount) from by_channel",
    )
    told = str(wording.concentration_range(ws.metric("pipeline_created", by="channel"), "channel", limit=0.5))
    lowest, highest = float(amount) / float(whole), float(amount + loose) / float(whole)
    assert f"{top} is the largest channel, {lowest * 100:.1f} %" in told
    assert f"were all of it {top}, {highest * 100:.1f} %" in told
    assert ws.metric("pipeline_concentration")["value"].iloc[0] == pytest.approx(lowest)


@pytest.mark.slow
def test_what_a_qualified_opportunity_of_outbound_costs(
    files: duckdb.DuckDBPyConnection, ws: Workspace
) -> None:
    """July to September: its own cost, and of that of no channel its part of the new pipeline; 30 days to accept."""
    own, shared = asked(
        files,
        """select sum("Amount"::double) filter ("Channel" = 'outbound'),
            sum("Amount"::double) filter ("Channel" is null)
        from costs where "Month" in ('2026-07', '2026-08', '2026-09')""",
    )
    part, won = asked(
        files,
        "select sum(amount) filter (channel = 'outbound') / sum(amount),"
        " count(*) filter (channel = 'outbound' and accepted - created <= 30)"
        " from deals where kind = 'New Business' and created >= '2026-07-01' and created < '2026-10-01'",
    )
    cost = wording.settled(ws.metric("cost_per_qualified_opportunity", by="channel", periods=3))
    row = cost[cost["channel"] == "outbound"].iloc[0]
    assert row["period"] == "2026-09"
    assert row["n"] == won
    assert row["value"] == pytest.approx((own + shared * float(part)) / won)
