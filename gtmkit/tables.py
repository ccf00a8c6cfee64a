"""Tables of results: escaped HTML with caption and scopes, numbers right, interval and n under a value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from gtmkit import display, formats, spreadsheet
from gtmkit.formats import Cell
from gtmkit.periods import Period
from gtmkit.sources.loss import SET_ASIDE, STATED
from gtmkit.trust import shown

DEPARTURES = {"standard": "The usual way", "departs": "Ours"}
STEPS = {
    "internal": "of internal accounts",
    "superseded": "replaced by a later update",
    "same day": "overruled on the same day",
    "zero length": "of no length",
    "undated": "without a date",
    "orphan": "with an unknown id",
    "backward": "back to an earlier stage",
    "unmatched": "without a match",
    "ambiguous": "of several accounts",
}
AGREED = {"truth": "Source of truth", "owner": "Owner", "target": "Target", "changes": "Changed"}
TRUST = {"trust": "Trust"}


@dataclass(frozen=True, repr=False)
class Table(formats.Shown):
    """A table as it stands on a page, and as plain text elsewhere; `file` offers it as CSV."""

    markup: str
    text: str
    file: str = ""

    def html(self) -> str:
        """The table element, in a region that scrolls, and its file."""
        return self.markup + self.file

    def __str__(self) -> str:
        return self.text


def result(frame: pd.DataFrame, caption: str, *, unit: str = "share", currency: str = "") -> Table:
    """One metric: its axes and its value, with interval, n and status, and its trust unless that is sound.

    An empty frame says so, and so does a result that is undefined as a whole, with its reason.
    """
    if len(frame) == 0:
        return nothing(caption, "no rows to show")
    if len(frame) == 1 and frame["status"].iloc[0] == "undefined":
        return nothing(caption, formats.absence(frame.iloc[0]))
    trust = display.trusted({caption: frame})
    html = formats.result_table(frame, caption, unit, currency, under=shown.line(trust))
    text = "\n".join(filter(None, (frame.to_string(index=False), shown.words(trust))))
    return Table(html, text, _file(caption, frame))


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
    have is said to be without rows; nothing is filled in. What cannot be told by `by` at all says why in
    one row. The trust of those that are not sound stands under the table.
    """
    groups = list(dict.fromkeys(name for frame in frames.values() for name in _groups(frame, by)))
    if not groups and not total:
        return nothing(caption, "no rows to show")
    unit_of = {name: (units or {}).get(name, "share") for name in frames}
    rows: list[list[str | Cell]] = [
        [group, *(_cell(_of(frame, by, group), unit_of[name], currency) for name, frame in frames.items())]
        for group in groups
    ]
    if total:
        rows.append(["all", *(_cell(_last(total.get(name)), unit_of[name], currency) for name in frames)])
    trust = display.trusted(frames)
    right, under = range(1, len(frames) + 1), shown.line(trust)
    html = formats.table(caption, [by, *frames], rows, right=right, cards=True, under=under)
    text = "\n".join(filter(None, (_text([by, *frames], rows), shown.words(trust))))
    return Table(html, text, _file(caption, _stacked(frames, total or {}, by)))


def rows(frame: pd.DataFrame, caption: str) -> Table:
    """Any small frame as it is: counts right and with thousands, text left, null as an empty cell."""
    if len(frame) == 0:
        return nothing(caption, "no rows to show")
    numeric = {i for i, column in enumerate(frame.columns) if pd.api.types.is_numeric_dtype(frame[column])}
    body = [[_plain(value) for value in row] for row in frame.itertuples(index=False)]
    head = [str(column) for column in frame.columns]
    html = formats.table(caption, head, body, right=numeric, cards=len(head) > 2)
    return Table(html, frame.to_string(index=False), _file(caption, frame))


def definitions(frame: pd.DataFrame) -> Table:
    """The catalogue's rows as a list of terms: definition, standard, departures, who answers for it, trust.

    `frame` is what `catalog.define` answers; what is null in it is left out.
    """
    parts, words = [], []
    for row in frame.to_dict("records"):
        known = {str(k): str(v) for k, v in row.items() if not pd.isna(v)}
        if "target" in known:
            known["target"] = formats.target(known["id"], row["target"], known.get("unit", "ratio"))
        lines = [known["definition"]]
        for terms in (DEPARTURES, AGREED, TRUST):
            said = [f"{terms[k]}: {known[k].removesuffix('.')}." for k in terms if k in known]
            lines += [" ".join(said)] if said else []
        term = f"{formats.escape(known['metric'])} <small>{formats.escape(known['id'])}</small>"
        parts.append(f"<dt>{term}</dt><dd>{'<br>'.join(formats.escape(line) for line in lines)}</dd>")
        words.append(f"{known['metric']}: {' '.join(lines)}")
    return Table(f'<dl class="defs">{"".join(parts)}</dl>', "\n".join(words))


