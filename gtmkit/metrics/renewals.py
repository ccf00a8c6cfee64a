"""What becomes of the contracts whose term ends: how much of what was due is renewed."""

from collections.abc import Sequence
from typing import Literal

import narwhals as nw
import pandas as pd

from gtmkit.frames import UNITS, Frame, collect, counted, small, sums
from gtmkit.metrics.entrants import at_periods, zero
from gtmkit.metrics.opportunities import tenths
from gtmkit.periods import Period, day_index
from gtmkit.results import marked, money_ratio, setting, shaped, share

NOTHING_DUE = "no term ended in the period"


def renewal_rate(
    renewals: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    of: Literal["amount", "logos"] = "amount",
    grace_days: int = setting("renewals.grace_days"),
) -> pd.DataFrame:
    """Recurring amount renewed of that whose term ended in the period, each contract capped at what was due.

    Answers: of those who could leave, how much stays?
    Takes: terms that end in the period; a renewal may come up to `[renewals] grace_days` later.
    Returns: ratio of MRR, at most 1, over the terms whose grace has passed; n = accounts. Immature where that of
    some has not. `.logos` is the share of accounts that renewed anything.
    Differs: of what was due alone; retention is of all customers, most of whom could not leave.
    """
    rows = renewals.join(small(renewals, **_bounds(periods)), how="cross")
    rows = rows.filter((nw.col("due_day") >= nw.col("begins")) & (nw.col("due_day") < nw.col("ends")))
    has_passed = nw.col("due_day") + grace_days < day_index(periods[-1].end)
    rows = rows.with_columns(
        due=nw.when(has_passed).then(nw.col("due")).otherwise(zero()),
        renewed=nw.when(has_passed).then(nw.col("renewed")).otherwise(zero()),
        waiting=counted(~has_passed),
    )
    told = {name: nw.col(name) for name in ("due", "renewed", "waiting")}
    accounts = sums(rows, [*by, "at_period", "account_id"], **told)
    n, b = tenths("renewed"), tenths("due")
    table = collect(
        sums(
            accounts, [*by, "at_period"], n=nw.col("renewed"), b=nw.col("due"), waiting=nw.col("waiting"),
            k=counted(nw.col("due") > 0), stays=counted(nw.col("renewed") > 0), nn=n * n, nb=n * b, bb=b * b,
        )
    )  # fmt: skip
    over = at_periods(table, by, periods)
    over = marked(over, (over["k"] == 0) & (over["waiting"] == 0), "undefined", NOTHING_DUE)
    late = f"the {grace_days} days of grace of some have not passed"
    over = marked(over, over["waiting"] > 0, "immature", late)
    if of == "logos":
        return shaped(share(over, over["stays"], over["k"], NOTHING_DUE), by, [])
    parts = {
        "n": over["n"] / UNITS, "b": over["b"] / UNITS, "k": over["k"],
        **{name: over[name] / 100 for name in ("nn", "nb", "bb")},
    }  # fmt: skip
    return shaped(money_ratio(over, parts, NOTHING_DUE, at_most_one=True), by, [])


def _bounds(periods: Sequence[Period]) -> dict[str, list[int]]:
    """The periods by number, each with its first day and the first one after it."""
    return {
        "at_period": list(range(len(periods))),
        "begins": [day_index(p.start) for p in periods],
        "ends": [day_index(p.end) for p in periods],
    }
