"""A metric by channel under each rule of attribution, so that they can be read side by side."""

from typing import Any

import pandas as pd

from gtmkit.workspace import RULES, Workspace


def by_each_rule(ws: Workspace, metric: str = "pipeline_created", **options: Any) -> dict[str, pd.DataFrame]:
    """The answers to a metric by channel as declared, by first touch and by last touch.

    `options` are those of the metric, such as months=12. All three are among the facts of the workspace. Raises
    ConfigError as `Workspace.metric` does; without a table of touches the two rules of touches are undefined.
    """
    return {rule: ws.attributed(rule).metric(metric, by="channel", **options) for rule in RULES}
