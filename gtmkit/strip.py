"""One contested figure under each published definition, and whether what is decided by it hangs on which is taken.

Three decisions are looked at: the order of the groups, each group's side of the company's figure, and the company's
side of the target. Each other definition is compared with ours. A side that is another one under it *turns*; whether
that is more than noise is told by the intervals under both. What has no figure is not compared.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal, NamedTuple

import pandas as pd

from gtmkit.results import FIGURES, WORDS, floats

Question = Literal["order", "company", "target"]
Noise = Literal["beyond", "unknown", "within"]
Verdict = Literal["holds", "flips", "flips, noise not known", "flips within noise", "not known"]
QUESTIONS: tuple[Question, ...] = ("order", "company", "target")
NOISE: tuple[Noise, ...] = ("beyond", "unknown", "within")  # the surest first
FLIPS: Mapping[Noise, Verdict] = {
    "beyond": "flips", "unknown": "flips, noise not known", "within": "flips within noise",
}  # fmt: skip
COMPANY = "all"  # the row of the whole company
SAME = 1e-6  # figures no further apart are equal: what is left over in sharing out money is no difference
STRIP_COLUMNS = ["definition", "asked", "source", "note", "group", *FIGURES, *WORDS]
SIDES = ["rank", "against_company", "against_target"]


class Estimate(NamedTuple):
    """A figure and its interval, null where there is none."""

    value: float
    low: float
    high: float

    @property
    def has_interval(self) -> bool:
        """Whether any end of the interval is known; an end that was not reached holds whatever lies there."""
        return not (pd.isna(self.low) and pd.isna(self.high))

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the interval, infinite where they were not reached."""
        return (
            float("-inf") if pd.isna(self.low) else self.low,
            float("inf") if pd.isna(self.high) else self.high,
        )


@dataclass(frozen=True)
class Turn:
    """What is on another side under another definition than under ours.

    `group` against `other`: another group, the company or the target; `ours` and `theirs` are their figures under
    either definition. `told`: whether their intervals are apart under ours and under the other; None without one.
    """

    question: Question
    definition: str
    group: str
    other: str
    ours: tuple[float, float]
    theirs: tuple[float, float]
    told: tuple[bool | None, bool | None]

    @property
    def noise(self) -> Noise:
        """Beyond the intervals under both, within those of at least one, else not known for want of one."""
        if False in self.told:
            return "within"
        return "unknown" if None in self.told else "beyond"


@dataclass(frozen=True)
class Strip:
    """A contested metric under each published definition, ours first.

    `rows`: one row a definition and group (`all` is the company) with its figure, `rank` (1 is best),
    `against_company` and `against_target` (better or worse, null where there is nothing to compare). `compared`: the
    definitions, ours first, and how many comparisons each question was looked at in; none where it could not be.
    `unranked`: the group of what is of nobody. `answers`: what the company's figures were answered as, by definition.
    """

    metric: str
    label: str
    by: str | None
    unit: str
    better: str
    target: float | None
    rows: pd.DataFrame
    turns: tuple[Turn, ...]
    definitions: Mapping[Question, tuple[str, ...]]
    comparisons: Mapping[Question, int]
    unranked: str = ""
    answers: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def company(self) -> pd.DataFrame:
        """The rows of the whole company."""
        return self.rows[self.rows["group"] == COMPANY]

    @property
    def groups(self) -> pd.DataFrame:
        """The rows of the groups that anybody can choose between."""
        return self.rows[~self.rows["group"].isin([COMPANY, self.unranked])]

    def turned(self, question: Question) -> list[Turn]:
        """What turns of a question, the surest and widest apart first."""
        found = [turn for turn in self.turns if turn.question == question]
        return sorted(found, key=lambda t: (NOISE.index(t.noise), -t.told.count(True), -_apart_by(t)))

    def verdict(self, question: Question) -> Verdict:
        """Whether what is decided changes with the definition."""
        if not self.comparisons[question]:
            return "not known"
        found = self.turned(question)
        return FLIPS[found[0].noise] if found else "holds"

    @property
    def verdicts(self) -> dict[Question, Verdict]:
        """The verdict of each question."""
        return {question: self.verdict(question) for question in QUESTIONS}


