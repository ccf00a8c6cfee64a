"""What each movement of customers' MRR brings to a figure of recurring revenue, so that they add up to it.

Counted like metrics are, over the ledger of revenue, and no metric of the catalogue: the retention of a closed cohort
by how its customers stand now against then, and what is made of the ledger's own movements.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import narwhals as nw
import pandas as pd

from gtmkit.frames import UNITS, Frame, collect, counted, sums
from gtmkit.metrics.movements import MOVEMENTS, YEAR
from gtmkit.metrics.recurring import closed, customers
from gtmkit.periods import Period
from gtmkit.results import divided
from gtmkit.windows import flows, levels

STOCKS: Mapping[str, tuple[str, float]] = {
    "mrr": ("arr_bridge", 1 / 12), "arr": ("arr_bridge", 1.0), "open_pipeline": ("pipeline_bridge", 1.0),
}  # fmt: skip
STANDS = ("expansion", "contraction", "churned")  # of a customer of then, now


class Moved(NamedTuple):
    """The movements that a ratio is made of, each over the same denominator.

    `is_cohort`: of a closed cohort, by how it stands now; else what moved within the window, whoever did.
    """

    movements: tuple[str, ...]
    is_cohort: bool


def moved(metric: str, basis: str) -> Moved | None:
    """The movements of which a figure of recurring revenue is made, as a ratio to what there was; None of any other."""
    of_cohort: Mapping[str, tuple[str, ...]] = {
        "net_revenue_retention": STANDS,
        "gross_revenue_retention": ("contraction", "churned"),
        "expansion_rate": ("expansion",),
    }
    of_movements: Mapping[str, tuple[str, ...]] = {
        "net_revenue_retention": ("expansion", "contraction", "churned", "reactivated"),
        "gross_revenue_retention": ("contraction", "churned"),
        "arr_growth_rate": MOVEMENTS,
    }
    is_cohort = basis == "cohort" and metric in of_cohort
    found = (of_cohort if is_cohort else of_movements).get(metric)
    return Moved(found, is_cohort) if found else None


def by_movement(
    revenue: Frame, *, by: Sequence[str], periods: Sequence[Period], window_months: int, is_cohort: bool
) -> pd.DataFrame:
    """MRR that each movement added or took over a window, over the MRR there was when it began.

    Returns: axis movement; ratio, losses below zero; numerator and denominator in money, n = customers then.
    """
    count = _stands if is_cohort else _flows
    rows = count(revenue, by, periods, window_months)
    kinds = [name for name in (*STANDS, *MOVEMENTS) if name in rows]
    told = [
        rows[[*by, "period"]].assign(
            movement=kind, numerator=rows[kind] / UNITS, denominator=rows["base"] / UNITS, n=rows["k"],
            value=divided(rows[kind], rows["base"]),
        )
        for kind in dict.fromkeys(kinds)
    ]  # fmt: skip
    return pd.concat(told, ignore_index=True)


def _stands(revenue: Frame, by: Sequence[str], periods: Sequence[Period], window: int) -> pd.DataFrame:
    """How the customers of when the window began stand now: more, less, gone. A returner is not gone."""
    now, base, zero = nw.col("now"), nw.col("base"), nw.lit(0).cast(nw.Int64())
    was = base > 0
    pays = was & (now > 0)
    what = {
        "expansion": nw.when(pays & (now > base)).then(now - base).otherwise(zero),
        "contraction": nw.when(pays & (now < base)).then(now - base).otherwise(zero),
        "churned": nw.when(was & (now <= 0)).then(zero - base).otherwise(zero),
    }
    what_then = {"base": nw.when(was).then(base).otherwise(zero), "k": counted(was)}
    renamed = {f"of_{name}": expression for name, expression in {**what, **what_then}.items()}
    rows, _ = closed(revenue, by, periods, window, renamed)
    return rows.rename(columns={name: name.removeprefix("of_") for name in renamed})


def _flows(revenue: Frame, by: Sequence[str], periods: Sequence[Period], window: int) -> pd.DataFrame:
    """What each movement of the window added or took, and what there was when it began."""
    zero = nw.lit(0).cast(nw.Int64())
    moved = {
        kind: nw.when(nw.col("movement") == kind).then(nw.col("delta")).otherwise(zero) for kind in MOVEMENTS
    }
    k = customers("after") - customers("prior")
    small = collect(sums(revenue, [*by, "month"], **moved, base=nw.col("delta"), k=k))
    over = flows(small[[*by, "month", *MOVEMENTS]], by, periods, months=window)
    then = levels(small[[*by, "month", "base", "k"]], by, periods, lag=window)
    return then.merge(over, on=[*by, "period"])


__all__ = ["STOCKS", "YEAR", "Moved", "by_movement", "moved"]
