"""The scorecard itself: its lines by layer with what was agreed of each, and every other metric below them."""

from collections.abc import Sequence

import pandas as pd

from gtmkit import catalog, charts, definitions, formats, results, spreadsheet
from gtmkit.config import Config
from gtmkit.periods import Period
from gtmkit.scorecard import markup
from gtmkit.scorecard.choice import lines
from gtmkit.scorecard.lines import Line
from gtmkit.scorecard.markup import Column
from gtmkit.scorecard.readings import Fact, Reading, Readings
from gtmkit.tables import Table

CADENCES = {
    1: ("Outcomes", "shown monthly, scored quarterly"),
    2: ("GTM outputs", "run monthly"),
    3: ("Value signals", "diagnosed weekly to monthly"),
    4: ("Inputs", "managed weekly"),
}
FILE = (
    "metric", "label", "layer", "period", "value", "low", "high", "n", "status", "reason", "icp", "target", "score",
    "owner", "next_review", "decision",
)  # fmt: skip
LINES = "The scorecard, by layer"


def card(readings: Readings) -> Table:
    """The lines of the scorecard: value, the ideal customer profile's, change, target, trend, owner, decision."""
    names = lines(readings.config)
    shown = [reading for name in names if (reading := readings.get(name))]
    columns = [
        Column("Metric"), Column("All", True), Column("ICP", True), Column("Change", True),
        Column("Target", True), Column("Trend"), Column("Owner"), Column("Decides"),
    ]  # fmt: skip
    if readings.no_icp:
        columns.pop(2)
    groups = []
    for layer in CADENCES:
        rows = [_cells(reading, readings) for reading in shown if reading.row.layer == layer]
        if rows:
            groups.append((_heading(layer), rows))
    html = markup.table("score", LINES, columns, groups)
    notes = [f"Nothing is shown of the ideal customer profile: {readings.no_icp}."] if readings.no_icp else []
    absent = [name for name in names if readings.get(name) is None]
    if absent:
        said = ", ".join(
            f"{catalog.label(n, readings.config)} ({_cadence(n, readings.config)})" for n in absent
        )
        notes.append(f"Not part of this review, run less often: {said}.")
    below = "".join(f'<p class="s">{formats.escape(note)}</p>' for note in notes)
    file = spreadsheet.link(LINES, list(FILE), [_plain(reading) for reading in shown])
    return Table(html + below, "\n".join([*(_said(reading) for reading in shown), *notes]), file)


def record(readings: Readings) -> pd.DataFrame:
    """The leading figure of each line, one row a metric, as figures of record."""
    shown = [reading for name in lines(readings.config) if (reading := readings.get(name))]
    facts = [{**reading.fact, "metric": reading.line.metric} for reading in shown]
    return pd.DataFrame(facts, columns=["metric", "period", *results.FIGURES, *results.WORDS])


def rest(readings: Readings) -> Table:
    """Every other metric of the review by layer, folded: value with interval and n, status and reason."""
    chosen = set(lines(readings.config))
    columns = [Column("Metric"), Column("Value", True), Column("Change", True), Column("Target", True)]
    parts, words = [], []
    for layer in CADENCES:
        others = [
            reading
            for name, reading in readings.by_metric.items()
            if reading.row.layer == layer and name not in chosen and _belongs(reading, readings)
        ]
        if not others:
            continue
        name, _ = CADENCES[layer]
        rows = [
            [
                _name(r, readings, r.rows),
                markup.figure(r.line),
                _change(r.line),
                _target(r.line, is_brief=True),
            ]
            for r in others
        ]
        html = markup.table("rest", name, columns, [("", rows)])
        parts.append(markup.folded(f"{name}: {len(others)} more", html))
        words += [_said(reading) for reading in others]
    return Table("".join(parts), "\n".join(words) or "Every metric of this review is a line.")


def _belongs(reading: Reading, readings: Readings) -> bool:
    """Whether a metric was asked for its own sake, and not to guard the North Star alone."""
    return catalog.belongs(reading.row, readings.period, readings.config)


def _cells(reading: Reading, readings: Readings) -> list[str]:
    line = reading.line
    cells = [
        _name(reading, readings, 1), markup.figure(line), _icp(reading), _change(line), _target(line),
        _trend(reading, readings), _owner(line), _decision(line),
    ]  # fmt: skip
    if readings.no_icp:
        cells.pop(2)
    return cells


