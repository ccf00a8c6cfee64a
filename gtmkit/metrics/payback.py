"""Does a customer pay back what it cost to win, with churn, contraction and expansion as they came?

`cac_payback` takes every customer to stay and to pay what it began with. Here the MRR is added up that customers
really paid, month end by month end, and laid over the cost of winning those same customers. A channel that buys
customers who leave looks well in the first and not in the second.

Cost is of the months in which it was spent, long before the period: those parts are needed monthly.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.frames import INTEGER, UNITS, Frame, collect, counted, sums
from gtmkit.metrics.allocation import NO_BASIS, STAYS, laid_out
from gtmkit.metrics.costs import FROM_FINANCE, NO_PURPOSE
from gtmkit.periods import MONTHS_IN, Period, month_label
from gtmkit.results import (
    ALL,
    FIGURES,
    WORDS,
    beside,
    divided,
    floats,
    marked,
    needs,
    needs_monthly,
    noted,
    setting,
    shaped,
    total,
    undefined,
    voided,
)  # fmt: skip
from gtmkit.windows import groups

HORIZON = 36  # months: what is not paid back by then is not waited for
REVIEWED = (6, 12, 18, 24)  # the ages that a review compares
YEAR = 12  # months of starts in one figure: fewer are too few customers, more tell of channels as they no longer are
SPAN = HORIZON + YEAR - 1  # months of starts on which the figures of one period stand
AXES = ["cohort", "age"]
AGE = ("age",)
STARTS = ("starts", "age")  # the start months that are one cohort, and the age
QUARTER = 3  # months
PAID = 1 - 1e-12  # a margin of four fifths is no whole number: what misses 1 by an ulp is paid back
Key = tuple[Any, ...]  # a period and an age, with the start months where these are told apart
LAG: dict[str, Any] = {"lag": setting("cac.lag_months")}
WINDOW: dict[str, Any] = {"months": setting("cac.window_months")}
# What stands behind the cost of a start month, for every figure that lays it beside what its customers paid.
SPEND: Any = needs_monthly("spend", SPAN, of="sales_and_marketing", purpose="new", **LAG)
LOGOS: Any = needs_monthly("new_logos", SPAN)
LOGOS_BESIDE: Any = needs_monthly("new_logos", SPAN, **WINDOW)
PIPELINE_BESIDE: Any = needs_monthly("pipeline_created", SPAN, kinds=("new",), **WINDOW, **LAG)
CATEGORIES: Any = needs_monthly("cost_categories", SPAN, months=1, **LAG)
MARGIN: Any = needs("gross_margin", of="subscription", months=QUARTER)


def cumulative_mrr(revenue: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """MRR of a month's new customers added up over their first month ends, those who left with nothing.

    Answers: how much have the customers of a month brought by a given age?
    Takes: the MRR at the first `age` month ends, that of the start among them, so an age of 12 is twelve months
    paid. A balance below zero is a credit and counts as nothing, as in retention.
    Returns: axes cohort (month of the start) and age (months, 1 to 36); money; n = customers who started. The
    cohorts are those of the newest 47 months, each at the ages it has come to by the end of the period; the data's
    first month is none, since the start of its customers was not seen.
    """
    labels = [p.label for p in periods]
    small = collect(_steps(revenue, by))
    first = int(small["cohort"].min()) + 1 if len(small) else 0
    last = max(p.last_month for p in periods)
    small = small[(small["cohort"] >= first) & (small["month"] <= last)]
    if not len(small):
        return undefined(by, labels, "no customer whose start is observed", AXES)
    codes, names = groups(small, by)
    paid, size = _tables(small, codes, len(names), first, last)
    names_of = {month: month_label(month) for month in range(first, last + 1)}
    parts = []
    for period in periods:
        cells = _cells(period.last_month, first)
        at, age = np.array(cells, dtype="int64").reshape(-1, 2).T
        rows = names.loc[names.index.repeat(len(cells))].reset_index(drop=True)
        rows = rows.assign(period=period.label, cohort=[names_of[m] for m, _ in cells] * len(names))
        rows = rows.assign(age=np.tile(age, len(names)))
        parts.append(total(rows, paid[:, at - first, age - 1].ravel() / UNITS, size[:, at - first].ravel()))
    return shaped(pd.concat(parts, ignore_index=True), by, AXES)


def survival_payback(
    cumulative_mrr: pd.DataFrame,
    spend: pd.DataFrame = SPEND,
    new_logos: pd.DataFrame = LOGOS,
    logos_beside: pd.DataFrame = LOGOS_BESIDE,
    pipeline_beside: pd.DataFrame = PIPELINE_BESIDE,
    cost_categories: pd.DataFrame = CATEGORIES,
    gross_margin: pd.DataFrame = MARGIN,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    ages: Literal["reviewed", "monthly"] = "reviewed",
    pooled: Literal["customers", "ages"] = "customers",
    margin: Literal["gross", "none"] = "gross",
    allocation: Literal["pipeline", "logos", "paid", "none"] = setting("cac.allocation"),
    not_applicable: Sequence[str] = setting("cac.not_applicable"),
) -> pd.DataFrame:
    """Share of what it cost to win customers that their gross margin has paid back by an age in months.

    Answers: are we buying churn?
    Takes: for each age the customers of the newest twelve months of starts that have come to it; what they paid by
    that age, with churn, contraction and expansion as they came; the company's margin of the last three months, as
    `cac_payback` takes it, since finance knows none of a channel or of a month's customers. Their cost is that of
    `cac`, month by month: a lag before the start, shared out by the pipeline of the window to that month. Months
    whose cost is not known, or could not be shared out among the rows asked for, are in neither sum.
    Returns: axis age (6, 12, 18, 24; `ages = "monthly"`: 1 to 36); ratio, 1 = paid back; numerator = margin,
    denominator = cost, both of the same customers, so rows add up to the whole of those months; n = customers.
    Older ages are of older customers, so the share may fall with age. An age nobody has come to is immature.
    Differs: `cac_payback` takes nobody to leave. `.curve` adds up over ages what all who have come to an age pay in
    that month over their cost, as a life table does: it never falls with age; numerator = value x denominator.
    `.revenue` leaves the margin out: too high.
    """
    labels = [p.label for p in periods]
    cost, missing = _cost(cumulative_mrr, spend, new_logos, logos_beside, pipeline_beside, allocation, by)
    if missing:
        return undefined(by, labels, missing, ["age"])
    known = _known(cost, allocation)
    last = {p.label: p.last_month for p in periods}
    asked = _wanted("monthly" if pooled == "ages" else ages)
    cells = _paid_by_age(cumulative_mrr, known, last, each=pooled == "ages")
    cells = cells[cells["age"].isin(asked)]
    unreached = _unreached(cells, cumulative_mrr, by, labels, asked)
    if not len(cells):
        return shaped(unreached[unreached["age"].isin(_wanted(ages))], by, ["age"])
    answer = _over_cost(_pooled(cells, cost, by), gross_margin if margin == "gross" else None, by)
    answer = _added_up(answer, by) if pooled == "ages" else answer
    answer = _unsettled(answer, _unsettling(cells, cost, cost_categories, not_applicable), spend)
    answer = pd.concat([answer, unreached], ignore_index=True)
    return shaped(answer[answer["age"].isin(_wanted(ages))], by, ["age"])


def survival_payback_months(
    survival_payback: pd.DataFrame = needs("survival_payback", ages="monthly", pooled="ages"),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Months by which customers, as many as stayed and as they paid, have paid back what it cost to win them.

    Answers: when is our money back, and is it ever?
    Takes: `survival_payback.curve` at each age from 1 to 36 months, so each age is of all who have come to it.
    Returns: months, the first age at which the share reaches 1; numerator = margin and denominator = cost at that
    age, n = its customers. The interval is the ages at which the band of the share holds 1, without an upper end
    where it does not come to that. Undefined where it is not within 36 months, immature where it is not within the
    months that customers have been watched; the reason has the share paid back by then.
    Differs: `cac_payback` takes nobody to leave, and has an end for every customer with a margin.
    """
    keys = [*by, "period"]
    found = [_first_age(rows) for _, rows in survival_payback.groupby(keys, dropna=False, sort=False)]
    answer = pd.concat(found, ignore_index=True) if found else survival_payback.drop(columns="age")
    return shaped(answer, by, [])


