"""Where to focus: groups of customers side by side in what they are worth."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gtmkit import catalog, formats, tables
from gtmkit.periods import Week
from gtmkit.scorecard.choice import FOCUS
from gtmkit.tables import Table, nothing
from gtmkit.workspace import Workspace

CAPTION = "What groups of customers are worth"
BACK = {
    "week": 13
}  # periods in which the latest final entrants are looked for; a window of a month is many weeks
WINDOW = "window_days"  # an option of what is known only once a window has passed


def focus(ws: Workspace) -> Table:
    """A table for each column of [scorecard] focus: its values side by side in the figures of FOCUS.

    A figure that cannot be asked by a column is left out of its table, and said once below it.
    """
    columns = ws.config.scorecard.focus
    found = [_by(ws, column) for column in columns]
    if not found:
        return nothing(CAPTION, "no columns: [scorecard] focus in gtm.toml")
    html = "".join(f'<div class="focus">{table.html()}</div>' for table in found)
    return Table(html, "\n\n".join(map(str, found)))


def _by(ws: Workspace, column: str) -> Table:
    caption = f"{CAPTION}, by {_spoken(column)}"
    # Groups are compared in outcomes that a month does not score yet, too; a week has what can be counted by it.
    is_week = isinstance(ws.period, Week)
    chosen = [
        (_named(name, {} if is_week else options), metric, options)
        for name, metric, options in FOCUS
        if not is_week or catalog.METRICS[metric].least == "week"
    ]
    known = [item for item in chosen if column in catalog.METRICS[item[1]].by]
    frames = {name: _latest(ws, metric, [column], options) for name, metric, options in known}
    total = {name: _latest(ws, metric, [], options) for name, metric, options in known}
    blank = {name: _nowhere(frame, column) for name, frame in frames.items()}
    frames = {name: frame for name, frame in frames.items() if not blank[name]}
    said = [f"{name} is not known by {_spoken(column)}" for name, metric, _ in chosen if name not in blank]
    said += [f"{name}: {reason}" for name, reason in blank.items() if reason]
    said += [
        f"{name} is of the periods to {of}"
        for name, frame in total.items()
        if (of := frame["period"].iloc[0]) != ws.period.label and not blank[name]
    ]
    if not frames:
        return nothing(caption, "; ".join(said) or "nothing of it is part of this review")
    units = {name: formats.spoken_unit(m, catalog.METRICS[m].unit) for name, m, _ in known}
    table = tables.beside(
        frames, column, caption, units=units, currency=ws.config.company.currency, total=total
    )
    note = f"{'. '.join(said)}." if said else ""
    below = f'<p class="s">{formats.escape(note)}</p>' if note else ""
    return Table(table.markup + below, f"{table.text}\n{note}".strip(), table.file)


def _latest(ws: Workspace, metric: str, by: Sequence[str], options: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of the period, or of the latest one before of which every entrant's window has passed."""
    is_windowed = WINDOW in catalog.METRICS[metric].options
    asked = {} if isinstance(ws.period, Week) else dict(options)
    frame = ws.metric(metric, by=by, periods=BACK.get(ws.period.grain, 3) if is_windowed else 1, **asked)
    labels = list(dict.fromkeys(frame["period"]))
    open_ = set(frame.loc[frame["status"].eq("immature"), "period"])
    settled = [label for label in labels if label not in open_]
    latest: pd.DataFrame = frame[frame["period"] == max(settled or labels)].reset_index(drop=True)
    return latest


def _nowhere(frame: pd.DataFrame, column: str) -> str:
    """Why a figure is not known by a column at all; "" where it is."""
    if frame[column].isna().all() and frame["status"].eq("undefined").all():
        return formats.absence(frame.iloc[0])
    return ""


def _named(name: str, options: Mapping[str, Any]) -> str:
    """The name of a column with the span that its figures look back over where it is not the period's own."""
    return f"{name}, {options['months']} months" if "months" in options else name


def _spoken(column: str) -> str:
    return column.replace("_", " ")
