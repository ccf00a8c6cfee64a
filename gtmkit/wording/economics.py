"""Whether a customer earns its cost, and whether what a customer costs moved by mix or within the groups."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import formats
from gtmkit.stats import wilson
from gtmkit.wording.sentences import (
    FEW,
    Sentence,
    SoWhat,
    absent,
    judge,
    latest_change,
    not_comparable,
    so_what,
)

BREAK_EVEN = 1.0  # LTV over CAC below which a customer does not bring back what it cost
LEVELS = ((0.95, "beyond chance"), (0.80, "its interval only touches"))


def earns_its_cost(
    worth: pd.DataFrame, payback: pd.DataFrame, *, targets: Mapping[str, float | None]
) -> SoWhat:
    """Whether a customer brings back what it cost within the horizon, and how long the money is out.

    Both frames are one row: LTV over CAC, and payback in months; `targets` by metric id. Against a target
    the interval decides; without an interval a figure on the adverse side is watched, never acted on.
    """
    worth_target, payback_target = targets.get("ltv_to_cac"), targets.get("cac_payback")
    return so_what(
        _against(worth, "LTV:CAC", "ratio", BREAK_EVEN, "1.00, where it only brings back its cost", True),
        _against(worth, "LTV:CAC", "ratio", worth_target, "target", True),
        _against(payback, "CAC payback", "months", payback_target, "target", False),
    )


def cost_through_mix(
    frame: pd.DataFrame,
    by: str,
    *,
    subject: str,
    currency: str = "",
    min_n: int = FEW,
    changes: Sequence[str] = (),
) -> SoWhat:
    """What a customer cost, the first period of the frame against the last: by mix, within groups, or shared.

    `frame` holds cost (numerator) and customers (n) by `by` and period, nothing shared out. The change adds
    up from three: the mix of customers over the groups (centred midpoint weights), cost per customer within
    them, and cost of no customer in particular, shared or without result. Customers are taken as Poisson.
    Across one of `changes`, periods in which the definition changed, nothing is compared.
    """
    if len(frame) == 0 or frame["numerator"].isna().all() or by not in frame or frame[by].isna().all():
        return absent(subject, frame.iloc[-1] if len(frame) else None)
    periods = list(dict.fromkeys(frame["period"]))
    if len(periods) < 2:
        return SoWhat((Sentence("not yet", f"{subject}: one period, two are needed to split a change."),))
    if since := latest_change(periods, changes):
        return not_comparable(subject, since)
    sides = [_costs(frame[frame["period"] == period], by) for period in (periods[0], periods[-1])]
    totals = [sum(n for _, n in side.values()) for side in sides]
    if min(totals) <= 0:
        return SoWhat((Sentence("not yet", f"{subject}: a period without new customers cannot be split."),))
    before, after = (
        sum(cost for cost, _ in side.values()) / n for side, n in zip(sides, totals, strict=True)
    )
    mix, within = _parts(sides, totals)
    rest = after - before - mix - within
    figures = [
        f"{formats.number(value, 'money', currency)} (n {n:,.0f}, {period})"
        for value, n, period in zip((before, after), totals, (periods[0], periods[-1]), strict=True)
    ]
    words = (
        f"{subject} {figures[0]} to {figures[1]}, {_signed(after - before, currency)}: "
        f"{_signed(mix, currency)} from the mix of {by}, {_signed(within, currency)} within {by}, "
        f"{_signed(rest, currency)} cost of no customer in particular"
    )
    if min(totals) < min_n:
        return SoWhat((Sentence("too few to judge", f"{words}; a period has fewer than {min_n} customers."),))
    told = _told(before, after, *totals)
    if told is None:
        return SoWhat((Sentence("no action", f"{words}. The two periods are not told apart."),))
    verdict = "no action" if after < before else "act" if told == LEVELS[0][1] else "watch"
    return SoWhat((Sentence(verdict, f"{words}. {'Lower' if after < before else 'Higher'}, {told}."),))


def _against(
    frame: pd.DataFrame, subject: str, unit: str, reference: float | None, name: str, higher_is_better: bool
) -> SoWhat:
    """One figure against a reference; adverse without an interval is watched, never acted on."""
    row = frame.iloc[-1] if len(frame) else None
    if row is None or formats.plain(row["value"]) is None:
        return absent(subject, row)
    figure, value = formats.figure(row, unit), float(row["value"])
    if reference is None:
        return SoWhat((Sentence("no action", f"{subject} {figure}; no target is agreed."),))
    verdict, side = judge(row, reference, higher_is_better)
    at = f"{name} {formats.number(reference, unit)}" if name == "target" else name
    is_adverse = value < reference if higher_is_better else value > reference
    if side.endswith("without an interval") and is_adverse:
        verdict = "watch"
    return SoWhat((Sentence(verdict, f"{subject} {figure} against {at}: {side}."),))


def _costs(rows: pd.DataFrame, by: str) -> dict[str, tuple[float, float]]:
    """Cost and customers by group; what is not known of either counts as none."""
    return {
        formats.label(row[by]): (formats.plain(row["numerator"]) or 0.0, formats.plain(row["n"]) or 0.0)
        for row in rows.to_dict("records")
    }


def _parts(sides: list[dict[str, tuple[float, float]]], totals: list[float]) -> tuple[float, float]:
    """The change through the mix of customers and through their cost, over groups with customers in both.

    A group with customers in one of the periods alone changes the mix, at what its customers cost there.
    """
    mix = within = 0.0
    names = sorted({name for side in sides for name, (_, n) in side.items() if n > 0})
    shares, costs = [], []
    for side, total in zip(sides, totals, strict=True):
        shares.append([side.get(name, (0.0, 0.0))[1] / total for name in names])
        costs.append(
            [side[name][0] / side[name][1] if side.get(name, (0, 0))[1] else np.nan for name in names]
        )
    for i in range(len(names)):
        ends = [costs[0][i], costs[1][i]]
        known = [end for end in ends if not np.isnan(end)]
        first, last = (known[0] if np.isnan(end) else end for end in ends)
        mix += (shares[1][i] - shares[0][i]) * (first + last) / 2
        within += (last - first) * (shares[0][i] + shares[1][i]) / 2
    return mix, within


def _told(before: float, after: float, n0: float, n1: float) -> str | None:
    """Whether two costs per customer are told apart, by the customers behind them; None where not.

    Of two Poisson counts the first is binomial of both: its share against what equal costs would give.
    """
    expected = n0 * before / (n0 * before + n1 * after) if before > 0 and after > 0 else np.nan
    for level, words in LEVELS:
        low, high = (float(end) for end in wilson(n0, n0 + n1, level))
        if not low <= expected <= high:
            return words
    return None


def _signed(value: Any, currency: str) -> str:
    return formats.signed(value, "money", currency)
