"""Why one figure moved, as it stands on a page: in sentences, as a picture, and the figures of each group."""

from typing import Any

from gtmkit import catalog, charts, explain, formats, tables, wording
from gtmkit.workspace import Workspace

NOTE = "By {by}: mix and rate of each. The parts add up to the change."


def why(
    ws: Workspace, metric: str, by: str, *, back: int, subject: str, title: str, **options: Any
) -> formats.Shown:
    """How far a metric moved in so many periods, in what parts by a dimension, and the figures of its groups.

    Where that cannot be told, the reason alone. `subject` names the figure in the sentences, `title` the picture.
    Raises ConfigError as `Workspace.explain` does.
    """
    whole, groups = (ws.metric(metric, by=columns, periods=back + 1, **options) for columns in ((), (by,)))
    told, currency = (
        ws.explain(metric, ws.period.shift(-back).label, by, **options),
        ws.config.company.currency,
    )
    said = wording.why(told, subject=subject, currency=currency)
    if told.change is None:
        return said
    periods = (told.versus, told.period)
    picture = charts.show(
        lambda width: charts.waterfall(told, currency=currency, width=width),
        explain.as_answer(told),
        title=f"{title}, {told.versus} against {told.period}",
        note=NOTE.format(by=by),
        unit=formats.spoken_unit(told.metric, told.unit),
        currency=currency,
        of={catalog.label(metric, ws.config): whole},
    )
    figures = tables.beside(
        {period: wording.where(groups, period=period) for period in periods},
        by,
        f"{title}: each {by} then and now",
        units=dict.fromkeys(periods, told.unit),
        currency=currency,
        total={period: wording.where(whole, period=period) for period in periods},
    )
    return formats.Together((said, picture, figures))
