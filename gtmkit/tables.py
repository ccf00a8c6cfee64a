"""Tables of results: escaped HTML with caption and scopes, numbers right, interval and n under a value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gtmkit import formats
from gtmkit.formats import Cell

DEPARTURES = {"standard": "The usual way", "departs": "Ours"}
AGREED = {"truth": "Source of truth", "owner": "Owner", "target": "Target", "changes": "Changed"}


@dataclass(frozen=True, repr=False)
class Table(formats.Shown):
    """A table as it stands on a page, and as plain text elsewhere."""

    markup: str
    text: str

    def html(self) -> str:
        """The table element, in a region that scrolls."""
        return self.markup

    def __str__(self) -> str:
        return self.text


def result(frame: pd.DataFrame, caption: str, *, unit: str = "share", currency: str = "") -> Table:
    """One metric: its axes and its value, with interval, n and status. An empty frame says so."""
    if len(frame) == 0:
        return nothing(caption, "no rows to show")
    return Table(formats.result_table(frame, caption, unit, currency), frame.to_string(index=False))


def beside(
    frames: Mapping[str, pd.DataFrame],
    by: str,
    caption: str,
    *,
    units: Mapping[str, str] | None = None,
    currency: str = "",
    total: Mapping[str, pd.DataFrame] | None = None,
) -> Table:
    """Several metrics side by side, a row for each group of `by`, and `total` as the last row.

    `units` names the unit of each column (share where it is not named). A group that a metric does not
    have is said to be without rows; nothing is filled in.
    """
    groups = list(dict.fromkeys(formats.label(v) for frame in frames.values() for v in frame.get(by, [])))
    if not groups and not total:
        return nothing(caption, "no rows to show")
    unit_of = {name: (units or {}).get(name, "share") for name in frames}
    rows: list[list[str | Cell]] = [
        [group, *(_cell(_of(frame, by, group), unit_of[name], currency) for name, frame in frames.items())]
        for group in groups
    ]
    if total:
        rows.append(["all", *(_cell(_last(total.get(name)), unit_of[name], currency) for name in frames)])
    html = formats.table(caption, [by, *frames], rows, right=range(1, len(frames) + 1))
    return Table(html, _text([by, *frames], rows))


def rows(frame: pd.DataFrame, caption: str) -> Table:
    """Any small frame as it is: counts right and with thousands, text left, null as an empty cell."""
    if len(frame) == 0:
        return nothing(caption, "no rows to show")
    numeric = {i for i, column in enumerate(frame.columns) if pd.api.types.is_numeric_dtype(frame[column])}
    body = [[_plain(value) for value in row] for row in frame.itertuples(index=False)]
    head = [str(column) for column in frame.columns]
    return Table(formats.table(caption, head, body, right=numeric), frame.to_string(index=False))


def definitions(frame: pd.DataFrame) -> Table:
    """The catalogue's rows as a list of terms: definition, standard, where ours departs, who answers for it.

    `frame` is what `catalog.define` answers; what is null in it is left out.
    """
    parts, words = [], []
    for row in frame.to_dict("records"):
        known = {str(k): str(v) for k, v in row.items() if not pd.isna(v)}
        if "target" in known:
            known["target"] = formats.number(row["target"], known.get("unit", "ratio"))
        lines = [known["definition"]]
        for terms in (DEPARTURES, AGREED):
            said = [f"{terms[k]}: {known[k].removesuffix('.')}." for k in terms if k in known]
            lines += [" ".join(said)] if said else []
        term = f"{formats.escape(known['metric'])} <small>{formats.escape(known['id'])}</small>"
        parts.append(f"<dt>{term}</dt><dd>{'<br>'.join(formats.escape(line) for line in lines)}</dd>")
        words.append(f"{known['metric']}: {' '.join(lines)}")
    return Table(f'<dl class="defs">{"".join(parts)}</dl>', "\n".join(words))


def loss(frame: pd.DataFrame, caption: str = "Rows read, used and set aside, by table") -> Table:
    """The loss account, one row a table: rows read and used, what was set aside and why, the newest date.

    `frame` is what `Workspace.loss_account` answers: table, step, rows, detail.
    """
    if len(frame) == 0:
        return nothing(caption, "no rows to show")
    body: list[list[str | Cell]] = []
    for name, steps in frame.groupby("table", sort=False):
        by_step = {str(step["step"]): step for step in steps.to_dict("records")}
        aside = [
            f"{step['rows']:,.0f} {kind}{_detail(step['detail'])}"
            for kind, step in by_step.items()
            if kind not in ("read", "used", "newest")
        ]
        newest = _plain(by_step["newest"]["detail"]) if "newest" in by_step else ""
        counts = [_plain(by_step[kind]["rows"]) if kind in by_step else "" for kind in ("read", "used")]
        body.append([str(name), *counts, "; ".join(aside) or "nothing", newest])
    head = ["table", "read", "used", "set aside or named", "newest"]
    whole = {kind: frame[frame["step"] == kind]["rows"].sum() for kind in ("read", "used")}
    said = (
        f"{whole['used']:,.0f} of {whole['read']:,.0f} rows used, from {len(body)} tables: what was set aside"
    )
    html = formats.table(caption, head, body, right={1, 2})
    html = f"<details><summary>{formats.escape(said)}</summary><div>{html}</div></details>"
    return Table(html, _text(head, body))


def nothing(caption: str, reason: str) -> Table:
    """The table that is not there, and why."""
    text = f"{caption}: {reason}."
    return Table(f'<p class="s">{formats.escape(text)}</p>', text)


def _of(frame: pd.DataFrame, by: str, group: str) -> Any:
    if by not in frame:
        return None
    found = frame[[formats.label(v) == group for v in frame[by]]]
    return _last(found)


def _last(frame: pd.DataFrame | None) -> Any:
    return None if frame is None or len(frame) == 0 else frame.iloc[-1]


def _cell(row: Any, unit: str, currency: str) -> Cell:
    return Cell("", "no rows", "undefined") if row is None else formats.cell(row, unit, currency)


def _plain(value: Any) -> str:
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if isinstance(value, bool | str):
        return str(value)
    known = formats.plain(value) if pd.api.types.is_number(value) else None
    return str(value) if known is None else f"{known:,.0f}" if known.is_integer() else f"{known:,.4g}"


def _detail(detail: Any) -> str:
    text = _plain(detail)
    return f" ({text})" if text else ""


def _text(head: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> str:
    words = [[c if isinstance(c, str) else " ".join(part for part in c if part) for c in row] for row in rows]
    return "\n".join("  ".join(row) for row in [list(head), *words])
