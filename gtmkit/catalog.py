"""The catalogue: one row a metric, with what the trade says of it; the formula is the function of that name.

The definition is the first line of that function's docstring, so that text and code stand side by side.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from gtmkit.config import Config
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.ledgers.dimensions import ACCOUNT_DIMENSIONS, OPPORTUNITY_DIMENSIONS, OWNER_DIMENSIONS
from gtmkit.metrics import coverage, pipeline, retention, stages, usage
from gtmkit.results import Need, Setting

Decision = Literal["focus", "demand", "sales_motion", "onboarding", "compounding"]
Unit = Literal["share", "ratio", "money", "money per day", "days", "opportunity-days"]
LAYERS = {1: "outcomes", 2: "GTM outputs", 3: "value signals", 4: "inputs"}

OF_ACCOUNTS = (*ACCOUNT_DIMENSIONS, *OWNER_DIMENSIONS)
OF_OPPORTUNITIES = (*dict.fromkeys([*OPPORTUNITY_DIMENSIONS, *ACCOUNT_DIMENSIONS, *OWNER_DIMENSIONS]),)
OF_TARGETS = ("segment", "channel", "owner")


@dataclass(frozen=True)
class Variant:
    """Another published way to compute a metric: the options that make it, and what is different about it.

    `unit`: its own where it differs from the metric's; a share of money is a ratio, never suppressed.
    """

    note: str
    options: Mapping[str, Any]
    unit: Unit | None = None


@dataclass(frozen=True)
class Metric:
    """What the trade says of a metric.

    `better`: the direction that is good news. `decision`: which of the five it serves. `truth`: the system
    that is right about it. `standard`: whose definition it is; `departs`: where ours differs. `by`: the
    columns it may be broken down by. `axes`: the metric's own. `function`: the measure or derived metric.
    """

    function: Callable[..., pd.DataFrame]
    label: str
    layer: int
    unit: Unit
    better: Literal["up", "down", "neither"]
    decision: Decision
    truth: str
    standard: str
    by: tuple[str, ...]
    departs: str = ""
    axes: tuple[str, ...] = ()
    variants: Mapping[str, Variant] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id by which it is asked for: the name of its function."""
        return self.function.__name__

    def unit_with(self, options: Mapping[str, Any]) -> Unit:
        """The unit of what these options ask for: that of the variant they make, else the metric's."""
        for variant in self.variants.values():
            if variant.unit and variant.options.items() <= options.items():
                return variant.unit
        return self.unit

    @property
    def definition(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").splitlines()[0]

    @property
    def options(self) -> dict[str, inspect.Parameter]:
        """The keyword-only parameters beyond `by` and `periods`: what may be asked of it."""
        parameters = inspect.signature(self.function).parameters.values()
        return {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in ("by", "periods")}

    @property
    def inputs(self) -> list[str]:
        """The tables, ledgers or metrics it takes, by the names of its positional parameters."""
        parameters = inspect.signature(self.function).parameters.values()
        return [
            p.default.metric if isinstance(p.default, Need) else p.name
            for p in parameters
            if p.kind is p.POSITIONAL_OR_KEYWORD
        ]


_BY_AMOUNT = Variant("each opportunity weighs its amount", {"weight": "amount"}, "ratio")
_BILLING: dict[str, Any] = {"truth": "billing", "by": OF_ACCOUNTS, "decision": "compounding"}
_CRM: dict[str, Any] = {"truth": "crm", "by": OF_OPPORTUNITIES, "decision": "sales_motion"}
_ROWS: list[Metric] = [
    Metric(
        retention.mrr, "MRR", 1, "money", "up", **_BILLING,
        standard="recurring charges normalised to a month: annual / 12, week x 52 / 12",
        departs="what holds at the month's last instant; contracts signed but not live are not in it",
    ),
    Metric(
        retention.arr, "ARR", 1, "money", "up", **_BILLING,
        standard="MRR x 12 on the last day of the period",
    ),
    Metric(
        retention.arr_bridge, "ARR bridge", 1, "money", "up", **_BILLING,
        standard="new + expansion + reactivated + contraction + churned = change in ARR",
        departs="paying basis: any return from zero is reactivated, never new or expansion",
        axes=("movement",),
    ),
    Metric(
        retention.net_new_arr, "Net new ARR", 1, "money", "up", **_BILLING,
        standard="ARR at the end less ARR at the start",
    ),
    Metric(
        retention.net_revenue_retention, "Net revenue retention", 1, "ratio", "up", **_BILLING,
        standard="closed cohort: revenue now over revenue then of the accounts of then",
        departs="accounts that left and came back count with what they pay now",
        variants={
            "bridge": Variant(
                "from all movements, expansion of newer customers included; flatters, not a cohort",
                {"basis": "movements"},
            )
        },
    ),
    Metric(
        retention.gross_revenue_retention, "Gross revenue retention", 1, "ratio", "up", **_BILLING,
        standard="closed cohort, each account capped at its revenue then",
        departs="endpoint: an account that dipped and recovered lost nothing",
        variants={
            "flow": Variant("every loss within the window, also those made good since", {"basis": "movements"})
        },
    ),
    Metric(
        retention.logo_retention, "Logo retention", 1, "share", "up", **_BILLING,
        standard="customers then that are customers now, over customers then",
    ),
    Metric(
        retention.expansion_rate, "Expansion rate", 1, "ratio", "up", **_BILLING,
        standard="growth of the accounts of then over their revenue then",
        departs="netted within each account; NRR = GRR + this",
    ),
    Metric(
        retention.cohort_retention, "Cohort retention", 3, "share", "up", **_BILLING,
        standard="share of a start cohort still paying, by age",
        departs="retained at the age, so that one who returns counts again; unobserved months do not exist",
        variants={
            "net_revenue": Variant("MRR of the cohort over its first MRR", {"of": "net_revenue"}, "ratio"),
            "gross_revenue": Variant("the same, each account capped there", {"of": "gross_revenue"}, "ratio"),
        },
        axes=("cohort", "age"),
    ),
    Metric(
        usage.usage_retention, "Usage retention", 3, "share", "up", "onboarding", "product analytics",
        "share of those first active in an interval that are active so many intervals later", OF_ACCOUNTS,
        departs="first time only; intervals that have not ended do not exist",
        axes=("cohort", "age"),
    ),
    Metric(
        pipeline.pipeline_created, "Pipeline created", 2, "money", "up", **_CRM | {"decision": "demand"},
        standard="amount of new opportunities created in the period",
        departs="amount as first known, not as it stands today",
    ),
    Metric(
        pipeline.sales_accepted_rate, "Sales accepted rate", 2, "share", "up", **_CRM | {"decision": "demand"},
        standard="accepted over created",
        departs="by month of creation within a fixed window, so that young months do not look worse",
    ),
    Metric(
        stages.stage_conversion, "Stage conversion", 2, "share", "up", **_CRM,
        standard="stage to stage over a fixed window",
        departs="skipped stages filled in; only opportunities whose window has ended",
        variants={
            "amount": _BY_AMOUNT,
            "cohort": Variant(
                "of those created in the period, however long it took; these multiply to won", {"basis": "cohort"}
            ),
        },
        axes=("stage",),
    ),
    Metric(
        stages.time_in_stage, "Time in stage", 2, "days", "down", **_CRM,
        standard="median days in a stage",
        departs="Kaplan-Meier, so that opportunities still there count; 12 months of entries",
        axes=("stage",),
    ),
    Metric(
        pipeline.win_rate, "Win rate", 2, "share", "up", **_CRM,
        standard="won over won and lost, by close date",
        variants={"amount": _BY_AMOUNT},
    ),
    Metric(
        pipeline.close_rate, "Close rate", 2, "share", "up", **_CRM,
        standard="won by a given age over all created",
        departs="only opportunities whose window has ended; the curve treats losing as a competing outcome",
        variants={
            "amount": _BY_AMOUNT,
            "curve": Variant("Aalen-Johansen incidence of winning by age, young ones included", {"basis": "curve"}),
        },
    ),
    Metric(
        pipeline.sales_cycle, "Sales cycle", 2, "days", "down", **_CRM,
        standard="median days from stage 1 to close",
        departs="won or lost, Kaplan-Meier over 12 months of entries, open ones censored",
        variants={"won": Variant("plain median of those won in the period; conditional on winning", {"basis": "won"})},
    ),
    Metric(
        pipeline.average_selling_price, "Average selling price", 2, "money", "up", **_CRM,
        standard="first-year recurring amount won over opportunities won",
        departs="all kinds of [pipeline] kinds, expansion too, as win rate and velocity",
    ),
    Metric(
        pipeline.open_pipeline, "Open pipeline", 2, "money", "up", **_CRM,
        standard="amount of open opportunities",
        departs="as it stood at the end of the period, from stage_changes",
    ),
    Metric(
        coverage.pipeline_coverage, "Pipeline coverage", 2, "ratio", "up", **_CRM | {"by": OF_TARGETS},
        standard="open pipeline of a period over quota of that period",
        departs="over what is still to be booked, past-due expected closes left out",
        variants={"quota": Variant("over the whole target, booked or not", {"basis": "quota"})},
    ),
    Metric(
        pipeline.pipeline_velocity, "Pipeline velocity", 2, "money per day", "up", **_CRM,
        standard="opportunities x win rate x average size / cycle length",
        departs="one population for all four; a diagnostic, not a forecast",
    ),
    Metric(
        stages.stage_leak, "Leak by stage", 2, "money", "down", **_CRM,
        standard="ours: amount lost by the furthest stage reached, 12 months",
        axes=("stage",),
    ),
    Metric(
        stages.stage_wait, "Wait by stage", 2, "opportunity-days", "down", **_CRM,
        standard="ours: days spent in each stage, 12 months",
        axes=("stage",),
    ),
    Metric(
        stages.stage_skip_rate, "Stages skipped", 2, "share", "down", **_CRM,
        standard="ours: opportunities that passed a stage without having been in it",
        axes=("stage",),
    ),
    Metric(
        stages.stage_regress_rate, "Stages moved back", 2, "share", "down", **_CRM,
        standard="ours: stays in a stage that ended in an earlier one",
        axes=("stage",),
    ),
]  # fmt: skip
METRICS: dict[str, Metric] = {row.id: row for row in _ROWS}


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
