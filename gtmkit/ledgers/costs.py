"""The ledger of costs: what was spent in each month, on what, for what, as far as the export says."""

from datetime import date

import narwhals as nw

from gtmkit.frames import INTEGER, Frame, column_or_null, month, sums
from gtmkit.periods import month_index

COST_DIMENSIONS = (
    "function", "category", "purpose", "channel", "source", "medium", "intent", "motion", "segment",
)  # fmt: skip
FINANCE_FUNCTIONS = ("sales", "marketing", "customer_success")


def costs(spend: Frame | None = None, finance: Frame | None = None, *, as_of: date) -> Frame:
    """Every cost before `as_of`, added up by month and what it was for: spend, or finance where there is none.

    Returns: month, function, category, purpose, channel, source, medium, intent, motion, segment (text; null where
    the posting does not say), amount (ten-thousandths), origin (`spend` or `finance`). Finance knows the
    function alone. Cost without a channel or segment stays so here: how it is shared out depends on the
    dimension that is asked and on the months laid together, so that is done by the metric that asks.
    """
    last = month_index(as_of) - 1
    if spend is not None:
        rows, origin = _postings(spend), "spend"
    elif finance is not None:
        rows, origin = _statement(finance), "finance"
    else:
        raise ValueError("Costs are made of spend or of finance, and neither is given. Pass one of the two.")
    rows = rows.filter(~nw.col("month").is_null() & (nw.col("month") <= last) & ~nw.col("amount").is_null())
    added = sums(rows, ["month", *COST_DIMENSIONS], amount=nw.col("amount"))
    return added.with_columns(origin=nw.lit(origin))


def _postings(spend: Frame) -> Frame:
    """The postings of `spend`, each in the month it belongs to."""
    names = spend.collect_schema().names()
    dates = [month(column) for column in ("month_on", "day_on") if column in names]
    when = dates[0] if len(dates) == 1 else nw.when(dates[0].is_null()).then(dates[1]).otherwise(dates[0])
    return spend.select(
        when.alias("month"), nw.col("amount").cast(INTEGER),
        *[column_or_null(spend, name, nw.String()).alias(name) for name in COST_DIMENSIONS],
    )  # fmt: skip


def _statement(finance: Frame) -> Frame:
    """The costs of `finance`, one row a month and function."""
    nothing = column_or_null(finance, "_none", nw.String())
    return nw.concat(
        [
            finance.select(
                month("month_on").alias("month"),
                column_or_null(finance, f"{function}_amount", INTEGER).alias("amount"),
                nw.lit(function).cast(nw.String()).alias("function"),
                *[nothing.alias(name) for name in COST_DIMENSIONS if name != "function"],
            )
            for function in FINANCE_FUNCTIONS
        ]
    )