def _heading(layer: int) -> str:
    name, cadence = CADENCES[layer]
    return f"{name} <small>{cadence}</small>"


def _name(reading: Reading, readings: Readings, rows: int) -> str:
    """The name with its definition, whose figure it is where not the period's, what is not final, and its trust."""
    line = reading.line
    marks = markup.mark(line.entrants, is_dashed=True)
    if not line.is_missing and line.said:
        marks += " " + markup.mark(line.said)
    reason = "" if line.is_missing else markup.small(line.reason)
    of = markup.small(f"the highest of {rows}") if rows > 1 else ""
    early = markup.small(f"{readings.period} is not yet observed") if line.entrants else ""
    definition = f'<small class="def">{formats.escape(line.definition)}</small>'
    return f"{formats.escape(line.label)}{definition}{marks}{early}{of}{reason}{markup.trust(reading)}"


def _icp(reading: Reading) -> str:
    return markup.figure(reading.icp) if reading.icp else markup.lack("no rows")


def _change(line: Line) -> str:
    change = line.change
    if change.reason:
        return markup.small(change.reason)
    if not change.size:
        return markup.lack("no figure")
    told = ""
    if change.told:
        adverse = '<span class="bad">adverse, told apart</span>' if change.is_adverse else change.told
        told = f"{formats.escape(change.interval)}, {adverse}<br>"
    since = f'{formats.escape(change.figure)} <span class="no">in {change.since}</span>'
    return f"{formats.escape(change.size)}<small>{told}from {since}</small>"


def _target(line: Line, *, is_brief: bool = False) -> str:
    if line.target:
        return formats.escape(line.target) + markup.small(line.score)
    if line.score:
        return markup.lack(line.score)
    return markup.lack("none" if is_brief else f"no target: [metric.{_id(line)}] target in gtm.toml")


def _owner(line: Line) -> str:
    owner = (
        f"<bdi>{formats.escape(line.owner)}</bdi>"
        if line.owner
        else markup.lack(f"no owner: [metric.{_id(line)}] owner in gtm.toml")
    )
    if line.next_review:
        return owner + markup.small(f"next review {line.next_review}")
    return owner + markup.lack(f"no next review: [metric.{_id(line)}] next_review in gtm.toml")


def _decision(line: Line) -> str:
    if line.decision:
        return formats.escape(line.decision)
    return markup.lack(f"no decision: [metric.{_id(line)}] decision in gtm.toml")


def _id(line: Line) -> str:
    return line.metric.partition(".")[0]


def _trend(reading: Reading, readings: Readings) -> str:
    row, line = reading.row, reading.line
    return charts.spark(
        reading.trend,
        title=line.label,
        unit=formats.spoken_unit(row.id, reading.fact["unit"]),
        currency=readings.config.company.currency,
        target=line.goal,
        changes=definitions.changed_in(row.id, _periods(reading.facts, readings.config), readings.config),
    )


def _periods(facts: Sequence[Fact], config: Config) -> list[Period]:
    return [Period.parse(fact["period"], config.company.fiscal_year_start) for fact in facts]


def _cadence(name: str, config: Config) -> str:
    row, _ = catalog.find(name)
    return f"by the {catalog.cadence(row, config)}"


def _said(reading: Reading) -> str:
    """A line as text: `Win rate 21.8 % (17 to 27, n 271), target 30 %: missed; trust: check: Pipeline review`."""
    line = reading.line
    if line.is_missing:
        return f"{line.label}: {line.said}{f': {line.reason}' if line.reason else ''}"
    beside = ", ".join(part for part in (line.interval, f"n {line.n}" if line.n else "") if part)
    figure = f"{line.label} {line.value}" + (f" ({beside})" if beside else "")
    figure += f", {line.entrants}" if line.entrants else ""
    figure += f", target {line.target}: {line.score}" if line.target else ""
    return figure + ("" if reading.trust.is_sound else f"; trust: {reading.trust}")


def _plain(reading: Reading) -> list[object]:
    """A line as a row of a file, figures as numbers."""
    fact, line = reading.fact, reading.line
    figures = [fact[name] for name in ("value", "low", "high", "n", "status", "reason")]
    own = reading.icp.value if reading.icp else ""
    return [
        line.metric, line.label, reading.row.layer, fact["period"], *figures, own, line.target, line.score,
        line.owner, line.next_review, line.decision,
    ]  # fmt: skip