def cohort_payback(
    cumulative_mrr: pd.DataFrame,
    spend: pd.DataFrame = SPEND,
    new_logos: pd.DataFrame = LOGOS,
    logos_beside: pd.DataFrame = LOGOS_BESIDE,
    pipeline_beside: pd.DataFrame = PIPELINE_BESIDE,
    cost_categories: pd.DataFrame = CATEGORIES,
    gross_margin: pd.DataFrame = MARGIN,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    ages: Literal["reviewed", "monthly"] = "reviewed",
    cohort: Literal["month", "quarter", "year"] = setting("retention.cohort"),
    allocation: Literal["pipeline", "logos", "paid", "none"] = setting("cac.allocation"),
    not_applicable: Sequence[str] = setting("cac.not_applicable"),
) -> pd.DataFrame:
    """Share of what the customers of one start cost that their gross margin has paid back by each age.

    Answers: do newer customers pay back as soon as older ones did?
    Takes: cohort = month (or fiscal quarter or year) of the first month end with MRR; margin and cost as
    `survival_payback` takes them, of the same customers.
    Returns: axes cohort and age (6, 12, 18, 24; `ages = "monthly"`: 1 to 36); ratio, 1 = paid back; numerator =
    margin, denominator = cost, n = customers. Immature until all months of the cohort have come to the age; no row
    where the cost of one of its months is not known, or where it has not ended. Cohort `all` pools, at each age,
    the cohorts that have come to it.
    Differs: `survival_payback` is of the newest twelve months of starts at each age.
    """
    labels = [p.label for p in periods]
    cost, missing = _cost(cumulative_mrr, spend, new_logos, logos_beside, pipeline_beside, allocation, by)
    if missing:
        return undefined(by, labels, missing, AXES)
    width, start = MONTHS_IN[cohort], periods[0].fiscal_year_start
    cells = _by_start(cumulative_mrr, _known(cost, allocation), width, start)
    cells = pd.concat([cells, cells.assign(starts=ALL)], ignore_index=True)
    waiting = _waiting(cells, by, _wanted(ages))
    cells = cells[cells["age"].isin(_wanted(ages))]
    if not len(cells) and not len(waiting):
        return undefined(by, labels, "no customers whose cost is known", AXES)
    if len(cells):
        answer = _over_cost(_pooled(cells, cost, by, STARTS), gross_margin, by, STARTS)
        why = _unsettling(cells, cost, cost_categories, not_applicable, STARTS)
        answer = _unsettled(answer, why, spend, STARTS)
        waiting = pd.concat([answer, waiting], ignore_index=True)
    return shaped(waiting.rename(columns={"starts": "cohort"}), by, AXES)


