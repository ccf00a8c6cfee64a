"""Who became a customer, what a customer pays, and for how long."""

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit import stats
from gtmkit.frames import Frame, collect, month, sums
from gtmkit.ledgers.dimensions import account_dimensions, named
from gtmkit.periods import Period, month_label
from gtmkit.results import Floats, divided, floats, marked, noted, setting, shaped, total, undefined, voided
from gtmkit.windows import flows


def new_logos(
    revenue: Frame | None = None,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None = None,
) -> pd.DataFrame:
    """Accounts that became customers in the period: MRR above zero at a month end for the first time.

    Answers: how many customers did we win?
    Takes: `months` asks for that many, ending with the period. Without subscriptions, accounts by the day
    they started; the row says so.
    Returns: count. A return from zero is none.
    """
    if revenue is not None:
        rows = revenue.filter(nw.col("movement") == "new")
    elif accounts is not None and "started_on" in accounts.collect_schema().names():
        started = accounts.filter(~nw.col("started_on").is_null())
        rows = started.select("account_id", month=month("started_on"))
        if by:
            dimensions = account_dimensions(accounts, account_changes, owners)
            absent = [c for c in by if c not in dimensions.collect_schema().names()]
            if absent:
                labels = [p.label for p in periods]
                return undefined(by, labels, f"neither accounts nor owners have the column {absent[0]}")
            rows = named(rows.join(dimensions.select("account_id", *by), on="account_id", how="left"), by)
    else:
        return undefined(by, [p.label for p in periods], "needs table subscriptions, or accounts.started_on")
    table = collect(sums(rows, [*by, "month"], logos=nw.lit(1).cast(nw.Int64())))
    over = flows(table, by, periods, months)
    answer = total(over, over["logos"], over["logos"])
    return shaped(noted(answer, revenue is None, "accounts by started_on: no subscriptions"), by, [])


def arpa(mrr: pd.DataFrame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """MRR per customer at the end of the period.

    Answers: how much does a customer pay?
    Returns: money a month; n = customers.
    """
    answer = mrr.assign(value=divided(mrr["value"], mrr["n"]), denominator=mrr["n"])
    return shaped(voided(answer, floats(mrr["n"]) == 0, "no customers"), by, [])


def customer_lifetime(
    revenue: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    horizon_months: int = setting("ltv.horizon_months"),
) -> pd.DataFrame:
    """Months a customer pays before it first leaves, of the months to a fixed horizon, on average.

    Answers: how long does a customer stay, as far as we can see?
    Takes: month ends with MRR from the first to the first churn, over all customers whose start is observed;
    those who have not left are censored at the end of the period.
    Returns: months, the area under the Kaplan-Meier curve to the horizon; n = customers. Immature where
    nobody has been watched that long: the area up to there is the numerator, and stands in the reason.
    Differs: not 1 / churn, which takes young customers' churn for that of old ones and has no end.
    """
    left = nw.when((nw.col("movement") == "churned") & (nw.col("month") > nw.col("cohort")))
    rows = revenue.filter(~nw.col("cohort").is_null()).with_columns(left=left.then(nw.col("month")))
    customers = rows.group_by("account_id", *by, "cohort").agg(nw.col("left").min())
    table = collect(sums(customers, [*by, "cohort", "left"], n=nw.lit(1).cast(nw.Int64())))
    if not len(table):
        return undefined(by, [p.label for p in periods], "no customers")
    first = int(table["cohort"].min())
    parts = table.groupby(list(by), dropna=False) if by else [((), table)]
    found: list[dict[str, Any]] = []
    for key, part in parts:
        group = dict(zip(by, key, strict=True))
        cohort, left_in, n = (floats(part[column]) for column in ("cohort", "left", "n"))
        is_observed = cohort > first
        before = int(n[~is_observed].sum())
        lives = cohort[is_observed], left_in[is_observed], n[is_observed]
        for period in periods:
            life = _life(*lives, period.last_month, horizon_months)
            found.append({**group, "period": period.label, "before": before, **life})
    answer = pd.DataFrame(found)
    answer = marked(answer, answer["n"] == 0, "undefined", "no customer whose start is observed")
    for words in dict.fromkeys(str(row["short"]) for row in found if row["short"]):
        answer = marked(answer, answer["short"] == words, "immature", words)
    for count in sorted({row["before"] for row in found} - {0}):
        words = f"{count} of {month_label(first)} and before left out: their start is not observed"
        answer = noted(answer, answer["before"] == count, words)
    return shaped(answer, by, [])


def _life(cohort: Floats, left: Floats, n: Floats, last: int, horizon: int) -> dict[str, Any]:
    """The area under the survival of one group, as it could be read at the end of the last month.

    `left` is the month in which so many (`n`) of a cohort left, NaN of those who have not.
    """
    seen = cohort <= last
    cohort, left, n = cohort[seen], left[seen], n[seen]
    is_left = left <= last
    age = np.where(is_left, left, last) - cohort
    nothing = {"value": np.nan, "denominator": np.nan, "low": np.nan, "high": np.nan}
    if not n.sum():
        return {**nothing, "numerator": np.nan, "n": 0, "short": None}
    # At age k the customer has been seen at k + 1 month ends; who has left needs no more watching.
    curve = stats.kaplan_meier(age, is_left, n)
    watched = horizon if curve.remaining[-1] == 0 else min(int(age.max()) + 1, horizon)
    area = stats.restricted_mean(curve, watched)
    told = {**nothing, "numerator": area.value, "n": int(n.sum())}
    if watched < horizon:
        return told | {
            "short": f"observed for {watched} of {horizon} months: {area.value:.1f} months paid in them"
        }
    return told | {"value": area.value, "low": area.low, "high": area.high, "short": None}
