"""What could not be computed, and why: the figures without a value, by their reason, each reason once."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gtmkit import catalog, formats
from gtmkit.config import Config
from gtmkit.report.facts import Fact

SAID = {"undefined": "undefined", "immature": "not yet observed", "suppressed": "suppressed"}
MOST_NAMED = 3  # figures of one metric; more are counted
NEEDS = re.compile(r"needs table (\w+)")
FEWER = re.compile(r"fewer than \d+")
VARYING = re.compile(r"\d[\d,.-]*")  # dates, counts: two reasons that differ in these alone are one


@dataclass(frozen=True)
class Gap:
    """One reason for which figures are missing: how it is said, how many there are, and which, by metric."""

    said: str
    reason: str
    figures: int
    metrics: tuple[str, ...]


def gaps(facts: Sequence[Fact], period: str, config: Config) -> list[Gap]:
    """The reasons for which figures of a review have no value, missing tables first, then by their number."""
    groups: dict[tuple[int, int, str], list[Fact]] = {}
    for fact in facts:
        if fact["value"] is None:
            reason = _cause(fact)
            order = list(SAID).index(fact["status"]) if fact["status"] in SAID else len(SAID)
            key = (order, 0 if NEEDS.search(reason) else 1, VARYING.sub("#", reason))
            groups.setdefault(key, []).append(fact)
    of_metric = Counter(fact["metric"] for fact in facts)
    found = sorted(groups.items(), key=lambda item: (item[0][:2], -len(item[1]), item[0][2]))
    return [
        Gap(
            said=SAID.get(str(rows[0]["status"]), str(rows[0]["status"])),
            reason=_told(rows),
            figures=len(rows),
            metrics=tuple(_named(rows, of_metric, period, config)),
        )
        for _, rows in found
    ]


def _cause(fact: Fact) -> str:
    """The part of a reason that took the value away; what else is noted there does not."""
    reason = fact["reason"] or ""
    decisive = (FEWER if fact["status"] == "suppressed" else NEEDS).search(reason)
    return decisive[0] if decisive else reason


def _told(rows: Sequence[Fact]) -> str:
    """The reason as most of them say it, and how many others differ from it in a date or a count."""
    told = Counter(_cause(fact) for fact in rows)
    first = min(told, key=lambda reason: (-told[reason], reason))
    return (
        f"{first}; alike for {len(told) - 1:,} other{'s' if len(told) > 2 else ''}"
        if len(told) > 1
        else first
    )


def _named(rows: Sequence[Fact], of_metric: Mapping[str, int], period: str, config: Config) -> list[str]:
    """The metrics of these rows: the name alone where all is missing, else which figures or how many."""
    by_metric: dict[str, list[Fact]] = {}
    for fact in rows:
        by_metric.setdefault(fact["metric"], []).append(fact)
    said = []
    for metric, missing in by_metric.items():
        name = catalog.label(metric, config) if metric in catalog.METRICS else metric
        which = sorted({_which(fact, period) for fact in missing} - {""})
        if len(missing) == of_metric[metric]:
            said.append(name)
        elif 0 < len(which) <= MOST_NAMED and all(_which(fact, period) for fact in missing):
            said.append(f"{name} ({'; '.join(which)})")
        else:
            said.append(f"{name} ({len(missing):,} of {of_metric[metric]:,} figures)")
    return sorted(said)


def _which(fact: Fact, period: str) -> str:
    """Which figure of its metric a fact is: its groups, and its period where that is not the review's."""
    dims = json.loads(fact["dims"])
    names = [f"by {axis}" if value is None else formats.label(value) for axis, value in dims.items()]
    return ", ".join([*names, *([fact["period"]] if fact["period"] != period else [])])