def _cost(
    cumulative_mrr: pd.DataFrame,
    spend: pd.DataFrame,
    new_logos: pd.DataFrame,
    logos_beside: pd.DataFrame,
    pipeline_beside: pd.DataFrame,
    allocation: str,
    by: Sequence[str],
) -> tuple[pd.DataFrame, str]:
    """What the customers of each start month cost, by what cost is told apart by; and what is missing to know any."""
    for part in (cumulative_mrr, spend, new_logos):
        if part["status"].isin(["undefined"]).all():
            return spend.iloc[:0], str(part["reason"].iloc[-1])
    basis = {"pipeline": pipeline_beside, "logos": logos_beside, "paid": spend, "none": None}[allocation]
    own = [c for c in by if c in spend]
    cost, _ = laid_out(spend, _over_all(new_logos, own), _over_all(basis, own), own, NO_BASIS[allocation])
    known = cost["period"].isin(_known(cost, allocation))
    if _says(cost["reason"], STAYS).any() and not cost.loc[known, "value"].any():
        return cost, f"{STAYS}: {NO_BASIS[allocation]}"
    return cost, ""


def _by_start(
    cumulative_mrr: pd.DataFrame, known: Sequence[str], width: int, fiscal_year_start: int
) -> pd.DataFrame:
    """The cells of start months of known cost, with `starts`: the months they are one cohort with.

    Those alone of ages that all months of a cohort have come to.
    """
    of = {}
    for label in known:
        month = Period.parse(label).last_month
        first = month - (month - (fiscal_year_start - 1) % 12) % width
        of[label] = Period(first, width, fiscal_year_start).label
    cells = cumulative_mrr[cumulative_mrr["cohort"].isin(known)]
    cells = cells.assign(starts=cells["cohort"].map(of))
    months = cells.groupby(["period", "starts", "age"])["cohort"].transform("nunique")
    return cells[(months == width).to_numpy(dtype=bool)]


