"""A workspace that answers from a table of figures, so that a scorecard can be read without any data."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import narwhals as nw
import pandas as pd

from gtmkit import catalog, results
from gtmkit.config import Config
from gtmkit.errors import ConfigError
from gtmkit.metrics.targets import of_company
from gtmkit.periods import Period
from gtmkit.trust import Trust

ABSENT = (None, None, None, 0, "undefined", "nothing then")
NAMES = ("value", "low", "high", "n", "status", "reason")


def config(**more: Any) -> Config:
    return Config.model_validate({"company": {"name": "Paper", "currency": "EUR"}, **more})


@cache
def nothing(by: tuple[str, ...], labels: tuple[str, ...], axes: tuple[str, ...]) -> pd.DataFrame:
    """The answer to what there is no table for, made once."""
    return results.undefined(by, labels, "needs table crm", axes)


class Paper:
    """What the scorecard asks of a workspace. `figures` holds by metric and period (value, low, high, n, status)."""

    def __init__(
        self,
        figures: Mapping[str, Mapping[str, tuple[Any, ...]]],
        settings: Config,
        period: str = "2026-10",
        targets: pd.DataFrame | None = None,
        has_icp: bool = True,
        icp: Mapping[str, Mapping[str, tuple[Any, ...]]] | None = None,
        trusted: Mapping[str, Trust] | None = None,
    ) -> None:
        self.figures, self.icp, self.config = figures, icp or {}, settings
        self.period = Period.parse(period, settings.company.fiscal_year_start)
        self.where: dict[str, str] = {}
        self.targets, self.has_icp = targets, has_icp
        self.tables = [] if targets is None else ["targets"]
        self.asked: list[tuple[Any, ...]] = []
        self.ends_before = ""
        self.trusted = trusted or {}

    def metric(
        self, name: str, by: Any = (), periods: int = 1, where: Any = None, **options: Any
    ) -> pd.DataFrame:
        self.asked.append((name, tuple(by), periods, bool(where), options))
        known = (self.icp if where else self.figures).get(name, {})
        row, _ = catalog.find(name)
        labels = tuple(p.label for p in self.period.trailing(periods))
        if not set(labels) & known.keys():
            return nothing(tuple(by), labels, row.axes)
        found = [{"period": p, **dict(zip(NAMES, known.get(p, ABSENT), strict=False))} for p in labels]
        rows = pd.DataFrame(found, columns=["period", *NAMES]).assign(numerator=None, denominator=None)
        rows = rows.assign(**dict.fromkeys([*by, *row.axes]))
        rows["status"] = [s if isinstance(s, str) else "final" for s in rows["status"]]
        return results.shaped(rows, list(by), list(row.axes))

    def trust(self, metric: str) -> Trust:
        return self.trusted.get(metric, Trust("sound"))

    def cut_short(self, metric: str) -> str:
        return self.ends_before

    def check_where(self, where: Mapping[str, str]) -> None:
        if not self.has_icp:
            raise ConfigError("No row has is_icp = 'true'.")

    def planned(self) -> dict[str, dict[str, float]]:
        return {} if self.targets is None else of_company(nw.from_native(self.targets).lazy())


def months(first: str, *values: Any) -> dict[str, tuple[Any, ...]]:
    """Values of the months from the first on; a tuple has the interval, n and status too."""
    start = Period.parse(first)
    return {
        start.shift(i).label: value if isinstance(value, tuple) else (value,)
        for i, value in enumerate(values)
    }
