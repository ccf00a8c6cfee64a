"""What a review of the sample ought to find, record by record, from the generator's parameters alone."""

from collections.abc import Iterator, Sequence
from typing import Any

from gtmkit.periods import Period
from gtmkit.sample import costs
from gtmkit.sample.truths import (
    CHANNEL_NAMES,
    ENDS_ON,
    INVOLUNTARY,
    PATHS,
    REASONS,
    SEGMENTS,
    STAGES,
    STARTS_ON,
    Truths,
)

Record = dict[str, Any]
Dims = dict[str, str]
ASKED = ("segment", "channel", "onboarding_path")  # dimensions to ask for; others are axes

LAST = f"{ENDS_ON:%Y-%m}"
YEAR_BEFORE = f"{ENDS_ON.year - 1}-{ENDS_ON.month:02d}"
COHORT = f"{ENDS_ON.year - 1}"  # the fiscal year whose starters have all been followed for a year and more
YEARS_SEEN = 2  # from the first month to the last cohort that has been followed for a year
OFTEN = ("paid_search", "paid_social", "outbound")  # channels that cost, with customers in every three months
SELDOM = ("partner", "events")  # channels with too few customers in a year for a median
CENT = 0.01  # by which money may lie from what is planted
TRUST = 1e-5  # by which an amount rounded to cents may move a ratio


def records(truths: Truths, scale: float, is_large: bool = False) -> list[Record]:
    """Every figure that follows from the parameters, for a company of `scale` times the usual accounts.

    A record names a planted truth, the metric that shows it (an id, with its variant), how it is asked (`by`,
    `period`, `options`) and of which row (`dims`, a metric's own axes among them), the `expected` figure or its
    bounds, and what that `means`: the metric's interval holds it (equals), it lies between two bounds (range), or
    on one side of one (at least, at most). `within`: how far a figure without chance may lie from it.
    A record with `relation` compares two rows, `left` and `right`, by their `difference` or `ratio`.
    """
    parts = [_pipeline, _retention, _activation, _costs, _finance, _reasons, _push]
    parts += [] if is_large else [_dirt]  # of a large company every chunk brings dirt of its own
    return [record for part in parts for record in part(truths, scale)]


def _one(
    truth: str,
    metric: str,
    dims: Dims,
    expected: float | Sequence[float],
    why: str,
    *,
    means: str = "equals",
    period: str = LAST,
    options: dict[str, Any] | None = None,
    within: float | None = None,
) -> Record:
    """One record: the figure of one row, or its bounds."""
    figure = (
        [round(bound, 10) for bound in expected] if isinstance(expected, Sequence) else round(expected, 10)
    )
    exact = {} if within is None else {"within": within}
    asked = _row(metric, dims, period, options)
    return {"truth": truth, **asked, "expected": figure, "means": means, **exact, "why": why}


def _row(metric: str, dims: Dims, period: str = LAST, options: dict[str, Any] | None = None) -> Record:
    """One row of a metric's answer."""
    by = [name for name in dims if name in ASKED]
    return {"metric": metric, "by": by, "dims": dims, "period": period, "options": options or {}}


def _compared(
    truth: str,
    relation: str,
    left: Record,
    right: Record,
    expected: float,
    *,
    of: str,
    means: str = "at least",
) -> Record:
    """One record that compares two rows."""
    sides = {"left": left, "right": right, "of": of}
    return {"truth": truth, "relation": relation, **sides, "expected": expected, "means": means}


