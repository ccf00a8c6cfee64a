"""The catalogue's rows of layer 2 about the pipeline: created, open, won, how fast and where it stops."""

from typing import Any

from gtmkit.catalog.metric import ALWAYS, OF_OPPORTUNITIES, OF_TARGETS, Metric, Variant
from gtmkit.metrics import bridge, coverage, pipeline, stages

_CRM: dict[str, Any] = {"truth": "crm", "by": OF_OPPORTUNITIES, "decision": "sales_motion"}
_BY_AMOUNT = Variant("each opportunity weighs its amount", {"weight": "amount"}, "ratio")
ROWS: list[Metric] = [
    Metric(
        pipeline.pipeline_created, "Pipeline created", 2, "money", "up", **_CRM | {"decision": "demand"},
        standard="amount of new opportunities created in the period",
        departs="amount as first known, not as it stands today",
        is_flow=True,
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
        looks_back=12,
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
            "curve": Variant(
                "Aalen-Johansen incidence of winning by age, young ones included", {"basis": "curve"}, looks_back=12
            ),
        },
    ),
    Metric(
        pipeline.sales_cycle, "Sales cycle", 2, "days", "down", **_CRM,
        standard="median days from stage 1 to close",
        departs="won or lost, Kaplan-Meier over 12 months of entries, open ones censored",
        variants={
            "won": Variant(
                "plain median of those won in the period; conditional on winning", {"basis": "won"}, looks_back=0
            ),
            "won_mean": Variant(
                "mean of those won in the period; conditional on winning, and a few long ones make most of it",
                {"basis": "won_mean"}, looks_back=0,
            ),
            "won_created": Variant(
                "from creation, plain median of those won in the period; the wait before the first stage is in it",
                {"basis": "won_created"}, looks_back=0,
            ),
        },
        looks_back=12,
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
        looks_back=ALWAYS,
    ),
    Metric(
        bridge.pipeline_bridge, "Pipeline bridge", 2, "money", "up", **_CRM, least="week",
        standard="open + created + pulled in - won - lost - pushed out, amounts raised and lowered = open at the end",
        departs="change by change from stage_changes, so that it closes; reopened is a row of its own, not created",
        variants={
            "expected": Variant(
                "of what is expected to close by the end of the quarter of the period's last day, past-due in it",
                {"basis": "expected"},
            )
        },
        looks_back=ALWAYS,
        axes=("movement",),
    ),
    Metric(
        coverage.pipeline_coverage, "Pipeline coverage", 2, "ratio", "up", **_CRM | {"by": OF_TARGETS},
        standard="open pipeline of a period over quota of that period",
        departs="over what is still to be booked, past-due expected closes left out",
        variants={"quota": Variant("over the whole target, booked or not", {"basis": "quota"})},
        looks_back=ALWAYS,
    ),
    Metric(
        pipeline.pipeline_velocity, "Pipeline velocity", 2, "money per day", "up", **_CRM,
        standard="opportunities x win rate x average size / cycle length",
        departs="one population for all four; a diagnostic, not a forecast",
    ),
    Metric(
        stages.stage_leak, "Leak by stage", 2, "money", "down", **_CRM,
        standard="ours: amount lost by the furthest stage reached, 12 months",
        looks_back=12,
        axes=("stage",),
    ),
    Metric(
        stages.stage_wait, "Wait by stage", 2, "opportunity-days", "down", **_CRM,
        standard="ours: days spent in each stage, 12 months",
        looks_back=12,
        axes=("stage",),
    ),
]  # fmt: skip
