"""The catalogue: one row a metric, with what the trade says of it; the formula is the function of that name.

The definition is the first line of that function's docstring, so that text and code stand side by side. The
rows stand by layer: `outcomes`, then `demand`, `outputs` (the pipeline) and `economics` of layer 2, `signals`,
`inputs`, and `processes` for process indicators.
"""

from collections.abc import Callable, Sequence

import pandas as pd

from gtmkit.catalog import demand, economics, inputs, outcomes, outputs, processes, signals
from gtmkit.catalog.metric import LAYERS, Decision, Metric, Redefined, Unit, Variant
from gtmkit.config import Cadence, Change, Config
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.periods import Period
from gtmkit.results import Setting

__all__ = [
    "DIMENSIONS", "LAYERS", "METRICS", "Decision", "Metric", "Redefined", "Unit", "Variant", "belongs",
    "cadence", "changes", "check_agreed", "check_by", "define", "find", "label", "overview", "records", "version",
]  # fmt: skip

METRICS: dict[str, Metric] = {
    row.id: row
    for layer in (outcomes, demand, outputs, economics, signals, inputs, processes)
    for row in layer.ROWS
}


SHOWN_MONTHLY = ("arr", "net_revenue_retention")  # outcomes that a month shows; only a quarter scores them

# Every column by which some metric may be asked.
DIMENSIONS = tuple(dict.fromkeys(column for row in METRICS.values() for column in row.by))


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


def define(*metrics: str, config: Config, trust: Callable[[str], object] | None = None) -> pd.DataFrame:
    """What the named metrics mean: definition, standard, departures, owner, target, changes; one row each.

    `trust`, such as that of a workspace, says how far each can be trusted; without it nothing is said of that.
    """
    rows = []
    for name in metrics:
        row, variant = find(name)
        agreed = config.metric.get(row.id)
        said = [f"{c.on.isoformat()}: {c.note}" for c in changes(config) if c.metric == row.id]
        note = f" Variant: {row.variants[variant].note}." if variant else ""
        if months := _window(row, variant, config):
            note = f" Window: {months} {'month' if months == 1 else 'months'}.{note}"
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
                "version": version(row, config),
                "changes": "; ".join(said) or None,
                **({"trust": str(trust(name))} if trust else {}),
            }
        )
    return pd.DataFrame(rows)


def version(row: Metric, config: Config) -> int:
    """The version of what a metric means: it rises with a change in the code as with one in gtm.toml."""
    agreed = config.metric.get(row.id)
    return row.version - 1 + (agreed.version if agreed else 1)


def changes(config: Config) -> list[Change]:
    """The log of changed definitions, those in gtm.toml and those in the code, oldest first."""
    of_code = [
        Change(on=made.on, metric=row.id, note=made.note) for row in METRICS.values() for made in row.changes
    ]
    return sorted([*config.change, *of_code], key=lambda change: (change.on, change.metric))


def label(metric: str, config: Config) -> str:
    """The name a reader sees; a retention window other than 12 months is part of it."""
    row, variant = find(metric)
    months = _window(row, "", config)
    short = f", {months} months" if months and months != 12 and not _has_own_window(row, variant) else ""
    return f"{row.label}{short}{f' ({variant})' if variant else ''}"


def _has_own_window(row: Metric, variant: str) -> bool:
    return bool(variant) and "window_months" in row.variants[variant].options


def _window(row: Metric, variant: str, config: Config) -> int | None:
    """The months of the window of retention: the variant's own, else that of gtm.toml; None where it has none."""
    window = row.options.get("window_months")
    if window is None or not isinstance(window.default, Setting):
        return None
    own = row.variants[variant].options if _has_own_window(row, variant) else {}
    return int(own.get("window_months", config.retention.window_months))


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


def cadence(row: Metric, config: Config) -> Cadence:
    """How often a metric is run: as [cadence] says, else by its layer.

    Inputs and value signals by the week where they can be counted so, GTM outputs by the month, outcomes by
    the quarter.
    """
    if row.id in config.cadence:
        return config.cadence[row.id]
    if row.layer == 1:
        return "quarter"
    return "week" if row.least == "week" and row.layer in (3, 4) else "month"


def records(row: Metric, config: Config) -> tuple[str, ...]:
    """The columns that tell apart the records a metric counts; those of people where the North Star counts people."""
    agreed = config.north_star
    is_of_people = row.id == "north_star" and agreed is not None and agreed.unit == "user"
    return ("user_id",) if is_of_people else row.records


def belongs(row: Metric, period: Period, config: Config) -> bool:
    """Whether a metric is part of the review of such a period.

    A week has what is run weekly; a month that and what is run monthly, with ARR and NRR shown; a quarter or
    year has everything.
    """
    if period.grain == "week":
        return cadence(row, config) == "week" and row.least == "week"
    if period.grain == "month":
        return cadence(row, config) != "quarter" or row.id in SHOWN_MONTHLY
    return True


def check_agreed(config: Config) -> None:
    """Raises ConfigError where gtm.toml agrees something about a metric, variant or column that there is not."""
    named = [(f"metric.{name}", name) for name in config.metric]
    named += [(f"cadence.{name}", name) for name in config.cadence]
    named += [(f"guardrails.{name}", name) for name in config.guardrails]
    named += [(f"change[{at}].metric", change.metric) for at, change in enumerate(config.change)]
    for key, name in named:
        if name not in METRICS:
            raise ConfigError(
                f"{config.file}: {key}: there is no metric '{name}'.{did_you_mean(name, METRICS)} "
                "`gtmkit metrics` lists all there are. Correct the name."
            )
    for at, line in enumerate(config.scorecard.lines):
        try:
            find(line)
        except ConfigError as unknown:
            raise ConfigError(f"{config.file}: scorecard.lines[{at}]: {unknown}") from None
    for at, column in enumerate(config.scorecard.focus):
        if column not in DIMENSIONS:
            raise ConfigError(
                f"{config.file}: scorecard.focus[{at}]: nothing is known by '{column}'."
                f"{did_you_mean(column, DIMENSIONS)} Allowed: {', '.join(DIMENSIONS)}. Choose one of these."
            )