def _waiting(cells: pd.DataFrame, by: Sequence[str], ages: Sequence[int]) -> pd.DataFrame:
    """A row of each cohort for each age that not all of its months have come to: not yet, which is not 0."""
    size = _added(cells[cells["age"] == 1], [*by, "period", "starts"], n="n")
    rows = size[size["n"] > 0].merge(pd.DataFrame({"age": ages}), how="cross")
    come = cells[["period", *STARTS]].drop_duplicates().assign(has_come=True)
    rows = rows.merge(come, on=["period", *STARTS], how="left")
    rows = rows[rows["has_come"].isna()].drop(columns="has_come")
    empty = dict.fromkeys(["value", "numerator", "denominator", "low", "high"], np.nan)
    return marked(rows.assign(**empty), True, "immature", "not all of its months have come to this age")


def _wanted(ages: str) -> Sequence[int]:
    """The ages that are asked for, in months."""
    return REVIEWED if ages == "reviewed" else range(1, HORIZON + 1)


def _steps(revenue: Frame, by: Sequence[str]) -> Frame:
    """By how much the MRR of a month's new customers changes in each month, and how many start."""
    zero = nw.lit(0).cast(INTEGER)
    rows = revenue.filter(~nw.col("cohort").is_null() & (nw.col("month") >= nw.col("cohort")))
    is_first = nw.col("month") == nw.col("cohort")
    after = nw.when(nw.col("after") > 0).then(nw.col("after")).otherwise(zero)
    prior = nw.when(is_first | (nw.col("prior") <= 0)).then(zero).otherwise(nw.col("prior"))
    return sums(rows, [*by, "cohort", "month"], step=after - prior, n=counted(is_first))


def _tables(
    small: pd.DataFrame, codes: "np.ndarray[Any, Any]", width: int, first: int, last: int
) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
    """MRR added up by group, month of the start and age (from 1), and the customers who started."""
    step = np.zeros((width, last - first + 1, HORIZON), dtype="int64")
    size = np.zeros((width, last - first + 1), dtype="int64")
    month, cohort, delta, n = (small[c].to_numpy(dtype="int64") for c in ("month", "cohort", "step", "n"))
    near = month - cohort < HORIZON
    np.add.at(step, (codes[near], cohort[near] - first, (month - cohort)[near]), delta[near])
    np.add.at(size, (codes, cohort - first), n)
    # Once added up it is the MRR at each age, twice added up what was paid until then.
    return step.cumsum(axis=2).cumsum(axis=2), size


def _cells(last: int, first: int) -> list[tuple[int, int]]:
    """The months of starts and the ages that they have come to by the end of the last month."""
    return [
        (month, age)
        for age in range(1, HORIZON + 1)
        for month in range(max(last + 1 - SPAN, first), last - age + 2)
    ]


