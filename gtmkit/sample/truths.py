"""What is planted in the sample company: every figure a review of it ought to find again."""

import datetime as dt
from dataclasses import dataclass

SEGMENTS = ("SMB", "Mid-market", "Enterprise")
STAGES = ("qualified", "discovery", "proposal", "negotiation")
CHANNEL_NAMES = (
    "organic_search", "paid_search", "paid_social", "referral", "partner", "outbound", "events"
)  # fmt: skip
PATHS = ("self_serve", "guided", "white_glove")
REASONS = (
    "no_adoption", "price", "missing_features", "competitor", "out_of_business", "champion_left"
)  # fmt: skip
INVOLUNTARY = "payment_failed"

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
    net_floor: float = 0.98
    gross_ceiling: float = 0.85
    expanded: tuple[float, float, float] = (0.16, 0.62, 0.28)  # of accounts that stay, expand in a year
    contracted: tuple[float, float, float] = (0.06, 0.16, 0.07)  # and contract

    # 4. The win rate falls as the mix moves to larger deals, while it rises in each segment.
    win_share: tuple[float, float, float] = (0.35, 0.16, 0.08)  # of new deals created in the first month
    win_share_rise: tuple[float, float, float] = (0.035, 0.050, 0.060)
    mix_before: tuple[float, float, float] = (0.66, 0.22, 0.12)  # of accounts met by sales
    mix_after: tuple[float, float, float] = (0.10, 0.42, 0.48)  # once the company has moved up-market
    mix_moves_on: dt.date = dt.date(2025, 7, 1)  # the middle of that move, which takes half a year
    win_rate_gap: float = 0.0  # the least rise in each segment, and the least fall over all

    # 5. Cohorts get better: logo retention twelve month ends after the first.
    retained: tuple[float, float, float] = (0.66, 0.68, 0.92)  # of those who start in the first month
    retained_rise: tuple[float, float, float] = (0.13, 0.02, 0.01)
    cohort_gap: float = 0.01  # starters of the second year over starters of the first

    # 6. What subscriptions do.
    reactivated: float = 0.15  # of those who churn, return two to eight months later
    annual: tuple[float, float, float] = (0.25, 0.75, 1.00)  # contracts billed by the year
    mid_month: float = 0.90  # expansions and contractions dated after the first of a month
    price_rise: float = 0.08
    price_rise_on: dt.date = dt.date(2025, 11, 1)  # monthly plans at once, annual plans at their renewal

    # 7. Outbound closes well, takes root in few accounts, and loses many; by channel, as in `CHANNEL_NAMES`.
    activation_share: tuple[float, ...] = (
        0.70,
        0.62,
        0.56,
        0.76,
        0.66,
        0.34,
        0.60,
    )  # within the rule's window
    activation_days: float = (
        28.0  # the slowest of those; the share u of them takes at most this x u ** slowness
    )
    activation_slowness: float = 1.3
    late_activation: float = 0.12  # of the others that stay long enough, those that activate after the window
    weak_channel: str = "outbound"
    weak_win_gap: float = 0.0  # its win rate less that of all, twelve months
    weak_churn_gap: float = 0.02  # customers it has lost a year later, less those all have lost
    weak_pay_ceiling: float = 0.85  # what its customers pay in 24 months over 24 times their first month
    stay_pay_floor: float = 0.95  # and the same of all customers: what leaves, expansion makes good

    # 8. Acquisition cost rises through the mix alone: a logo costs the same in each channel all along.
    cost_per_logo: tuple[float, ...] = (0.0, 3_000.0, 5_500.0, 0.0, 4_000.0, 9_500.0, 12_000.0)
    lag_months: int = 3  # from the month of the spend to the month of the logo
    channels_before: tuple[float, ...] = (
        0.26,
        0.22,
        0.10,
        0.16,
        0.10,
        0.13,
        0.03,
    )  # of accounts met by sales
    channels_after: tuple[float, ...] = (0.06, 0.12, 0.20, 0.04, 0.08, 0.34, 0.16)
    channels_move_on: dt.date = dt.date(2025, 10, 1)  # the middle of that move, which takes half a year
    cost_rise_gap: float = 0.15  # paid CAC of the last three months over that of a year before, less one
    idle_channel: str = "display"  # bought every month since 2025-05, without a customer

    # 9. What finance closes.
    subscription_margin: float = 0.78
    services_share: float = 0.08  # services revenue over subscription revenue
    services_margin: float = 0.10
    finance_over_spend: float = 0.03  # sales, marketing and success in finance, over the same in the spend

    # 10. Why customers leave, by onboarding path, as in `PATHS`; reasons as in `REASONS`.
    reason_shares: tuple[tuple[float, ...], ...] = (
        (0.42, 0.24, 0.14, 0.08, 0.08, 0.04),
        (0.18, 0.18, 0.28, 0.16, 0.08, 0.12),
        (0.06, 0.12, 0.20, 0.24, 0.06, 0.32),
    )
    involuntary: tuple[float, float, float] = (0.16, 0.07, 0.03)  # of churns with a reason, payment_failed
    reason_missing: float = 0.15  # of churns, those of which no reason was kept

    # 11. Dirt.
    skipped: float = 0.24  # deals that pass discovery without ever entering it
    equal_stamps: float = 0.03  # deals whose first two stages bear the same second
    duplicate_opportunities: int = 12  # exact repetitions of a row of the export
    duplicate_subscriptions: int = 6
    duplicate_events: int = 40
    internal_accounts: int = 4
    orphan_opportunities: int = 3  # of an account that is not in the accounts
    undated_opportunities: int = 5  # lost, with the days of creation and closing missing
    impossible_dates: int = 1  # an event on the 31st of February
    unlisted_reasons: int = 5  # churns under a code that the forced choice does not have
    stray_churn_events: int = 6  # reasons of accounts that are still customers
    user_only: float = 0.12  # users whose events name no account; identities resolve them
    unknown_users: float = 0.12  # of those users, the ones that identities do not know
    misspelt: float = 0.05  # touches and leads whose source is spelt in another way
    untold_channels: int = 10  # accounts of which nobody recorded the channel

    # 12. One month in which the North Star was won at its guardrails' cost: customers were pushed to use it.
    pushed_on: dt.date = dt.date(2026, 4, 1)  # the first day of that month
    pushed_use: float = 0.12  # of its customers, in each of four weeks, that run a workflow for it
    pushed_tickets: float = 0.35  # tickets of a customer on top of the usual ones
    burden_ceiling: float = 0.25  # tickets of a customer in any other month of the last year

    # 13. Renewals that are signed after the term has ended.
    late_renewals: float = 0.10  # of yearly contracts that are renewed


