"""What the books say: revenue recognised, and what of it is left after the cost of delivering it."""

from collections.abc import Sequence
from typing import Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.frames import UNITS, Frame, collect, counted, month, sums
from gtmkit.periods import Period
from gtmkit.results import divided, floats, marked, noted, setting, shaped, total, undefined
from gtmkit.windows import flows

OPEX = ("sales", "marketing", "customer_success", "rnd", "ga")
QUARTER, YEAR = 3, 12  # months
NOT_APART = "margin of all revenue: finance does not keep subscriptions apart"


def revenue(
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


def rule_of_40(finance: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """Growth of revenue over three months from the same three a year before, plus their operating margin.

    Answers: do growth and profit together make a sound business?
    Takes: the three months to the end of the period; margin = revenue less cost of delivery and all operating
    expense, over revenue.
    Returns: ratio; both parts stand in the reason, since it is a sum and has no numerator of its own. Where
    customer success is booked makes no difference.
    """
    labels = [p.label for p in periods]
    spent = ["cogs_amount", *(f"{name}_amount" for name in OPEX)]
    lacking = [found for c in ("revenue_amount", *spent) if (found := _lacking(finance, c))]
    if lacking:
        return undefined(by, labels, lacking[0])
    table = _of_months(finance, ["revenue_amount", *spent])
    over = flows(table, [], periods, QUARTER)
    before = flows(
        table.assign(month=table["month"] + YEAR)[["month", "revenue_amount", "k"]], [], periods, QUARTER
    )
    earned, earlier = floats(over["revenue_amount"]), floats(before["revenue_amount"])
    left = earned - floats(over[spent].sum(axis=1))
    growth, margin = divided(earned - earlier, earlier), divided(left, earned)
    answer = over.assign(
        value=growth + margin, numerator=np.nan, denominator=np.nan, n=np.nan, low=np.nan, high=np.nan
    )
    answer = _whole(answer, over["k"])
    answer = _whole(answer, before["k"], " a year before")
    answer = marked(answer, earlier <= 0, "undefined", "no revenue a year before")
    answer = marked(answer, earned <= 0, "undefined", "no revenue")
    for i in np.flatnonzero(~np.isnan(floats(answer["value"]))):
        words = f"revenue growth {growth[i]:.1%}, operating margin {margin[i]:.1%}"
        answer = noted(answer, np.arange(len(answer)) == i, words)
    return shaped(answer, by, [])


def opex_profile(
    finance: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    customer_success: Literal["opex", "cogs"] = setting("finance.customer_success"),
) -> pd.DataFrame:
    """Cost of each function over revenue, both of the three months to the end of the period.

    Answers: where does revenue go before it is profit?
    Returns: axis function (sales, marketing, customer_success, rnd, ga); ratio of money.
    Undefined where finance has no column of it, or not all of the months; customer success is undefined where
    `[finance] customer_success` makes it a cost of delivery.
    """
    if lacking := _lacking(finance, "revenue_amount"):
        return undefined(by, [p.label for p in periods], lacking, ["function"])
    lacks = {function: _lacking(finance, f"{function}_amount") for function in OPEX}
    columns = {function: f"{function}_amount" for function, lacking in lacks.items() if not lacking}
    earned, parts = nw.col("revenue_amount"), []
    known = {f"k_{f}": counted(~earned.is_null() & ~nw.col(c).is_null()) for f, c in columns.items()}
    amounts = {c: nw.col(c).fill_null(0) for c in ("revenue_amount", *columns.values())}
    over = flows(collect(sums(_dated(finance), ["month"], **amounts, **known)), [], periods, QUARTER)
    for function, lacking in lacks.items():
        cost = np.full(len(over), np.nan) if lacking else floats(over[columns[function]]) / UNITS
        revenue = floats(over["revenue_amount"]) / UNITS
        answer = over.assign(
            function=function, value=divided(cost, revenue), numerator=cost, denominator=revenue, n=np.nan,
            low=np.nan, high=np.nan,
        )  # fmt: skip
        is_cogs = function == "customer_success" and customer_success == "cogs"
        answer = marked(answer, is_cogs, "undefined", "[finance] customer_success is cogs")
        answer = marked(answer, lacking is not None, "undefined", lacking or "")
        answer = answer if lacking else _whole(answer, over[f"k_{function}"])
        parts.append(marked(answer, revenue <= 0, "undefined", "no revenue"))
    return shaped(pd.concat(parts, ignore_index=True), by, ["function"])


def _dated(finance: Frame) -> Frame:
    return finance.filter(~nw.col("month_on").is_null()).with_columns(month=month("month_on"))


def _lacking(finance: Frame, column: str) -> str | None:
    absent = column not in finance.collect_schema().names()
    return f"finance has no column {column}" if absent else None


def _of_months(finance: Frame, columns: Sequence[str]) -> pd.DataFrame:
    """The sums of the columns by month, and `k`: 1 for a month that has them all."""
    rows = _dated(finance)
    for column in columns:
        rows = rows.filter(~nw.col(column).is_null())
    table = collect(sums(rows, ["month"], **{c: nw.col(c) for c in columns}))
    return table.assign(k=1)


def _whole(rows: pd.DataFrame, known: pd.Series, when: str = "") -> pd.DataFrame:
    """The rows, undefined where finance does not have all of their three months."""
    for have in range(QUARTER):
        words = f"finance has {have} of {QUARTER} months{when}"
        rows = marked(rows, (known == have).to_numpy(), "undefined", words)
    return rows