def _pipeline(truths: Truths, scale: float) -> Iterator[Record]:
    new, year = {"kinds": ["new"]}, {"months": 12}
    for segment, days, share, rise in zip(
        SEGMENTS, truths.cycle_days, truths.win_share, truths.win_share_rise, strict=True
    ):
        dims = {"segment": segment}
        why = "median days from creation to winning, of new deals"
        yield _one("cycle_days", "sales_cycle.won", dims, days, why, options=new | year)
        bounds = [share + rise * years for years in (1, 3)]
        why = "of the new deals closed in the last twelve months, created in the second and third year"
        yield _one("win_share", "win_rate", dims, bounds, why, means="range", options=new | year)
        now, before = (_row("win_rate", dims, period, year) for period in (LAST, YEAR_BEFORE))
        said = "the win rate rises in each segment"
        yield _compared("win_rate_gap", said, now, before, truths.win_rate_gap, of="difference")
    now, before = (_row("win_rate", {}, period, year) for period in (LAST, YEAR_BEFORE))
    said = "and falls over all, because the mix moves to larger deals"
    yield _compared("win_rate_gap", said, before, now, truths.win_rate_gap, of="difference")
    why = "won within 180 days, matured; young cohorts have won at least that much less so far"
    large = {"segment": "Enterprise", "age": "180"}
    yield _one("naive_gap", "close_rate.curve", large, truths.naive_gap, why, means="at least")
    said = f"most is lost, and most time passes, at {truths.bottleneck}"
    for metric in ("stage_leak", "stage_wait"):
        for stage in STAGES:
            if stage != truths.bottleneck:
                worst, other = (_row(metric, {"stage": s}) for s in (truths.bottleneck, stage))
                yield _compared("bottleneck", said, worst, other, 1.0, of="ratio")
    least = truths.skipped * (1 - truths.loss_shares[0] - truths.loss_shares[1])
    why = "of deals that pass discovery; the row also has those that end there"
    yield _one(
        "skipped", "stage_skip_rate", {"stage": "discovery"}, [least, truths.skipped], why, means="range"
    )


def _retention(truths: Truths, scale: float) -> Iterator[Record]:
    leaky, years = {"segment": truths.leaky_segment}, {"cohort": "year"}
    why = "expansion outweighs what leaves"
    yield _one("net_floor", "net_revenue_retention", leaky, truths.net_floor, why, means="at least")
    why = "and much leaves"
    yield _one("gross_ceiling", "gross_revenue_retention", leaky, truths.gross_ceiling, why, means="at most")
    for segment, stays, rise in zip(SEGMENTS, truths.retained, truths.retained_rise, strict=True):
        best = stays + rise * YEARS_SEEN
        bounds = [stays, best + (1 - best) * truths.reactivated]
        dims = {"segment": segment, "cohort": "all", "age": "12"}
        why = "twelve months after the start, of all who started; some of those who left are back by then"
        yield _one("retained", "cohort_retention", dims, bounds, why, means="range")
    newer, older = (
        _row("cohort_retention", {"cohort": f"FY{year}", "age": "12"}, LAST, years)
        for year in (COHORT, STARTS_ON.year + 1)
    )
    said = "later cohorts stay better"
    yield _compared("cohort_gap", said, newer, older, truths.cohort_gap, of="difference")


def _activation(truths: Truths, scale: float) -> Iterator[Record]:
    year = {"months": 12}
    for channel, share in zip(CHANNEL_NAMES, truths.activation_share, strict=True):
        dims = {"channel": channel}
        why = "share of the channel's new customers that meet the rule within its window"
        yield _one("activation_share", "activation_rate", dims, share, why, options=year)
        if share > 0.5 and channel not in SELDOM:
            day = int(truths.activation_days * (0.5 / share) ** truths.activation_slowness)
            why = "the day by which half of all new customers of the channel have activated"
            yield _one("activation_days", "time_to_value", dims, day, why)
    weak = {"channel": truths.weak_channel}
    few, every = (_row("activation_rate", dims, LAST, year) for dims in (weak, {}))
    said = "the channel that closes well takes root in fewer accounts than all do"
    yield _compared("weak_channel", said, every, few, 0.0, of="difference")
    many, every = (_row("win_rate", dims, LAST, year) for dims in (weak, {}))
    said = "it wins at least as many of its deals as all do"
    yield _compared("weak_win_gap", said, many, every, truths.weak_win_gap, of="difference")
    few, every = (_row("cohort_retention", dims | {"cohort": "all", "age": "12"}) for dims in (weak, {}))
    said = "and it loses more customers within twelve months of their start"
    yield _compared("weak_churn_gap", said, every, few, truths.weak_churn_gap, of="difference")
    every, few = (_row("survival_payback.curve", dims | {"age": "24"}) for dims in ({}, weak))
    said = "so that by month 24 all have paid back more of their cost than its customers have"
    more = round(truths.stay_pay_floor / truths.weak_pay_ceiling, 2)
    yield _compared("weak_pay_ceiling", said, every, few, more, of="ratio")
    known = 1 - 3 * truths.user_only * truths.unknown_users
    why = "few events are of users whom nobody knows"
    yield _one("unknown_users", "identity_match_rate", {}, known, why, means="at least")