def loss(
    frame: pd.DataFrame, period: Period, caption: str = "Rows read, used and set aside, by table"
) -> Table:
    """The loss account: one sentence over all tables, and one row a table folded below it.

    `frame` is what `Workspace.loss_account` answers: table, step, rows, detail. A table whose newest date
    lies before the last day of `period` is named as not up to date.
    """
    if len(frame) == 0:
        return nothing(caption, "no rows to show")
    body: list[list[str | Cell]] = []
    for name, steps in frame.groupby("table", sort=False):
        by_step = {str(step["step"]): step for step in steps.to_dict("records")}
        counts = [_plain(by_step[kind]["rows"]) if kind in by_step else "" for kind in ("read", "used")]
        newest = _plain(by_step["newest"]["detail"]) if "newest" in by_step else ""
        aside = _steps(by_step, lambda step: step in SET_ASIDE)
        kept = _steps(by_step, lambda step: step not in (*SET_ASIDE, "read", "used", "newest"))
        body.append([str(name), *counts, aside or "nothing", kept, newest])
    head = ["table", "read", "used", "set aside", "kept, and named", "newest date"]
    said = _loss_sentence(frame, period)
    html = formats.table(caption, head, body, right={1, 2}, cards=True)
    html = (
        f"<p>{formats.escape(said)}</p><details><summary>Row by row, for each table</summary>"
        f"<div>{html}{_file(caption, frame)}</div></details>"
    )
    return Table(html, f"{said}\n{_text(head, body)}")


def under(said: formats.Shown, table: Table) -> Table:
    """A table under what it says, as one thing."""
    return Table(said.html() + table.markup, f"{said}\n\n{table.text}", table.file)


def nothing(caption: str, reason: str) -> Table:
    """The table that is not there, and why."""
    text = f"{caption}: {reason}."
    return Table(f'<p class="s">{formats.escape(text)}</p>', text)


def _file(caption: str, frame: pd.DataFrame) -> str:
    return spreadsheet.link(caption, [str(column) for column in frame.columns], spreadsheet.rows(frame))


def _stacked(frames: Mapping[str, pd.DataFrame], total: Mapping[str, pd.DataFrame], by: str) -> pd.DataFrame:
    """What stands side by side one below the other, as figures: each row names its metric."""
    parts = [(name, frame) for name, frame in frames.items()]
    parts += [
        (name, frame.iloc[-1:].assign(**{by: "all"})) for name, frame in total.items() if name in frames
    ]
    stacked = pd.concat([frame.astype(object).assign(metric=name) for name, frame in parts])
    return stacked[["metric", by, *(c for c in stacked.columns if c not in ("metric", by))]]


def _groups(frame: pd.DataFrame, by: str) -> list[str]:
    """The group of each row; `by segment` where the metric is undefined for all of them."""
    if by not in frame:
        return []
    return [
        f"by {by}" if pd.isna(name) and status == "undefined" else formats.label(name)
        for name, status in zip(frame[by], frame["status"], strict=True)
    ]


def _of(frame: pd.DataFrame, by: str, group: str) -> Any:
    if by not in frame:
        return None
    return _last(frame[[name == group for name in _groups(frame, by)]])


def _last(frame: pd.DataFrame | None) -> Any:
    return None if frame is None or len(frame) == 0 else frame.iloc[-1]


def _cell(row: Any, unit: str, currency: str) -> Cell:
    return Cell("", "no rows", "undefined") if row is None else formats.cell(row, unit, currency)


def _plain(value: Any) -> str:
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if isinstance(value, bool | str):
        return formats.label(value)
    known = formats.plain(value) if pd.api.types.is_number(value) else None
    return str(value) if known is None else f"{known:,.0f}" if known.is_integer() else f"{known:,.4g}"


def _loss_sentence(frame: pd.DataFrame, period: Period) -> str:
    """Rows read and used, set aside by reason, doubtful but kept, the newest date, what ends before it should."""
    sums = frame.groupby("step")["rows"].sum().sort_values(ascending=False, kind="stable")
    rows = {str(step): int(count) for step, count in sums.items()}
    read, used = (f"{rows.get(step, 0):,.0f}" for step in ("read", "used"))
    aside = [
        f"{count:,.0f} {STEPS.get(step, step)}" for step, count in rows.items() if step in SET_ASIDE and count
    ]
    doubtful = [
        f"{count:,.0f} {STEPS.get(step, step)}"
        for step, count in rows.items()
        if step not in (*SET_ASIDE, *STATED) and count
    ]
    newest = frame[frame["step"] == "newest"].set_index("table")["detail"].astype(str)
    dated = newest[newest.str.fullmatch(r"\d{4}-\d\d-\d\d")]
    last = (period.end - timedelta(days=1)).isoformat()
    late = ", ".join(f"{day} in {name}" for name, day in dated.items() if day < min(last, dated.max()))
    newest_said = f"The newest date is {dated.max()}" + (
        f", before the end of {period}" if len(dated) and dated.max() < last else ""
    )
    sentences = [
        f"{read} rows read from {_listed(frame['table'].nunique(), 'table')}, {used} used",
        f"Set aside: {', '.join(aside) or 'none'}",
        f"Kept, and named below: {', '.join(doubtful)}" if doubtful else "",
        *(
            f"{str(detail)[:1].upper()}{str(detail)[1:]}"
            for detail in frame[frame["step"] == "derived"]["detail"]
        ),
        newest_said + (f", but {late}" if late else "") if len(dated) else "No table has a date",
    ]
    return " ".join(f"{sentence}." for sentence in sentences if sentence)


def _listed(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _steps(by_step: Mapping[str, Mapping[Any, Any]], holds: Callable[[str], bool]) -> str:
    return "; ".join(
        f"{step['rows']:,.0f} {kind}" + (f" ({detail})" if (detail := _plain(step["detail"])) else "")
        for kind, step in by_step.items()
        if holds(kind) and (step["rows"] or kind == "derived")
    )


def _text(head: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> str:
    words = [[c if isinstance(c, str) else " ".join(part for part in c if part) for c in row] for row in rows]
    return "\n".join("  ".join(row) for row in [list(head), *words])
