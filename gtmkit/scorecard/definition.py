"""The figures that are argued about, under each published definition, as they stand at the end of a page."""

import pandas as pd

from gtmkit import catalog, charts, formats, wording
from gtmkit.periods import Week
from gtmkit.results import FIGURES, WORDS
from gtmkit.strip import Strip
from gtmkit.workspace import Workspace

MONTHS = 12  # a month by channel has too few, and definitions of other spans would differ by that alone
NOTE = "Diamond: the company, on its interval. Rings: {by}; orange where two change places against our definition."


def by_definition(ws: Workspace, *metrics: str, by: str, months: int = MONTHS) -> formats.Together:
    """Each metric under its published definitions: what turns with them, a picture, and the figures below it.

    `months`: of those metrics that take it, but in a week. Only a metric with some figure has a picture.
    """
    currency = ws.config.company.currency
    asked = {} if isinstance(ws.period, Week) else {"months": months}
    parts: list[formats.Shown] = []
    for metric in metrics:
        strip = ws.definition_strip(metric, by, **_taken(metric, asked))
        parts.append(wording.definition_strip(strip, currency=currency))
        if strip.rows["value"].notna().any():
            parts.append(_picture(strip, currency))
    return formats.Together(tuple(parts))


def _taken(metric: str, options: dict[str, int]) -> dict[str, int]:
    row, _ = catalog.find(metric)
    return {name: value for name, value in options.items() if name in row.options}


def _picture(strip: Strip, currency: str) -> charts.Picture:
    return charts.show(
        lambda width: charts.definition_strip(strip, currency=currency, width=width),
        _table(strip),
        title=f"{strip.label} under {len(strip.answers)} definitions",
        note=NOTE.format(by=strip.by or "none"),
        unit=strip.unit,
        currency=currency,
        of={strip.label: next(iter(strip.answers.values()))},
    )


def _table(strip: Strip) -> pd.DataFrame:
    """The figures as the picture's table: by definition and group, with who publishes it."""
    column = strip.by or "group"
    rows = strip.rows.rename(columns={"group": column})
    return rows[["definition", "source", column, *FIGURES, *WORDS]]
