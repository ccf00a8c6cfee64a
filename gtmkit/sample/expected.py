"""What a review of the sample ought to find, record by record, from the generator's parameters alone."""

from collections.abc import Iterator, Sequence
from typing import Any

from gtmkit.sample import costs
from gtmkit.sample.truths import (
    CHANNEL_NAMES,
    ENDS_ON,
    INVOLUNTARY,
    PATHS,
    REASONS,
    SEGMENTS,
    STARTS_ON,
    Truths,
)

Record = dict[str, Any]

LAST = f"{ENDS_ON:%Y-%m}"
YEAR_BEFORE = f"{ENDS_ON.year - 1}-{ENDS_ON.month:02d}"
FISCAL_YEAR = f"{ENDS_ON.year}"  # the last that has ended
COHORT = f"{ENDS_ON.year - 1}"  # the fiscal year whose starters have all been seen for twelve months and more
YEARS_IN = 0.75  # from the first month to the middle of that cohort's year
OFTEN = ("paid_search", "paid_social", "outbound")  # channels that cost, with customers in every three months
SELDOM = ("partner", "events")  # channels with too few customers in a year for a median
TRUST = 1e-5  # by which an amount rounded to cents may move a ratio


def records(truths: Truths, scale: float) -> list[Record]:
    """Every figure that follows from the parameters, for a company of `scale` times the usual accounts.

    A record names a planted truth, the metric that shows it (an id, with its variant), how it is asked (`by`,
    `period`, `options`) and of which row (`dims`, a metric's own axes among them), the `expected` figure or its
    bounds, and what that `means`: the metric's interval holds it (equals), it lies between two bounds (range), or
    on one side of one (at least, at most). `within`: how far a figure without chance may lie from it.
    A record with `relation` compares two rows, `left` and `right`, by their `difference` or `ratio`.
    """
    parts = (_pipeline, _retention, _activation, _costs, _finance, _reasons, _dirt)
    return [record for part in parts for record in part(truths, scale)]


def _one(
    truth: str,
    metric: str,
    expected: float | Sequence[float],
    why: str,
    *,
    means: str = "equals",
    period: str = LAST,
    options: dict[str, Any] | None = None,
    within: float | None = None,
    by: Sequence[str] = (),
    **dims: str,
) -> Record:
    """One record; `by` names which of the dimensions are asked for, where the others are the metric's own."""
    figure = round(expected, 10) if isinstance(expected, float) else expected
    exact = {} if within is None else {"within": within}
    return {
        "truth": truth, "metric": metric, "by": list(by), "dims": dims, "period": period,
        "options": options or {}, "expected": figure, "means": means, **exact, "why": why,
    }  # fmt: skip


def _row(
    metric: str,
    period: str = LAST,
    options: dict[str, Any] | None = None,
    by: Sequence[str] = (),
    **dims: str,
) -> Record:
    return {"metric": metric, "by": list(by), "dims": dims, "period": period, "options": options or {}}


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
    return {
        "truth": truth, "relation": relation, "left": left, "right": right, "of": of,
        "expected": expected, "means": means,
    }  # fmt: skip


def _pipeline(truths: Truths, scale: float) -> Iterator[Record]:
    new, year = {"kinds": ["new"]}, {"months": 12}
    for segment, days, share, rise in zip(
        SEGMENTS, truths.cycle_days, truths.win_share, truths.win_share_rise, strict=True
    ):
        yield _one(
            "cycle_days", "sales_cycle.won", days, "median days from creation to winning, of new deals",
            period=FISCAL_YEAR, options=new, by=["segment"], segment=segment,
        )  # fmt: skip
        yield _one(
            "win_share", "win_rate", [round(share + rise * years, 10) for years in (1, 3)],
            "of the new deals closed in the last twelve months, which were created in the second and third year",
            means="range", options=new | year, by=["segment"], segment=segment,
        )  # fmt: skip
        yield _compared(
            "win_rate_gap", "the win rate rises in each segment",
            _row("win_rate", LAST, year, ["segment"], segment=segment),
            _row("win_rate", YEAR_BEFORE, year, ["segment"], segment=segment), truths.win_rate_gap, of="difference",
        )  # fmt: skip
    yield _compared(
        "win_rate_gap", "and falls over all, because the mix moves to larger deals",
        _row("win_rate", YEAR_BEFORE, year), _row("win_rate", LAST, year), truths.win_rate_gap, of="difference",
    )  # fmt: skip
    yield _one(
        "naive_gap", "close_rate", truths.naive_gap,
        "won within 180 days, matured; young cohorts have won at least that much less so far",
        means="at least", options=new, by=["segment"], segment="Enterprise", period=FISCAL_YEAR,
    )  # fmt: skip
    for metric in ("stage_leak", "stage_wait"):
        for stage in ("qualified", "discovery", "negotiation"):
            yield _compared(
                "bottleneck", f"most is lost, and most time passes, at {truths.bottleneck}",
                _row(metric, stage=truths.bottleneck), _row(metric, stage=stage), 1.0, of="ratio",
            )  # fmt: skip
    gone = 1 - truths.loss_shares[0] - truths.loss_shares[1]
    yield _one(
        "skipped", "stage_skip_rate", [truths.skipped * gone, truths.skipped],
        "of deals that pass discovery; the row also has those that end there", means="range",
        period=FISCAL_YEAR, stage="discovery",
    )  # fmt: skip


