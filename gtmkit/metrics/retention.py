"""Do customers stay and grow: retention of revenue and of logos, and of each start cohort by age."""

from collections.abc import Sequence
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.frames import UNITS, Frame, collect, counted, sums
from gtmkit.metrics.recurring import FIRST_MONTH, closed, customers, with_history
from gtmkit.periods import MONTHS_IN, Period
from gtmkit.results import (
    ALL,
    divided,
    floats,
    marked,
    money_ratio,
    noted,
    setting,
    shaped,
    share,
)  # fmt: skip
from gtmkit.windows import flows, groups, levels

TENTHS = UNITS // 10  # intervals are computed in tenths of a unit, whole numbers that floats add up exactly
Basis = Literal["cohort", "movements"]


def net_revenue_retention(
    revenue: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    window_months: int = setting("retention.window_months"),
    basis: Basis = "cohort",
) -> pd.DataFrame:
    """MRR now of the accounts that paid when the window began, over their MRR then.

    Answers: does expansion offset churn among the customers of a year ago?
    Returns: ratio of MRR, may exceed 1; n = customers then. Returners count.
    Differs: `.bridge` takes all movements of the window instead, those of newer customers too (not a cohort).
    """
    if basis == "movements":
        kinds = ("expansion", "reactivated", "contraction", "churned")
        return _by_movements(revenue, by, periods, window_months, kinds)
    return _closed_ratio(revenue, by, periods, window_months, "net")


def gross_revenue_retention(
    revenue: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    window_months: int = setting("retention.window_months"),
    basis: Basis = "cohort",
) -> pd.DataFrame:
    """MRR kept of the accounts that paid when the window began, each capped at its MRR then, over it.

    Answers: how much recurring revenue is kept before any expansion?
    Returns: ratio, at most 1; numerator and denominator in money of MRR; n = customers then.
    Differs: `.flow` takes off every loss within the window, also those made good since.
    """
    if basis == "movements":
        return _by_movements(revenue, by, periods, window_months, ("contraction", "churned"))
    return _closed_ratio(revenue, by, periods, window_months, "kept")


def expansion_rate(
    revenue: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    window_months: int = setting("retention.window_months"),
) -> pd.DataFrame:
    """MRR above what it was when the window began, of the accounts that paid then, over it.

    Answers: how much do customers grow once they are in?
    Returns: ratio; NRR is GRR plus this; n = customers then.
    """
    return _closed_ratio(revenue, by, periods, window_months, "grown")


def logo_retention(
    revenue: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    window_months: int = setting("retention.window_months"),
) -> pd.DataFrame:
    """Share of the customers of when the window began that are customers now.

    Answers: how many customers stay?
    Returns: share of accounts with MRR above zero then; returners count as kept.
    """
    now, base = nw.col("now"), nw.col("base")
    was, stays = counted(base > 0), counted((base > 0) & (now > 0))
    rows, first = closed(revenue, by, periods, window_months, {"n": was, "stays": stays})
    rows = with_history(rows, periods, window_months, first)
    return shaped(share(rows, rows["stays"], rows["n"], _nobody(window_months)), by, [])


def cohort_retention(
    revenue: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    of: Literal["logo", "net_revenue", "gross_revenue"] = "logo",
    cohort: Literal["month", "quarter", "year"] = setting("retention.cohort"),
) -> pd.DataFrame:
    """Share of a start cohort still paying, or of its first MRR still there, so many month ends later.

    Answers: do newer cohorts stay better than older ones did at the same age?
    Takes: cohort = month (or fiscal quarter or year) of the first month end with MRR above zero; age 0 is
    that month end, 100 %. A quarter has a cell at an age once all of its months have come to it.
    Returns: axes cohort and age (months), as read at the end of each period; a month that has not ended
    has no row. Cohort `all` pools, at each age, the cohorts that have reached it. n = accounts.
    """
    last = max(p.last_month for p in periods)
    small = collect(_cohort_steps(revenue, by))
    small = small[small["month"] <= last]
    codes, names = groups(small, by)
    cohorts = sorted({int(c) for c in small["cohort"]})
    columns = [c for c in small.columns if c not in {*by, "cohort", "month"}]
    columns = [c for c in columns if of != "logo" or c in OF_LOGOS]
    if not cohorts:
        return shaped(_no_cells(by), by, ["cohort", "age"])
    table = {c: np.zeros((len(names), len(cohorts), last - cohorts[0] + 1)) for c in columns}
    place = np.searchsorted(cohorts, small["cohort"].to_numpy(dtype="int64"))
    age = (small["month"] - small["cohort"]).to_numpy(dtype="int64")
    for column in columns:
        np.add.at(table[column], (codes, place, age), small[column].to_numpy(dtype="float64"))
    reached = {
        c: (t.cumsum(axis=2) if c not in FIXED else np.repeat(t[:, :, :1], t.shape[2], axis=2))
        for c, t in table.items()
    }
    cells = [_cells(reached, names, _cohorts(cohorts, cohort, p), cohorts, p) for p in periods]
    return shaped(_rates(pd.concat(cells, ignore_index=True), of), by, ["cohort", "age"])


