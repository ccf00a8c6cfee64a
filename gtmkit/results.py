"""The one result shape, the ways to fill it, and the marks by which a signature says what it needs.

A metric answers with a tidy pandas frame: the `by` columns, `period`, the metric's own axes, then
`value, numerator, denominator, n, low, high, status, reason`. Inside a metric a figure that does not
exist is NaN; `shaped` turns every NaN into a null, so that none leaves.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import stats

FIGURES = ["value", "numerator", "denominator", "n", "low", "high"]
WORDS = ["status", "reason"]
FACT_COLUMNS = ["metric", "variant", "version", "unit", "dims", "period", *FIGURES, *WORDS]
WORST_FIRST = ["undefined", "immature", "suppressed", "provisional", "final"]
DERIVED_INTERVAL = "no interval: its parts share rows, and none was measured to hold the truth often enough"
ALL = "all"  # the pooled row of an axis
UNSETTLED = "provisional: "  # begins what a suppressed cell says besides, where it may still change

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Setting:
    """A default that stands in gtm.toml, by its dotted key."""

    key: str


@dataclass(frozen=True)
class Need:
    """A metric that a derived metric takes, asked with options of its own.

    `months`: asked for each of so many months to the end of each period instead of for the periods; 0 = for these.
    """

    metric: str
    options: Mapping[str, Any]
    months: int = 0


@dataclass(frozen=True)
class Part:
    """What a positional parameter names: a metric (annotated as a pandas frame), else a table or ledger.

    `may_lack`: the function does without it. `months`: the metric is asked for each of so many months (see Need).
    """

    name: str
    is_metric: bool
    options: Mapping[str, Any]
    may_lack: bool
    months: int = 0


def parts_of(function: Callable[..., Any]) -> list[Part]:
    """What a metric or ledger is made of, in the order of its positional parameters."""
    found = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            need = parameter.default
            is_need = isinstance(need, Need)
            name, options = (need.metric, need.options) if is_need else (parameter.name, {})
            is_metric = is_need or parameter.annotation is pd.DataFrame
            found.append(Part(name, is_metric, options, need is None, need.months if is_need else 0))
    return found


def setting(key: str) -> Any:
    """Marks a keyword of a metric whose default stands in gtm.toml, such as 'retention.window_months'."""
    return Setting(key)


def needs(metric: str, **options: Any) -> Any:
    """Marks a parameter of a derived metric that takes another metric with these options."""
    return Need(metric, options)


def needs_monthly(metric: str, so_many: int, **options: Any) -> Any:
    """Marks a parameter that takes a metric of each of so many months, the last of each period among them.

    A figure of today about those who came long ago needs what was spent on them then: other periods than those
    it is asked for.
    """
    return Need(metric, options, so_many)


def chosen(function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options asked of a function that stand in gtm.toml too, by their key there.

    What the function needs by the same setting follows them: CAC with another lag needs the cost of other months.
    """
    parameters = inspect.signature(function).parameters
    return {
        parameters[name].default.key: value
        for name, value in options.items()
        if name in parameters and isinstance(parameters[name].default, Setting)
    }


def floats(column: Any) -> Floats:
    """A column as an array of floats, null as NaN."""
    values: Floats = np.asarray(
        pd.Series(column).to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64
    )
    return values


def divided(numerator: Any, denominator: Any) -> Floats:
    """Numerator / denominator where the denominator is above zero, else NaN."""
    top, bottom = floats(numerator), floats(denominator)
    quotient: Floats = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return quotient


def share(rows: pd.DataFrame, numerator: Any, denominator: Any, nothing: str) -> pd.DataFrame:
    """Rows with a share of counts and its Wilson interval; undefined where there are none."""
    low, high = stats.wilson(floats(numerator), floats(denominator))
    answer = rows.assign(
        value=divided(numerator, denominator), numerator=floats(numerator), denominator=floats(denominator),
        n=floats(denominator), low=low, high=high,
    )  # fmt: skip
    return marked(answer, floats(denominator) == 0, "undefined", nothing)