def _retention(truths: Truths, scale: float) -> Iterator[Record]:
    leaky = {"by": ["segment"], "segment": truths.leaky_segment}
    yield _one("net_floor", "net_revenue_retention", truths.net_floor, "expansion outweighs what leaves",
               means="at least", **leaky)  # fmt: skip
    yield _one("gross_ceiling", "gross_revenue_retention", truths.gross_ceiling, "and much leaves",
               means="at most", **leaky)  # fmt: skip
    for segment, stays, rise in zip(SEGMENTS, truths.retained, truths.retained_rise, strict=True):
        kept = stays + rise * YEARS_IN
        yield _one(
            "retained", "cohort_retention", [round(kept, 10), round(kept + (1 - kept) * truths.reactivated, 10)],
            "twelve months after the start, of that fiscal year's starters; some of the others are back by then",
            means="range", options={"cohort": "year"}, by=["segment"], segment=segment, cohort=f"FY{COHORT}",
            age="12",
        )  # fmt: skip
    yield _compared(
        "cohort_gap", "later cohorts stay better",
        _row("cohort_retention", LAST, {"cohort": "year"}, cohort=f"FY{COHORT}", age="12"),
        _row("cohort_retention", LAST, {"cohort": "year"}, cohort=f"FY{STARTS_ON.year + 1}", age="12"),
        truths.cohort_gap, of="difference",
    )  # fmt: skip
    yield _compared(
        "reactivated", "some of those who leave return",
        _row("arr_bridge", LAST, movement="reactivated"), _row("arr_bridge", LAST, movement="churned"),
        0.0, of="ratio", means="at most",
    )  # fmt: skip


def _activation(truths: Truths, scale: float) -> Iterator[Record]:
    two_years, year = {"months": 24}, {"months": 12}
    for channel, share in zip(CHANNEL_NAMES, truths.activation_share, strict=True):
        dims = {"by": ["channel"], "channel": channel}
        yield _one("activation_share", "activation_rate", share,
                   "share of the channel's new customers that meet the rule within its window",
                   options=two_years, **dims)  # fmt: skip
        if share > 0.5 and channel not in SELDOM:
            slow = truths.activation_days * (0.5 / share) ** truths.activation_slowness
            yield _one("activation_days", "time_to_value", float(int(slow)),
                       "the day by which half of all new customers of the channel have activated", **dims)  # fmt: skip
    weak = truths.weak_channel
    weak_row = {"by": ["channel"], "channel": weak}
    yield _compared(
        "weak_channel", "the channel that closes well takes root in fewer accounts than the others",
        _row("activation_rate", LAST, two_years, ["channel"], channel="referral"),
        _row("activation_rate", LAST, two_years, **weak_row), 0.0, of="difference",
    )  # fmt: skip
    yield _compared(
        "weak_channel", "and in fewer than all do", _row("activation_rate", LAST, two_years),
        _row("activation_rate", LAST, two_years, **weak_row), 0.0, of="difference",
    )  # fmt: skip
    yield _compared(
        "weak_win_gap", "though it wins at least as many of its deals", _row("win_rate", LAST, year, **weak_row),
        _row("win_rate", LAST, year), truths.weak_win_gap, of="difference",
    )  # fmt: skip
    yield _compared(
        "weak_churn_gap", "and it loses more customers within the twelve months after their start",
        _row("cohort_retention", LAST, {"cohort": "year"}, cohort="all", age="12"),
        _row("cohort_retention", LAST, {"cohort": "year"}, **weak_row, cohort="all", age="12"),
        truths.weak_churn_gap, of="difference",
    )  # fmt: skip


