"""What is spent to win and keep customers, and whether the cost is whole."""

from collections.abc import Sequence
from typing import Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.config import COST_CATEGORIES
from gtmkit.frames import UNITS, Frame, collect, counted, sums
from gtmkit.ledgers.dimensions import named
from gtmkit.periods import Period, month_label
from gtmkit.results import marked, noted, setting, shaped, total, undefined
from gtmkit.windows import flows

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "sales_and_marketing": ("sales", "marketing"),
    "go_to_market": ("sales", "marketing", "customer_success"),
}
FROM_FINANCE = "cost from finance: no spend is given"
NO_PURPOSE = "no purpose is given, so all cost counts"
Purpose = Literal["all", "new", "expansion", "new_and_expansion"]
PURPOSES: dict[str, tuple[str, ...]] = {
    "new": ("new",), "expansion": ("expansion",), "new_and_expansion": ("new", "expansion"),
}  # fmt: skip


def spend(
    costs: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    of: Literal["all", "sales_and_marketing", "go_to_market"] = "all",
    purpose: Purpose = "all",
    months: int | None = None,
    lag: int = 0,
) -> pd.DataFrame:
    """Cost of the period's months: what was spent on sales, marketing and the rest that spend holds.

    Answers: where does the money go?
    Takes: `of` and `purpose` ask for a part (a posting without a purpose is for new business); `months` for
    that many, ending with the period; `lag` for those so many months earlier.
    Returns: money, credits taken off; no n, since postings are no people. A period outside the months in
    which there is any cost is undefined, one that reaches beyond them immature.
    """
    labels = [p.label for p in periods]
    wanted = _wanted(of, purpose)
    rows = costs.with_columns(**{f"_has_{c}": counted(~nw.col(c).is_null()) for c in (*by, "purpose")})
    table = collect(
        sums(
            named(rows, by), [*by, "month"],
            amount=nw.when(wanted).then(nw.col("amount")).otherwise(nw.lit(0)), rows=counted(wanted),
            is_finance=counted(nw.col("origin") == "finance"),
            **{f"_has_{c}": nw.col(f"_has_{c}") for c in dict.fromkeys([*by, "purpose"])},
        )
    )  # fmt: skip
    if not len(table):
        return undefined(by, labels, "no cost in the data")
    source = "finance" if table["is_finance"].sum() else "spend"
    absent = [c for c in by if not table[f"_has_{c}"].sum()]
    if absent:
        return undefined(by, labels, f"{source} has no {absent[0]}")
    if purpose == "expansion" and not table["_has_purpose"].sum():
        return undefined(by, labels, f"{source} has no purpose")
    asked = _asked(table, by)
    over = flows(asked.assign(month=asked["month"] + lag), by, periods, months)
    answer = _within(
        total(over, over["amount"] / UNITS, np.full(len(over), np.nan)), table["month"], periods, months, lag
    )
    answer = noted(answer, source == "finance", FROM_FINANCE)
    whole = purpose != "all" and not table["_has_purpose"].sum()
    return shaped(noted(answer, whole, NO_PURPOSE), by, [])


def cost_categories(
    costs: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None = setting("cac.window_months"),
    lag: int = setting("cac.lag_months"),
) -> pd.DataFrame:
    """Sales and marketing cost of each category that a fully loaded CAC needs, over the months it takes.

    Answers: is the cost of a customer whole, or only what the advertisements cost?
    Returns: axis category (tools, payroll, agency, sales_engineering); money; n = rows of the ledger.
    Undefined where a category has no row; n is null where cost comes from finance, which has no categories.
    """
    wanted = _wanted("sales_and_marketing", "all") & nw.col("category").is_in(list(COST_CATEGORIES))
    is_one = nw.col("_is_one") == 1
    rows = costs.with_columns(_is_one=counted(wanted)).with_columns(
        category=nw.when(is_one).then(nw.col("category")).otherwise(nw.lit(COST_CATEGORIES[0]))
    )
    table = collect(
        sums(
            rows, ["category", "month"],
            amount=nw.when(is_one).then(nw.col("amount")).otherwise(nw.lit(0)), rows=nw.col("_is_one"),
            is_finance=counted(nw.col("origin") == "finance"),
        )
    )  # fmt: skip
    from_finance = bool(len(table)) and bool(table["is_finance"].sum())
    over = flows(
        table.assign(month=table["month"] + lag), ["category"], periods, months,
        axes={"category": COST_CATEGORIES},
    )  # fmt: skip
    answer = total(over, over["amount"] / UNITS, np.where(from_finance, np.nan, over["rows"]))
    answer = marked(answer, from_finance, "undefined", "finance has no categories")
    for category in COST_CATEGORIES:
        none = (over["category"] == category).to_numpy() & (over["rows"] == 0).to_numpy()
        answer = marked(answer, none, "undefined", f"no {category} rows")
    return shaped(answer, by, ["category"])


def _wanted(of: str, purpose: str) -> nw.Expr:
    """Whether a row of the ledger is of the part that is asked for."""
    wanted = ~nw.col("month").is_null()
    if of in FUNCTIONS:
        wanted = wanted & nw.col("function").is_in(list(FUNCTIONS[of]))
    if purpose == "all":
        return wanted
    named_so = nw.col("purpose").is_in(list(PURPOSES[purpose]))
    if purpose == "expansion":
        return wanted & ~nw.col("purpose").is_null() & named_so
    return wanted & (nw.col("purpose").is_null() | named_so)


def _asked(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The rows of the groups that ever had cost of the part that is asked for."""
    rows = table[[*by, "month", "amount", "rows"]]
    if not by:
        return rows
    ever = rows.groupby(list(by), dropna=False)["rows"].transform("sum") > 0
    return rows[ever.to_numpy()]


def _within(
    rows: pd.DataFrame, seen: pd.Series, periods: Sequence[Period], months: int | None, lag: int
) -> pd.DataFrame:
    """Marks the periods whose months lie outside those in which any cost is known, wholly or in part."""
    first, last = int(seen.min()), int(seen.max())
    words = f"cost is known from {month_label(first)} to {month_label(last)}"
    for period in periods:
        end = period.last_month - lag
        start = end - (months or period.months) + 1
        here = (rows["period"] == period.label).to_numpy()
        rows = marked(rows, here & (end < first or start > last), "undefined", words)
        rows = marked(rows, here & (start < first or end > last), "immature", words)
    return rows
