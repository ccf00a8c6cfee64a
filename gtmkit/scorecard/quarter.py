"""The quarter so far as a table: what was made of its target, and of as many months of the quarters before."""

from gtmkit import catalog, formats
from gtmkit.scorecard import markup
from gtmkit.scorecard.lines import PART
from gtmkit.scorecard.markup import Column
from gtmkit.scorecard.pace import QUARTERS_BACK, Before, Pace, paces, quarter_of
from gtmkit.tables import Table, nothing
from gtmkit.trust import shown
from gtmkit.workspace import Workspace

CAPTION = "The quarter to date"
NUMBERS = {1: "one", 2: "two", 3: "three"}
FIRST = {1: ", first month", 2: ", first 2 months"}


def quarter_to_date(ws: Workspace) -> Table:
    """Each flow in the quarter so far, against its target and the same months of the last four quarters."""
    found = paces(ws)
    if not found:
        return nothing(CAPTION, f"a {ws.period.grain} has none; a month or a quarter has")
    quarter, months = quarter_of(ws.period), found[0].months
    whole = months == quarter.months
    cut_short = next((pace.cut_short for pace in found if pace.cut_short), "")
    span = f"{quarter.label}, " + (
        "whole" if whole else f"{NUMBERS[months]} of {NUMBERS[quarter.months]} months: a part of it"
    )
    columns = [
        Column("Made in the quarter"), Column("Whole quarter" if whole and not cut_short else "So far", True),
        Column("Of its target", True), Column("Against the plan so far", True),
        *(Column(f"{one.quarter.label}{'' if whole else FIRST[months]}", True) for one in found[0].before),
    ]  # fmt: skip
    currency = ws.config.company.currency
    rows = [_row(pace, ws) for pace in found]
    told = (
        f"{span}. Each earlier quarter is counted over its first {NUMBERS[months]} month{'s' if months > 1 else ''}, "
        "as this one is."
        if not whole
        else f"{span}. The {QUARTERS_BACK} quarters before it are whole too."
    )
    if cut_short:
        told = (
            f"{quarter.label}: {cut_short}, so what is counted by then is not compared with what was whole."
        )
    html = f'<p class="s">{formats.escape(told)}</p>' + markup.table("pace", CAPTION, columns, [("", rows)])
    words = [_said(pace, currency, catalog.label(pace.row.id, ws.config)) for pace in found]
    return Table(html, "\n".join([told, *words]))


def _row(pace: Pace, ws: Workspace) -> list[str]:
    value, currency = pace.fact["value"], ws.config.company.currency
    trust = "" if value is None else shown.mark(ws.trust(pace.row.id))
    cells = [
        formats.escape(catalog.label(pace.row.id, ws.config)) + trust,
        _figure(pace, currency),
        _of_target(pace, currency),
        _to_plan(pace, currency),
    ]
    for one in pace.before:
        if one.fact["value"] is None:
            cells.append(markup.lack(formats.absence(one.fact)))
        else:
            then = formats.escape(formats.number(one.fact["value"], pace.row.unit, currency))
            cells.append(then + ("" if value is None else markup.small(_over(value, one, pace))))
    return cells


def _figure(pace: Pace, currency: str) -> str:
    fact = pace.fact
    if fact["value"] is None:
        return markup.lack(formats.absence(fact))
    partial = markup.mark("quarter goes on", is_dashed=True) if pace.is_partial else ""
    status = markup.mark("" if fact["status"] == "final" else str(fact["status"]))
    return (
        f"<b>{formats.escape(formats.number(fact['value'], pace.row.unit, currency))}</b> {partial} {status}"
    )


def _of_target(pace: Pace, currency: str) -> str:
    """The share of the whole quarter's target that is made; no verdict while the quarter goes on."""
    if pace.target is None:
        return markup.lack(pace.reason)
    target = f"of {formats.number(pace.target, pace.row.unit, currency)}"
    if pace.fact["value"] is None or pace.target <= 0:
        return markup.small(target)
    return formats.escape(formats.number(pace.fact["value"] / pace.target, "share", digits=0)) + markup.small(
        target
    )


def _to_plan(pace: Pace, currency: str) -> str:
    """The difference to the target of the months that are over."""
    if pace.to_date is None:
        return markup.lack(pace.reason or "no targets by month")
    planned = markup.small(f"plan {formats.number(pace.to_date, pace.row.unit, currency)}")
    if pace.fact["value"] is None:
        return planned
    return (
        formats.escape(formats.signed(pace.fact["value"] - pace.to_date, pace.row.unit, currency)) + planned
    )


def _over(value: float, before: Before, pace: Pace) -> str:
    """How many times as much as then, or why that cannot be said; nothing where then there was none."""
    if pace.cut_short:
        return f"not compared: {PART}"
    if before.changed:
        return f"not comparable: definition changed in {before.changed}"
    then = before.fact["value"]
    return f"now {formats.number(value / then, 'ratio')} times" if then > 0 else ""


def _said(pace: Pace, currency: str, label: str) -> str:
    unit, fact = pace.row.unit, pace.fact
    if fact["value"] is None:
        return f"{label}: {formats.absence(fact)}"
    words = f"{label} {formats.number(fact['value'], unit, currency)}"
    if pace.target is None:
        return f"{words}; {pace.reason}"
    return f"{words} of {formats.number(pace.target, unit, currency)}"
