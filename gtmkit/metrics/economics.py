"""What a customer costs and what it is worth: acquisition cost, payback, lifetime value."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from gtmkit.metrics.allocation import cost_each, unsettled
from gtmkit.periods import Period
from gtmkit.results import beside, divided, floats, needs, setting, shaped, voided

QUARTER = 3  # months
WINDOW: dict[str, Any] = {"months": setting("cac.window_months")}
LAGGED: dict[str, Any] = {**WINDOW, "lag": setting("cac.lag_months")}


def cac(
    spend: pd.DataFrame = needs("spend", of="sales_and_marketing", purpose="new", **LAGGED),
    new_logos: pd.DataFrame = needs("new_logos", **WINDOW),
    pipeline_created: pd.DataFrame = needs("pipeline_created", kinds=("new",), **LAGGED),
    cost_categories: pd.DataFrame = needs("cost_categories", lag=LAGGED["lag"]),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    cost: Literal["loaded", "paid"] = "loaded",
    allocation: Literal["pipeline", "logos", "paid", "none"] = setting("cac.allocation"),
    lag_months: int = LAGGED["lag"],
    not_applicable: Sequence[str] = setting("cac.not_applicable"),
) -> pd.DataFrame:
    """Sales and marketing cost for new business per new customer, cost a set lag before its customers.

    Answers: what does a new customer cost?
    Takes: both over `window_months` to the end of the period, cost `lag_months` earlier. Cost that is of no
    one channel (or source, medium, segment) is shared out by the pipeline created in those earlier months.
    Returns: money; numerator = cost, n = new customers; rows and `unattributed` add up to the whole. `.paid`
    shares nothing out, `.by_logos` shares by customers, `.same_period` and `.prior_quarter` have a lag of their own.
    The interval takes cost as fixed and customers as Poisson.
    Differs: loaded with all cost, so provisional while a category of it has no rows.
    """
    basis = {"pipeline": pipeline_created, "logos": new_logos, "paid": spend}.get(allocation)
    answer = cost_each(spend, new_logos, basis, by, "new_logos", cost, allocation)
    return shaped(unsettled(answer, cost_categories, not_applicable), by, [])


def cac_payback(
    cac: pd.DataFrame = needs("cac", lag_months=LAGGED["lag"]),
    new_arr: pd.DataFrame = needs("new_arr", **WINDOW),
    gross_margin: pd.DataFrame = needs("gross_margin", of="subscription", months=QUARTER),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    margin: Literal["gross", "none"] = "gross",
    lag_months: int = LAGGED["lag"],
) -> pd.DataFrame:
    """Months until the gross margin of new customers' MRR has paid what it cost to win them.

    Answers: how long is our money out?
    Takes: the cost and the months of `cac`; the MRR with which its new customers began; the company's gross
    margin of the last three months, of subscriptions where finance keeps them apart.
    Returns: months, cost over MRR times margin, total over total; n = new customers.
    Differs: nobody is taken to leave meanwhile. `.revenue` leaves the margin out: too short. `.same_period` sets the
    cost of the same months against them.
    """
    parts = {"cac": cac, "new_arr": new_arr}
    if margin == "gross":
        parts["gross_margin"] = gross_margin
    rows = beside(by, **parts)
    kept = floats(rows["gross_margin.value"]) if margin == "gross" else 1.0
    monthly = floats(rows["new_arr.value"]) / 12 * kept
    amount = floats(rows["cac.numerator"])
    answer = rows.assign(
        value=divided(amount, monthly), numerator=amount, denominator=monthly, n=rows["cac.n"],
        low=np.nan, high=np.nan,
    )  # fmt: skip
    answer = voided(answer, floats(rows["new_arr.value"]) <= 0, "no MRR of new logos")
    return shaped(voided(answer, kept <= 0, "gross margin is not above 0"), by, [])


def ltv(
    gross_margin: pd.DataFrame = needs("gross_margin", of="subscription", months=QUARTER),
    arpa: pd.DataFrame = needs("arpa"),
    customer_lifetime: pd.DataFrame = needs(
        "customer_lifetime", horizon_months=setting("ltv.horizon_months")
    ),
    logo_retention: pd.DataFrame = needs("logo_retention", window_months=1),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    lifetime: Literal["observed", "simple"] = "observed",
    margin: Literal["gross", "none"] = "gross",
    horizon_months: int = setting("ltv.horizon_months"),
) -> pd.DataFrame:
    """Gross margin that a customer brings within a fixed horizon: margin times ARPA times months it stays.

    Answers: what is a customer worth?
    Takes: the company's margin of the last three months, MRR per customer at the end of the period, and the
    months a customer pays within `[ltv] horizon_months`, the same for every row.
    Returns: money; n = customers. Immature where no customer has been watched to the horizon.
    Differs: no value beyond the horizon; `.five_years` has one of 60 months. `.simple` divides by the month's logo
    churn instead, as if churn never changed and had no end. `.revenue` and `.simple_revenue` leave the margin out.
    """
    parts = {"arpa": arpa}
    if margin == "gross":
        parts["gross_margin"] = gross_margin
    if lifetime == "simple":
        parts["logo_retention"] = _unsuppressed(logo_retention)
    else:
        parts["customer_lifetime"] = customer_lifetime
    rows = beside(by, **parts)
    kept = floats(rows["gross_margin.value"]) if margin == "gross" else np.ones(len(rows))
    customers = floats(rows["arpa.denominator"])
    monthly = kept * floats(rows["arpa.numerator"])
    if lifetime == "simple":
        top, bottom = monthly, customers * (1 - floats(rows["logo_retention.value"]))
    else:
        top, bottom = monthly * floats(rows["customer_lifetime.value"]), customers
    answer = rows.assign(
        value=divided(top, bottom), numerator=top, denominator=bottom, n=customers, low=np.nan, high=np.nan
    )
    answer = voided(answer, customers == 0, "no customers")
    answer = voided(answer, kept <= 0, "gross margin is not above 0")
    answer = voided(answer, bottom == 0, "nobody left in the month: the lifetime has no end")
    return shaped(answer, by, [])


def ltv_to_cac(
    ltv: pd.DataFrame, cac: pd.DataFrame, *, by: Sequence[str], periods: Sequence[Period]
) -> pd.DataFrame:
    """What a customer is worth within the horizon over what a new one costs.

    Answers: is winning customers worth it?
    Returns: ratio; numerator = LTV, denominator = CAC of the same rows, n = new customers.
    Differs: the customers of today stand for the new ones, who have not lived yet.
    """
    rows = beside(by, ltv=ltv, cac=cac)
    worth, cost = floats(rows["ltv.value"]), floats(rows["cac.value"])
    answer = rows.assign(
        value=divided(worth, cost),
        numerator=worth,
        denominator=cost,
        n=rows["cac.n"],
        low=np.nan,
        high=np.nan,
    )
    return shaped(answer, by, [])


def _unsuppressed(share: pd.DataFrame) -> pd.DataFrame:
    """A share with its value also where too few stand in it: what is made of it shows its n."""
    few = (share["status"] == "suppressed").fillna(False).to_numpy(dtype=bool)
    value = np.where(few, divided(share["numerator"], share["denominator"]), floats(share["value"]))
    return share.assign(value=value, status=share["status"].mask(few, "final"))
