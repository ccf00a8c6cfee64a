"""The North Star and what keeps it honest: each guardrail against its limit, and when it was won at their cost."""

from dataclasses import dataclass

from gtmkit import catalog, definitions, formats
from gtmkit.agreed import over_period
from gtmkit.scorecard.choice import LEAST_GUARDRAILS, NORTH_STAR
from gtmkit.scorecard.lines import PART
from gtmkit.scorecard.readings import Fact, Reading, Readings
from gtmkit.wording import SoWhat, against_target
from gtmkit.wording.scorecard import Standing, Star, protected

READ = ("final", "provisional")  # statuses of a figure that can be judged


@dataclass(frozen=True)
class Rail:
    """A guardrail: its limit and side, its reading (None where it is not part of the review), its standing.

    `limit` is that of the review's period, of a flow so many times the month's; None where what is agreed says
    nothing of it.
    """

    metric: str
    limit: float | None
    is_least: bool
    reading: Reading | None
    standing: Standing


def rails(readings: Readings) -> list[Rail]:
    """The guardrails of [guardrails], in their order there."""
    found = []
    for metric, agreed in readings.config.guardrails.items():
        is_least = agreed.at_least is not None
        of_month = float(agreed.at_least if agreed.at_least is not None else agreed.at_most or 0.0)
        row, _ = catalog.find(metric)
        limit = over_period(of_month, row, readings.period)
        limit = None if readings.is_confined else limit
        standing = _standing(metric, of_month, limit, is_least, readings)
        found.append(Rail(metric, limit, is_least, readings.get(metric), standing))
    return found


def warnings(readings: Readings) -> list[str]:
    """The periods in which the North Star rose while a guardrail was crossed, of all that were asked.

    It rose where it is above its latest final figure before; a guardrail is crossed in the same period where its
    whole interval, or what has none its value, is beyond the limit. Figures that are neither final nor
    provisional, or of a part of a period, judge nothing.
    """
    star = readings.get(NORTH_STAR)
    if star is None:
        return []
    return [
        str(fact["period"])
        for fact in star.facts
        if _has_risen(star, fact, readings)
        and any(_is_crossed(rail, fact["period"]) for rail in rails(readings))
    ]


def star_of(readings: Readings) -> Star | None:
    """The North Star in words at the period under review; None where none is agreed or asked."""
    reading = readings.get(NORTH_STAR)
    agreed = readings.config.north_star
    if reading is None or agreed is None:
        return None
    before = reading.before(reading.fact)
    line, unit, currency = reading.line, reading.fact["unit"], readings.config.company.currency
    if line.is_missing:
        return Star(agreed.label, "", "", "", False, formats.absence(reading.fact))
    if reading.is_part:
        return Star(agreed.label, line.value, "", "", False, f"is of {PART}: not compared")
    return Star(
        name=agreed.label,
        figure=line.value,
        before="" if before is None else formats.number(before["value"], unit, currency),
        since="" if before is None else str(before["period"]),
        has_risen=_has_risen(reading, reading.fact, readings),
        reason=_redefined(reading, reading.fact, readings),
    )


def lacking(readings: Readings) -> list[str]:
    """What is missing to guard the North Star, each in a sentence with where to add it."""
    said = []
    if readings.config.north_star is None:
        said.append("No North Star is agreed: [north_star] in gtm.toml.")
    elif readings.get(NORTH_STAR) is None:
        said.append("The North Star is not part of this review.")
    count = len(readings.config.guardrails)
    if count < LEAST_GUARDRAILS:
        guards = f"{count or 'No'} guardrail{'' if count == 1 else 's'}"
        said.append(f"{guards}, at least {LEAST_GUARDRAILS} are needed: [guardrails.ID] in gtm.toml.")
    return said


def verdicts(readings: Readings) -> SoWhat:
    """Whether the North Star rises while a guardrail is crossed, now and in the periods before."""
    earlier = [period for period in warnings(readings) if period != readings.period.label]
    standings = [rail.standing for rail in rails(readings)]
    return protected(star_of(readings), standings, lacking(readings), earlier)


def _standing(
    metric: str, of_month: float, limit: float | None, is_least: bool, readings: Readings
) -> Standing:
    """A guardrail at the period under review; without a figure there, why."""
    name = catalog.label(metric, readings.config)
    row, _ = catalog.find(metric)
    side = "at least" if is_least else "at most"
    unit, currency = formats.spoken_unit(metric, row.unit), readings.config.company.currency
    agreed = f"{side} {formats.target(metric, of_month if limit is None else limit, row.unit, currency)}"
    reading = readings.get(metric)
    if reading is None:
        return Standing(name, "", agreed, f"is counted by the {row.least}", "not yet")
    fact = reading.at(readings.period.label)
    if fact is None or not _is_read(fact):
        return Standing(name, "", agreed, formats.absence(fact or reading.fact), "not yet")
    if limit is None:
        wider = "the whole company" if readings.is_confined else "a month"
        return Standing(name, "", agreed, f"is not judged: its limit is of {wider}", "not yet")
    if reading.is_part:
        return Standing(name, "", agreed, f"is not judged: {PART}", "not yet")
    verdict, word = against_target(fact, limit, is_least)
    return Standing(name, formats.figure(fact, unit, currency), agreed, word, verdict)


def _is_read(fact: Fact) -> bool:
    return fact["status"] in READ and fact["value"] is not None


def _is_crossed(rail: Rail, period: str) -> bool:
    fact = None if rail.reading is None else rail.reading.at(period)
    if fact is None or rail.reading is None or rail.limit is None or not _is_read(fact):
        return False
    if rail.reading.is_part and rail.reading.fact["period"] == period:
        return False
    return against_target(fact, rail.limit, rail.is_least)[1] == "missed"


def _has_risen(star: Reading, fact: Fact, readings: Readings) -> bool:
    before = star.before(fact)
    if (star.is_part and fact["period"] == star.fact["period"]) or _redefined(star, fact, readings):
        return False
    return before is not None and _is_read(fact) and float(fact["value"]) > float(before["value"])


def _redefined(star: Reading, fact: Fact, readings: Readings) -> str:
    """That the North Star is not comparable with the latest final figure before; "" where it is, or has none."""
    before = star.before(fact)
    if before is None:
        return ""
    changed = definitions.changed_between(NORTH_STAR, before["period"], fact["period"], readings.config)
    return f"is not comparable: definition changed in {changed}" if changed else ""