def _says(reasons: pd.Series, words: str) -> "np.ndarray[Any, Any]":
    return reasons.astype("string").str.contains(words, regex=False).fillna(False).to_numpy(dtype=bool)


def _over_all(part: pd.DataFrame | None, own: Sequence[str]) -> Any:
    """A part over all values of what cost is not by, so that cost is shared out once and stands beside each.

    That is the group of accounts that a jackknife leaves out: the interval takes cost as fixed, as that of `cac`.
    """
    if part is None or set(part.columns) == {*own, "period", *FIGURES, *WORDS}:
        return part
    keys = [*own, "period"]
    how = dict.fromkeys(FIGURES, "sum") | dict.fromkeys(WORDS, "first")
    return part.groupby(keys, dropna=False).agg(how).reset_index()


def _known(cost: pd.DataFrame, allocation: str) -> list[str]:
    """The months of starts whose cost is known: without it, or a part of it, customers look cheap."""
    unknown = cost["status"].isin(["undefined", "immature"]).to_numpy(dtype=bool)
    if allocation != "none":
        unknown = unknown | _says(cost["reason"], STAYS)
    return sorted({*cost["period"]} - {*cost["period"][unknown]})


def _paid_by_age(
    cumulative_mrr: pd.DataFrame, known: Sequence[str], last: Mapping[str, int], *, each: bool
) -> pd.DataFrame:
    """What the newest twelve months of starts paid by each age; with `each` what all paid in the month of that age."""
    cells = cumulative_mrr[cumulative_mrr["cohort"].isin(known)]
    if not each:
        month = cells["cohort"].str[:4].astype(int) * 12 + cells["cohort"].str[5:].astype(int) - 1
        return cells[month + cells["age"] > cells["period"].map(last) + 1 - YEAR]
    # The ages of a start month stand one after another, from 1 on.
    value = floats(cells["value"])
    before = np.where(cells["age"] > 1, np.roll(value, 1), 0.0)
    return cells.assign(value=value - before)


def _pooled(
    cells: pd.DataFrame, cost: pd.DataFrame, by: Sequence[str], axes: Sequence[str] = AGE
) -> pd.DataFrame:
    """What the customers of each age paid (`value`), what they cost (`denominator`), how many they are (`n`).

    `said`: the months in which they started.
    """
    own = [c for c in by if c in cost]
    paid = _added(cells, [*by, "period", *axes], value="value", n="n")
    of_age = cells[["period", "cohort", *axes]].drop_duplicates()
    laid = cost[[*own, "period", "value"]].rename(columns={"period": "cohort"}).merge(of_age, on="cohort")
    laid = _added(laid, [*own, "period", *axes], denominator="value")
    rows = paid.merge(laid, on=[*own, "period", *axes], how="outer" if len(own) == len(by) else "left")
    rows = rows.assign(**{c: rows[c].fillna(0).astype("int64") for c in ("value", "denominator", "n")})
    if by:  # a group without cost and customers of these months is none; the company is always there
        rows = rows[(rows[["value", "denominator", "n"]] != 0).any(axis=1)]
    said = _starts(of_age, axes)
    return rows.assign(
        value=rows["value"] / UNITS, denominator=rows["denominator"] / UNITS, numerator=rows["value"] / UNITS,
        low=np.nan, high=np.nan, said=[said[key] for key in _keys(rows, axes)],
    )  # fmt: skip


def _starts(of_age: pd.DataFrame, axes: Sequence[str]) -> dict[Key, str]:
    """The months of starts of each period and age, in words; their number where some between them are left out."""
    months = of_age.groupby(["period", *axes])["cohort"].agg(["min", "max", "size"])
    spans = {tuple(span): _span(*span) for span in months.drop_duplicates().itertuples(index=False)}
    return {
        key: spans[span]
        for key, span in zip(months.index, months.itertuples(index=False, name=None), strict=True)
    }


