"""What the metrics of recurring revenue count alike: customers, the movements, and how far the data reach back.

No metric stands here. `movements` and `retention` do.
"""

from collections.abc import Sequence

import narwhals as nw
import pandas as pd

from gtmkit.frames import Frame, collect, counted, running
from gtmkit.periods import Period, month_label
from gtmkit.results import marked
from gtmkit.windows import levels

FIRST_MONTH = "the data begins here: customers of before count as new"


def customers(column: str) -> nw.Expr:
    """1 where this balance of an account is one of a customer, else 0."""
    return counted(nw.col(column) > 0)


def with_history(
    rows: pd.DataFrame, periods: Sequence[Period], window: int, first: int | None
) -> pd.DataFrame:
    """Marks, before anything else, periods whose window reaches back before the data: immature, not empty."""
    young = [p.label for p in periods if first is not None and p.last_month - window < first]
    reason = f"revenue starts in {month_label(first or 0)}; {window} months of it are needed"
    return marked(rows, rows["period"].isin(young), "immature", reason)


def closed(
    revenue: Frame, by: Sequence[str], periods: Sequence[Period], window: int, what: dict[str, nw.Expr]
) -> tuple[pd.DataFrame, int | None]:
    """Sums over the closed cohort of each period, and the first month of the ledger.

    The pair (MRR now, MRR a window ago) of an account changes only in a month of its ledger or a window
    after one, so the ledger is laid beside itself and the cost does not depend on the number of periods.
    """
    zero = nw.lit(0).cast(nw.Int64())
    beside = nw.concat(
        [
            revenue.select("account_id", *by, "month", now=nw.col("delta"), base=zero, start=nw.col("month")),
            revenue.select(
                "account_id", *by, month=nw.col("month") + window, now=zero, base=nw.col("delta"), start=nw.col("month")
            ),
        ]
    )  # fmt: skip
    keys = ["account_id", *by, "month"]
    moved = beside.group_by(*keys).agg(nw.col("now").sum(), nw.col("base").sum(), nw.col("start").min())
    moved = moved.with_columns(dn=nw.col("now").cast(nw.Int64()), db=nw.col("base").cast(nw.Int64()))
    # An account's dimensions do not change, but the ledger may hold it once for each group left out.
    moved = moved.with_columns(
        now=running("dn", ["account_id", *by], ["month"]), base=running("db", ["account_id", *by], ["month"])
    )
    after = moved.with_columns(**{f"_after_{name}": expression for name, expression in what.items()})
    steps = after.with_columns(now=nw.col("now") - nw.col("dn"), base=nw.col("base") - nw.col("db"))
    steps = steps.with_columns(**{f"_before_{name}": expression for name, expression in what.items()})
    steps = steps.with_columns(
        **{name: nw.col(f"_after_{name}") - nw.col(f"_before_{name}") for name in what}
    )
    small = collect(
        steps.group_by(*by, "month").agg(*[nw.col(name).sum() for name in what], nw.col("start").min())
        .with_columns(*[nw.col(name).cast(nw.Float64()) for name in what])
    )  # fmt: skip
    first = int(small["start"].min()) if len(small) else None
    return levels(small.drop(columns="start"), by, periods), first
