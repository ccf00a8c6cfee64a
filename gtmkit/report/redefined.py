"""Which definitions a review changed since the one published before it, whether anybody wrote it down or not."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gtmkit import catalog, definitions
from gtmkit.periods import Period
from gtmkit.report.review import RUN_FILE, Review

FILE = definitions.FILE


@dataclass(frozen=True)
class Redefined:
    """Metrics that are not comparable with the review before (`since`, its period), and what differs."""

    since: str
    said: str
    metrics: tuple[str, ...]


def write_definitions(review: Review, folder: Path) -> None:
    """Keep every setting that reaches a metric beside the review, for the next one to compare with."""
    text = json.dumps(definitions.stored(review.config), ensure_ascii=False, indent=1, sort_keys=True)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def redefined(review: Review) -> list[Redefined]:
    """What differs from the latest review published before of a period as long, those with one cause together."""
    before = _before(review)
    if before is None:
        return []
    period, folder = before
    changed = definitions.changed(json.loads((folder / FILE).read_text(encoding="utf-8")), review.config)
    named: dict[str, list[str]] = {}
    for metric, difference in changed.items():
        named.setdefault(str(difference), []).append(catalog.label(metric, review.config))
    return [Redefined(period, said, tuple(sorted(names))) for said, names in named.items()]


def _before(review: Review) -> tuple[str, Path] | None:
    """Period and folder of the latest review of an earlier period as long, confined to the same."""
    start = review.config.company.fiscal_year_start
    own = Period.parse(review.label, start)
    found: dict[str, tuple[str, Path]] = {}
    for path in review.home.glob(f"*/{RUN_FILE}"):
        run = _read(path)
        is_alike = run.get("status") == "published" and run.get("where", {}) == review.where
        if is_alike and (path.parent / FILE).exists():
            period = Period.parse(run["period"], start)
            if period.grain == own.grain and period.end < own.end:
                found[period.end.isoformat()] = (period.label, path.parent)
    return found[max(found)] if found else None


def _read(path: Path) -> dict[str, Any]:
    try:
        run: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # half of a run that was killed
        return {}
    return run
