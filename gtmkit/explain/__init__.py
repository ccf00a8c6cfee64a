"""Why a figure moved: its change from one period to another, in parts that add up to it.

`arithmetic` splits numbers, `parts` makes trees of them, `movements` counts what customers' MRR did; whoever asks the
metrics (the workspace) brings the answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from gtmkit.explain.parts import COLUMNS as OF_PARTS
from gtmkit.explain.parts import (
    TOTALS,
    Kind,
    Part,
    Sides,
    by_factors,
    by_groups,
    by_itself,
    by_kind,
    by_values,
    kind_of,
    table,
    totals,
    within,
)
from gtmkit.results import shaped, undefined

COLUMNS = ["metric", "versus", "period", "by", *OF_PARTS, "reason"]

__all__ = [
    "COLUMNS", "Explanation", "Kind", "Part", "Sides", "by_factors", "by_groups", "by_itself", "by_kind", "by_values",
    "kind_of", "records", "table", "totals", "within",
]  # fmt: skip


@dataclass(frozen=True)
class Explanation:
    """The change of a metric from one period to another, and its parts, which add up to it.

    `before` and `after` are the figures; `parts` as in `gtmkit.explain.parts.table`: those of level 1 add up to the
    change, and those `of` a part to that part. `by`: what they are told by, a dimension or an axis of the metric; None
    where by what the metric is made of. `totals` are the parts of a kind together, mix and rate. `at`: the values of
    the metric's axes at which it was asked. Without figures or parts `reason` says why, else it is "".
    """

    metric: str
    versus: str
    period: str
    by: str | None
    unit: str
    before: float | None = None
    after: float | None = None
    parts: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=OF_PARTS))
    totals: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=TOTALS))
    reason: str = ""
    at: str = ""

    @property
    def change(self) -> float | None:
        """How far the figure moved; None where one of the two is missing."""
        return None if self.before is None or self.after is None else self.after - self.before


def as_answer(told: Explanation) -> pd.DataFrame:
    """The parts of a change in the result shape: the change of each as its value, n as it is now.

    Its axes are versus (the earlier period), part, of (the part that it is a part of) and its group, in the column that
    it is told by. One undefined row with the reason where the change cannot be told.
    """
    group, parts = told.by or "group", told.parts
    axes = ["versus", "part", "of", group]
    if told.change is None:
        return undefined([], [told.period], told.reason, axes)
    nothing = dict.fromkeys(("numerator", "denominator", "reason"))
    rows = pd.DataFrame(
        {
            "period": told.period, "versus": told.versus, "part": parts["part"], "of": parts["of"],
            group: parts["group"], "value": parts["change"], "low": parts["low"], "high": parts["high"],
            "n": parts["n_after"], "status": "final", **nothing,
        }
    )  # fmt: skip
    return shaped(rows, [], axes)


def records(found: Iterable[Explanation]) -> list[dict[str, Any]]:
    """A record each part, or one with the reason where there is none: the keys of `COLUMNS`, None for null."""
    told = []
    for one in found:
        whose = {"metric": one.metric, "versus": one.versus, "period": one.period, "by": one.by}
        parts = one.parts.astype(object).where(one.parts.notna(), None).to_dict("records")
        told += [
            {**whose, **part, "reason": one.reason or None} for part in parts or [dict.fromkeys(OF_PARTS)]
        ]
    return told
