"""What a customer costs and what it is worth: acquisition cost, payback, lifetime value."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from gtmkit import stats
from gtmkit.metrics.allocation import STAYS, laid_out
from gtmkit.metrics.costs import FROM_FINANCE, NO_PURPOSE
from gtmkit.periods import Period
from gtmkit.results import beside, divided, floats, marked, needs, noted, setting, shaped, voided

QUARTER = 3  # months
WINDOW: dict[str, Any] = {"months": setting("cac.window_months")}
LAGGED: dict[str, Any] = {**WINDOW, "lag": setting("cac.lag_months")}
NO_BASIS = {
    "pipeline": "no pipeline created to share it by",
    "logos": "no new logos to share it by",
    "paid": "nothing paid to share it by",
    "none": "[cac] allocation is none",
}


def cac(
    spend: pd.DataFrame = needs("spend", of="sales_and_marketing", purpose="new", **LAGGED),
    new_logos: pd.DataFrame = needs("new_logos", **WINDOW),
    pipeline_created: pd.DataFrame = needs("pipeline_created", kinds=("new",), **LAGGED),
    cost_categories: pd.DataFrame = needs("cost_categories"),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    cost: Literal["loaded", "paid"] = "loaded",
    allocation: Literal["pipeline", "logos", "paid", "none"] = setting("cac.allocation"),
    not_applicable: Sequence[str] = setting("cac.not_applicable"),
) -> pd.DataFrame:
    """Sales and marketing cost for new business per new customer, cost a set lag before its customers.

    Answers: what does a new customer cost?
    Takes: both over `window_months` to the end of the period, cost `lag_months` earlier. Cost that is of no
    one channel (or source, medium, segment) is shared out by the pipeline created in those earlier months.
    Returns: money; numerator = cost, n = new customers; rows and `unattributed` add up to the whole. `.paid`
    shares nothing out. The interval takes cost as fixed and customers as Poisson.
    Differs: loaded with all cost, so provisional while a category of it has no rows.
    """
    basis = {"pipeline": pipeline_created, "logos": new_logos, "paid": spend}.get(allocation)
    why = NO_BASIS[allocation] if cost == "loaded" else "paid cost is of the rows themselves"
    why += _missing(basis)
    parts = laid_out(spend, new_logos, basis if cost == "loaded" else None, by, why)
    rows = beside(by, spend=parts[0], new_logos=parts[1])
    amount, logos = floats(rows["spend.value"]), floats(rows["new_logos.value"])
    fewest, most = stats.poisson(logos)
    answer = rows.assign(
        value=divided(amount, logos), numerator=amount, denominator=logos, n=logos,
        low=divided(amount, most), high=divided(amount, fewest),
    )  # fmt: skip
    answer = voided(answer, _says(rows["spend.reason"], STAYS), f"{STAYS}: {why}")
    answer = voided(answer, logos == 0, "no new logos")
    answer = voided(answer, amount <= 0, "no spend on it")
    for words in (FROM_FINANCE, NO_PURPOSE):
        answer = noted(answer, _says(rows["spend.reason"], words), words)
    if cost == "loaded":
        answer = _without_shared(answer, why, allocation)
    if cost == "paid" and not by:
        answer = noted(answer, amount > 0, "of the whole company: nothing there to share out")
    for period, absent in _absent(cost_categories, not_applicable):
        here = (answer["period"] == period).to_numpy(dtype=bool)
        answer = marked(answer, here, "provisional", f"no {', '.join(absent)} rows")
    return shaped(answer, by, [])


def cac_payback(
    cac: pd.DataFrame,
    new_arr: pd.DataFrame = needs("new_arr", **WINDOW),
    gross_margin: pd.DataFrame = needs("gross_margin", of="subscription", months=QUARTER),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    margin: Literal["gross", "none"] = "gross",
) -> pd.DataFrame:
    """Months until the gross margin of new customers' MRR has paid what it cost to win them.

    Answers: how long is our money out?
    Takes: the cost and the months of `cac`; the MRR with which its new customers began; the company's gross
    margin of the last three months, of subscriptions where finance keeps them apart.
    Returns: months, cost over MRR times margin, total over total; n = new customers.
    Differs: nobody is taken to leave meanwhile. `.revenue` leaves the margin out: too short.
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
    customer_lifetime: pd.DataFrame = needs("customer_lifetime"),
    logo_retention: pd.DataFrame = needs("logo_retention", window_months=1),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    lifetime: Literal["observed", "simple"] = "observed",
) -> pd.DataFrame:
    """Gross margin that a customer brings within a fixed horizon: margin times ARPA times months it stays.

    Answers: what is a customer worth?
    Takes: the company's margin of the last three months, MRR per customer at the end of the period, and the
    months a customer pays within `[ltv] horizon_months`, the same for every row.
    Returns: money; n = customers. Immature where no customer has been watched to the horizon.
    Differs: no value beyond the horizon. `.simple` divides by the month's logo churn instead, as if churn
    never changed and had no end.
    """
    parts = {"gross_margin": gross_margin, "arpa": arpa}
    if lifetime == "simple":
        parts["logo_retention"] = _unsuppressed(logo_retention)
    else:
        parts["customer_lifetime"] = customer_lifetime
    rows = beside(by, **parts)
    margin, customers = floats(rows["gross_margin.value"]), floats(rows["arpa.denominator"])
    monthly = margin * floats(rows["arpa.numerator"])
    if lifetime == "simple":
        top, bottom = monthly, customers * (1 - floats(rows["logo_retention.value"]))
    else:
        top, bottom = monthly * floats(rows["customer_lifetime.value"]), customers
    answer = rows.assign(
        value=divided(top, bottom), numerator=top, denominator=bottom, n=customers, low=np.nan, high=np.nan
    )
    answer = voided(answer, customers == 0, "no customers")
    answer = voided(answer, margin <= 0, "gross margin is not above 0")
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


