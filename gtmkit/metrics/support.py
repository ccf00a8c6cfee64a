"""What customers need from us, and how well they are: tickets, and the health of accounts."""

from collections.abc import Sequence

import narwhals as nw
import pandas as pd

from gtmkit.frames import UNITS, Frame, collect, counted, day, month, small, sums
from gtmkit.ledgers.dimensions import for_groups, named
from gtmkit.metrics.entrants import at_periods, one, zero
from gtmkit.metrics.opportunities import tenths
from gtmkit.periods import Period, day_index
from gtmkit.results import floats, money_ratio, noted, shaped, undefined

FRESH_DAYS = 30  # an older score says nothing of today
UNKNOWN = "unknown"


def support_burden(
    tickets: Frame,
    revenue: Frame,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Tickets opened in the period for each customer and month, of those who were customers when it began.

    Answers: how much help does a customer need?
    Takes: customers = MRR above zero at the month end before the period; tickets of others are left out, and the
    reason counts them.
    Returns: ratio; denominator = customers times months; n = customers.
    """
    first, last = [p.first_month for p in periods], [p.last_month for p in periods]
    spans = small(revenue, at_period=list(range(len(periods))), first=first, last=last)
    at = ["account_id", "at_period"]
    opened = tickets.filter(~nw.col("opened_at").is_null()).with_columns(month=month("opened_at"))
    opened = sums(opened, ["account_id", "month"], tickets=one()).join(spans, how="cross")
    opened = opened.filter((nw.col("month") >= nw.col("first")) & (nw.col("month") <= nw.col("last")))
    paying = revenue.select("account_id", "month", "delta").join(spans, how="cross")
    paying = paying.filter(nw.col("month") < nw.col("first"))
    both = [
        opened.select(*at, "tickets", mrr=zero()),
        paying.select(*at, tickets=zero(), mrr=nw.col("delta")),
    ]
    rows = sums(nw.concat(both), at, tickets=nw.col("tickets"), mrr=nw.col("mrr"))
    rows = rows.with_columns(is_customer=counted(nw.col("mrr") > 0))
    kept = ["at_period", "tickets", "is_customer"]
    rows = for_groups(rows, by, kept, (), accounts, account_changes, owners)
    n, is_customer = nw.col("tickets") * nw.col("is_customer"), nw.col("is_customer")
    what = {"opened": n, "squares": n * n, "k": is_customer, "others": nw.col("tickets") - n}
    table = collect(sums(rows, [*by, "at_period"], **what))
    over = at_periods(table, by, periods)
    months = floats(over["period"].map({p.label: p.months for p in periods}))
    k = floats(over["k"])
    ratio = {"n": over["opened"], "b": k * months, "nn": over["squares"], "nb": floats(over["opened"]) * months,
             "bb": k * months**2, "k": k}  # fmt: skip
    answer = money_ratio(over, ratio, "no customers when the period began", of="customer")
    for count in sorted({int(c) for c in over["others"]} - {0}):
        answer = noted(answer, over["others"] == count, f"tickets of others left out: {count}")
    return shaped(answer, by, [])


def account_health(
    health_scores: Frame,
    revenue: Frame,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Share of the ARR at the end of the period in each band of the customers' latest health scores.

    Answers: how much of our revenue is at risk?
    Takes: the latest score of each customer, at most 30 days before the period's last day; whoever has none is
    `unknown`.
    Returns: axis band; ratio of ARR; n = customers, of all bands.
    """
    if "band" not in health_scores.collect_schema().names():
        return undefined(by, [p.label for p in periods], "health_scores has no column band", ["band"])
    at = ["account_id", "at_period"]
    number = list(range(len(periods)))
    arr = revenue.select("account_id", "month", "delta")
    arr = arr.join(small(revenue, at_period=number, last=[p.last_month for p in periods]), how="cross")
    arr = sums(arr.filter(nw.col("month") <= nw.col("last")), at, arr=nw.col("delta") * 12)
    rows = arr.filter(nw.col("arr") > 0).join(_bands(health_scores, periods), on=at, how="left")
    rows = for_groups(
        named(rows, ["band"]), by, ["at_period", "arr", "band"], (), accounts, account_changes, owners
    )
    t = tenths("arr")  # whole numbers alone are summed, so that the order of rows does not matter
    table = collect(sums(rows, [*by, "band", "at_period"], n=nw.col("arr"), nn=t * t, k=one()))
    bands = sorted({*table["band"], UNKNOWN}, key=lambda band: (band == UNKNOWN, band))
    over = at_periods(table, [*by, "band"], periods, axes={"band": bands})
    # A customer is in one band, so that n is its ARR there and the base its ARR: their product is n squared.
    whole = over.groupby([*by, "period"], dropna=False, sort=False)[["n", "nn", "k"]].transform("sum")
    ratio = {
        "n": over["n"] / UNITS,
        "b": whole["n"] / UNITS,
        "nn": over["nn"] / 100,
        "nb": over["nn"] / 100,
        "bb": whole["nn"] / 100,
        "k": whole["k"],
    }
    nobody = "no customers at the end of the period"
    return shaped(money_ratio(over, ratio, nobody, at_most_one=True, of="customer"), by, ["band"])


def _bands(health_scores: Frame, periods: Sequence[Period]) -> Frame:
    """The band of each account's latest score that is fresh at the end of each period."""
    ends = {"at_period": list(range(len(periods))), "as_of": [day_index(p.end) for p in periods]}
    rows = health_scores.filter(~nw.col("scored_on").is_null()).with_columns(day=day("scored_on"))
    rows = rows.select("account_id", "day", "band").join(small(health_scores, **ends), how="cross")
    old = nw.col("as_of") - 1 - nw.col("day")  # on the period's last day: one of the 1st lasts any month
    is_fresh = (old >= 0) & (old <= FRESH_DAYS)
    rows = rows.filter(is_fresh)
    rows = rows.with_columns(latest=nw.col("day").max().over("account_id", "at_period"))
    rows = rows.filter(nw.col("day") == nw.col("latest"))
    return rows.group_by("account_id", "at_period").agg(nw.col("band").max())
