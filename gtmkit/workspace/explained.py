"""What made a figure move between two periods: asked of the metric, of what it is made of, and of its groups."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import catalog, definitions
from gtmkit.errors import ConfigError
from gtmkit.explain import Explanation, Sides, by_factors, by_groups, by_itself, kind_of
from gtmkit.ledgers.replicates import GROUPS, REPLICATE
from gtmkit.periods import Period
from gtmkit.results import Floats, floats
from gtmkit.workspace.answers import Answers

MOST_BACK = 60  # periods between the two


class Asked:
    """A metric asked of two periods: its rows of both, for the whole, by groups, and with accounts left out."""

    def __init__(self, answers: Answers, metric: str, versus: str, options: Mapping[str, Any]) -> None:
        self.answers = answers
        self.row, variant = catalog.find(metric)
        self.options = {**(self.row.variants[variant].options if variant else {}), **options}
        self.labels = (versus, answers.inputs.period.label)
        self.periods = _back(answers.inputs.period, versus) + 1

    @property
    def unit(self) -> str:
        """The unit of its figures."""
        return self.row.unit_with(self.options)

    def sides(self, by: str | None = None) -> Sides:
        """The rows of both periods."""
        whole = self._rows(())
        groups = whole.iloc[:0] if by is None else self._rows((by,))
        return self._parted(groups, whole, by)

    def left_out(self, by: str) -> list[Sides]:
        """The same with each group of accounts left out.

        None where nothing in it is counted by account, or where there is no figure without some of the groups.
        """
        if not self.answers.inputs.is_by_account(self.row):
            return []
        whole, groups = self._rows((REPLICATE,)), self._rows((by, REPLICATE))
        if REPLICATE not in whole or REPLICATE not in groups:
            return []
        found = [
            self._parted(groups[groups[REPLICATE] == str(one)], whole[whole[REPLICATE] == str(one)], by)
            for one in range(GROUPS)
        ]
        is_whole = all(_has_figure(side) for one in found for side in (one.whole_before, one.whole_after))
        return found if is_whole else []

    def _rows(self, by: tuple[str, ...]) -> pd.DataFrame:
        return self.answers.confined(self.row, by, self.periods, self.options, {})

    def _parted(self, groups: pd.DataFrame, whole: pd.DataFrame, by: str | None) -> Sides:
        if by is not None:
            groups = groups.dropna(subset=[by]).set_index(by)
        then, now = (groups[groups["period"] == label] for label in self.labels)
        return Sides(then, now, *(_row(whole, label) for label in self.labels))

    def value(self) -> "Exchanged":
        """The figure of a derived metric with some of its parts as they are now, and the others as they were."""
        return Exchanged(self)


class Exchanged:
    """A derived metric's own function, called with old and new parts: of the whole, then with accounts left out."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        row, answers = asked.row, asked.answers
        self._settings = {**answers.inputs.settings(row.function), **asked.options}
        names = list(inspect.signature(row.function).parameters)
        dimensions: list[tuple[str, ...]] = [()]
        if answers.inputs.is_by_account(row):
            dimensions.append((REPLICATE,))
        self._given = {
            by: dict(
                zip(
                    names,
                    answers.arguments(row.function, by, asked.periods, options=asked.options),
                    strict=False,
                )
            )
            for by in dimensions
        }

    @property
    def figures(self) -> dict[str, tuple[float, float]]:
        """Each part's own figure before and after."""
        then, now = self._asked.labels
        return {
            name: (_figure(frame, then), _figure(frame, now))
            for name, frame in self._given[()].items()
            if frame is not None
        }

    def __call__(self, now: frozenset[str]) -> Floats:
        """The figures with the parts of `now` as they are now."""
        return np.concatenate([self._called(by, given, now) for by, given in self._given.items()])

    def _called(self, by: tuple[str, ...], given: Mapping[str, Any], now: frozenset[str]) -> Floats:
        then, label = self._asked.labels
        frames = [
            None if frame is None else _of(frame, label if name in now else then).assign(period=label)
            for name, frame in given.items()
        ]
        period = self._asked.answers.inputs.period
        answer = self._asked.row.function(*frames, by=list(by), periods=[period], **self._settings)
        return floats(answer.sort_values(by[0])["value"] if by else answer["value"])


def explained(
    answers: Answers,
    metric: str,
    versus: str,
    by: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Explanation:
    """Why a metric moved from the period `versus` to the one under review, in parts that add up.

    By the groups of a dimension: mix and rate, or amounts. Without one: by what a derived metric is made of. Refused,
    with the reason, where the definition changed between the two, or where one of the figures is not there.
    Raises ConfigError for a metric, dimension or period that there is not, and for a metric with several figures.
    """
    asked = Asked(answers, metric, versus, options or {})
    if by is not None:
        catalog.check_by(metric, (by,))
    sides = asked.sides(by)
    reason = _reason(asked, sides)
    told = (metric, versus, asked.labels[1], by, asked.unit)
    if reason:
        return Explanation(*told, reason=reason)
    figures = (float(sides.whole_before["value"]), float(sides.whole_after["value"]))
    kind = kind_of(sides.whole_before, sides.whole_after, asked.unit)
    if by is not None and kind != "whole":
        table, totals = by_groups(sides, kind, [] if kind == "total" else asked.left_out(by))
        return Explanation(*told, *figures, table, totals)
    if asked.row.is_derived:
        value = asked.value()
        return Explanation(*told, *figures, by_factors(value, value.figures))
    return Explanation(*told, *figures, by_itself(sides))


def _reason(asked: Asked, sides: Sides) -> str:
    """Why the change of a figure cannot be explained; "" where it can."""
    id_, (then, now) = asked.row.id, asked.labels
    changed = definitions.changed_between(id_, then, now, asked.answers.inputs.config)
    if changed:
        return f"the definition of {id_} changed in {changed}: the two figures do not mean the same"
    for label, side in zip(asked.labels, (sides.whole_before, sides.whole_after), strict=True):
        if not _has_figure(side):
            why = "no row" if side is None else side["reason"] or side["status"]
            return f"{id_} has no figure in {label}: {why}"
    return ""


def _has_figure(row: Any) -> bool:
    return row is not None and not pd.isna(row["value"])


def _back(period: Period, versus: str) -> int:
    """How many periods `versus` lies before the one under review."""
    labels = [p.label for p in period.trailing(MOST_BACK + 1)]
    if versus not in labels[:-1]:
        raise ConfigError(
            f"'{versus}' is no period to compare {period} with. Allowed: an earlier one of the same length, such as "
            f"{labels[-2]}, and no more than {MOST_BACK} back. Name one of these."
        )
    return len(labels) - 1 - labels.index(versus)


def _row(rows: pd.DataFrame, label: str) -> Any:
    """The row of a period; None where there is none."""
    found = rows[rows["period"] == label]
    if len(found) > 1:
        raise ConfigError(
            "This metric has several figures in a period, so that no one figure moved. Allowed are metrics "
            "without axes of their own. Ask for one of the figures it stands on."
        )
    return found.iloc[0] if len(found) else None


def _of(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    return frame[frame["period"] == label].reset_index(drop=True)


def _figure(frame: pd.DataFrame, label: str) -> float:
    found = floats(_of(frame, label)["value"])
    return float(found[0]) if len(found) == 1 else float("nan")
