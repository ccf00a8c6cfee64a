"""Ledgers: small facts, one idea each, made once from the tables and read by every metric."""

from collections.abc import Callable, Mapping

import pandas as pd

from gtmkit.frames import Frame
from gtmkit.ledgers.activations import activations, unmatched
from gtmkit.ledgers.churns import churns, without_churn
from gtmkit.ledgers.costs import costs
from gtmkit.ledgers.journeys import journeys, positions, stays, visits
from gtmkit.ledgers.replicates import replicates
from gtmkit.ledgers.revenue import revenue

LEDGERS: Mapping[str, Callable[..., Frame]] = {
    build.__name__: build
    for build in (revenue, journeys, visits, positions, stays, costs, replicates, activations, churns)
}

# Ledgers made of the first of their tables that there is; the others only stand in for it.
FIRST_OF = frozenset({"costs"})

# What a ledger could not match, as rows of the loss account: table, step, rows, detail.
LOSSES: Mapping[str, Callable[..., pd.DataFrame]] = {"activations": unmatched, "churns": without_churn}
