"""Prices to monthly ten-thousandths of the reporting currency: exactly, and rounded once."""

import json
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gtmkit.sources.engine import connect
from gtmkit.sources.money import PER_MONTH, rounded

PEER = Path(__file__).parents[2].parent / "shared" / "peer-cases" / "mrr_normalization.json"
PRICED = '[tables.subscriptions]\npath = "subscriptions.csv"\n'
HEADER = "account_id,started_on,price_amount,interval,interval_count,quantity\n"


def monthly(acme, *rows: str) -> list[object]:
    text = HEADER + "".join(f"A{i},2026-01-01,{row}\n" for i, row in enumerate(rows))
    return [
        row[0]
        for row in acme.read(PRICED, subscriptions=text).rows(
            "SELECT mrr_amount FROM {subscriptions} ORDER BY line"
        )
    ]


def test_intervals_and_quantities(acme):
    # 18.29/12 = 1.524166..; 149.95/12 = 12.495833..; 100/3 = 33.3333..; 10 x 52/12 = 43.33333..;
    # 1 x 365/12 = 30.416666..; 300 for 6 months = 50; 7 seats at 2.95; 0.0006/12 = 0.00005, a half, up
    assert monthly(
        acme,
        "18.29,year,,",
        "149.95,year,1,1",
        "100,quarter,,",
        "10,week,,",
        "1,day,,",
        "300,month,6,",
        "2.95,month,,7",
        "0.0006,year,,",
        "-0.0006,year,,",
        "5,month,,0",
    ) == [15_242, 124_958, 333_333, 433_333, 304_167, 500_000, 206_500, 1, -1, 0]


@pytest.mark.skipif(not PEER.exists(), reason="the peer cases are not beside this checkout")
def test_peer_cases_of_normalisation(acme):
    rows = json.loads(PEER.read_text(encoding="utf-8"))["rows"]
    interval = {"MONTHLY": "month", "ANNUAL": "year"}
    found = monthly(acme, *(f"{price},{interval[period]},," for period, price, _ in rows))
    assert found == [int(Decimal(str(amount)) * 10_000) for _, _, amount in rows]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amount=st.decimals(-(10**11), 10**11, places=6),
    interval=st.sampled_from(sorted(PER_MONTH)),
    count=st.integers(1, 36),
    quantity=st.integers(0, 10**5),
    rate=st.none() | st.decimals("0.00001", 200, places=8),
)
def test_rounding_agrees_with_fractions(tmp_path_factory, amount, interval, count, quantity, rate):
    top, bottom = PER_MONTH[interval]
    exact = Fraction(amount) * top * quantity / (bottom * count) * Fraction(rate if rate is not None else 1)
    scaled = abs(exact) * 10_000
    expected = int(scaled + Fraction(1, 2)) * (1 if exact >= 0 else -1)
    if expected.bit_length() > 62:
        return
    connection = connect("200MB", tmp_path_factory.getbasetemp())
    price = f"CAST('{amount}' AS DECIMAL(38, 10))"
    given_rate = "NULL, NULL" if rate is None else f"1, CAST('{rate}' AS DECIMAL(38, 12))"
    formula = rounded(price, f"{top} * {quantity}", f"{bottom} * {count}")
    found = connection.execute(f"SELECT {formula} FROM (SELECT {given_rate}) r(record, rate)").fetchone()[0]
    connection.close()
    assert found == expected


def test_half_up_is_decimals_half_up():
    assert Decimal("0.00005").quantize(Decimal("0.0001"), ROUND_HALF_UP) == Decimal("0.0001")


FOREIGN = (
    '[tables.subscriptions]\npath = "subscriptions.csv"\n'
    '[tables.exchange_rates]\npath = "exchange_rates.csv"\n'
)
RATES = "month_on,currency,rate\n2026-01,EUR,1.1\n2026-02,EUR,1.3\n2026-02,GBP,1.25\n"


def test_an_accounts_rows_in_a_currency_keep_the_rate_of_its_first(acme):
    # A's euros all at January's 1.1, though its second line starts in February; B's at February's 1.3;
    # A's pounds at February's 1.25; lower-case codes are the same currency; null is the company's.
    text = (
        "account_id,started_on,mrr_amount,currency\nA,2026-01-31,100,EUR\nA,2026-02-01,100,eur\n"
        "B,2026-02-01,100,EUR\nA,2026-02-03,100,GBP\nA,2026-02-03,100,\nA,2026-02-03,100,USD\n"
    )
    store = acme.read(FOREIGN, subscriptions=text, exchange_rates=RATES)
    found = [row[0] for row in store.rows("SELECT mrr_amount / 10000 FROM {subscriptions} ORDER BY line")]
    assert found == [110, 110, 130, 125, 100, 100]


