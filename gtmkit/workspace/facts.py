"""What was asked of a workspace as facts: the answers as data, each once."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from gtmkit import catalog, results
from gtmkit.config import Config

FACTS_MIME = "application/vnd.gtmkit.facts+json"
Asked = tuple[str, str, tuple[str, ...], pd.DataFrame]


class Facts:
    """Facts as a notebook displays them: how many as text, all of them as data for the batch."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.records = records

    def __repr__(self) -> str:
        return f"{len(self.records)} facts"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), FACTS_MIME: self.records}


def records(
    asked: Iterable[Asked], units: Mapping[tuple[str, str], str], config: Config
) -> list[dict[str, Any]]:
    """Answers, as (id, variant, by, frame), as facts, each once; `units` by id and variant."""
    facts: dict[str, dict[str, Any]] = {}
    for metric, variant, by, frame in asked:
        version = catalog.version(catalog.METRICS[metric], config)
        for fact in results.records(frame, metric, variant, version, units[metric, variant], by):
            facts[json.dumps(fact, sort_keys=True)] = fact
    return list(facts.values())