# How far a figure measured in the written files may lie from its parameter, in one seed with probability 0.99
# or more. Figures that are not here are met exactly, or are bounds.
TOLERANCES: dict[str, float | tuple[float | tuple[float, ...], ...]] = {
    "cycle_days": (4.0, 15.0, 45.0),
    "cycle_spread": 0.04,
    "loss_shares": 0.03,
    "wait_shares": 0.03,
    "expanded": (0.05, 0.15, 0.09),
    "contracted": (0.05, 0.12, 0.08),
    "win_share": (0.02, 0.02, 0.025),
    "mix_before": 0.03,
    "mix_after": 0.04,
    "retained": (0.05, 0.08, 0.07),
    "reactivated": 0.06,
    "annual": (0.05, 0.10, 0.0),
    "mid_month": 0.08,
    "price_rise": 0.001,
    "activation_share": (0.02, 0.02, 0.03, 0.03, 0.05, 0.05, 0.09),
    "activation_days": 1.0,
    "activation_slowness": 0.05,
    "late_activation": 0.05,
    "channels_before": 0.03,
    "channels_after": 0.05,
    "subscription_margin": 0.0001,
    "services_share": 0.0001,
    "services_margin": 0.0001,
    "finance_over_spend": 0.0001,
    "reason_shares": ((0.05,), (0.05,), (0.15,)),
    "involuntary": (0.04, 0.04, 0.07),
    "reason_missing": 0.03,
    "user_only": 0.005,
    "unknown_users": 0.01,
    "misspelt": 0.005,
    "pushed_use": 0.03,
    "pushed_tickets": 0.06,
    "late_renewals": 0.03,
    "skipped": 0.04,
    "equal_stamps": 0.01,
}