def _span(first: str, last: str, months: int) -> str:
    """Whose customers these are: of the months from the first to the last, with how many these are where some lack."""
    whole = (int(last[:4]) - int(first[:4])) * 12 + int(last[5:]) - int(first[5:]) + 1
    gaps = "" if months == whole else f", {months} of {whole} months"
    return f"customers of {first}{gaps}" if first == last else f"customers of {first} to {last}{gaps}"


def _keys(rows: pd.DataFrame, axes: Sequence[str]) -> list[Key]:
    """Of which period and age each row is."""
    return list(zip(*(rows[c].tolist() for c in ("period", *axes)), strict=True))


def _added(rows: pd.DataFrame, keys: Sequence[str], **what: str) -> pd.DataFrame:
    """Sums of the named columns in whole numbers, money in ten-thousandths, so that parts add up exactly."""
    whole = {
        name: (floats(rows[column]) * (UNITS if column == "value" else 1)).round().astype("int64")
        for name, column in what.items()
    }
    return rows[list(keys)].assign(**whole).groupby(list(keys), sort=True)[list(what)].sum().reset_index()


def _over_cost(
    rows: pd.DataFrame, gross_margin: pd.DataFrame | None, by: Sequence[str], axes: Sequence[str] = AGE
) -> pd.DataFrame:
    """The share of the cost that is paid back, of the whole of what was paid where no margin is given."""
    parts = {"paid": rows.assign(status=None, reason=None)}
    if gross_margin is not None:
        parts["gross_margin"] = gross_margin.merge(rows[list(axes)].drop_duplicates(), how="cross")
    keys = [*by, "period", *axes]
    found = beside([*by, *axes], **parts).merge(rows[[*keys, "said"]], on=keys)
    kept = floats(found["gross_margin.value"]) if gross_margin is not None else np.ones(len(found))
    back, cost = floats(found["paid.value"]) * kept, floats(found["paid.denominator"])
    answer = found.assign(
        value=divided(back, cost), numerator=back, denominator=cost, n=found["paid.n"], low=np.nan, high=np.nan
    )  # fmt: skip
    answer = voided(answer, floats(answer["n"]) == 0, "no new logos")
    answer = voided(answer, cost <= 0, "no spend on it")
    answer = voided(answer, kept <= 0, "gross margin is not above 0")
    # A row without a figure says why, and not of whom it is none.
    has_figure = (answer["status"] != "undefined").to_numpy(dtype=bool)
    starts, words = answer["said"].tolist(), answer["reason"].tolist()
    said = [a if pd.isna(b) else f"{a}; {b}" for a, b in zip(starts, words, strict=True)]
    return answer.assign(reason=answer["reason"].mask(has_figure, said))


