"""Which events the rules of gtm.toml count, and which metrics stand on these rules."""

import inspect
from collections.abc import Iterable, Sequence

from gtmkit import catalog
from gtmkit.config import Condition, Milestone
from gtmkit.config.sections import NorthStar
from gtmkit.results import Setting

# The settings that name events, in words.
RULE, SECOND, STAR, ACTIVE = "activation.conditions", "activation.second", "north_star", "active.events"
SECTIONS = {
    RULE: "the activation rule", SECOND: "the second milestone", STAR: "[north_star]", ACTIVE: "[active]",
}  # fmt: skip


def uses(
    conditions: Sequence[Condition], second: Milestone | None, star: NorthStar | None, acts: Sequence[str]
) -> dict[str, list[str]]:
    """Each event that a rule of gtm.toml counts, and the settings that name it."""
    named_by = {
        RULE: [condition.event for condition in conditions],
        SECOND: [second.event] if second else [],
        STAR: list(star.events) if star else [],
        ACTIVE: list(acts),
    }
    found: dict[str, list[str]] = {}
    for key, events in named_by.items():
        for event in dict.fromkeys(events):
            found.setdefault(event, []).append(key)
    return found


def metrics_by(keys: Iterable[str]) -> tuple[str, ...]:
    """The metrics that read one of these settings, themselves or through another metric, as the catalogue has them."""
    asked = set(keys)
    return tuple(metric for metric in catalog.METRICS if _reads(metric, asked))


def _reads(metric: str, keys: set[str]) -> bool:
    row = catalog.METRICS[metric]
    defaults = [p.default for p in inspect.signature(row.function).parameters.values()]
    own = {default.key for default in defaults if isinstance(default, Setting)}
    return bool(own & keys) or any(_reads(part.name, keys) for part in row.parts if part.is_metric)