def _costs(truths: Truths, scale: float) -> Iterator[Record]:
    for channel, cost in zip(CHANNEL_NAMES, truths.cost_per_logo, strict=True):
        periods = [LAST, YEAR_BEFORE] if channel in OFTEN else [LAST] if cost else []
        for period in periods:
            yield _one(
                "cost_per_logo", "cac.paid", cost, f"spent {truths.lag_months} months before, per new customer",
                period=period, within=0.01, by=["channel"], channel=channel,
            )  # fmt: skip
    yield _compared(
        "cost_rise_gap", "paid cost per new customer rises over all, though in no channel",
        _row("cac.paid", LAST), _row("cac.paid", YEAR_BEFORE), 1 + truths.cost_rise_gap, of="ratio",
    )  # fmt: skip
    month = len(costs.LABELS) - 1
    for category in dict.fromkeys(category for _, category, _, _ in costs.SHARED):
        parts = [dollars for _, c, _, dollars in costs.SHARED if c == category]
        dollars = sum(costs.shared(part, month, scale) for part in parts) / 100
        yield _one("shared_cost", "spend", dollars, "grows by a set rate, month over month", within=0.01,
                   by=["category"], category=category)  # fmt: skip
    yield _one("idle_channel", "spend", float(round(costs.IDLE[1] * scale)), "bought without a customer",
               within=0.01, by=["channel"], channel=truths.idle_channel)  # fmt: skip


def _finance(truths: Truths, scale: float) -> Iterator[Record]:
    all_margin = (truths.subscription_margin + truths.services_share * truths.services_margin) / (
        1 + truths.services_share
    )
    for period in (LAST, YEAR_BEFORE, f"{ENDS_ON.year}-Q3", FISCAL_YEAR):
        yield _one("subscription_margin", "gross_margin.subscription", truths.subscription_margin,
                   "the same in every month", period=period, within=TRUST)  # fmt: skip
        yield _one("services_margin", "gross_margin", all_margin,
                   "services are part of the revenue, and bring little", period=period, within=TRUST)  # fmt: skip


def _reasons(truths: Truths, scale: float) -> Iterator[Record]:
    years, known = {"months": 36}, 1 - truths.reason_missing
    yield _one("reason_missing", "churn_reasons", truths.reason_missing, "nobody wrote the reason down",
               options=years, churn_reason="unknown")  # fmt: skip
    for path, shares, failed in zip(PATHS, truths.reason_shares, truths.involuntary, strict=True):
        dims = {"by": ["onboarding_path"], "onboarding_path": path}
        for reason, share in zip(REASONS, shares, strict=True):
            yield _one("reason_shares", "churn_reasons", known * (1 - failed) * share,
                       "of all churns of the path, those without a reason too", options=years, churn_reason=reason,
                       **dims)  # fmt: skip
        yield _one("involuntary", "churn_reasons", known * failed, "nobody chose to leave", options=years,
                   churn_reason=INVOLUNTARY, **dims)  # fmt: skip
    yield _compared(
        "reason_shares", "who serves itself leaves without having adopted it, far more than who is led by hand",
        _row("churn_reasons", LAST, years, ["onboarding_path"], onboarding_path=PATHS[0], churn_reason=REASONS[0]),
        _row("churn_reasons", LAST, years, ["onboarding_path"], onboarding_path=PATHS[2], churn_reason=REASONS[0]),
        0.0, of="difference",
    )  # fmt: skip


def _dirt(truths: Truths, scale: float) -> Iterator[Record]:
    unknown = truths.user_only * truths.unknown_users
    yield _one("unknown_users", "identity_match_rate", 1 - 3 * unknown, "few events are of users nobody knows",
               means="at least")  # fmt: skip
    if scale * 1_500 > 20_000:
        return  # each chunk of a large company brings its own
    for truth, table, step in (
        ("duplicate_opportunities", "opportunities", "duplicate"),
        ("duplicate_subscriptions", "subscriptions", "duplicate"),
        ("duplicate_events", "events", "duplicate"),
        ("internal_accounts", "accounts", "internal"),
        ("orphan_opportunities", "opportunities", "orphan"),
        ("undated_opportunities", "opportunities", "undated"),
        ("impossible_dates", "events", "rejected"),
    ):
        yield _one(truth, "loss_account", getattr(truths, truth), "rows, in the loss account", within=0,
                   table=table, step=step)  # fmt: skip
