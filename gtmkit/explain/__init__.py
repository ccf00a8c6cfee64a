"""Why a figure moved: its change from one period to another, in parts that add up to it.

`arithmetic` splits numbers, `parts` makes tables of two answers; whoever asks the metrics (the workspace) brings both.
"""

from dataclasses import dataclass, field

import pandas as pd

from gtmkit.explain.parts import COLUMNS, TOTALS, Sides, by_factors, by_groups, by_itself, kind_of

__all__ = ["Explanation", "Sides", "by_factors", "by_groups", "by_itself", "kind_of"]


@dataclass(frozen=True)
class Explanation:
    """The change of a metric from one period to another, and its parts, which add up to it.

    `before` and `after` are the figures; `parts` as in `gtmkit.explain.parts`, by the groups of `by`, or by what the
    metric is made of where that is None; `totals` are the parts of a kind together, mix and rate. Without figures or
    parts `reason` says why, else it is "".
    """

    metric: str
    versus: str
    period: str
    by: str | None
    unit: str
    before: float | None = None
    after: float | None = None
    parts: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=COLUMNS))
    totals: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=TOTALS))
    reason: str = ""

    @property
    def change(self) -> float | None:
        """How far the figure moved; None where one of the two is missing."""
        return None if self.before is None or self.after is None else self.after - self.before