OF_LOGOS = ("logo", "size", "brief")  # what the share of customers is counted from; the others are money
FIXED = ("size", "start", "bb", "brief")  # known at age 0 and the same at every age


def _tenths(amount: nw.Expr) -> nw.Expr:
    return ((amount + TENTHS // 2) // TENTHS).cast(nw.Float64())


def _nobody(window: int) -> str:
    return f"no customers {window} months before"


def _closed_ratio(
    revenue: Frame,
    by: Sequence[str],
    periods: Sequence[Period],
    window: int,
    part: Literal["net", "kept", "grown"],
) -> pd.DataFrame:
    now, base = nw.col("now"), nw.col("base")
    was = base > 0
    zero = nw.lit(0).cast(nw.Int64())
    of_base = nw.when(was).then(base).otherwise(zero)
    paid = nw.when(was & (now > 0)).then(now).otherwise(zero)
    kept = nw.when(paid < of_base).then(paid).otherwise(of_base)
    n = {"net": paid, "kept": kept, "grown": paid - kept}[part]
    t, b = _tenths(n), _tenths(of_base)
    what = {"n": n, "b": of_base, "k": counted(was), "nn": t * t, "nb": t * b, "bb": b * b}
    rows, first = closed(revenue, by, periods, window, what)
    # The products are in tenths squared: 100 of them make a unit squared.
    amounts = {
        "n": rows["n"] / UNITS,
        "b": rows["b"] / UNITS,
        "k": rows["k"],
        **{c: rows[c] / 100 for c in ("nn", "nb", "bb")},
    }
    rows = with_history(rows[[*by, "period"]], periods, window, first)
    return shaped(money_ratio(rows, amounts, _nobody(window), at_most_one=part == "kept"), by, [])


def _by_movements(
    revenue: Frame, by: Sequence[str], periods: Sequence[Period], window: int, kinds: Sequence[str]
) -> pd.DataFrame:
    lost = nw.when(nw.col("movement").is_in(list(kinds))).then(nw.col("delta")).otherwise(nw.lit(0))
    k = customers("after") - customers("prior")
    small = collect(sums(revenue, [*by, "month"], moved=lost, delta=nw.col("delta"), k=k))
    moved = flows(small[[*by, "month", "moved"]], by, periods, months=window)
    rows = levels(small[[*by, "month", "delta", "k"]], by, periods, lag=window).merge(
        moved, on=[*by, "period"]
    )
    first = int(small["month"].min()) if len(small) else None
    rows = with_history(rows, periods, window, first)
    top, bottom = floats(rows["delta"] + rows["moved"]) / UNITS, floats(rows["delta"]) / UNITS
    answer = rows.assign(
        value=divided(top, bottom),
        numerator=top, denominator=bottom, n=rows["k"], low=np.nan, high=np.nan,
    )  # fmt: skip
    answer = noted(answer, bottom > 0, "no interval: movements of the whole base, not a cohort")
    return shaped(marked(answer, bottom <= 0, "undefined", _nobody(window)), by, [])


def _cohort_steps(revenue: Frame, by: Sequence[str]) -> Frame:
    """What changes of each cohort in each month: sums that add up over age."""
    zero = nw.lit(0).cast(nw.Int64())
    left = (nw.col("movement") == "brief") & (
        nw.col("cohort").is_null() | (nw.col("month") < nw.col("cohort"))
    )
    rows = revenue.with_columns(_left=counted(left))
    rows = rows.with_columns(
        cohort=nw.when(nw.col("_left") == 1).then(nw.col("month")).otherwise(nw.col("cohort")),
        _base=nw.when(nw.col("_left") == 1).then(zero).otherwise(nw.col("base")),
    ).filter(~nw.col("cohort").is_null() & (nw.col("month") >= nw.col("cohort")))
    is_first = (nw.col("month") == nw.col("cohort")) & (nw.col("_left") == 0)
    base = nw.col("_base")

    def kept(amount: nw.Expr) -> nw.Expr:
        return nw.when(amount < base).then(amount).otherwise(base)

    # A balance below zero is a credit, not recurring revenue: as in NRR it counts as nothing.
    after = nw.when(nw.col("after") > 0).then(nw.col("after")).otherwise(zero)
    prior = nw.when(is_first | (nw.col("prior") <= 0)).then(zero).otherwise(nw.col("prior"))
    a, p, b = _tenths(after), _tenths(prior), _tenths(base)
    ka, kp = _tenths(kept(after)), _tenths(kept(prior))
    return sums(
        rows, [*by, "cohort", "month"],
        size=counted(is_first), start=nw.when(is_first).then(base).otherwise(zero), brief=nw.col("_left"),
        logo=customers("after") - counted(prior > 0), net=after - prior, kept=kept(after) - kept(prior),
        bb=nw.when(is_first).then(b * b).otherwise(nw.lit(0.0)),
        net_nn=a * a - p * p, net_nb=(a - p) * b, kept_nn=ka * ka - kp * kp, kept_nb=(ka - kp) * b,
    )  # fmt: skip


def _cohorts(months: list[int], grain: str, period: Period) -> list[tuple[str, list[int], int]]:
    """The cohorts of the asked grain: label, places of their months, and their last calendar month."""
    width, start = MONTHS_IN[grain], period.fiscal_year_start
    found: dict[int, list[int]] = {}
    for place, month in enumerate(months):
        found.setdefault(month - (month - (start - 1) % 12) % width, []).append(place)
    return [(Period(first, width, start).label, places, first + width - 1) for first, places in found.items()]


def _cells(
    reached: dict[str, Any],
    names: pd.DataFrame,
    cohorts: list[tuple[str, list[int], int]],
    months: list[int],
    period: Period,
) -> pd.DataFrame:
    """The sums of the cells that had been observed by the end of the period, and of the pooled row of each age."""
    old = period.last_month - np.array(months)
    ages = np.arange(max(int(old.max()) + 1, 0))
    widths = [max(period.last_month - last + 1, 0) for _, _, last in cohorts]
    # Months in order: those of one cohort stand side by side.
    begins_at = [places[0] for _, places, _ in cohorts]
    has_come = (old[:, None] >= ages)[None, :, :]
    part = {}
    for column, table in reached.items():
        pooled = (table[:, :, : len(ages)] * has_come).sum(axis=1)
        is_observed = np.arange(table.shape[2]) < np.array(widths)[:, None]
        of_cohorts = np.add.reduceat(table, begins_at, axis=1)[:, is_observed]
        part[column] = np.concatenate([of_cohorts, pooled], axis=1).ravel()
    labels = np.repeat([*(label for label, _, _ in cohorts), ALL], [*widths, len(ages)]).tolist()
    at = np.concatenate([*(np.arange(width) for width in widths), ages])
    rows = names.loc[names.index.repeat(len(at))].reset_index(drop=True)
    rows = rows.assign(
        period=period.label, cohort=labels * len(names), age=np.tile(at, len(names)),
        begins=cohorts[0][0], **part,
    )  # fmt: skip
    return rows[(rows["size"] > 0) | ((rows["age"] == 0) & (rows["brief"] > 0))]


def _rates(rows: pd.DataFrame, of: str) -> pd.DataFrame:
    """What is kept in each cell, with what readers must know of the first month and of who left inside it."""
    nobody = "nobody in it was a customer at a month end"
    if of == "logo":
        answer = share(rows, rows["logo"], rows["size"], nobody)
    else:
        name = "net" if of == "net_revenue" else "kept"
        amounts = {
            "n": rows[name] / UNITS, "b": rows["start"] / UNITS, "k": rows["size"],
            "nn": rows[f"{name}_nn"] / 100, "nb": rows[f"{name}_nb"] / 100, "bb": rows["bb"] / 100,
        }  # fmt: skip
        answer = money_ratio(rows, amounts, nobody, at_most_one=name == "kept")
    answer = noted(answer, answer["cohort"] == answer["begins"], FIRST_MONTH)
    # Age 0 is the whole by definition: nothing is estimated there.
    answer = answer.assign(**{c: answer[c].where(answer["age"] > 0) for c in ("low", "high")})
    brief = rows["brief"].to_numpy()
    leavers = (answer["age"] == 0).to_numpy() & (brief > 0)
    for count in sorted({int(b) for b in brief[leavers]}):
        word = "account" if count == 1 else "accounts"
        answer = noted(
            answer, leavers & (brief == count), f"{count} {word} left inside the first month, not in it"
        )
    return answer


def _no_cells(by: Sequence[str]) -> pd.DataFrame:
    columns = [
        *by,
        "period",
        "cohort",
        "age",
        "value",
        "numerator",
        "denominator",
        "n",
        "low",
        "high",
        "status",
        "reason",
    ]
    return pd.DataFrame({name: [] for name in columns})
