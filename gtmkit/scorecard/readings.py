"""Every metric of a review asked once, over the periods that its trend shows, and the figure of each that leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gtmkit import catalog, results
from gtmkit.config import Config
from gtmkit.errors import ConfigError
from gtmkit.periods import Period
from gtmkit.scorecard.choice import AT, NORTH_STAR, TRAILING, lines
from gtmkit.scorecard.lines import Line, leading, line_of
from gtmkit.trust import Trust
from gtmkit.workspace import Workspace

ICP = {"is_icp": "true"}
COHORTS = "cohort"  # an axis: what has it carries its own past
Fact = Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """A metric in a review: the fact that leads, and those of the same place in every period, oldest first.

    `line` is it in words, `icp` the same of the ideal customer profile; None where that is not asked. `rows` are
    how many figures it has in the period. `is_part`: its data ends before the period does. `trust` is how far the
    metric can be trusted.
    """

    row: catalog.Metric
    fact: Fact
    facts: Sequence[Fact]
    line: Line
    icp: Line | None
    rows: int
    trust: Trust
    is_part: bool = False

    @property
    def trend(self) -> pd.DataFrame:
        """The facts as a frame in the result shape."""
        return pd.DataFrame(self.facts)[["period", *results.FIGURES, *results.WORDS]]

    def at(self, period: str) -> Fact | None:
        """The fact of a period."""
        return next((fact for fact in self.facts if fact["period"] == period), None)

    def before(self, fact: Fact) -> Fact | None:
        """The latest final figure of a period before that of a fact."""
        earlier = [f for f in self.facts if f["status"] == "final" and f["value"] is not None]
        return max((f for f in earlier if f["period"] < fact["period"]), key=_period, default=None)


@dataclass(frozen=True)
class Readings:
    """A review's readings by metric; what is not part of it (an outcome in a week) is not among them.

    `is_confined`: they are of a part of the company, and what is agreed is of the whole.
    """

    period: Period
    config: Config
    by_metric: Mapping[str, Reading]
    no_icp: str
    is_confined: bool = False

    def get(self, metric: str) -> Reading | None:
        return self.by_metric.get(metric)


def ask(ws: Workspace, trailing: int = TRAILING) -> Readings:
    """Ask a workspace for every metric that belongs to its period's review, each once.

    A metric by cohort carries its own past, so unless it is a line it is asked for the one period alone. The
    lines are asked of the ideal customer profile too. The guardrails are read whenever they can be: what keeps the
    North Star honest cannot wait for the quarter.
    """
    chosen = lines(ws.config)
    guards = {NORTH_STAR, *ws.config.guardrails}
    followed = {*chosen, *guards}
    lacking = no_icp(ws)
    found = {}
    for name in dict.fromkeys([*catalog.METRICS, *chosen]):  # a line may name a variant
        row, _ = catalog.find(name)
        if catalog.belongs(row, ws.period, ws.config) or (name in guards and _can_be_read(row, ws.period)):
            periods = trailing if COHORTS not in row.axes or name in followed else 1
            found[name] = _reading(ws, name, periods, name in chosen and not lacking)
    return Readings(ws.period, ws.config, found, lacking, bool(ws.where))


def _can_be_read(row: catalog.Metric, period: Period) -> bool:
    return period.grain != "week" or row.least == "week"


def no_icp(ws: Workspace) -> str:
    """Why nothing can be said of the ideal customer profile; "" where it can."""
    if "is_icp" in ws.where:
        return f"all of it is is_icp = {ws.where['is_icp']}"
    try:
        ws.check_where(ICP)
    except ConfigError:
        return "no account has is_icp = true"
    return ""


def _reading(ws: Workspace, name: str, periods: int, with_icp: bool) -> Reading:
    frame = ws.metric(name, periods=periods)
    facts = facts_of(frame, name, ws)
    fact, before = leading(facts, ws.period.label)
    icp = None
    if with_icp:
        # Its own period, and those before only where the whole is read at one of these.
        back = periods if fact["period"] != ws.period.label else 1
        own = [f for f in facts_of(ws.metric(name, periods=back, where=ICP), name, ws) if _is_like(f, fact)]
        icp = line_of(own[0], None, fact["period"], ws.config) if own else None
    is_part = bool(ws.cut_short(name))
    said: dict[str, Any] = {"planned": ws.planned(), "is_confined": bool(ws.where), "is_part": is_part}
    return Reading(
        row=catalog.find(name)[0],
        fact=fact,
        facts=[f for f in facts if f["dims"] == fact["dims"]],
        line=line_of(fact, before, ws.period.label, ws.config, **said),
        icp=icp,
        rows=int((frame["period"] == ws.period.label).sum()),
        trust=ws.trust(name),
        is_part=is_part,
    )


def facts_of(frame: pd.DataFrame, name: str, ws: Workspace) -> list[dict[str, Any]]:
    """The rows of an answer as facts; of a metric with axes those at the place where it is read."""
    row, variant = catalog.find(name)
    if not frame["period"].eq(ws.period.label).any():  # a metric with axes has no row where nothing happened
        nothing = results.undefined((), [ws.period.label], "nothing in this period", row.axes)
        frame = pd.concat([frame, nothing], ignore_index=True)
    unit = row.unit_with(row.variants[variant].options if variant else {})
    rows = _at(frame, AT.get(row.id, {}), ws.period.label)
    return results.records(rows, row.id, variant, catalog.version(row, ws.config), unit, ())


def _at(frame: pd.DataFrame, place: Mapping[str, Any], period: str) -> pd.DataFrame:
    """The rows at a place on their axes; of an age not observed yet, the latest that is."""
    rows = frame
    for axis, value in place.items():
        known = rows.loc[rows["period"] == period, axis].dropna()
        wanted = value if isinstance(value, str) else min(value, known.max()) if len(known) else value
        rows = rows[(rows[axis] == wanted) | rows[axis].isna()]
    return rows


def _is_like(fact: Fact, other: Fact) -> bool:
    """Whether a fact stands at the same place as another, or is undefined and stands nowhere."""
    if fact["period"] != other["period"]:
        return False
    return bool(fact["dims"] == other["dims"] or fact["status"] == "undefined")


def _period(fact: Fact) -> str:
    return str(fact["period"])