def _costs(truths: Truths, scale: float) -> Iterator[Record]:
    for channel, cost in zip(CHANNEL_NAMES, truths.cost_per_logo, strict=True):
        for period in [LAST, YEAR_BEFORE] if channel in OFTEN else [LAST] if cost else []:
            why = f"spent {truths.lag_months} months before, per new customer"
            dims = {"channel": channel}
            yield _one("cost_per_logo", "cac.paid", dims, cost, why, period=period, within=CENT)
    now, before = (_row("cac", {}, period) for period in (LAST, YEAR_BEFORE))
    said = "the cost of a new customer rises over all, though in no channel"
    yield _compared("cost_rise_gap", said, now, before, 1 + truths.cost_rise_gap, of="ratio")
    idle = float(round(costs.IDLE[1] * scale))
    why = "bought without a customer"
    yield _one("idle_channel", "spend", {"channel": truths.idle_channel}, idle, why, within=CENT)


def _finance(truths: Truths, scale: float) -> Iterator[Record]:
    margin, services = truths.subscription_margin, truths.services_share
    both = (margin + services * truths.services_margin) / (1 + services)
    for period in (LAST, YEAR_BEFORE):
        why = "the same in every month"
        yield _one(
            "subscription_margin", "gross_margin.subscription", {}, margin, why, period=period, within=TRUST
        )
        why = "services are part of the revenue, and bring little"
        yield _one("services_margin", "gross_margin", {}, both, why, period=period, within=TRUST)


def _reasons(truths: Truths, scale: float) -> Iterator[Record]:
    year, known = {"months": 12}, 1 - truths.reason_missing
    why = "nobody wrote the reason down"
    dims = {"churn_reason": "unknown"}
    yield _one("reason_missing", "churn_reasons", dims, truths.reason_missing, why, options=year)
    for path, shares, failed in zip(PATHS, truths.reason_shares, truths.involuntary, strict=True):
        for reason, share in zip(REASONS, shares, strict=True):
            dims = {"onboarding_path": path, "churn_reason": reason}
            of_all = known * (1 - failed) * share
            why = "of all churns of the path, those without a reason too"
            yield _one("reason_shares", "churn_reasons", dims, of_all, why, options=year)
        dims = {"onboarding_path": path, "churn_reason": INVOLUNTARY}
        why = "nobody chose to leave"
        yield _one("involuntary", "churn_reasons", dims, known * failed, why, options=year)


def _push(truths: Truths, scale: float) -> Iterator[Record]:
    month = Period.parse(f"{truths.pushed_on:%Y-%m}")
    during, before, after = month.label, month.shift(-1).label, month.shift(1).label
    now, then, later = (_row("north_star", {}, period) for period in (during, before, after))
    said = "the North Star improves in the month in which customers were pushed"
    yield _compared("pushed_on", said, now, then, 0.0, of="difference")
    said = "and falls back in the month after"
    yield _compared("pushed_on", said, now, later, 0.0, of="difference")
    why = "the tickets of the push alone"
    yield _one(
        "pushed_tickets", "support_burden", {}, truths.pushed_tickets, why, means="at least", period=during
    )
    for period in (before, after, LAST):
        why = "without a push"
        yield _one(
            "burden_ceiling", "support_burden", {}, truths.burden_ceiling, why, means="at most", period=period
        )


def _dirt(truths: Truths, scale: float) -> Iterator[Record]:
    for truth, table, step in (
        ("duplicate_opportunities", "opportunities", "duplicate"),
        ("duplicate_subscriptions", "subscriptions", "duplicate"),
        ("duplicate_events", "events", "duplicate"),
        ("internal_accounts", "accounts", "internal"),
        ("orphan_opportunities", "opportunities", "orphan"),
        ("undated_opportunities", "opportunities", "undated"),
        ("impossible_dates", "events", "rejected"),
    ):
        rows = getattr(truths, truth)
        yield _one(
            truth, "loss_account", {"table": table, "step": step}, rows, "rows, in the loss account", within=0
        )
