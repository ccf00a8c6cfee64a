"""Whether the engine as a whole gets more or less efficient: what a unit of cost brings, quarter on quarter.

All of them stand on the three months to the end of the period and on the cost of the three before, whatever
the period is: a month is too short for a sale, and a figure asked monthly then moves by one month in three.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from gtmkit.metrics.costs import FROM_FINANCE, NO_PURPOSE
from gtmkit.periods import Period
from gtmkit.results import beside, divided, floats, needs, noted, setting, shaped, voided

QUARTER = 3  # months
BEFORE: dict[str, Any] = {"of": "sales_and_marketing", "months": QUARTER, "lag": QUARTER}
GO_TO_MARKET: dict[str, Any] = {"of": "go_to_market", "months": QUARTER, "lag": QUARTER}
YEAR = 4  # quarters
TWICE = "customer success is in the cost and, as cogs, in the margin too"


def magic_number(
    revenue: pd.DataFrame = needs("revenue", months=QUARTER),
    revenue_before: pd.DataFrame = needs("revenue", months=QUARTER, lag=QUARTER),
    spend: pd.DataFrame = needs("spend", **BEFORE),
    net_new_arr: pd.DataFrame = needs("net_new_arr", months=QUARTER),
    new_arr: pd.DataFrame = needs("new_arr", months=QUARTER),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["revenue", "arr", "as_written"] = "revenue",
) -> pd.DataFrame:
    """Revenue growth of three months over the three before, a year's worth, over the cost of those before.

    Answers: does selling more pay for itself?
    Takes: revenue as finance recognised it; cost of sales and marketing.
    Returns: ratio, below zero where revenue fell. `.arr` = net new ARR over the same cost.
    Differs: `.as_written` multiplies new ARR, which is of a year already, by four: four times too high.
    """
    if basis == "revenue":
        rows = beside(by, revenue=revenue, revenue_before=revenue_before, spend=spend)
        grown = (floats(rows["revenue.value"]) - floats(rows["revenue_before.value"])) * YEAR
        n: Any = np.nan
    elif basis == "arr":
        rows = beside(by, net_new_arr=net_new_arr, spend=spend)
        grown, n = floats(rows["net_new_arr.value"]), rows["net_new_arr.n"]
    else:
        rows = beside(by, new_arr=new_arr, spend=spend)
        grown, n = floats(rows["new_arr.value"]) * YEAR, rows["new_arr.n"]
    return _over(rows, grown, floats(rows["spend.value"]), n, "no cost in the three months before", by)


def new_cac_ratio(
    spend: pd.DataFrame = needs("spend", purpose="new", **BEFORE),
    new_arr: pd.DataFrame = needs("new_arr", months=QUARTER),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Cost of the three months before to win new customers, over the ARR they brought in three months.

    Answers: what does a unit of new recurring revenue cost?
    Returns: ratio; n = new customers. Cost without a purpose counts as for new business.
    """
    rows = beside(by, spend=spend, new_arr=new_arr)
    return _over(rows, rows["spend.value"], rows["new_arr.value"], rows["new_arr.n"], "no new ARR", by)


def expansion_cac_ratio(
    spend: pd.DataFrame = needs("spend", purpose="expansion", **BEFORE),
    expansion_arr: pd.DataFrame = needs("expansion_arr", months=QUARTER),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Cost of the three months before to expand customers, over the ARR by which they grew in three months.

    Answers: is growth within customers cheaper than new ones?
    Returns: ratio; n = accounts and months that expanded. Needs a purpose in spend.
    """
    rows = beside(by, spend=spend, expansion_arr=expansion_arr)
    arr, n = rows["expansion_arr.value"], rows["expansion_arr.n"]
    return _over(rows, rows["spend.value"], arr, n, "no expansion ARR", by)


def blended_cac_ratio(
    spend: pd.DataFrame = needs("spend", purpose="new_and_expansion", **BEFORE),
    new_arr: pd.DataFrame = needs("new_arr", months=QUARTER),
    expansion_arr: pd.DataFrame = needs("expansion_arr", months=QUARTER),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Cost of the three months before for new and expansion business, over the ARR of both in three months.

    Answers: what does a unit of recurring revenue cost, from wherever?
    Returns: ratio, between the new and the expansion ratio; n = accounts and months that grew.
    """
    rows = beside(by, spend=spend, new_arr=new_arr, expansion_arr=expansion_arr)
    arr = floats(rows["new_arr.value"]) + floats(rows["expansion_arr.value"])
    n = floats(rows["new_arr.n"]) + floats(rows["expansion_arr.n"])
    return _over(rows, rows["spend.value"], arr, n, "no new or expansion ARR", by)


def gtm_efficiency_ratio(
    net_new_arr: pd.DataFrame = needs("net_new_arr", months=QUARTER),
    spend: pd.DataFrame = needs("spend", **GO_TO_MARKET),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Net new ARR of three months over the cost of sales, marketing and customer success of the three before.

    Answers: how much recurring business does a unit of go-to-market cost bring?
    Returns: ratio, below zero where ARR fell; n = accounts and months that moved.
    Differs: net of what was lost, and with the cost of keeping customers; not the inverse, cost over ARR.
    """
    rows = beside(by, net_new_arr=net_new_arr, spend=spend)
    arr, n = rows["net_new_arr.value"], rows["net_new_arr.n"]
    return _over(rows, arr, rows["spend.value"], n, "no cost in the three months before", by)


def gtm_efficiency_margin(
    gtm_efficiency_ratio: pd.DataFrame,
    gross_margin: pd.DataFrame = needs("gross_margin", of="subscription", months=QUARTER),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    customer_success: Literal["opex", "cogs"] = setting("finance.customer_success"),
) -> pd.DataFrame:
    """Gross margin of the net new ARR of three months over the go-to-market cost of the three before.

    Answers: how much of what growth brings is left for a unit of go-to-market cost?
    Takes: the efficiency ratio times the gross margin of the three months, of subscriptions where finance keeps
    them apart.
    Returns: ratio; numerator = net new ARR times margin; n = accounts and months that moved.
    """
    rows = beside(by, ratio=gtm_efficiency_ratio, gross_margin=gross_margin)
    margin = floats(rows["gross_margin.value"])
    answer = rows.assign(
        value=floats(rows["ratio.value"]) * margin, numerator=floats(rows["ratio.numerator"]) * margin,
        denominator=rows["ratio.denominator"], n=rows["ratio.n"], low=np.nan, high=np.nan,
    )  # fmt: skip
    answer = voided(answer, margin <= 0, "gross margin is not above 0")
    return shaped(noted(answer, customer_success == "cogs", TWICE), by, [])


def _over(
    rows: pd.DataFrame, numerator: Any, denominator: Any, n: Any, nothing: str, by: Sequence[str]
) -> pd.DataFrame:
    """The ratio in the result shape; undefined where the denominator is not above zero, the parts kept."""
    answer = rows.assign(
        value=divided(numerator, denominator), numerator=floats(numerator), denominator=floats(denominator),
        n=n, low=np.nan, high=np.nan,
    )  # fmt: skip
    answer = voided(answer, floats(denominator) <= 0, nothing)
    for words in (FROM_FINANCE, NO_PURPOSE):
        said = [isinstance(reason, str) and words in reason for reason in rows["spend.reason"]]
        answer = noted(answer, said, words)
    return shaped(answer, by, [])
