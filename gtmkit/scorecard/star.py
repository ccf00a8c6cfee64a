"""The North Star as it stands on the page: its figure, and its guardrails with limit, standing and trend."""

import pandas as pd

from gtmkit import charts, display, formats, results
from gtmkit.scorecard import guardrails, markup
from gtmkit.scorecard.choice import NORTH_STAR
from gtmkit.scorecard.markup import Column
from gtmkit.scorecard.readings import Readings
from gtmkit.tables import Table
from gtmkit.wording.scorecard import OF_LIMIT

CAPTION = "Guardrails of the North Star"


def north_star(readings: Readings) -> Table:
    """The North Star with what counts as one, and each guardrail against its limit; what is missing is said."""
    parts, words = [], []
    agreed, reading = readings.config.north_star, readings.get(NORTH_STAR)
    if agreed is not None and reading is not None:
        rule = (
            f"{agreed.unit}s with at least {agreed.at_least} of {', '.join(agreed.events)} in a {agreed.per}"
            f"{', of the ideal customer profile' if agreed.icp_only else ''}"
        )
        parts.append(
            f'<div class="star"><h3>{formats.escape(agreed.label)}</h3>{markup.figure(reading.line)}'
            f"{markup.small(rule)}{markup.mark(reading.line.said)}"
            f"{markup.trust(reading)}</div>"
        )
        words.append(f"{agreed.label}: {reading.line.value or reading.line.reason}")
    rails = guardrails.rails(readings)
    if rails:
        columns = [Column("Guardrail"), Column("Value", True), Column("Limit", True), Column("Standing"),
                   Column("Trend")]  # fmt: skip
        rows = [_row(rail, readings) for rail in rails]
        parts.append(f"<div>{markup.table('rails', CAPTION, columns, [('', rows)])}</div>")
        words += [
            f"{r.standing.name} {r.standing.figure or r.standing.word}, {r.standing.target}: "
            f"{OF_LIMIT.get(r.standing.word, 'not judged')}"
            for r in rails
        ]
    lacking = guardrails.lacking(readings)
    parts += [f'<p class="s lack">{formats.escape(text)}</p>' for text in lacking]
    return Table(f'<div class="guarded">{"".join(parts)}</div>', "\n".join([*words, *lacking]))


def followed(readings: Readings) -> pd.DataFrame:
    """The North Star over the periods asked, for its picture; without one, one row that says so."""
    reading = readings.get(NORTH_STAR)
    if reading is None or readings.config.north_star is None:
        return results.undefined((), [readings.period.label], "no North Star: [north_star] in gtm.toml")
    return display.answer(
        reading.trend,
        metric=NORTH_STAR,
        title=readings.config.north_star.label,
        unit=reading.fact["unit"],
        currency=readings.config.company.currency,
        trust=lambda rows: {"": reading.trust},
    )


def _row(rail: guardrails.Rail, readings: Readings) -> list[str]:
    standing, reading = rail.standing, rail.reading
    if reading is None:
        return [formats.escape(standing.name), markup.lack(standing.word), formats.escape(standing.target),
                markup.mark("not judged", is_dashed=True), ""]  # fmt: skip
    fact = reading.at(readings.period.label)
    line = reading.line
    word = OF_LIMIT.get(standing.word, "")
    said = f'<span class="{"bad" if word == "crossed" else "no"}">{word}</span>' if word else markup.mark(
        "not judged", is_dashed=True
    )  # fmt: skip
    earlier = markup.small(f"of {line.period}") if line.period else ""
    unit = formats.spoken_unit(rail.metric, reading.fact["unit"])
    trend = charts.spark(
        reading.trend,
        title=standing.name,
        unit=unit,
        currency=readings.config.company.currency,
        target=rail.limit,
    )
    status = "" if fact is None or line.is_missing else markup.mark(line.said)
    return [
        formats.escape(standing.name) + status + markup.trust(reading), markup.figure(line) + earlier,
        formats.escape(standing.target), said, trend,
    ]  # fmt: skip
