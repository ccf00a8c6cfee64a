"""What the books say: revenue recognised, and what of it is left after the cost of delivering it."""

from collections.abc import Sequence
from typing import Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.frames import UNITS, Frame, collect, counted, month, sums
from gtmkit.periods import Period
from gtmkit.results import divided, marked, noted, setting, shaped, total, undefined
from gtmkit.windows import flows

NOT_APART = "margin of all revenue: finance does not keep subscriptions apart"


def recognised_revenue(
    finance: Frame, *, by: Sequence[str], periods: Sequence[Period], months: int | None = None, lag: int = 0
) -> pd.DataFrame:
    """Revenue recognised in the period, as finance has it.

    Answers: what did the company earn?
    Takes: `months` asks for that many, ending with the period; `lag` for those so many months earlier.
    Returns: money. Undefined where finance does not have all of its months.
    Differs: recognised, not recurring: it is not MRR added up, and never made from it.
    """
    labels = [p.label for p in periods]
    lacking = _lacking(finance, "revenue_amount")
    if lacking:
        return undefined(by, labels, lacking)
    amount = nw.col("revenue_amount")
    table = collect(
        sums(_dated(finance), ["month"], amount=amount.fill_null(0), k=counted(~amount.is_null()))
    )
    over = flows(table.assign(month=table["month"] + lag), [], periods, months)
    answer = total(over, over["amount"] / UNITS, np.full(len(over), np.nan))
    wanted = np.array([months or p.months for p in periods])
    for have, asked in sorted({(int(k), int(m)) for k, m in zip(over["k"], wanted, strict=True) if k < m}):
        here = (over["k"] == have).to_numpy() & (wanted == asked)
        answer = marked(answer, here, "undefined", f"finance has {have} of {asked} months")
    return shaped(answer, by, [])


def gross_margin(
    finance: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    of: Literal["total", "subscription"] = "total",
    months: int | None = None,
    customer_success: Literal["opex", "cogs"] = setting("finance.customer_success"),
) -> pd.DataFrame:
    """Share of revenue that is left after the cost of delivering it.

    Answers: how much of each unit sold is left to pay for winning and keeping customers?
    Takes: `months` asks for that many, ending with the period; `[finance] customer_success = "cogs"` moves
    that cost from operating expense into the cost of delivery.
    Returns: ratio, below zero where delivery costs more than it brings; numerator = gross profit.
    `.subscription` is of subscription revenue alone, where finance keeps it apart.
    """
    labels = [p.label for p in periods]
    names = finance.collect_schema().names()
    columns = ("revenue_amount", "cogs_amount")
    apart = tuple(f"subscription_{c}" for c in columns)
    is_apart = of == "subscription" and set(apart) <= set(names)
    revenue, cogs = apart if is_apart else columns
    lacking = _lacking(finance, revenue) or _lacking(finance, cogs)
    if lacking:
        return undefined(by, labels, lacking)
    moved = customer_success == "cogs" and "customer_success_amount" in names
    cost = nw.col(cogs) + nw.col("customer_success_amount").fill_null(0) if moved else nw.col(cogs)
    known = ~nw.col(revenue).is_null() & ~nw.col(cogs).is_null()
    table = collect(
        sums(
            _dated(finance).filter(known), ["month"],
            revenue=nw.col(revenue), profit=nw.col(revenue) - cost, k=counted(known),
        )
    )  # fmt: skip
    over = flows(table, [], periods, months)
    answer = over.assign(
        value=divided(over["profit"], over["revenue"]), numerator=over["profit"] / UNITS,
        denominator=over["revenue"] / UNITS, n=np.nan, low=np.nan, high=np.nan,
    )  # fmt: skip
    answer = marked(answer, over["k"] == 0, "undefined", "finance has none of the months")
    answer = marked(answer, over["revenue"] <= 0, "undefined", "no revenue")
    short = over["k"].to_numpy() < np.array([months or p.months for p in periods])
    answer = marked(answer, short, "provisional", "finance does not have all of the months")
    answer = noted(answer, of == "subscription" and not is_apart, NOT_APART)
    lost = customer_success == "cogs" and not moved
    return shaped(noted(answer, lost, "finance has no customer_success_amount to move"), by, [])


def _dated(finance: Frame) -> Frame:
    return finance.filter(~nw.col("month_on").is_null()).with_columns(month=month("month_on"))


def _lacking(finance: Frame, column: str) -> str | None:
    absent = column not in finance.collect_schema().names()
    return f"finance has no column {column}" if absent else None
