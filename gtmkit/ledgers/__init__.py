"""Ledgers: small facts, one idea each, made once from the tables and read by every metric."""

from collections.abc import Callable, Mapping

import pandas as pd

from gtmkit.frames import Frame
from gtmkit.ledgers.activations import activations, unmatched
from gtmkit.ledgers.attribution import unmatched as without_account
from gtmkit.ledgers.churns import churns, without_churn
from gtmkit.ledgers.costs import costs
from gtmkit.ledgers.efforts import efforts
from gtmkit.ledgers.journeys import journeys, moves, positions, stays, visits
from gtmkit.ledgers.prospects import lead_opportunities, prospects
from gtmkit.ledgers.renewals import renewals
from gtmkit.ledgers.replicates import replicates
from gtmkit.ledgers.revenue import revenue
from gtmkit.ledgers.sightings import event_days, sightings
from gtmkit.ledgers.usage_days import usage_days

LEDGERS: Mapping[str, Callable[..., Frame]] = {
    build.__name__: build
    for build in (
        revenue,
        journeys,
        visits,
        positions,
        moves,
        stays,
        costs,
        replicates,
        activations,
        churns,
        prospects,
        lead_opportunities,
        renewals,
        usage_days,
        event_days,
        sightings,
        efforts,
    )
}

# Ledgers made of the first of their tables that there is; the others only stand in for it, or say whose it is.
FIRST_OF = frozenset({"costs", "efforts"})

# What a ledger could not match, as rows of the loss account: table, step, rows, detail.
LOSSES: Mapping[str, Callable[..., pd.DataFrame]] = {
    "activations": unmatched,
    "churns": without_churn,
    "touches": without_account,
}
