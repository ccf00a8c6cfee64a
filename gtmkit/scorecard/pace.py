"""The quarter so far: against its target, and against as many months of the quarters before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gtmkit import catalog, definitions, results
from gtmkit.agreed import Planned
from gtmkit.periods import MONTHS_IN, Period, Week
from gtmkit.scorecard.choice import PACED
from gtmkit.scorecard.lines import PART
from gtmkit.scorecard.readings import Fact
from gtmkit.workspace import Workspace

QUARTERS_BACK = 4


@dataclass(frozen=True)
class Pace:
    """A flow in its quarter so far: the fact, and the same months of the quarters before, the latest first.

    `months` of the three are over; `cut_short` is the table that ends before they do, "" where none does. `target`
    is that of the whole quarter, `to_date` that of the months that are over; None where there is none, `reason`
    then says so.
    """

    row: catalog.Metric
    quarter: Period
    months: int
    fact: Fact
    cut_short: str
    before: Sequence["Before"]
    target: float | None
    to_date: float | None
    reason: str

    @property
    def is_partial(self) -> bool:
        """Whether the quarter goes on."""
        return self.months < self.quarter.months or bool(self.cut_short)


@dataclass(frozen=True)
class Before:
    """The same months of a quarter before; `changed` is the month of a change of definition since, "" without."""

    quarter: Period
    fact: Fact
    changed: str


def paces(ws: Workspace) -> list[Pace]:
    """The flows of a company in the quarter that contains the period's last month; a week and a year have none.

    Only whole months are compared with as many whole months.
    """
    if isinstance(ws.period, Week) or ws.period.grain == "year":
        return []
    quarter = quarter_of(ws.period)
    targets = _targets(ws)
    return [_pace(ws, catalog.METRICS[name], quarter, targets) for name in PACED]


def quarter_of(period: Period) -> Period:
    """The fiscal quarter that contains the last month of a period."""
    return Period(period.last_month - 1, 1, period.fiscal_year_start).quarter()


def _pace(ws: Workspace, row: catalog.Metric, quarter: Period, targets: "_Targets") -> Pace:
    months = ws.period.last_month - quarter.first_month + 1
    step = MONTHS_IN["quarter"] // ws.period.months  # periods from one quarter to the next
    options: dict[str, Any] = {"months": months} if ws.period.grain == "month" and months > 1 else {}
    frame = ws.metric(row.id, periods=QUARTERS_BACK * step + 1, **options)
    version = catalog.version(row, ws.config)
    facts = {f["period"]: f for f in results.records(frame, row.id, "", version, row.unit, ())}
    before = []
    for back in range(1, QUARTERS_BACK + 1):
        earlier = facts[ws.period.shift(-back * step).label]
        changed = definitions.changed_between(row.id, earlier["period"], ws.period.label, ws.config)
        before.append(Before(quarter.shift(-back), earlier, changed))
    whole, to_date, reason = targets.of(row.id, quarter, months)
    cut_short = ws.cut_short(row.id)
    if cut_short and to_date is not None:  # the plan of whole months is not that of a part of them
        to_date, reason = None, PART
    return Pace(row, quarter, months, facts[ws.period.label], cut_short, before, whole, to_date, reason)


@dataclass(frozen=True)
class _Targets:
    """The company's targets by metric and period, and the reason for which there are none."""

    known: Planned
    agreed: dict[str, float]
    reason: str

    def of(self, metric: str, quarter: Period, months: int) -> tuple[float | None, float | None, str]:
        """The target of a quarter, that of its first months, and what is missing of either.

        A quarter's own target stands before those of its months; with neither, three times the agreed month's.
        """
        known = self.known.get(metric, {})
        parts = [
            known.get(Period(quarter.first_month + k, 1, quarter.fiscal_year_start).label)
            for k in range(quarter.months)
        ]
        own = known.get(quarter.label, known.get(quarter.label.removeprefix("FY")))
        month = self.agreed.get(metric)
        so_far = [part for part in parts[:months] if part is not None]
        to_date = sum(so_far) if len(so_far) == months else None
        given = [part for part in parts if part is not None]
        if own is not None:
            return own, to_date, ""
        if len(given) == quarter.months:
            return sum(given), to_date, ""
        if given:
            return None, None, f"targets for {len(given)} of {quarter.months} months of {quarter.label}"
        if month is not None:
            return month * quarter.months, month * months, ""
        return None, None, self.reason


def _targets(ws: Workspace) -> _Targets:
    agreed = {name: metric.target for name, metric in ws.config.metric.items() if metric.target is not None}
    if ws.where:
        return _Targets({}, {}, "targets are of the whole company")
    if "targets" not in ws.tables:
        return _Targets({}, agreed, "no target: needs table targets")
    return _Targets(ws.planned(), agreed, "no target of the quarter: table targets")
