"""What is planted in the sample company: every figure a review of it ought to find again."""

import datetime as dt
from dataclasses import dataclass

SEGMENTS = ("SMB", "Mid-market", "Enterprise")
STAGES = ("qualified", "discovery", "proposal", "negotiation")

STARTS_ON = dt.date(2023, 11, 1)  # since when the CRM is kept; billing and product reach back a year further
ENDS_ON = dt.date(2026, 10, 31)  # the last day that every table knows


@dataclass(frozen=True)
class Truths:
    """The parameters with which the sample company is generated; triples are by segment, as in `SEGMENTS`.

    Shares are 0-1, durations days, `*_rise` a change of share per year since the first month. A bound
    (`*_floor`, `*_ceiling`, `*_gap`) is not drawn from: it is what must follow from the parameters above it.
    """

    # 1. Enterprise deals take long, so what recent cohorts have won so far says little about them.
    cycle_days: tuple[float, float, float] = (55.0, 105.0, 165.0)  # median from created to won
    cycle_spread: float = 0.42  # sigma of the logarithm of those days
    naive_gap: float = 0.03  # won within 180 days, matured, less won so far of the last 180 days' deals

    # 2. The bottleneck: where most amount is lost and most opportunity-days are spent.
    bottleneck: str = "proposal"
    loss_shares: tuple[float, float, float, float] = (0.17, 0.22, 0.44, 0.17)  # furthest stage of the lost
    wait_shares: tuple[float, float, float, float] = (0.14, 0.20, 0.44, 0.22)  # of a full cycle's days

    # 3. Strong net over weak gross revenue retention, over the twelve months to the last day.
    leaky_segment: str = "Mid-market"
    net_floor: float = 1.0
    gross_ceiling: float = 0.85
    expanded: tuple[float, float, float] = (0.16, 0.58, 0.28)  # of accounts that stay, expand in a year
    contracted: tuple[float, float, float] = (0.06, 0.16, 0.07)  # and contract

    # 4. The win rate falls as the mix moves to larger deals, while it rises in each segment.
    win_share: tuple[float, float, float] = (0.35, 0.16, 0.08)  # of new deals created in the first month
    win_share_rise: tuple[float, float, float] = (0.035, 0.050, 0.060)
    mix_before: tuple[float, float, float] = (0.66, 0.22, 0.12)  # of accounts met by sales
    mix_after: tuple[float, float, float] = (0.10, 0.42, 0.48)  # once the company has moved up-market
    mix_moves_on: dt.date = dt.date(2025, 7, 1)  # the middle of that move, which takes half a year
    win_rate_gap: float = 0.0  # the least rise in each segment, and the least fall over all

    # 5. Cohorts get better: logo retention twelve month ends after the first.
    retained: tuple[float, float, float] = (0.66, 0.70, 0.92)  # of those who start in the first month
    retained_rise: tuple[float, float, float] = (0.13, 0.02, 0.01)
    cohort_gap: float = 0.01  # starters of the second year over starters of the first

    # 6. What subscriptions do.
    reactivated: float = 0.15  # of those who churn, return two to eight months later
    annual: tuple[float, float, float] = (0.25, 0.75, 1.00)  # contracts billed by the year
    mid_month: float = 0.90  # expansions and contractions dated after the first of a month
    price_rise: float = 0.08
    price_rise_on: dt.date = dt.date(2025, 11, 1)  # monthly plans at once, annual plans at their renewal

    # 7. Dirt.
    skipped: float = 0.24  # deals that pass discovery without ever entering it
    equal_stamps: float = 0.03  # deals whose first two stages bear the same second
    duplicate_opportunities: int = 12  # exact repetitions of a row of the export
    duplicate_subscriptions: int = 6
    duplicate_events: int = 40
    internal_accounts: int = 4
    orphan_opportunities: int = 3  # of an account that is not in the accounts
    undated_opportunities: int = 5  # lost, with the days of creation and closing missing
    impossible_dates: int = 1  # an event on the 31st of February


# How far a figure measured in the written files may lie from its parameter, in one seed with probability 0.99
# or more. Figures that are not here are met exactly, or are bounds.
TOLERANCES: dict[str, float | tuple[float, ...]] = {
    "cycle_days": (4.0, 15.0, 45.0),
    "cycle_spread": 0.04,
    "loss_shares": 0.03,
    "wait_shares": 0.03,
    "expanded": (0.05, 0.13, 0.09),
    "contracted": (0.05, 0.10, 0.08),
    "win_share": (0.02, 0.02, 0.025),
    "mix_before": 0.03,
    "mix_after": 0.04,
    "retained": (0.05, 0.08, 0.07),
    "reactivated": 0.06,
    "annual": (0.05, 0.10, 0.0),
    "mid_month": 0.07,
    "price_rise": 0.001,
    "skipped": 0.04,
    "equal_stamps": 0.01,
}
