"""The catalogue: one row a metric, with what the trade says of it; the formula is the function of that name.

The definition is the first line of that function's docstring, so that text and code stand side by side. The
rows stand by layer: `outcomes`, `outputs`, `signals`, `inputs`, and `processes` for process indicators.
"""

from collections.abc import Sequence

import pandas as pd

from gtmkit.catalog import inputs, outcomes, outputs, processes, signals
from gtmkit.catalog.metric import LAYERS, Decision, Metric, Unit, Variant
from gtmkit.config import Config
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.results import Setting

__all__ = [
    "LAYERS", "METRICS", "Decision", "Metric", "Unit", "Variant", "check_agreed", "check_by", "define", "find",
    "label", "overview",
]  # fmt: skip

METRICS: dict[str, Metric] = {
    row.id: row for layer in (outcomes, outputs, signals, inputs, processes) for row in layer.ROWS
}


def find(metric: str) -> tuple[Metric, str]:
    """The catalogue's row and the variant ('' for none) that an id names.

    Raises ConfigError for an id or variant that is not in the catalogue.
    """
    name, dot, variant = metric.partition(".")
    if name not in METRICS:
        raise ConfigError(
            f"There is no metric '{name}'.{did_you_mean(name, METRICS)} "
            "`gtmkit metrics` lists all there are. Ask for one of them."
        )
    row = METRICS[name]
    if dot and variant not in row.variants:
        have = ", ".join(f"{name}.{v}" for v in row.variants) or "none"
        raise ConfigError(
            f"{name} has no variant '{variant}'.{did_you_mean(variant, row.variants)} It has: {have}. "
            f"Ask for one of these, or for {name}."
        )
    return row, variant


def define(*metrics: str, config: Config) -> pd.DataFrame:
    """What the named metrics mean: definition, standard, departures, owner, target, changes; one row each."""
    rows = []
    for name in metrics:
        row, variant = find(name)
        agreed = config.metric.get(row.id)
        changes = [f"{c.on.isoformat()}: {c.note}" for c in config.change if c.metric == row.id]
        note = f" Variant: {row.variants[variant].note}." if variant else ""
        if "window_months" in row.options:
            note = f" Window: {config.retention.window_months} months.{note}"
        rows.append(
            {
                "metric": label(name, config),
                "id": name,
                "definition": row.definition + note,
                "unit": row.unit,
                "serves": row.decision.replace("_", " "),
                "standard": row.standard,
                "departs": row.departs or None,
                "truth": (agreed.truth if agreed and agreed.truth else row.truth),
                "owner": agreed.owner if agreed else None,
                "target": agreed.target if agreed else None,
                "version": agreed.version if agreed else 1,
                "changes": "; ".join(changes) or None,
            }
        )
    return pd.DataFrame(rows)


def label(metric: str, config: Config) -> str:
    """The name a reader sees; a retention window other than 12 months is part of it."""
    row, variant = find(metric)
    window = row.options.get("window_months")
    months = config.retention.window_months
    short = (
        f", {months} months"
        if window is not None and isinstance(window.default, Setting) and months != 12
        else ""
    )
    return f"{row.label}{short}{f' ({variant})' if variant else ''}"


def overview() -> pd.DataFrame:
    """The catalogue as a frame: id, label, layer, unit, decision, variants, allowed `by`, definition."""
    return pd.DataFrame(
        [
            {
                "id": row.id, "label": row.label, "layer": row.layer, "unit": row.unit, "better": row.better,
                "decision": row.decision, "truth": row.truth,
                "variants": " ".join(row.variants), "by": " ".join(row.by),
                "definition": row.definition, "standard": row.standard, "departs": row.departs,
            }
            for row in METRICS.values()
        ]
    )  # fmt: skip


def check_by(metric: str, by: Sequence[str]) -> None:
    """Raises ConfigError where a metric may not be broken down by one of the columns."""
    row, _ = find(metric)
    twice = [column for i, column in enumerate(by) if column in by[:i]]
    if twice:
        raise ConfigError(f"by names '{twice[0]}' twice. Each column once is allowed. Leave one out.")
    for column in by:
        if column not in row.by:
            raise ConfigError(
                f"{row.id} cannot be asked by '{column}'.{did_you_mean(column, row.by)} "
                f"Allowed: {', '.join(row.by)}. Choose one of these."
            )


def check_agreed(config: Config) -> None:
    """Raises ConfigError where gtm.toml agrees something about a metric that there is not."""
    named = [(f"metric.{name}", name) for name in config.metric]
    named += [(f"change[{at}].metric", change.metric) for at, change in enumerate(config.change)]
    for key, name in named:
        if name not in METRICS:
            raise ConfigError(
                f"{config.file}: {key}: there is no metric '{name}'.{did_you_mean(name, METRICS)} "
                "`gtmkit metrics` lists all there are. Correct the name."
            )
