"""The catalogue's rows of layer 2 about what customers cost and bring, what a unit of cost brings, and the plan."""

from typing import Any

from gtmkit.catalog.metric import ALWAYS, OF_ACCOUNTS, OF_COSTS, OF_TARGETS, Metric, Variant
from gtmkit.metrics import bookings, customers, economics, efficiency, payback

_COST: dict[str, Any] = {"truth": "finance", "by": OF_COSTS, "decision": "demand"}
_ENGINE: dict[str, Any] = {"truth": "finance", "by": (), "decision": "compounding"}
_PLAN: dict[str, Any] = {"truth": "crm", "by": OF_TARGETS, "decision": "sales_motion"}
ROWS: list[Metric] = [
    Metric(
        customers.new_logos, "New customers", 2, "accounts", "up", "demand", "billing",
        "customers won in the period", OF_ACCOUNTS,
        departs="by the first month end with MRR; one who left and came back is not new",
        is_flow=True,
    ),
    Metric(
        economics.cac, "CAC", 2, "money", "down", **_COST,
        standard="sales and marketing cost to win customers over customers won",
        departs="cost of [cac] lag_months before, because it comes before its customers; all cost, shared out to rows",
        variants={
            "paid": Variant("cost booked on the row alone, nothing shared out; flatters, not what a customer costs",
                            {"cost": "paid"}),
            "by_logos": Variant("shared cost by customers won; who brings many small ones carries more of it",
                                {"allocation": "logos"}),
            "same_period": Variant(
                "cost of the same months as the customers; wrong where cost grows or falls before they come",
                {"lag_months": 0},
            ),
            "prior_quarter": Variant("cost of the three months before, whatever the sales cycle", {"lag_months": 3}),
        },
    ),
    Metric(
        economics.cac_payback, "CAC payback", 2, "months", "down", **_COST | {"decision": "compounding"},
        jackknife=5,
        standard="CAC over monthly gross margin of a new customer",
        departs="total over total; the margin is the company's in every row; as if nobody left meanwhile",
        variants={
            "revenue": Variant("on MRR, margin left out; too short by the cost of delivery", {"margin": "none"}),
            "same_period": Variant(
                "cost of the same months as the customers; wrong where cost grows or falls before they come",
                {"lag_months": 0},
            ),
        },
    ),
    Metric(
        payback.cumulative_mrr, "MRR of a month's customers, added up", 2, "money", "up", "compounding", "billing",
        "ours: what new customers of a month paid by an age, those who left with nothing", OF_ACCOUNTS,
        departs="at month ends: what was paid inside a month and gone by its end is not in it",
        axes=("cohort", "age"),
        own_span=True,
    ),
    Metric(
        payback.survival_payback, "CAC paid back", 2, "ratio", "up", **_COST | {"decision": "compounding"},
        axes=("age",),
        own_span=True,
        jackknife=10,
        standard="ours: margin that customers brought by an age over what it cost to win them",
        departs="with churn, contraction and expansion; today's margin of the company; cost month by month",
        variants={
            "curve": Variant("added up over ages from customers of each age, as a life table; never falls with age",
                             {"pooled": "ages"}),
            "revenue": Variant("on MRR, margin left out; too high by the cost of delivery", {"margin": "none"}),
        },
    ),
    Metric(
        payback.cohort_payback, "CAC paid back by cohort", 2, "ratio", "up", **_COST | {"decision": "compounding"},
        axes=("cohort", "age"),
        own_span=True,
        jackknife=10,
        standard="ours: margin that the customers of one start brought by an age over what it cost to win them",
        departs="with churn, contraction and expansion; today's margin of the company; cost month by month",
    ),
    Metric(
        payback.survival_payback_months, "CAC payback with churn", 2, "months", "down",
        **_COST | {"decision": "compounding"},
        own_span=True,
        standard="ours: the first age at which the margin of customers has paid back their CAC",
        departs="with churn, contraction and expansion; no figure where it is not within 36 months",
    ),
    Metric(
        economics.ltv, "LTV", 2, "money", "up", "compounding", "billing",
        "gross margin x ARPA x lifetime", OF_ACCOUNTS, jackknife=100,
        departs="lifetime as observed and within [ltv] horizon_months, the same for all rows; no value beyond it",
        variants={
            "simple": Variant(
                "ARPA x margin / the month's logo churn; wrong where churn changes with age, and without a horizon",
                {"lifetime": "simple"},
            ),
            "revenue": Variant("on MRR, margin left out; too high by the cost of delivery", {"margin": "none"}),
            "simple_revenue": Variant(
                "ARPA / the month's logo churn; wrong where churn changes with age, too high by the cost of delivery",
                {"lifetime": "simple", "margin": "none"},
            ),
            "five_years": Variant("within 60 months; not known until customers are watched that long",
                                  {"horizon_months": 60}),
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
    Metric(
        efficiency.gtm_efficiency_ratio, "GTM efficiency", 2, "ratio", "up", **_ENGINE,
        standard="definition = ours: the table that names it publishes no formula",
        departs="net new ARR over the cost of sales, marketing and customer success; others publish its inverse",
    ),
    Metric(
        efficiency.gtm_efficiency_margin, "GTM efficiency margin", 2, "ratio", "up", **_ENGINE,
        standard="definition = ours: the table that names it publishes no formula",
        departs="the efficiency ratio times subscription margin: what of the ARR won is left to pay for winning it",
    ),
    Metric(
        bookings.bookings_target, "Bookings target", 2, "money", "neither", **_PLAN | {"truth": "finance"},
        standard="the plan's bookings of a quarter",
        departs="the quarter that contains the first instant after the period, and the next seven",
        axes=("quarter",),
        looks_back=ALWAYS,
    ),
    Metric(
        bookings.quota_attainment, "Quota attainment", 2, "ratio", "up", **_PLAN,
        standard="closed won over quota",
        departs="over the target as planned, of the whole period; by owner over the owner's own",
    ),
    Metric(
        bookings.pipeline_creation_pace, "Pipeline creation pace", 2, "ratio", "up", **_PLAN | {"decision": "demand"},
        standard="ours: pipeline created over what the target one sales cycle ahead asks for",
        departs="amounts created now are of the quarter in which they will close, not of this one",
    ),
]  # fmt: skip
