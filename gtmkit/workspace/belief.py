"""How far the answers of a workspace can be believed: what its data say of the processes, and what is wrong with it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from gtmkit import health, store, trust
from gtmkit.health import freshness, sources_of_truth
from gtmkit.health.fault import Fault
from gtmkit.ledgers.dimensions import told_by_channel
from gtmkit.trust import Evidence, Standing, Trust
from gtmkit.trust.evidence import FUNCTIONS, summed_up
from gtmkit.workspace.answers import Answers
from gtmkit.workspace.inputs import MissingTableError

OF_CHANNELS = "pipeline_concentration"  # what puts it in doubt does so to all that is told by channel
TOLD_APART = ("motion", "channel")  # by what rows are told apart that stand on processes of their own
EVIDENCE, FAULTS = TypeAdapter(dict[str, Evidence]), TypeAdapter(list[Fault])


class Belief:
    """What is found of the measurement at the period, in the whole company and each thing once.

    `evidence` is what the data say of each process that they can speak of, `standings` how each process stands,
    `faults` what is wrong with how the company measures.
    """

    def __init__(self, answers: Answers, through: Mapping[str, date], loss: pd.DataFrame) -> None:
        self._answers = answers
        self._inputs = answers.inputs
        self._through = dict(through)
        self._loss = loss
        self._found: dict[Callable[..., Any], Any] = {}

    def told(self, function: Callable[..., Any]) -> Any:
        """What a function of trust or health finds; None where there is no table that it needs."""
        if function not in self._found:
            try:
                arguments = self._answers.arguments(function, (), 1)
            except MissingTableError:
                self._found[function] = None
            else:
                settings = self._inputs.settings(function)
                self._found[function] = function(*arguments, period=self._inputs.period, **settings)
        return self._found[function]

    @cached_property
    def evidence(self) -> dict[str, Evidence]:
        """By process, what the data say of it; one without what its evidence is made of is left out."""
        found: dict[str, Evidence] = self._kept(
            "evidence", EVIDENCE, FUNCTIONS.values(), self._look_for_evidence
        )
        return found

    def _look_for_evidence(self) -> dict[str, Evidence]:
        told = {process: self.told(function) for process, function in FUNCTIONS.items()}
        return {process: summed_up(findings) for process, findings in told.items() if findings}

    @cached_property
    def standings(self) -> dict[str, Standing]:
        """By process, how it stands at the end of the period."""
        return trust.standings(self._inputs.config, self.evidence, self._inputs.period.end)

    @cached_property
    def faults(self) -> list[Fault]:
        """What is wrong with the measurement, as far as there is what it takes to look."""
        found: list[Fault] = self._kept("faults", FAULTS, health.LOOKS, self._look_for_faults)
        return found

    def _look_for_faults(self) -> list[Fault]:
        faults = []
        for look, of in health.LOOKS.items():
            found = self.told(look)
            if found is not None:
                faults += of(found, **self._inputs.settings(of))
        faults += freshness.freshness_faults(self.freshness(), self._inputs.tables_of)
        return faults + sources_of_truth.contradictions(self._inputs.config, self._inputs.tables_of)

    def _kept(
        self, name: str, kind: TypeAdapter[Any], looks: Iterable[Callable[..., Any]], make: Callable[[], Any]
    ) -> Any:
        """What looks at the tables found, kept beside the ledgers: every page of a review asks for it."""
        inputs = self._inputs
        if inputs.store is None:
            return make()
        who = " ".join(f"{look.__module__}.{look.__qualname__}" for look in looks)
        said = f"{inputs.period.label} {inputs.config.attribution.rule} {who}"
        return store.kept(inputs.store, name, said, kind, make)

    def freshness(self) -> pd.DataFrame:
        """How far each table reaches, how full its last month is, and what was set aside of it."""
        given, period = self._inputs.given, self._inputs.period
        return freshness.freshness(given, self._through, self._loss, period=period)

    def trust(self, metric: str, motion: str | None, is_by_channel: bool = False) -> Trust:
        """How far a metric can be trusted, of what came by a motion, or of all motions together.

        `is_by_channel`: told by what decides the channel, so that what is wrong with that counts too.
        """
        beside = OF_CHANNELS if is_by_channel else None
        return trust.trust(metric, self.standings, motion, self.faults, beside)

    def trust_of_rows(self, metric: str, where: Mapping[str, str], rows: pd.DataFrame) -> Mapping[str, Trust]:
        """How far rows of a metric can be trusted: each motion that they tell apart by itself, or all under "".

        A channel that has no motion, and rows without a channel, are of any.
        """
        column = next((c for c in TOLD_APART if c in rows), None)
        is_by_channel = told_by_channel({*where, *rows.columns})
        if column is None:
            return {"": self.trust(metric, self.motion(where), is_by_channel)}
        found: dict[str, Trust] = {}
        for value in sorted(rows[column].dropna().astype(str).unique()):
            motion = self.motion({**where, column: value})
            found[motion or value] = self.trust(metric, motion, is_by_channel)
        alike = set(found.values())
        return {"": alike.pop()} if len(alike) == 1 else found

    def motion(self, where: Mapping[str, str]) -> str | None:
        """The one motion to which answers are confined, or that of their channel, as [[channels]] has it."""
        motions = {entry.channel: entry.motion for entry in self._inputs.config.channels}
        motion = where.get("motion")
        return motion if motion in motions.values() else motions.get(where.get("channel", ""))