def strip(
    rows: pd.DataFrame,
    *,
    metric: str,
    label: str,
    by: str | None,
    unit: str,
    better: str,
    target: float | None,
    not_of_target: Sequence[str] = (),
    unranked: str = "",
    answers: Mapping[str, pd.DataFrame] | None = None,
) -> Strip:
    """The strip of the figures of each definition and group, with what turns.

    `rows` has the columns of `STRIP_COLUMNS`, ours first. `not_of_target`: definitions of which the target says
    nothing. `unranked`: the group of what is of nobody, which is no choice that anybody has.
    """
    names = list(dict.fromkeys(rows["definition"]))
    known = {name: _estimates(rows[rows["definition"] == name]) for name in names}
    up = better != "down"
    told = rows.copy()
    for column in SIDES:
        sides = _sides(rows, known, column, up, target, not_of_target, unranked)
        told[column] = pd.Series(sides, index=rows.index, dtype="object")
    ours, turns = names[0], list[Turn]()
    definitions: dict[Question, tuple[str, ...]] = {}
    comparisons: dict[Question, int] = {}
    for question in QUESTIONS:
        compared, count = [ours], 0
        for name in names[1:]:
            if question == "target" and name in not_of_target:
                continue
            pairs = list(_pairs(question, known[ours], known[name], target, unranked))
            if pairs:
                compared.append(name)
                count += len(pairs)
                turns += _turns(question, name, pairs, up)
        definitions[question], comparisons[question] = tuple(compared), count
    return Strip(
        metric, label, by, unit, better, target, told, tuple(turns), definitions, comparisons, unranked,
        answers or {},
    )  # fmt: skip


Pair = tuple[str, str, tuple[Estimate, Estimate], tuple[Estimate, Estimate]]


def _pairs(
    question: Question,
    ours: Mapping[str, Estimate],
    theirs: Mapping[str, Estimate],
    target: float | None,
    unranked: str,
) -> Iterator[Pair]:
    """What is compared under two definitions: two names, and the figures of both under either."""
    both = [name for name in ours if name in theirs]
    groups = [name for name in both if name not in (COMPANY, unranked)]
    if question == "order":
        for a, b in combinations(groups, 2):
            yield a, b, (ours[a], ours[b]), (theirs[a], theirs[b])
    elif question == "company" and COMPANY in both and len(groups) > 1:  # a single one is the company
        for name in groups:
            sides = [(known[name], _exact(known[COMPANY].value)) for known in (ours, theirs)]
            yield name, "the company", sides[0], sides[1]
    elif question == "target" and target is not None and COMPANY in both:
        yield (
            "the company",
            "the target",
            (ours[COMPANY], _exact(target)),
            (theirs[COMPANY], _exact(target)),
        )


def _turns(question: Question, name: str, pairs: Sequence[Pair], up: bool) -> Iterator[Turn]:
    for a, b, ours, theirs in pairs:
        met = [_side(*each, is_met=question == "target", up=up) for each in (ours, theirs)]
        if met[0] * met[1] < 0:
            values = tuple((each[0].value, each[1].value) for each in (ours, theirs))
            told = (_are_apart(*ours), _are_apart(*theirs))
            yield Turn(question, name, a, b, values[0], values[1], told)


def _side(a: Estimate, b: Estimate, *, is_met: bool, up: bool) -> int:
    """1 where the first is better, -1 where it is worse, 0 where they are equal; a target that is reached is met."""
    if math.isclose(a.value, b.value, rel_tol=SAME):
        return 1 if is_met else 0
    return 1 if (a.value > b.value) == up else -1


def _are_apart(a: Estimate, b: Estimate) -> bool | None:
    """Whether two intervals do not touch; None where one is missing."""
    if not (a.has_interval and b.has_interval):
        return None
    (low, high), (other_low, other_high) = a.ends, b.ends
    return high < other_low or other_high < low


def _exact(value: float) -> Estimate:
    return Estimate(value, value, value)


def _apart_by(turn: Turn) -> float:
    """How far apart the two are under the definition that sets them less far apart, as a part of the larger."""
    return min(abs(a - b) / (max(abs(a), abs(b)) or 1.0) for a, b in (turn.ours, turn.theirs))


def _estimates(rows: pd.DataFrame) -> dict[str, Estimate]:
    """The figures of a definition by group, those that have none left out."""
    values = zip(rows["group"], *(floats(rows[c]) for c in ("value", "low", "high")), strict=True)
    return {str(group): Estimate(*map(float, each)) for group, *each in values if not pd.isna(each[0])}


def _sides(
    rows: pd.DataFrame,
    known: Mapping[str, Mapping[str, Estimate]],
    column: str,
    up: bool,
    target: float | None,
    not_of_target: Sequence[str],
    unranked: str,
) -> list[object]:
    """One column of what each row is decided by."""
    found: list[object] = []
    for name, group in zip(rows["definition"], rows["group"], strict=True):
        figures = known[name]
        mine = figures.get(group)
        if mine is None or (column != "against_target" and group in (COMPANY, unranked)):
            found.append(None)
        elif column == "rank":
            others = [v for g, v in figures.items() if g not in (COMPANY, unranked)]
            found.append(1 + sum(_side(v, mine, is_met=False, up=up) > 0 for v in others))
        elif column == "against_company":
            company = figures.get(COMPANY)
            found.append(None if company is None else _word(_side(mine, company, is_met=False, up=up)))
        elif target is None or group != COMPANY or name in not_of_target:
            found.append(None)
        else:
            found.append(_word(_side(mine, _exact(target), is_met=True, up=up)))
    return found


def _word(side: int) -> str:
    return {1: "better", -1: "worse", 0: "equal"}[side]
