"""The catalogue's rows of layer 1, business outcomes."""

from typing import Any

from gtmkit.catalog.metric import ALWAYS, OF_ACCOUNTS, OF_OPPORTUNITIES, Metric, Variant
from gtmkit.metrics import bookings, customers, finance, movements, renewals, retention

_BILLING: dict[str, Any] = {"truth": "billing", "by": OF_ACCOUNTS, "decision": "compounding"}
_BOOKS: dict[str, Any] = {"truth": "finance", "by": (), "decision": "compounding"}
ROWS: list[Metric] = [
    Metric(
        movements.mrr, "MRR", 1, "money", "up", **_BILLING,
        standard="recurring charges normalised to a month: annual / 12, week x 52 / 12",
        departs="what holds at the month's last instant; contracts signed but not live are not in it",
        looks_back=ALWAYS,
    ),
    Metric(
        movements.arr, "ARR", 1, "money", "up", **_BILLING,
        standard="MRR x 12 on the last day of the period",
        record=("account_id",),
    ),
    Metric(
        movements.arr_bridge, "ARR bridge", 1, "money", "up", **_BILLING,
        standard="new + expansion + reactivated + contraction + churned = change in ARR",
        departs="paying basis: any return from zero is reactivated, never new or expansion",
        axes=("movement",),
        is_flow=True,
    ),
    Metric(
        movements.net_new_arr, "Net new ARR", 1, "money", "up", **_BILLING,
        standard="ARR at the end less ARR at the start",
        is_flow=True,
    ),
    Metric(
        movements.new_arr, "New ARR", 1, "money", "up", **_BILLING,
        standard="ARR of new customers",
        departs="as it stood at their first month end; a return from zero is reactivated, not new",
        is_flow=True,
    ),
    Metric(
        movements.expansion_arr, "Expansion ARR", 1, "money", "up", **_BILLING,
        standard="ARR added by customers of before: more seats, upgrades, prices",
        departs="netted within each account and month, so that a change of plan is no expansion",
        is_flow=True,
    ),
    Metric(
        movements.contraction_arr, "Contraction ARR", 1, "money", "down", **_BILLING,
        standard="ARR lost by customers that stay: fewer seats, downgrades, discounts",
        departs="netted within each account and month; an amount above zero",
        is_flow=True,
    ),
    Metric(
        movements.churned_arr, "Churned ARR", 1, "money", "down", **_BILLING,
        standard="ARR of customers that left",
        departs="in the month at whose end nothing is paid; an amount above zero",
        is_flow=True,
    ),
    Metric(
        movements.reactivated_arr, "Reactivated ARR", 1, "money", "up", **_BILLING,
        standard="ARR of customers that return",
        departs="any return from zero at a month end, however short the gap; neither new nor expansion",
        is_flow=True,
    ),
    Metric(
        movements.arr_growth_rate, "ARR growth", 1, "ratio", "up", **_BILLING,
        standard="ARR over ARR a year before, less 1",
        departs="over 12 months whatever the period; never annualised",
        looks_back=12,
    ),
    Metric(
        customers.arpa, "ARPA", 1, "money", "up", **_BILLING,
        jackknife=100,
        standard="MRR over customers", departs="of the customers at the last instant of the period",
    ),
    Metric(
        customers.customer_lifetime, "Customer lifetime", 1, "months", "up", **_BILLING,
        standard="1 / monthly churn",
        departs="Kaplan-Meier, counted to a fixed horizon only; customers of the data's first month are left out",
        looks_back=ALWAYS,
    ),
    Metric(
        finance.revenue, "Revenue", 1, "money", "up", **_BOOKS,
        standard="revenue recognised in the period", departs="from finance alone, never made from MRR",
        is_flow=True,
    ),
    Metric(
        finance.gross_margin, "Gross margin", 1, "ratio", "up", **_BOOKS,
        standard="(revenue - cost of goods sold) / revenue",
        departs="customer success is operating expense unless [finance] customer_success is cogs",
        variants={
            "subscription": Variant(
                "of subscription revenue alone; of all revenue where finance does not keep it apart",
                {"of": "subscription"},
            )
        },
    ),
    Metric(
        finance.rule_of_40, "Rule of 40", 1, "ratio", "up", **_BOOKS,
        standard="growth + margin; above 0.40 is called healthy",
        departs="revenue of three months over the same a year before, and their operating margin",
        looks_back=3,
    ),
    Metric(
        finance.opex_profile, "Operating expense", 1, "ratio", "neither", **_BOOKS,
        standard="each function's cost over revenue",
        departs="over three months; customer success is no row where [finance] has it as cogs",
        axes=("function",),
        looks_back=3,
    ),
    Metric(
        bookings.bookings, "Bookings", 1, "money", "up", "sales_motion", "crm",
        "value of contracts signed in the period", OF_OPPORTUNITIES,
        departs="first year's recurring amount of won opportunities by closed_on; renewals apart",
        variants={
            "new": Variant("of new business alone", {"of": "new"}),
            "expansion": Variant("of expansion alone", {"of": "expansion"}),
            "renewal": Variant("what was renewed; in no sum with the others", {"of": "renewal"}),
        },
        is_flow=True,
    ),
    Metric(
        retention.net_revenue_retention, "Net revenue retention", 1, "ratio", "up", **_BILLING,
        standard="closed cohort: revenue now over revenue then of the accounts of then",
        departs="accounts that left and came back count with what they pay now",
        variants={
            "bridge": Variant(
                "from all movements, expansion of newer customers included; flatters, not a cohort",
                {"basis": "movements"},
            ),
            "month": Variant(
                "over the last month alone; not a year of it, and never to be multiplied to one",
                {"window_months": 1},
            ),
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
        renewals.renewal_rate, "Renewal rate", 1, "ratio", "up", **_BILLING,
        standard="recurring amount renewed over the amount up for renewal",
        departs="capped at what was due; only terms whose grace has passed; terms recur, as exports overwrite them",
        variants={"logos": Variant("share of the accounts with a term that ended", {"of": "logos"}, "share")},
    ),
]  # fmt: skip