def _added_up(answer: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The shares of single months added up from the first age on; undefined after an age that has none."""
    rows = answer.sort_values([*by, "period", "age"]).reset_index(drop=True)
    keys = [rows[c] for c in [*by, "period"]]
    broken = rows["value"].isna().groupby(keys, dropna=False).cummax().to_numpy()
    value = np.where(broken, np.nan, floats(rows["value"].groupby(keys, dropna=False).cumsum()))
    # An age without a row of the group breaks the sum too.
    gap = (rows["age"] - 1 > rows.groupby(keys, dropna=False).cumcount()).to_numpy()
    rows = rows.assign(value=value, numerator=value * floats(rows["denominator"]))
    return voided(rows, broken | gap, "no customers of known cost at a younger age")


def _unsettling(
    cells: pd.DataFrame,
    cost: pd.DataFrame,
    categories: pd.DataFrame,
    not_applicable: Sequence[str],
    axes: Sequence[str] = AGE,
) -> Mapping[Key, str]:
    """Why the figures of a period and age may still change: a part of them is provisional, or cost is not whole."""
    keys = ["period", *axes]
    of_age = cells[["period", "cohort", *axes]].drop_duplicates()
    applies = categories["category"].notna() & ~categories["category"].isin(list(not_applicable))
    rows = categories[applies].rename(columns={"period": "cohort"}).merge(of_age, on="cohort")
    counts = rows.groupby([*keys, "category"])["n"].sum(min_count=1)
    lacking: dict[Key, list[str]] = {}
    for *key, category in counts[counts == 0].reset_index()[[*keys, "category"]].itertuples(index=False):
        lacking.setdefault((*key,), []).append(str(category))
    found = {key: f"no {', '.join(names)} rows" for key, names in lacking.items()}
    late = [
        cost[cost["status"] == "provisional"].rename(columns={"period": "cohort"}).merge(of_age, on="cohort"),
        cells[cells["status"] == "provisional"],
    ]
    for part in late:
        for *key, reason in part[[*keys, "reason"]].itertuples(index=False):
            found.setdefault((*key,), str(reason))
    return found


def _unsettled(
    answer: pd.DataFrame, why: Mapping[Key, str], spend: pd.DataFrame, axes: Sequence[str] = AGE
) -> pd.DataFrame:
    """The rows, provisional where they may still change and why; and what there is to say of how cost was booked."""
    said = [why.get(key) for key in _keys(answer, axes)]
    for words in dict.fromkeys(filter(None, said)):
        answer = marked(answer, [text == words for text in said], "provisional", words)
    for words in (FROM_FINANCE, NO_PURPOSE):
        answer = noted(answer, _says(spend["reason"], words).any(), words)
    return answer


def _unreached(
    cells: pd.DataFrame,
    cumulative_mrr: pd.DataFrame,
    by: Sequence[str],
    labels: Sequence[str],
    ages: Sequence[int],
) -> pd.DataFrame:
    """A row of each group for each age that no customer of known cost has come to: not yet, which is not 0."""
    come = {*cells[["period", "age"]].drop_duplicates().itertuples(index=False, name=None)}
    short = [{"period": p, "age": age} for p in labels for age in ages if (p, age) not in come]
    groups_ = cumulative_mrr[list(by)].drop_duplicates() if by else pd.DataFrame(index=range(1))
    rows = groups_.merge(pd.DataFrame(short, columns=["period", "age"]).astype({"age": "int64"}), how="cross")
    empty = dict.fromkeys(["value", "numerator", "denominator", "n", "low", "high"], np.nan)
    return marked(
        rows.assign(**empty), True, "immature", "no customer whose cost is known has come to this age"
    )


def _first_age(rows: pd.DataFrame) -> pd.DataFrame:
    """The first of one group's ages at which its cost is paid back, or why there is none."""
    rows = rows.sort_values("age").reset_index(drop=True)
    value, low, high = (floats(rows[c]) for c in ("value", "low", "high"))
    known = np.flatnonzero(~np.isnan(value))
    if not len(known):
        return rows.head(1).drop(columns="age")  # older ages may only not have been come to
    at = _first(value)
    if at is None:
        last = rows.iloc[[known[-1]]]
        age = int(last["age"].iloc[0])
        # What is not paid back must not read as 1.00.
        paid = f"{min(value[known[-1]], 0.99):.2f} of the cost paid back by then"
        bare = last.assign(value=np.nan, low=np.nan, high=np.nan, status=None, reason=None).drop(
            columns="age"
        )
        if age < HORIZON:
            return marked(
                bare, True, "immature", f"not within the {age} month{'s' * (age > 1)} observed: {paid}"
            )
        return marked(bare, True, "undefined", f"not within {HORIZON} months: {paid}")
    ends = {"low": _first(high), "high": _first(low)}  # the upper band reaches 1 first
    reached = {end: float(rows["age"].iloc[i]) if i is not None else np.nan for end, i in ends.items()}
    return rows.iloc[[at]].assign(value=float(rows["age"].iloc[at]), **reached).drop(columns="age")


def _first(share: "np.ndarray[Any, Any]") -> int | None:
    """The first place at which a share reaches 1."""
    reached = np.flatnonzero(share >= PAID)
    return int(reached[0]) if len(reached) else None
