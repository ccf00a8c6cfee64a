"""Who will still be there: retention of start cohorts beyond the ages that were observed."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from gtmkit import stats
from gtmkit.periods import MONTHS_IN, Period, month_label
from gtmkit.projection import TRIED, Floats, Projection, gathered, projected
from gtmkit.results import ALL, floats, is_settled, marked, needs, noted, setting, shaped, undefined

AXES = ["age"]
LEAST = 1  # customers without whom an age says nothing, whatever may be shown


class Exposure(NamedTuple):
    """By age, counted in `months`: who was there before it and came to it, and how many of these left at it."""

    at_risk: Floats
    lost: Floats
    months: int


def projected_retention(
    cohort_retention: pd.DataFrame = needs("cohort_retention", cohort="month"),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["ahead", "observed", "back_test", "carried"] = "ahead",
    step: Literal["found", "month", "quarter", "year"] = "found",
    months_ahead: int = 24,
    min_n: int = setting("suppress.min_n"),
) -> pd.DataFrame:
    """Share of customers who will still pay so many months after the first payment, beyond what was observed.

    Answers: how many of them will we keep?
    Takes: the settled cells of all start months but the data's first, whose customers began before it; at each age
    the customers that came to it, of at least `min_n`. A return makes good a loss at the same age. Ages are months,
    or quarters or years where customers leave at the end of these (`step`).
    Returns: axis age (months), from the first age not observed, no further than was observed and `months_ahead`;
    share by the shifted-beta-geometric model with its interval, n = customers it was fitted to. The reason has the
    back-test: the model fitted to the first three fifths of the ages, tried on the others.
    Undefined where it is withheld, being further off than the last rate carried forward, immature with too few ages.
    `.observed` is what it was fitted to, `.back_test` what it said of the ages it was tried on, `.carried` the last
    rate carried forward there.
    Differs: a constant churn rate carried forward understates who stays, since those who leave easily leave first.
    """
    labels = [p.label for p in periods]
    if cohort_retention["status"].eq("undefined").all():
        return undefined(by, labels, str(cohort_retention["reason"].iloc[-1]), AXES)
    cells = cohort_retention[(cohort_retention["cohort"] != ALL) & (floats(cohort_retention["n"]) > 0)]
    starts = {label: Period.parse(str(label)).last_month for label in cells["cohort"].unique()}
    start, first = cells["cohort"].map(starts).to_numpy(dtype="int64"), min(starts.values())
    keys = [*by, "period"]
    code = cells.groupby(keys, dropna=False, sort=False).ngroup().to_numpy(dtype="int64")
    names = cells[keys].drop_duplicates().itertuples(index=False, name=None)
    groups: list[dict[str, Any]] = [dict(zip(keys, row, strict=True)) for row in names]
    rows: list[dict[str, Any]] = []
    for number, group in enumerate(groups):
        here = (code == number) & (start > first)
        told, until = _group(cells[here], start[here], step, max(min_n, LEAST), basis, months_ahead)
        rows += [{**group, "until": until, **row} for row in told]
    if not (start > first).any():
        return undefined(by, labels, "no customer whose start is observed", AXES)
    if not rows:
        return undefined(by, labels, "no age on which a projection can be tried", AXES)
    answer = pd.DataFrame(rows)
    answer = answer.assign(numerator=np.nan, denominator=np.nan)
    for column in ("why", "until"):
        for words in dict.fromkeys(row[column] for row in rows if row[column]):
            here = (answer[column] == words).to_numpy()
            for status in ("undefined", "immature"):
                answer = marked(answer, here & (answer["mark"] == status).to_numpy(), status, words)
            answer = noted(answer, here, words)
    left_out = f"without customers of {month_label(first)} and before: their start is not observed"
    return shaped(noted(answer, True, left_out), by, AXES)


def _group(
    cells: pd.DataFrame, start: Any, step: str, least: int, basis: str, months_ahead: int
) -> tuple[list[dict[str, Any]], str]:
    """The rows of one group, and until which month its cells were used where some are not settled."""
    age = cells["age"].to_numpy(dtype="int64")
    settled = is_settled(cells)
    until = ""
    if not settled.all():
        last = (start + age)[settled].max(initial=0)
        until = f"of settled months, to {month_label(int(last))}" if last else "no month is settled"
    place, at = start[settled] - start.min(initial=start.max(initial=0)), age[settled]
    still = np.full((place.max(initial=0) + 1, at.max(initial=0) + 1), np.nan)
    size = still.copy()
    still[place, at] = floats(cells["numerator"])[settled]
    size[place, at] = floats(cells["denominator"])[settled]
    told = _told(_exposure(still, size, step, least), basis, months_ahead)
    if at.max(initial=0) and told and told[0]["n"] == 0:
        told = [{**row, "why": f"fewer than {least} customers came to any age"} for row in told]
    return told, until


def _exposure(still: Floats, size: Floats, step: str, least: int) -> Exposure:
    """Who was there and who left at each age that at least so many customers have come to.

    `still` and `size`: those who pay and those who began, by cohort and age in months, NaN where not observed.
    """
    if step != "found":
        return _in_steps(still, size, MONTHS_IN[step], least)
    monthly = _in_steps(still, size, 1, least)
    months = gathered(monthly.at_risk, monthly.lost)
    return monthly if months == 1 else _in_steps(still, size, months, least)


def _in_steps(still: Floats, size: Floats, months: int, least: int) -> Exposure:
    """The counts at the ages that are so many months apart, each over all cohorts that have come to the age."""
    paying = still[:, ::months]
    after = paying[:, 1:]
    come = ~np.isnan(after)
    there, left = np.where(come, paying[:, :-1], 0).sum(axis=0), np.nansum(after, axis=0)
    few = np.flatnonzero((np.where(come, size[:, ::months][:, 1:], 0).sum(axis=0) < least) | (there == 0))
    last = int(few[0]) if len(few) else len(there)
    return Exposure(there[:last], np.clip(there - left, 0, None)[:last], months)


def _told(exposure: Exposure, basis: str, months_ahead: int) -> list[dict[str, Any]]:
    """The rows of one group: its figures by age, or one row that says why there are none."""
    at_risk, lost, months = exposure
    unit = next(name for name, wide in MONTHS_IN.items() if wide == months)
    observed = len(at_risk)
    ahead = max(min(observed, months_ahead // months), 1)
    if basis == "observed":
        curve = stats.life_table(at_risk, lost)
        whole = _counted({"age": 0, "value": 1.0, "low": np.nan, "high": np.nan})
        found = [whole, *_rows(curve.age, curve.value, curve.low, curve.high, months)] if observed else []
        return [{**row, "n": n} for row, n in zip(found, [*at_risk[:1], *at_risk], strict=True)]
    made = projected(at_risk, lost, observed + ahead, unit=unit)
    n = float(at_risk[0]) if observed else 0.0
    if basis == "ahead":
        return _ahead(made, observed, months, unit, n)
    if made.test is None:
        return []
    nothing = np.full(len(made.test.age), np.nan)
    carried = (made.test.carried, nothing, nothing)
    value, low, high = carried if basis == "carried" else (made.test.value, made.test.low, made.test.high)
    why = "no interval: a rate carried forward" if basis == "carried" else ""
    return [{**row, "n": n, "why": why} for row in _rows(made.test.age, value, low, high, months)]


def _ahead(made: Projection, observed: int, months: int, unit: str, n: float) -> list[dict[str, Any]]:
    """The projected rows with their back-test, or the one that says why it is not given."""
    if not made.withheld:
        why = made.test.told(unit) if made.test else ""
        return [
            {**row, "n": n, "why": why} for row in _rows(made.age, made.value, made.low, made.high, months)
        ]
    young = observed < TRIED
    worse = made.test is not None and made.withheld == made.test.told(unit)
    row = {"age": (observed + 1) * months, "value": np.nan, "low": np.nan, "high": np.nan}
    why = f"withheld: {made.withheld}" if worse else made.withheld
    return [_counted(row) | {"n": n, "why": why, "mark": "immature" if young else "undefined"}]


def _rows(age: Any, value: Any, low: Any, high: Any, months: int) -> list[dict[str, Any]]:
    return [
        _counted({"age": int(a) * months, "value": v, "low": i, "high": j})
        for a, v, i, j in zip(age, value, low, high, strict=True)
    ]


def _counted(row: dict[str, Any]) -> dict[str, Any]:
    """The row with the words that it may get."""
    return {**row, "why": "", "mark": None}