def money_ratio(
    rows: pd.DataFrame, sums: Mapping[str, Any], nothing: str, at_most_one: bool = False, of: str = "account"
) -> pd.DataFrame:
    """Rows with a ratio of two sums over accounts and its linearised interval, clustered by account.

    `sums` holds arrays `n` and `b` (the two sums, in units), `nn`, `nb`, `bb` (of their products) and `k`
    (accounts with a denominator).
    """
    top, bottom, k = floats(sums["n"]), floats(sums["b"]), floats(sums["k"])
    low, high = stats.ratio_interval(top, bottom, sums["nn"], sums["nb"], sums["bb"], k, bounded=at_most_one)
    low, high = np.where(k > 2, low, np.nan), np.where(k > 2, high, np.nan)  # two differ by anything
    answer = rows.assign(
        value=divided(top, bottom), numerator=top, denominator=bottom, n=k,
        low=low, high=high,
    )  # fmt: skip
    bare = (bottom > 0) & np.isnan(low)
    answer = noted(answer, bare & (k < 2), f"no interval: a single {of}")
    answer = noted(answer, bare & (k == 2), f"no interval: two {of}s")
    answer = noted(answer, bare & (k > 2), f"no interval: no two {of}s differ")
    return marked(answer, bottom <= 0, "undefined", nothing)


def total(rows: pd.DataFrame, value: Any, n: Any) -> pd.DataFrame:
    """Rows with a total: it counts everything, so it has neither denominator nor interval."""
    return rows.assign(
        value=floats(value), numerator=floats(value), denominator=np.nan, n=floats(n), low=np.nan, high=np.nan
    )


def marked(rows: pd.DataFrame, where: Any, status: str, reason: str) -> pd.DataFrame:
    """Rows that get a status and its reason where the mask holds; a status already set stays.

    An undefined figure loses its value and interval; its numerator, denominator and n stay.
    """
    answer = _with_words(rows)
    hit = np.broadcast_to(np.asarray(where, dtype=bool), len(rows)) & answer["status"].isna().to_numpy()
    if not hit.any():
        return answer
    answer["status"] = answer["status"].mask(hit, status)
    if status == "undefined" and "value" in answer:
        answer.loc[hit, ["value", "low", "high"]] = np.nan
    return noted(answer, hit, reason)


def voided(rows: pd.DataFrame, where: Any, reason: str) -> pd.DataFrame:
    """Rows that are undefined where the mask holds, also those whose parts are only unsettled so far."""
    answer = _with_words(rows)
    hit = np.broadcast_to(np.asarray(where, dtype=bool), len(rows))
    unsettled = hit & (answer["status"] != "undefined").fillna(True).to_numpy(dtype=bool)
    return marked(
        answer.assign(status=answer["status"].mask(unsettled, None)), unsettled, "undefined", reason
    )


def is_settled(cells: pd.DataFrame) -> "np.ndarray[Any, Any]":
    """Which cells of a triangle will not change any more; one too few to show says in its reason that it may."""
    words = zip(cells["status"].astype(object), cells["reason"].astype(object), strict=True)
    return np.array([s == "final" or (s == "suppressed" and UNSETTLED not in str(r)) for s, r in words], bool)


def noted(rows: pd.DataFrame, where: Any, reason: str) -> pd.DataFrame:
    """Rows whose reason says something more where the mask holds, whatever their status."""
    answer = _with_words(rows)
    hit = np.broadcast_to(np.asarray(where, dtype=bool), len(rows))
    if not hit.any():
        return answer
    said = answer["reason"].to_numpy(dtype=object, copy=True)
    said[hit] = [_joined(old, reason) for old in said[hit]]
    answer["reason"] = pd.Series(said, index=answer.index, dtype=object)
    return answer


def _with_words(rows: pd.DataFrame) -> pd.DataFrame:
    if all(word in rows and rows[word].dtype == object for word in WORDS):
        return rows.copy(deep=False)  # what is set in it later is not set in the rows given
    nothing = pd.Series([None] * len(rows), index=rows.index, dtype=object)
    return rows.assign(**{word: rows[word].astype(object) if word in rows else nothing for word in WORDS})


def _joined(old: Any, new: str) -> str:
    if pd.isna(old):
        return new
    return str(old) if new in str(old).split("; ") else f"{old}; {new}"


