"""Why one figure moved, as it stands on a page: in sentences, as a picture, and its parts as a table."""

from typing import Any

from gtmkit import catalog, charts, explain, formats, wording
from gtmkit.workspace import Workspace

NOTE = "By {by}: mix and rate of each. The parts add up to the change."


def why(
    ws: Workspace, metric: str, versus: str, by: str, *, subject: str, title: str, **options: Any
) -> formats.Shown:
    """How far a metric moved since an earlier period and in what parts, told by a dimension, under one another.

    Where that cannot be told, the reason alone. `subject` names the figure in the sentences, `title` the picture.
    Raises ConfigError as `Workspace.explain` does.
    """
    told, currency = ws.explain(metric, versus, by, **options), ws.config.company.currency
    said = wording.why(told, subject=subject, currency=currency)
    if told.change is None:
        return said
    picture = charts.show(
        lambda width: charts.waterfall(told, currency=currency, width=width),
        explain.as_answer(told),
        title=f"{title}, {told.versus} against {told.period}",
        note=NOTE.format(by=by),
        unit=formats.spoken_unit(told.metric, told.unit),
        currency=currency,
        of={catalog.label(metric, ws.config): ws.metric(metric, **options)},
    )
    return formats.Together((said, picture))
