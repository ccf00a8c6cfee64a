"""Ledgers: small facts, one idea each, made once from the tables and read by every metric."""

from collections.abc import Callable, Mapping

from gtmkit.frames import Frame
from gtmkit.ledgers.journeys import journeys, positions, stays, visits
from gtmkit.ledgers.revenue import revenue

LEDGERS: Mapping[str, Callable[..., Frame]] = {
    build.__name__: build for build in (revenue, journeys, visits, positions, stays)
}