def beside(by: Sequence[str], **parts: pd.DataFrame) -> pd.DataFrame:
    """The parts of a derived metric beside one another: `by`, `period`, and `part.value`, `part.n`, ... of each.

    One row for each group and period that any part has; a part without a dimension that others have stands
    beside each of its groups, and the row's reason says so. What makes a part's figure missing or unsettled
    (undefined, immature, suppressed, provisional) makes the row so, with the part's reason; where a part has
    no row for a group, the row is undefined.
    """
    keys = {
        name: [c for c in [*by, "period"] if c in part and _says(part, c)] for name, part in parts.items()
    }
    widest = sorted(parts, key=lambda name: -len(keys[name]))
    rows: pd.DataFrame | None = None
    for name in widest:
        figures = parts[name][[*keys[name], *FIGURES, *WORDS]]
        figures = figures.rename(columns={c: f"{name}.{c}" for c in [*FIGURES, *WORDS]})
        shared = [c for c in keys[name] if rows is None or c in rows]
        if rows is None:
            rows = figures
        else:
            rows = rows.merge(
                figures, on=shared, how="outer" if set(shared) >= {*rows.columns} & {*by} else "left"
            )
    if rows is None:
        raise ValueError("A derived metric stands on at least one part. Name one.")
    rows = rows.assign(**{c: pd.array([None] * len(rows), dtype="string") for c in by if c not in rows})
    return _carried(rows, by, keys)


def jackknifed(
    answer: pd.DataFrame, left_out: pd.DataFrame, where: "np.ndarray[Any, Any]", replicate: str
) -> pd.DataFrame:
    """The rows with the jackknife's interval where the mask holds, or why there is none.

    `left_out` is the same answer with groups of accounts left out in turn, told apart by `replicate`.
    """
    keys = [c for c in left_out.columns if c not in {replicate, *FIGURES, *WORDS}]
    both = pd.concat([answer[keys], left_out[keys]], ignore_index=True)
    group = both.groupby(keys, dropna=False, sort=False).ngroup().to_numpy()
    own, others = group[: len(answer)], group[len(answer) :]
    order = np.argsort(others, kind="stable")
    values = floats(left_out["value"])[order]
    first, last = (np.searchsorted(others[order], own, side) for side in ("left", "right"))
    low, high, full = floats(answer["low"]).copy(), floats(answer["high"]).copy(), floats(answer["value"])
    for i in np.flatnonzero(where):
        low[i], high[i] = stats.jackknife(float(full[i]), values[first[i] : last[i]])
    found = answer.assign(low=pd.array(low, dtype="Float64"), high=pd.array(high, dtype="Float64"))
    for end in ("low", "high"):
        found[end] = found[end].mask(np.isnan(floats(found[end])))
    return noted(found, where & np.isnan(low), "no interval: it stands on too few accounts")


def _says(part: pd.DataFrame, column: str) -> bool:
    """Whether a part tells a key's groups apart, if any; one that is undefined as a whole has nulls there."""
    return column == "period" or part.empty or bool(part[column].notna().any())


def _carried(rows: pd.DataFrame, by: Sequence[str], keys: Mapping[str, list[str]]) -> pd.DataFrame:
    """The rows with the statuses of their parts, the worst first, and which part is of the whole company."""
    answer = rows
    said = {name: _said(rows[f"{name}.status"], rows[f"{name}.reason"]) for name in keys}
    for worst in WORST_FIRST[:-1]:
        for name in keys:
            for status, reason, these in said[name]:
                if status == worst:
                    answer = marked(answer, these, status, _of_part(name, status, reason))
    for name, own_keys in keys.items():
        absent = rows[f"{name}.n"].isna() & rows[f"{name}.value"].isna() & rows[f"{name}.status"].isna()
        answer = marked(answer, absent.to_numpy(dtype=bool), "undefined", f"no {name}")
        wide = [c for c in by if c not in own_keys and rows[c].notna().any()]
        if wide:
            known = rows[f"{name}.value"].notna().to_numpy(dtype=bool)
            answer = noted(answer, known, f"{name} is company-wide" if len(wide) == len(by) else
                           f"{name} is not by {' and '.join(wide)}")  # fmt: skip
    return answer


def _said(statuses: pd.Series, reasons: pd.Series) -> "list[tuple[str | None, str, np.ndarray[Any, Any]]]":
    """Each status and reason that rows have, and which rows have them; no reason is an empty one."""
    both = pd.DataFrame({"status": statuses, "reason": reasons}).astype(object)
    codes = both.groupby(["status", "reason"], dropna=False, sort=False).ngroup().to_numpy()
    _, first = np.unique(codes, return_index=True)
    return [
        (None if pd.isna(status) else str(status), "" if pd.isna(reason) else str(reason), codes == code)
        for code, (status, reason) in enumerate(both.iloc[first].itertuples(index=False))
    ]


