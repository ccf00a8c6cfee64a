"""Every figure of a review that is judged for noise, each once, with the periods it is judged by.

The figures are those that page one shows: each metric that it reads, a row a stage where the metric has stages, its
lines also of the ideal customer profile and of the groups of each column of [scorecard] focus. Cohorts and ages are
left out, since a cohort carries its own past, and so are the parts of a whole (movements, reasons, categories): what
they do shows in the whole, and explains it.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import catalog, definitions, formats, signals
from gtmkit.catalog import noise
from gtmkit.periods import Period
from gtmkit.results import floats
from gtmkit.scorecard.choice import lines
from gtmkit.scorecard.readings import ICP, Readings
from gtmkit.signals import Figure
from gtmkit.workspace import Workspace

LOOKED_AT = signals.MOST + 1  # periods: the one judged and those before it
FAR = 4 * LOOKED_AT  # where none of these is observed: half a year's window is many weeks
OWN_FIGURES = ((), ("stage",))  # axes whose values are each a figure
DIGITS = 9  # to which two pasts are one and the same


def figures(ws: Workspace, readings: Readings) -> dict[Figure, pd.DataFrame]:
    """The rows of each figure, up to the latest period that is observed and of one definition."""
    found: dict[Figure, pd.DataFrame] = {}
    known: set[Hashable] = set()
    for figure, rows in _asked(ws, readings):
        rows = _of_one_definition(figure.metric, rows, ws)
        past = _past(rows)
        if past is None or past not in known:
            found.setdefault(figure, rows)
            known.add(past)
    return found


def _asked(ws: Workspace, readings: Readings) -> Iterator[tuple[Figure, pd.DataFrame]]:
    """Every figure with its rows, those of the whole company first, the scorecard's lines before all others."""
    chosen = [name for name in lines(ws.config) if name in readings.by_metric]
    for name in dict.fromkeys([*chosen, *readings.by_metric]):
        yield from _of_metric(ws, name)
    for name in chosen:
        row, _ = catalog.find(name)
        if not readings.no_icp and ICP.keys() <= set(row.by):
            yield from _of_metric(ws, name, where=ICP)
    for column in ws.config.scorecard.focus:
        for name in chosen:
            if column in catalog.find(name)[0].by and column not in ws.where:
                yield from _of_metric(ws, name, by=(column,))


def _of_metric(
    ws: Workspace, name: str, by: tuple[str, ...] = (), where: Mapping[str, str] | None = None
) -> Iterator[tuple[Figure, pd.DataFrame]]:
    """The figures of a metric: one, or one a group and stage."""
    row, _ = catalog.find(name)
    if row.axes not in OWN_FIGURES:
        return
    rows = _observed(ws, name, by, where)
    columns = [*by, *row.axes]
    # What has no such column, or no stage, is undefined and of no group.
    groups = rows.groupby(columns, sort=False) if columns else [((), rows)]
    for place, of_place in groups:
        dims = {**(where or {}), **dict(zip(columns, map(str, place), strict=True))}
        yield noise.figure(name, ws.period, ws.config, dims), of_place


def _observed(ws: Workspace, name: str, by: tuple[str, ...], where: Mapping[str, str] | None) -> pd.DataFrame:
    """The rows up to the latest period of which nothing is immature, and so many periods before that.

    Where no period is observed, the rows as they are: they say why.
    """
    rows = ws.metric(name, by, LOOKED_AT, where)
    behind = _behind(rows, ws.period)
    if behind:
        rows = ws.metric(name, by, FAR if behind == LOOKED_AT else LOOKED_AT + behind, where)
        behind = _behind(rows, ws.period)
    labels = [p.label for p in ws.period.trailing(behind)] if behind < FAR else []
    return rows[~rows["period"].isin(labels)]


def _behind(rows: pd.DataFrame, period: Period) -> int:
    """How many of the latest periods are not fully observed yet."""
    immature = set(rows.loc[(rows["status"] == "immature").fillna(False), "period"])
    count = 0
    while period.shift(-count).label in immature:
        count += 1
    return count


def _of_one_definition(metric: str, rows: pd.DataFrame, ws: Workspace) -> pd.DataFrame:
    """The rows that mean the same as the latest of them."""
    if not len(rows):
        return rows
    id_, latest = catalog.find(metric)[0].id, _latest(rows, ws)
    labels = dict.fromkeys(rows["period"])
    alike = [
        label
        for label in labels
        if label == latest or not definitions.changed_between(id_, label, latest, ws.config)
    ]
    return rows[rows["period"].isin(alike)]


def _latest(rows: pd.DataFrame, ws: Workspace) -> str:
    start = ws.config.company.fiscal_year_start
    return max(map(str, rows["period"]), key=lambda label: Period.parse(label, start).start)


def _past(rows: pd.DataFrame) -> Hashable:
    """What tells a past from any other, whatever its unit; None where it says nothing by itself.

    ARR is twelve times MRR, and a company of one segment is that segment: the same figure once more.
    """
    value, n = floats(rows["value"]), floats(rows["n"])
    known = np.flatnonzero(~np.isnan(value))
    if len(known) < signals.LEAST or np.ptp(value[known]) == 0 or not value[known[-1]]:
        return None
    alike = np.round(value[known] / value[known[-1]], DIGITS)
    return tuple(rows["period"].iloc[known]), tuple(alike), tuple(np.nan_to_num(n[known], nan=-1.0))


def place(dims: Mapping[str, Any]) -> str:
    """Of whom or what a figure is, in words: `channel paid_search`; "" for the whole."""
    return ", ".join(
        "ideal customer profile"
        if {column: value} == ICP
        else f"{column.replace('_', ' ')} {formats.label(value)}"
        for column, value in dims.items()
    )
