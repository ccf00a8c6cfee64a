"""What a row of the catalogue holds, and the columns by which metrics may be broken down."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from gtmkit.ledgers.dimensions import ACCOUNT_DIMENSIONS, OPPORTUNITY_DIMENSIONS, OWNER_DIMENSIONS
from gtmkit.results import Need

Decision = Literal["focus", "demand", "sales_motion", "onboarding", "compounding"]
Unit = Literal[
    "share", "ratio", "money", "money per day", "days", "months", "opportunity-days", "accounts"
]  # fmt: skip
LAYERS = {1: "outcomes", 2: "GTM outputs", 3: "value signals", 4: "inputs"}

OF_ACCOUNTS = (*ACCOUNT_DIMENSIONS, *OWNER_DIMENSIONS)
OF_OPPORTUNITIES = (*dict.fromkeys([*OPPORTUNITY_DIMENSIONS, *ACCOUNT_DIMENSIONS, *OWNER_DIMENSIONS]),)
OF_TARGETS = ("segment", "channel", "owner")
OF_COSTS = ("channel", "source", "medium", "segment")


@dataclass(frozen=True)
class Variant:
    """Another published way to compute a metric: the options that make it, and what is different about it.

    `unit`: its own where it differs from the metric's; a share of money is a ratio, never suppressed.
    """

    note: str
    options: Mapping[str, Any]
    unit: Unit | None = None


@dataclass(frozen=True)
class Metric:
    """What the trade says of a metric.

    `better`: the direction that is good news. `decision`: which of the five it serves. `truth`: the system
    that is right about it. `standard`: whose definition it is; `departs`: where ours differs. `by`: the
    columns it may be broken down by. `axes`: the metric's own. `function`: the measure or derived metric.
    `jackknife`: the least n from which a derived metric gets an interval by leaving accounts out, which is
    that from which it was measured to hold the truth 92 to 98 times in 100 (DECISIONS.md); 0 = it gets none.
    """

    function: Callable[..., pd.DataFrame]
    label: str
    layer: int
    unit: Unit
    better: Literal["up", "down", "neither"]
    decision: Decision
    truth: str
    standard: str
    by: tuple[str, ...]
    departs: str = ""
    axes: tuple[str, ...] = ()
    jackknife: int = 0
    variants: Mapping[str, Variant] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id by which it is asked for: the name of its function."""
        return self.function.__name__

    def unit_with(self, options: Mapping[str, Any]) -> Unit:
        """The unit of what these options ask for: that of the variant they make, else the metric's."""
        for variant in self.variants.values():
            if variant.unit and variant.options.items() <= options.items():
                return variant.unit
        return self.unit

    @property
    def definition(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").splitlines()[0]

    @property
    def is_derived(self) -> bool:
        """Whether it is computed from other metrics, whose answers are frames of pandas."""
        parameters = inspect.signature(self.function).parameters.values()
        return all(p.annotation is pd.DataFrame for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)

    @property
    def options(self) -> dict[str, inspect.Parameter]:
        """The keyword-only parameters beyond `by` and `periods`: what may be asked of it."""
        parameters = inspect.signature(self.function).parameters.values()
        return {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in ("by", "periods")}

    @property
    def inputs(self) -> list[str]:
        """The tables, ledgers or metrics it takes, by the names of its positional parameters."""
        parameters = inspect.signature(self.function).parameters.values()
        return [
            p.default.metric if isinstance(p.default, Need) else p.name
            for p in parameters
            if p.kind is p.POSITIONAL_OR_KEYWORD
        ]
