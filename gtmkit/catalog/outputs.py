"""The catalogue's rows of layer 2, what the go-to-market work puts out."""

from typing import Any

from gtmkit.catalog.metric import OF_ACCOUNTS, OF_COSTS, OF_OPPORTUNITIES, OF_TARGETS, Metric, Variant
from gtmkit.metrics import coverage, customers, economics, efficiency, pipeline, stages

_CRM: dict[str, Any] = {"truth": "crm", "by": OF_OPPORTUNITIES, "decision": "sales_motion"}
_BY_AMOUNT = Variant("each opportunity weighs its amount", {"weight": "amount"}, "ratio")
_COST: dict[str, Any] = {"truth": "finance", "by": OF_COSTS, "decision": "demand"}
_ENGINE: dict[str, Any] = {"truth": "finance", "by": (), "decision": "compounding"}
ROWS: list[Metric] = [
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
        customers.new_logos, "New customers", 2, "accounts", "up", "demand", "billing",
        "customers won in the period", OF_ACCOUNTS,
        departs="by the first month end with MRR; one who left and came back is not new",
    ),
    Metric(
        economics.cac, "CAC", 2, "money", "down", **_COST,
        standard="sales and marketing cost to win customers over customers won",
        departs="cost of [cac] lag_months before, because it comes before its customers; all cost, shared out to rows",
        variants={
            "paid": Variant("cost booked on the row alone, nothing shared out; flatters, not what a customer costs",
                            {"cost": "paid"})
        },
    ),
    Metric(
        economics.cac_payback, "CAC payback", 2, "months", "down", **_COST,
        jackknife=5,
        standard="CAC over monthly gross margin of a new customer",
        departs="total over total; the margin is the company's in every row; as if nobody left meanwhile",
        variants={"revenue": Variant("on MRR, margin left out; too short by the cost of delivery", {"margin": "none"})},
    ),
    Metric(
        economics.ltv, "LTV", 2, "money", "up", "compounding", "billing",
        "gross margin x ARPA x lifetime", OF_ACCOUNTS, jackknife=100,
        departs="lifetime as observed and within [ltv] horizon_months, the same for all rows; no value beyond it",
        variants={
            "simple": Variant(
                "ARPA x margin / the month's logo churn; wrong where churn changes with age, and without a horizon",
                {"lifetime": "simple"},
            )
        },
    ),
    Metric(
        economics.ltv_to_cac, "LTV:CAC", 2, "ratio", "up", **_COST,
        jackknife=5,
        standard="LTV over CAC, 3 is called healthy",
        departs="within the horizon, so lower than with an endless lifetime; customers of today stand for new ones",
    ),
    Metric(
        efficiency.magic_number, "Magic number", 2, "ratio", "up", **_ENGINE,
        standard="(revenue of the quarter - of the quarter before) x 4 / sales and marketing of the quarter before",
        departs="three months to the end of any period",
        variants={
            "arr": Variant("net new ARR over the same cost; not times 4, ARR is of a year already", {"basis": "arr"}),
            "as_written": Variant(
                "new ARR x 4 over the same cost; wrong: four times too high, since ARR is of a year already",
                {"basis": "as_written"},
            ),
        },
    ),
    Metric(
        efficiency.new_cac_ratio, "New CAC ratio", 2, "ratio", "down", **_ENGINE,
        jackknife=5,
        standard="cost to win customers over the ARR they bring",
        departs="cost of the three months before; others call its inverse by this name",
    ),
    Metric(
        efficiency.expansion_cac_ratio, "Expansion CAC ratio", 2, "ratio", "down", **_ENGINE,
        jackknife=5,
        standard="cost to expand customers over the ARR by which they grow",
        departs="sales and marketing with purpose expansion alone, of the three months before",
    ),
    Metric(
        efficiency.blended_cac_ratio, "Blended CAC ratio", 2, "ratio", "down", **_ENGINE,
        jackknife=5,
        standard="sales and marketing over new and expansion ARR",
        departs="not over net new ARR, which churn can bring below zero; cost for retention is left out",
    ),
]  # fmt: skip