def test_opportunities_and_their_stages_take_the_month_they_were_created_in(acme):
    # O1 is created on 31 January in New York, 1 February in UTC; O2 has no creation and closed in February.
    settings = (
        '[company]\ntimezone = "America/New_York"\n[pipeline]\nstages = ["open"]\n'
        '[tables.opportunities]\npath = "o.csv"\n'
        '[tables.stage_changes]\npath = "s.csv"\n[tables.exchange_rates]\npath = "exchange_rates.csv"\n'
    )
    store = acme.read(
        settings,
        o="opportunity_id,created_at,amount,currency,closed_on,stage\nO1,2026-02-01 03:00:00,10,EUR,,open\n"
        "O2,,10,EUR,2026-02-05,closed_won\nO3,2026-02-01,10,,,open\n",
        s="opportunity_id,stage,entered_at,amount\nO1,open,2026-02-20,20\nO3,open,2026-02-20,20\n"
        "O9,open,2026-02-20,20\n",
        exchange_rates=RATES,
    )
    assert store.rows("SELECT amount FROM {opportunities} ORDER BY line") == [
        (110_000,),
        (130_000,),
        (100_000,),
    ]
    assert store.rows("SELECT amount FROM {stage_changes} ORDER BY line") == [
        (220_000,),
        (200_000,),
        (200_000,),
    ]


def test_a_currency_or_month_without_a_rate_is_listed(acme):
    text = (
        "account_id,started_on,mrr_amount,currency\nA,2026-03-31,100,EUR\nB,2026-03-01,100,EUR\n"
        "C,2026-02-01,100,JPY\nD,2026-02-01,100,GBP\n"
    )
    assert acme.refused(FOREIGN, subscriptions=text, exchange_rates=RATES) == (
        "subscriptions: 3 rows in a currency without a rate to USD: EUR 2026-03, JPY 2026-02. "
        "Add a row for each of these months to exchange_rates (month_on, currency, rate)."
    )


def test_without_rates_only_the_reporting_currency_will_do(acme):
    settings = '[tables.subscriptions]\npath = "subscriptions.csv"\n'
    text = "account_id,started_on,mrr_amount,currency\nA,2026-03-31,100,{}\n"
    assert acme.read(settings, subscriptions=text.format("USD")).rows(
        "SELECT mrr_amount FROM {subscriptions}"
    ) == [(1_000_000,)]
    (acme.into / "subscriptions.parquet").unlink()
    (acme.into / "accounts.parquet").unlink()
    assert "EUR 2026-03" in acme.refused(settings, subscriptions=text.format("EUR"))


@pytest.mark.parametrize("rate", ["0", "-1.1"])
def test_a_rate_of_nothing_is_refused(acme, rate):
    text = "account_id,started_on,mrr_amount,currency\nA,2026-03-31,100,USD\n"
    said = acme.refused(
        FOREIGN, subscriptions=text, exchange_rates=f"month_on,currency,rate\n2026-01,EUR,{rate}\n"
    )
    assert "  exchange_rates.rate must be above 0: 1 row.\n" in said


def test_the_reporting_currency_has_no_other_rate_than_one(acme):
    text = "account_id,started_on,mrr_amount,currency\nA,2026-03-31,100,USD\n"
    assert acme.refused(
        FOREIGN, subscriptions=text, exchange_rates="month_on,currency,rate\n2026-01,USD,1.1\n"
    ) == (
        "exchange_rates gives USD a rate of 1.1, but USD is the company's currency. "
        "Rates turn another currency into USD; correct them, or [company] currency."
    )


def test_amounts_beyond_the_store_are_refused(acme):
    said = acme.refused(PRICED, subscriptions=HEADER + "A,2026-01-01,99999999999999,day,,99999\n")
    assert said.startswith("subscriptions.mrr_amount is too large once converted: 1 row, first on line 2. ")


def test_a_price_needs_an_interval(acme):
    assert acme.refused(PRICED, subscriptions="account_id,started_on,price_amount\nA,2026-01-01,5\n") == (
        "subscriptions.price_amount is mapped without its interval. Map interval, or give it in constants."
    )
