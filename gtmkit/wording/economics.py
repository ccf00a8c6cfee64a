"""Whether a customer earns its cost."""

from collections.abc import Mapping

import pandas as pd

from gtmkit import formats
from gtmkit.wording.sentences import (
    Sentence,
    SoWhat,
    absent,
    judge,
    so_what,
)

BREAK_EVEN = 1.0  # LTV over CAC below which a customer does not bring back what it cost


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
