"""Is the business compounding: recurring revenue at the end of a period, and the movements that made it."""

from collections.abc import Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.frames import UNITS, Frame, collect, counted, sums
from gtmkit.metrics.recurring import FIRST_MONTH, customers, with_history
from gtmkit.periods import Period
from gtmkit.results import divided, floats, in_order, marked, noted, shaped, total
from gtmkit.windows import flows, levels

MOVEMENTS = ("new", "expansion", "contraction", "churned", "reactivated")
YEAR = 12  # months


def mrr(revenue: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """Monthly recurring revenue that holds at the last instant of the period.

    Answers: how large is the recurring business?
    Returns: money; n = customers (MRR above zero). Totals have no interval.
    """
    small = collect(
        sums(revenue, [*by, "month"], delta=nw.col("delta"), n=customers("after") - customers("prior"))
    )
    rows = levels(small, by, periods)
    return shaped(total(rows, rows["delta"] / UNITS, rows["n"]), by, [])


def arr(mrr: pd.DataFrame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """Annual recurring revenue: MRR at the end of the period times 12.

    Answers: how large is the recurring business, a year at today's rate?
    Returns: money; n = customers.
    """
    return mrr.assign(value=mrr["value"] * 12, numerator=mrr["numerator"] * 12)


def arr_bridge(revenue: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """ARR that each movement added or took in the period: new, expansion, contraction, churned, reactivated.

    Answers: what is growth made of?
    Returns: axis movement; money (losses negative); n = accounts and months that moved. The five add up to
    net new ARR.
    """
    moved = revenue.filter(nw.col("movement").is_in(list(MOVEMENTS)))
    small = collect(
        sums(moved, [*by, "movement", "month"], delta=nw.col("delta"), n=counted(nw.col("delta") != 0))
    )
    rows = flows(small, [*by, "movement"], periods, axes={"movement": MOVEMENTS})
    answer = total(rows, rows["delta"] * 12 / UNITS, rows["n"])
    if len(small):
        begins = {p.label for p in periods if p.first_month <= int(small["month"].min()) <= p.last_month}
        answer = noted(answer, (rows["movement"] == "new") & rows["period"].isin(begins), FIRST_MONTH)
    return in_order(shaped(answer, by, ["movement"]), by, "movement", MOVEMENTS)


def net_new_arr(
    revenue: Frame, *, by: Sequence[str], periods: Sequence[Period], months: int | None = None
) -> pd.DataFrame:
    """ARR at the end of the period less ARR at its start: the sum of all movements.

    Answers: did the recurring business grow?
    Takes: `months` asks for that many, ending with the period.
    Returns: money; n = accounts and months that moved.
    """
    return _moved(revenue, by, periods, months, MOVEMENTS)


def new_arr(
    revenue: Frame, *, by: Sequence[str], periods: Sequence[Period], months: int | None = None
) -> pd.DataFrame:
    """ARR that customers won in the period brought, as it stood at their first month end.

    Answers: how much recurring business did we win?
    Takes: `months` asks for that many, ending with the period.
    Returns: money; n = new customers.
    """
    return _moved(revenue, by, periods, months, ("new",))


def expansion_arr(
    revenue: Frame, *, by: Sequence[str], periods: Sequence[Period], months: int | None = None
) -> pd.DataFrame:
    """ARR by which customers grew in the period, netted within each account and month.

    Answers: how much recurring business did customers add?
    Takes: `months` asks for that many, ending with the period.
    Returns: money; n = accounts and months that expanded.
    """
    return _moved(revenue, by, periods, months, ("expansion",))


def contraction_arr(
    revenue: Frame, *, by: Sequence[str], periods: Sequence[Period], months: int | None = None
) -> pd.DataFrame:
    """ARR by which customers that stayed shrank in the period, netted within each account and month.

    Answers: how much recurring business did customers take back without leaving?
    Takes: `months` asks for that many, ending with the period.
    Returns: money, above zero where something was lost; n = accounts and months that contracted.
    """
    return _moved(revenue, by, periods, months, ("contraction",), sign=-1)


def churned_arr(
    revenue: Frame, *, by: Sequence[str], periods: Sequence[Period], months: int | None = None
) -> pd.DataFrame:
    """ARR of the customers that left in the period, as it stood a month end before.

    Answers: how much recurring business went with the customers that left?
    Takes: `months` asks for that many, ending with the period.
    Returns: money, above zero where something was lost; n = accounts and months in which one left.
    """
    return _moved(revenue, by, periods, months, ("churned",), sign=-1)


def reactivated_arr(
    revenue: Frame, *, by: Sequence[str], periods: Sequence[Period], months: int | None = None
) -> pd.DataFrame:
    """ARR of the customers that came back in the period, having paid nothing at a month end before.

    Answers: how much recurring business came back?
    Takes: `months` asks for that many, ending with the period.
    Returns: money; n = accounts and months in which one came back.
    """
    return _moved(revenue, by, periods, months, ("reactivated",))


def arr_growth_rate(revenue: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """ARR at the end of the period over ARR 12 months earlier, less 1.

    Answers: how fast does the recurring business grow?
    Returns: ratio, below zero where it shrank; numerator = ARR added, denominator = ARR then, n = customers
    now. No interval: both ends count every customer. Immature where the data do not reach back 12 months.
    """
    customer = customers("after") - customers("prior")
    small = collect(sums(revenue, [*by, "month"], delta=nw.col("delta"), n=customer))
    then = levels(small[[*by, "month", "delta"]], by, periods, lag=YEAR).rename(columns={"delta": "then"})
    rows = levels(small, by, periods).merge(then, on=[*by, "period"])
    first = int(small["month"].min()) if len(small) else None
    rows = with_history(rows, periods, YEAR, first)
    added, base = (floats(rows["delta"] - rows["then"]), floats(rows["then"]))
    answer = rows.assign(
        value=divided(added, base), numerator=added * 12 / UNITS, denominator=base * 12 / UNITS, n=rows["n"],
        low=np.nan, high=np.nan,
    )  # fmt: skip
    answer = noted(answer, base > 0, "no interval: every customer is counted")
    return shaped(marked(answer, base <= 0, "undefined", "no ARR 12 months before"), by, [])


def _moved(
    revenue: Frame,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None,
    movements: Sequence[str],
    sign: int = 1,
) -> pd.DataFrame:
    """The sum of these movements over each period, or over so many months to its end, a year's worth.

    `sign`: -1 turns what was lost into an amount above zero.
    """
    is_asked = nw.col("movement").is_in(list(movements))
    delta = nw.when(is_asked).then(nw.col("delta")).otherwise(nw.lit(0))
    small = collect(sums(revenue, [*by, "month"], delta=delta, n=counted(is_asked & (nw.col("delta") != 0))))
    rows = flows(small, by, periods, months)
    answer = total(rows, rows["delta"] * sign * 12 / UNITS, rows["n"])
    if len(small) and "new" in movements:
        first = int(small["month"].min())
        begins = {p.label for p in periods if p.last_month - (months or p.months) < first <= p.last_month}
        answer = noted(answer, rows["period"].isin(begins), FIRST_MONTH)
    return shaped(answer, by, [])
