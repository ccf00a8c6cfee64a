"""What a row of the catalogue holds, and the columns by which metrics may be broken down."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pandas as pd

from gtmkit.ledgers import LEDGERS
from gtmkit.ledgers.dimensions import (
    ACCOUNT_DIMENSIONS,
    LEAD_DIMENSIONS,
    MEANT,
    OPPORTUNITY_DIMENSIONS,
    OWNER_DIMENSIONS,
)
from gtmkit.results import Part, Setting, parts_of

Decision = Literal["focus", "demand", "sales_motion", "onboarding", "compounding"]
Unit = Literal[
    "share", "ratio", "money", "money per day", "days", "months", "opportunity-days", "accounts",
    "hours", "count", "points",
]  # fmt: skip
ALWAYS = math.inf  # months that a state looks back over: what is in it stays
LAYERS = {1: "outcomes", 2: "GTM outputs", 3: "value signals", 4: "inputs"}
VALUE_SIGNALS = 3  # the layer whose weekly lines look back over some weeks

OF_ACCOUNTS = (*ACCOUNT_DIMENSIONS, *OWNER_DIMENSIONS)
OF_OPPORTUNITIES = (*dict.fromkeys([*OPPORTUNITY_DIMENSIONS, *ACCOUNT_DIMENSIONS, *OWNER_DIMENSIONS]),)
OF_LEADS = (*dict.fromkeys([*LEAD_DIMENSIONS, *ACCOUNT_DIMENSIONS, *OWNER_DIMENSIONS]),)
OF_TARGETS = ("segment", "channel", *MEANT, "owner")
OF_COSTS = ("channel", "source", "medium", *MEANT, "segment")

# The columns that tell the records of a table or ledger apart, as far as it has them; what has no id of its own is
# told apart by all that it says.
RECORDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("journeys", "visits", "positions", "moves", "stays", "opportunities"), ("opportunity_id",)
    ),
    **dict.fromkeys(
        ("revenue", "activations", "churns", "renewals", "accounts", "usage_days"), ("account_id",)
    ),
    **dict.fromkeys(("prospects", "lead_opportunities", "leads"), ("lead_id",)),
    "tickets": ("ticket_id",),
    "events": ("occurred_at", "event", "account_id", "user_id", "anonymous_id"),
    "efforts": ("day", "kind", "account_id"),
    "surveys": ("answered_on", "kind", "score", "account_id"),
}


@dataclass(frozen=True)
class Variant:
    """Another published way to compute a metric: the options that make it, and what is different about it.

    `unit`: its own where it differs from the metric's; a share of money is a ratio, never suppressed. `looks_back`:
    its own months where they differ from the metric's.
    """

    note: str
    options: Mapping[str, Any]
    unit: Unit | None = None
    looks_back: float | None = None


@dataclass(frozen=True)
class Redefined:
    """A change of what a metric means, made in the code: the first day it holds, and what is different."""

    on: date
    note: str


@dataclass(frozen=True)
class Metric:
    """What the trade says of a metric.

    `better`: the direction that is good news. `decision`: which of the five it serves. `truth`: the system
    that is right about it. `standard`: whose definition it is; `departs`: where ours differs. `by`: the
    columns it may be broken down by. `axes`: the metric's own. `function`: the measure or derived metric.
    `jackknife`: the least n from which a derived metric gets an interval by leaving accounts out, which is
    that from which it was measured to hold the truth 92 to 98 times in 100 (DECISIONS.md); 0 = it gets none.
    `least`: the shortest period it can be asked for; what stands on monthly ledgers has no weeks.
    `own_span`: it looks back over a span of its own (12 months, all that is known) from the end of any period.
    `looks_back`: the months it is counted over where a period is shorter, `ALWAYS` for a state (a stock, a share of
    what is open); months that are an option of it or of its parts need not be said.
    `age_in`: what the ages of its cohorts are counted in, so that a cell is settled as soon as its own last day is.
    `is_flow`: a total of what happened in a period, so that three months are their sum and a target is of a month.
    `is_reach`: it counts whom a period reached at least once, so it grows with the period's length and does not add
    up: a target is of a month, and says nothing of any other period.
    `record`: the columns that tell its records apart, where these are not those of what it counts first; a derived
    metric without has the records of its parts.
    `reads_channel`: it looks at channels by itself: the rule of attribution is part of it whatever it is asked by.
    `changes`: when its definition was changed since the first release; each makes another version of it.
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
    least: Literal["week", "month"] = "month"
    own_span: bool = False
    looks_back: float = 0
    age_in: Literal["", "days", "months"] = ""
    is_flow: bool = False
    is_reach: bool = False
    record: tuple[str, ...] | None = None
    reads_channel: bool = False
    variants: Mapping[str, Variant] = field(default_factory=dict)
    changes: tuple[Redefined, ...] = ()

    @property
    def version(self) -> int:
        """The version of the definition in the code, from 1."""
        return 1 + len(self.changes)

    @property
    def records(self) -> tuple[str, ...]:
        """The columns that tell apart the records it counts; none where it counts none, or those of its parts."""
        if self.record is not None or self.is_derived:
            return self.record or ()
        return next((RECORDS[part.name] for part in self.parts if part.name in RECORDS), ())

    @property
    def trails(self) -> bool:
        """Whether its weekly lines look back over some weeks: those of a value signal without a span of its own."""
        return self.layer == VALUE_SIGNALS and not self.own_span

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

    def looks_back_with(self, options: Mapping[str, Any]) -> float:
        """The months it is counted over, by itself, where these options are asked for."""
        for variant in self.variants.values():
            if variant.looks_back is not None and variant.options.items() <= options.items():
                return variant.looks_back
        return self.looks_back

    @property
    def definition(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").splitlines()[0]

    @property
    def parts(self) -> list[Part]:
        """What it is made of: metrics where it is derived, else tables and ledgers."""
        return parts_of(self.function)

    @property
    def is_derived(self) -> bool:
        """Whether it is computed from other metrics, whose answers are frames of pandas."""
        return all(part.is_metric for part in self.parts)

    @property
    def options(self) -> dict[str, inspect.Parameter]:
        """What may be asked of it: its keyword-only parameters beyond `by` and `periods`.

        A parameter whose setting also makes one of its ledgers is none: the ledger would stay as gtm.toml has it.
        """
        fixed = _makes_ledgers(self.function)
        return {
            p.name: p
            for p in inspect.signature(self.function).parameters.values()
            if p.kind is p.KEYWORD_ONLY
            and p.name not in ("by", "periods")
            and not (isinstance(p.default, Setting) and p.default.key in fixed)
        }


def _makes_ledgers(function: Callable[..., Any]) -> set[str]:
    """The keys of gtm.toml by which the ledgers that a metric or ledger stands on are made."""
    ledgers = [LEDGERS[p.name] for p in parts_of(function) if not p.is_metric and p.name in LEDGERS]
    parameters = [p for ledger in ledgers for p in inspect.signature(ledger).parameters.values()]
    keys = {p.default.key for p in parameters if isinstance(p.default, Setting)}
    return keys.union(*map(_makes_ledgers, ledgers))
