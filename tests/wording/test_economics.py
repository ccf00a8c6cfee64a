"""What is said of costs and worth: a verdict only where chance is left out."""

from typing import Any

import numpy as np
import pandas as pd

from gtmkit import wording
from gtmkit.results import FIGURES


def row(**figures: Any) -> pd.DataFrame:
    nothing: dict[str, Any] = dict.fromkeys(FIGURES, np.nan)
    return pd.DataFrame([{**nothing, "status": "final", "reason": None, "period": "2026-10", **figures}])


def test_a_customer_that_does_not_earn_its_cost_asks_for_action() -> None:
    worth = row(value=0.6, low=0.4, high=0.9, n=40)
    payback = row(value=30.0, low=20.0, high=44.0, n=40)
    told = str(wording.earns_its_cost(worth, payback, targets={"ltv_to_cac": 3.0, "cac_payback": 18.0}))
    assert told.splitlines() == [
        "[act] LTV:CAC 0.60 (0.40 to 0.90, n 40) against 1.00, where it only brings back its cost: "
        "below, beyond the interval.",
        "[act] LTV:CAC 0.60 (0.40 to 0.90, n 40) against target 3.00: below, beyond the interval.",
        "[act] CAC payback 30.0 months (20.0 to 44.0, n 40) against target 18.0 months: above, beyond the interval.",
    ]


def test_without_an_interval_it_is_watched_and_without_a_target_only_said() -> None:
    worth, payback = row(value=0.6, n=40), row(value=30.0, n=40)
    told = str(wording.earns_its_cost(worth, payback, targets={})).splitlines()
    assert told[0].startswith("[watch] LTV:CAC 0.60 (n 40) against 1.00")
    assert "[no action] CAC payback 30.0 months (n 40); no target is agreed." in told
    missing = row(status="undefined", reason="needs table finance")
    told = str(wording.earns_its_cost(missing, missing, targets={"cac_payback": 18.0}))
    assert told.splitlines() == [
        "[not yet] LTV:CAC undefined: needs table finance.",
        "[not yet] CAC payback undefined: needs table finance.",
    ]
