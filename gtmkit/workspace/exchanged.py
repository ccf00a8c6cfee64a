"""A derived metric with some of what it is made of as it is now and the rest as it was, down the metric graph."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import catalog
from gtmkit.explain.arithmetic import factors
from gtmkit.explain.parts import Part, by_factors
from gtmkit.ledgers.replicates import GROUPS, REPLICATE
from gtmkit.periods import Period
from gtmkit.results import Floats, chosen, floats
from gtmkit.workspace.answers import Answers

Path = tuple[str, ...]  # the names of parameters on the way down to a part
CALENDAR = "calendar"  # what is read off the period itself, such as the quarter that lies a sales cycle ahead
SAME = 1e-9  # of its size, what a figure may miss where a part's value alone was exchanged


Between = tuple[Period, Period]  # then and now


class Node:
    """A derived metric and the answers of its parts by some dimensions, derived ones as nodes of their own."""

    def __init__(
        self,
        answers: Answers,
        row: catalog.Metric,
        by: tuple[str, ...],
        periods: int,
        options: Mapping[str, Any],
    ) -> None:
        self.row, self.by = row, by
        self.settings = {**answers.inputs.settings(row.function), **options}
        names = list(inspect.signature(row.function).parameters)
        frames = answers.arguments(row.function, by, periods, options=options)
        self.frames: dict[str, pd.DataFrame] = dict(zip(names, frames, strict=False))
        self.parts = {
            name: answers.inputs.part(need, chosen(row.function, options))
            for name, need in zip(names, row.parts, strict=False)
        }
        self.inner = {
            name: Node(answers, part, tuple(c for c in by if c in self.frames[name]), periods, asked)
            for name, (part, asked) in self.parts.items()
            if is_exchangeable(part)
        }

    def answer(
        self, sides: Between, now: frozenset[Path], instead: Mapping[Path, pd.DataFrame], at: Path = ()
    ) -> pd.DataFrame:
        """Its answer with the parts of `now` as they are now, and those of `instead` as they are given."""
        frames = [self._part(name, sides, now, instead, (*at, name)) for name in self.frames]
        return self.row.function(
            *frames, by=list(self.by), periods=[sides[(CALENDAR,) in now]], **self.settings
        )

    def _part(
        self,
        name: str,
        sides: Between,
        now: frozenset[Path],
        instead: Mapping[Path, pd.DataFrame],
        path: Path,
    ) -> pd.DataFrame:
        if path in instead:
            return instead[path]
        if self.frames[name] is None:
            return self.frames[name]
        if path not in now and name in self.inner and any(one[: len(path)] == path for one in now):
            return self.inner[name].answer(sides, now, instead, path)
        frame = self.frames[name]
        rows = frame[frame["period"] == sides[path in now].label]
        return rows.assign(period=sides[(CALENDAR,) in now].label).reset_index(drop=True)

    def under(self, path: Path) -> "Node":
        """The node at the end of a path."""
        return self.inner[path[0]].under(path[1:]) if path else self


def is_exchangeable(row: catalog.Metric) -> bool:
    """Whether a metric is made of others of the same period, so that each can be exchanged for itself."""
    return row.is_derived and all(part.months == 0 for part in row.parts)


class Exchange:
    """The figure of a derived metric in two periods, `sides`, and all that lies between.

    `where`: the columns and values to which it is confined. `leaving_out`: also with groups of accounts left out.
    """

    def __init__(
        self,
        answers: Answers,
        row: catalog.Metric,
        options: Mapping[str, Any],
        sides: Between,
        periods: int,
        where: Mapping[str, str],
        *,
        leaving_out: bool,
    ) -> None:
        self._sides, self._where = sides, dict(where)
        columns = tuple(where)
        self._whole = Node(answers, row, columns, periods, options)
        self._apart = Node(answers, row, (*columns, REPLICATE), periods, options) if leaving_out else None
        self._known: dict[frozenset[Path], Floats] = {}

    def value(self, now: frozenset[Path]) -> Floats:
        """The figures with the parts of `now` as they are now."""
        if now not in self._known:
            found = [self._confined(self._whole.answer(self._sides, now, {}))["value"].head(1)]
            if self._apart is not None:
                rows = self._confined(self._apart.answer(self._sides, now, {})).set_index(REPLICATE)
                found.append(rows["value"].reindex([str(one) for one in range(GROUPS)]))
            self._known[now] = np.concatenate([floats(one) for one in found])
        return self._known[now]

    def _confined(self, rows: pd.DataFrame) -> pd.DataFrame:
        for column, value in self._where.items():
            rows = rows[rows[column].isna() | (rows[column] == value)]
        return rows

    def parts(self) -> list[Part]:
        """What each part of the metric brought to its change."""
        figures = self.figures(())
        if self._is_dated():
            figures[CALENDAR] = (float("nan"), float("nan"))
        return by_factors(lambda now: self.value(frozenset((name,) for name in now)), figures)

    def _is_dated(self) -> bool:
        """Whether the figure depends on the period itself, beside the answers it is made of."""
        then, now = self.value(frozenset())[:1], self.value(frozenset([(CALENDAR,)]))[:1]
        return not np.allclose(then, now, rtol=SAME, atol=0.0)

    def parts_of(self, path: Path) -> list[Part]:
        """What the parts of a part brought to the change of the metric, as they are or were beside the others.

        The mean of two: all others as they were, and all others as they are.
        """
        figures = self.figures(path)

        def beside(others: frozenset[Path]) -> dict[str, Floats]:
            return factors(lambda now: self.value(others | {(*path, name) for name in now}), list(figures))

        found = (beside(frozenset()), beside(self._others(path)))
        return [
            Part(name, (found[0][name] + found[1][name]) / 2, before=then, after=now)
            for name, (then, now) in figures.items()
            if found[0][name][0] != 0 or found[1][name][0] != 0
        ]

    def _others(self, path: Path) -> frozenset[Path]:
        """Everything beside a path, on every level of it."""
        return frozenset([(CALENDAR,)]) | {
            (*path[:depth], name)
            for depth, own in enumerate(path)
            for name in self._whole.under(path[:depth]).frames
            if name != own
        }

    def figures(self, path: Path) -> dict[str, tuple[float, float]]:
        """The own figures before and after of each part of the metric at a path; NaN of what has several."""
        then, now = (side.label for side in self._sides)
        return {
            name: (self._figure(frame, then), self._figure(frame, now))
            for name, frame in self._whole.under(path).frames.items()
            if frame is not None
        }

    def _figure(self, frame: pd.DataFrame, label: str) -> float:
        found = floats(self._confined(frame[frame["period"] == label])["value"])
        return float(found[0]) if len(found) == 1 else float("nan")

    def part(self, path: Path) -> tuple[catalog.Metric, dict[str, Any]]:
        """The metric at the end of a path and the options with which it is asked."""
        return self._whole.under(path[:-1]).parts[path[-1]]

    def has_parts(self, path: Path) -> bool:
        """Whether what stands at a path is made of several others."""
        node = self._whole.under(path[:-1]).inner.get(path[-1])
        return node is not None and len(node.frames) > 1

    def is_by_value(self, path: Path) -> bool:
        """Whether the figure takes of a part nothing but its value, so that the value's own parts are the figure's.

        CAC payback takes the cost of CAC: that fewer customers made CAC dearer is nothing to it.
        """
        node = self._whole.under(path[:-1])
        frame = node.frames[path[-1]]
        sides = [frame[frame["period"] == side.label].reset_index(drop=True) for side in self._sides]
        if len(sides[0]) != len(sides[1]):
            return False
        value, bottom = floats(sides[1]["value"]), floats(sides[0]["denominator"])
        top = np.where(np.isnan(bottom), value, value * bottom)
        moved = sides[0].assign(value=value, numerator=top)
        found = floats(self._confined(self._whole.answer(self._sides, frozenset(), {path: moved}))["value"])[
            :1
        ]
        wanted = self.value(frozenset([path]))[:1]
        return bool(np.allclose(found, wanted, rtol=SAME, atol=0.0, equal_nan=True))
