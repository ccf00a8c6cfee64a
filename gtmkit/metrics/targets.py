"""What the metrics that stand beside a target count alike: the target of a period, its own or that of its parts.

No metric stands here. `coverage` and `bookings` do.
"""

from collections.abc import Mapping, Sequence

import narwhals as nw
import pandas as pd

from gtmkit.frames import INTEGER, Frame, collect, column_or_null, sums
from gtmkit.ledgers.dimensions import MEANT, named
from gtmkit.periods import Period
from gtmkit.results import marked

PARTS = {3: 1, 12: 3}  # a quarter is made of months, a year of quarters
WORDS = {3: "months", 12: "quarters"}
GROUPS = ("segment", "channel", "owner")  # a company's target is that of none of these
Known = Mapping[tuple[str, ...], Mapping[str, float]]  # of each group, by the label of a period


def given(targets: Frame, by: Sequence[str], metric: str) -> Known:
    """The targets of a metric of each group, by the label of their period."""
    return _known(collect(_of_metric(targets, by, metric)), by)


def of_company(targets: Frame) -> dict[str, dict[str, float]]:
    """Every target of the company as a whole: of each metric, by the label of their period."""
    names = targets.collect_schema().names()
    for column in (c for c in GROUPS if c in names):
        targets = targets.filter(nw.col(column).is_null())
    rows = collect(sums(targets, ["metric", "period"], value=nw.col("value").cast(nw.Float64())))
    found: dict[str, dict[str, float]] = {}
    for row in rows.to_dict("records"):
        found.setdefault(str(row["metric"]), {})[str(row["period"])] = float(row["value"])
    return found


def collected(rows: Frame, targets: Frame, by: Sequence[str], metric: str) -> tuple[pd.DataFrame, Known]:
    """Sums of whole numbers by group, and the targets of a metric of each group, out of the engine in one go."""
    names = rows.collect_schema().names()
    aims = _of_metric(targets, by, metric)
    nothing = {c: column_or_null(aims, "_none", INTEGER) for c in names if c not in by}
    found = rows.with_columns(
        period=column_or_null(rows, "_none", nw.String()), value=column_or_null(rows, "_none", nw.Float64())
    )
    columns = [*names, "period", "value"]
    both = collect(nw.concat([found.select(*columns), aims.with_columns(**nothing).select(*columns)]))
    is_target = both["period"].notna().to_numpy(dtype=bool)
    return both.loc[~is_target, names].reset_index(drop=True), _known(both[is_target], by)


def _of_metric(targets: Frame, by: Sequence[str], metric: str) -> Frame:
    """The targets of a metric by group and period; a company's are those of no segment, channel or owner."""
    names = targets.collect_schema().names()
    rows = targets.filter(nw.col("metric") == metric)
    asked = {
        "channel" if column in MEANT else column for column in by
    }  # what a channel is for is said of the channel
    for column in GROUPS:
        if column in names:
            rows = rows.filter(~nw.col(column).is_null() if column in asked else nw.col(column).is_null())
    rows = named(rows, [column for column in by if column in MEANT])
    return sums(rows, [*by, "period"], value=nw.col("value").cast(nw.Float64()))


def _known(table: pd.DataFrame, by: Sequence[str]) -> Known:
    found: dict[tuple[str, ...], dict[str, float]] = {}
    for row in table.to_dict("records"):
        found.setdefault(tuple(str(row[c]) for c in by), {})[str(row["period"])] = float(row["value"])
    return found


def target(known: Mapping[str, float], period: Period, metric: str) -> tuple[float | None, str]:
    """The target of a period and "", or None and why: its own, else that of its parts where all have one."""
    for label in (period.label, period.label.removeprefix("FY")):
        if label in known:
            return known[label], ""
    parts = _parts(period)
    found = [value for value, _ in (target(known, part, metric) for part in parts) if value is not None]
    if not found:
        return None, f"no {metric} target for {period}"
    if len(found) < len(parts):  # part of a plan is not the plan
        return None, f"{metric} targets for {len(found)} of {len(parts)} {WORDS[period.months]} of {period}"
    return sum(found), ""


def with_aimed(table: pd.DataFrame, known: Known, by: Sequence[str], **at: int) -> pd.DataFrame:
    """The sums with a row of nothing for each group that has a target, so that none of them is missing."""
    if not by or not known:
        return table
    nothing = dict.fromkeys([c for c in table.columns if c not in by], 0) | at
    aimed = pd.DataFrame([{**dict(zip(by, group, strict=True)), **nothing} for group in known])
    return pd.concat([table, aimed[list(table.columns)]], ignore_index=True)


def beside_targets(
    rows: pd.DataFrame, known: Known, by: Sequence[str], spans: Mapping[str, Period], metric: str
) -> pd.DataFrame:
    """The rows with `target` (null where there is none) and `lacking` (why) of the span of each row's period."""
    found = [
        target(known.get(tuple(str(group) for group in key), {}), spans[str(period)], metric)
        for *key, period in rows[[*by, "period"]].itertuples(index=False)
    ]
    values = pd.Series([value for value, _ in found], index=rows.index, dtype="float64")
    return rows.assign(target=values, lacking=[lacking for _, lacking in found])


def without_target(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, undefined where `lacking` says why there is no target."""
    for lacking in dict.fromkeys(filter(None, rows["lacking"])):
        rows = marked(rows, (rows["lacking"] == lacking).to_numpy(), "undefined", lacking)
    return rows


def _parts(period: Period) -> list[Period]:
    width = PARTS.get(period.months)
    if width is None:
        return []
    start = period.fiscal_year_start
    return [Period(period.first_month + k, width, start) for k in range(0, period.months, width)]
