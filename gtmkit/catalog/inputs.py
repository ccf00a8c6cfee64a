"""The catalogue's rows of layer 4, what is put in."""

from gtmkit.catalog.metric import Metric
from gtmkit.ledgers.costs import COST_DIMENSIONS
from gtmkit.metrics import costs

ROWS: list[Metric] = [
    Metric(
        costs.spend, "Spend", 4, "money", "neither", "demand", "finance",
        "what was spent, by function and channel", COST_DIMENSIONS,
        departs="from finance where no spend is given; credits are taken off",
    ),
]  # fmt: skip