def _of_part(name: str, status: str, reason: str) -> str:
    """Why a row is what a part of it is; a table that is missing is named as it is everywhere."""
    if reason.startswith("needs table "):
        return reason
    return f"{name} is {status}" + (f": {reason}" if reason else "")


def undefined(
    by: Sequence[str], periods: Sequence[str], reason: str, axes: Sequence[str] = ()
) -> pd.DataFrame:
    """One undefined row a period, null in every `by` column and axis: what is missing stands in the reason."""
    nothing = {name: [None] * len(periods) for name in [*by, *axes]}
    rows = pd.DataFrame({**nothing, "period": list(periods)}, dtype=object)
    empty = {name: np.full(len(rows), np.nan) for name in FIGURES}
    return shaped(marked(rows.assign(**empty), np.ones(len(rows), bool), "undefined", reason), by, axes)


def shaped(rows: pd.DataFrame, by: Sequence[str], axes: Sequence[str]) -> pd.DataFrame:
    """The rows in the result shape: columns in their order, sorted, floats nullable, text as text."""
    answer = _with_words(rows).reset_index(drop=True)
    keys = [*by, "period", *axes]
    answer = answer[[*keys, *FIGURES, *WORDS]]
    for name in FIGURES:
        answer[name] = pd.array(floats(answer[name]), dtype="Float64")
        answer[name] = answer[name].mask(np.isnan(floats(answer[name])))
    for name in [*by, "period", *WORDS]:
        if str(answer[name].dtype) != "string":
            answer[name] = pd.array(_texts(answer[name]), dtype="string")
    for name in axes:  # a frame without rows beside one with rows makes whole numbers floats
        if pd.api.types.is_float_dtype(answer[name]) and answer[name].notna().all():
            answer[name] = answer[name].astype("int64")
    return answer.sort_values(keys, kind="stable", na_position="last", key=_in_order).reset_index(drop=True)


def in_order(rows: pd.DataFrame, by: Sequence[str], axis: str, values: Sequence[str]) -> pd.DataFrame:
    """The shaped rows with the values of an axis in a stated order, not that of their names."""
    place = rows[axis].map({value: i for i, value in enumerate(values)})
    ordered = rows.assign(_place=place).sort_values([*by, "period", "_place"], kind="stable")
    return ordered.drop(columns="_place").reset_index(drop=True)


def _in_order(column: pd.Series) -> pd.Series:
    """Sort ranks of a key column: numbers and text by value, the pooled row after what it pools, null last."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    codes, names = pd.factorize(column if column.dtype == "string" else _texts(column))
    order = sorted(range(len(names)), key=lambda i: (names[i] == ALL, names[i]))
    ranks = np.full(len(names) + 1, len(names))  # the last place is that of null, whose code is -1
    ranks[order] = range(len(names))
    return pd.Series(ranks[codes], index=column.index, dtype="int64")


def _texts(column: pd.Series) -> "np.ndarray[Any, Any]":
    """The values of a column as text, each made once; null stays None."""
    codes, values = pd.factorize(column if column.dtype == "string" else column.astype(object))
    return np.array([*map(str, values), None], dtype=object)[codes]


def rounded(number: float | None) -> float | None:
    """A figure at the 12 significant digits in which facts are written; null stays null."""
    if number is None or pd.isna(number):
        return None
    return float(f"{float(number):.12g}") + 0.0


def records(
    frame: pd.DataFrame, metric: str, variant: str, version: int, unit: str, by: Sequence[str]
) -> list[dict[str, Any]]:
    """The frame as facts: one record a row, its `by` columns and axes as JSON in `dims`."""
    axes = [c for c in frame.columns if c not in {*by, "period", *FIGURES, *WORDS}]
    facts = []
    for row in frame.to_dict("records"):
        dims = {name: _plain(row[name]) for name in [*by, *axes]}
        facts.append(
            {
                "metric": metric, "variant": variant, "version": version, "unit": unit,
                "dims": json.dumps(dims, sort_keys=True, ensure_ascii=False), "period": row["period"],
                **{name: rounded(row[name]) for name in FIGURES},
                "n": None if pd.isna(row["n"]) else int(row["n"]),
                **{name: None if pd.isna(row[name]) else str(row[name]) for name in WORDS},
            }
        )  # fmt: skip
    return facts


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return int(value) if isinstance(value, int | np.integer) else str(value)