def _missing(basis: pd.DataFrame | None) -> str:
    """What the basis lacks, where a whole table of it is not there."""
    if basis is None or not len(basis) or (basis["status"] != "undefined").any():
        return ""
    reason = str(basis["reason"].iloc[0])
    return f" (no table {reason.removeprefix('needs table ')})" if reason.startswith("needs table ") else ""


def _without_shared(answer: pd.DataFrame, why: str, allocation: str) -> pd.DataFrame:
    """Beside a row in which shared cost had to stay, the others have none of it, and say so."""
    stays = _says(answer["reason"], STAYS)
    here = answer["period"].isin(set(answer["period"][stays])).to_numpy(dtype=bool) & ~stays
    words = f"no shared cost in it: {why}"
    return noted(answer, here, words) if allocation == "none" else marked(answer, here, "provisional", words)


def _says(reasons: pd.Series, words: str) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    return np.array([isinstance(reason, str) and words in reason for reason in reasons], dtype=bool)


def _absent(categories: pd.DataFrame, not_applicable: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The periods in whose cost a category that applies has no row; n is null where cost has no categories."""
    missing = categories[(floats(categories["n"]) == 0) & categories["category"].notna().to_numpy()]
    missing = missing[~missing["category"].isin(list(not_applicable)).to_numpy(dtype=bool)]
    for period, rows in missing.groupby("period", sort=False):
        yield str(period), [str(category) for category in rows["category"]]


def _unsuppressed(share: pd.DataFrame) -> pd.DataFrame:
    """A share with its value also where too few stand in it: what is made of it shows its n."""
    few = (share["status"] == "suppressed").fillna(False).to_numpy(dtype=bool)
    value = np.where(few, divided(share["numerator"], share["denominator"]), floats(share["value"]))
    return share.assign(value=value, status=share["status"].mask(few, "final"))
