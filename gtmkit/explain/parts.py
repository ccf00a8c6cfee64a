"""The parts of a change: by groups, by factors, by the values of an axis; each may have parts of its own.

A part brings so much to the change of the figure, and its own parts add up to that. What it brings is known of the
whole and, for the intervals, with each of several groups of accounts left out in turn.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from gtmkit.explain.arithmetic import Floats, Ratio, factors, mix_and_rate, with_rest
from gtmkit.results import floats

COLUMNS = [
    "level", "of", "part", "group", "change", "low", "high", "before", "after", "n_before", "n_after",
]  # fmt: skip
TOTALS = ["part", "of", "change", "low", "high"]
REST = "not by these groups"  # what they miss of the whole, or have twice
# Not the sum of its groups' figures, and without a denominator: a mean within a horizon.
AVERAGES = ("days", "hours", "months", "share", "ratio", "points")
ALIKE = 1e-9  # what may lie between a value and its own numerator over its denominator
CANCELS = 1e-6  # of the sizes of parts, below which what they add up to cannot be shared out by them
DEEPER = " > "  # between the names on the way down to a part
Kind = Literal["ratio", "total", "average", "whole"]
Row = Any  # a row of an answer, by its columns
NAN = float("nan")


class Sides(NamedTuple):
    """The rows of an answer in the two periods: a row each group, by its name as index, and the row of the whole."""

    before: pd.DataFrame
    after: pd.DataFrame
    whole_before: Row
    whole_after: Row


@dataclass(frozen=True)
class Part:
    """What one thing brought to the change of a figure: `brought` of the whole, then with accounts left out.

    `group`: of which group, None of the whole. `before` to `n_after` are its own figures. `parts` add up to it.
    """

    name: str
    brought: Floats
    group: str | None = None
    before: float = NAN
    after: float = NAN
    n_before: float = NAN
    n_after: float = NAN
    parts: tuple["Part", ...] = ()

    @property
    def title(self) -> str:
        """Its name among those beside it."""
        return self.name if self.group is None else f"{self.name} of {self.group}"


def within(part: Part, inner: Sequence[Part]) -> Part:
    """The part with these as its parts, shared out so that they add up to it.

    They say in which proportions: of a win rate that brought 100 a day, two thirds of its rise are 66. Without them
    where they cancel out, since then no proportion is left, and where none of them moved.
    """
    if not inner:
        return part
    length = min(len(part.brought), *(len(one.brought) for one in inner))
    each = np.array([one.brought[:length] for one in inner])
    whole, size = each.sum(axis=0), np.abs(each).sum(axis=0)
    if not size[0] > 0 or abs(whole[0]) <= CANCELS * size[0]:
        return part
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(np.abs(whole) > CANCELS * size, part.brought[:length] / whole, np.nan)
    return replace(part, parts=tuple(_scaled(one, scale) for one in inner))


def _scaled(part: Part, scale: Floats) -> Part:
    length = min(len(part.brought), len(scale))
    inner = tuple(_scaled(one, scale) for one in part.parts)
    return replace(part, brought=part.brought[:length] * scale[:length], parts=inner)


def kind_of(before: Row, after: Row, unit: str) -> Kind:
    """How a metric's figures are made of those of groups: a ratio of sums, a sum, nearly, or not at all.

    A median or a mean within a horizon is the average of its groups' only nearly; what is missing to it is told. What
    has no n is a whole: no group has a weight in it.
    """
    value, top, bottom = (
        floats([side[c] for side in (before, after)]) for c in ("value", "numerator", "denominator")
    )
    size = np.maximum(1.0, np.abs(value))
    if (bottom > 0).all() and (np.abs(value - top / bottom) <= ALIKE * size).all():
        return "ratio"
    # A total may name what it is a part of as its denominator.
    is_sum = (np.abs(value - top) <= ALIKE * size).all()
    if is_sum and unit not in AVERAGES:
        return "total"
    return "average" if (floats([side["n"] for side in (before, after)]) > 0).all() else "whole"


def by_groups(
    sides: Sides, kind: Kind, left_out: Sequence[Sides] = (), ratio: tuple[str, str] | None = None
) -> list[Part]:
    """The change by the groups of a dimension: their mix and their rates, or their amounts.

    A group that says nothing in a period has nothing in it. What groups that are told apart miss of the whole is a
    group of its own. `left_out`: the same with groups of accounts left out in turn, which the intervals are made of.
    `ratio`: what the rate of a group is made of, by the names of numerator and denominator, as parts of that rate.
    """
    rows = _changes(sides, kind, ratio)
    keys = pd.MultiIndex.from_frame(rows[["part", "group"]])
    replicates = [_changes(one, kind, ratio).set_index(["part", "group"])["change"] for one in left_out]
    each = [floats(rows["change"]), *(floats(one.reindex(keys).fillna(0.0)) for one in replicates)]
    brought = dict(zip(keys, np.array(each).T, strict=True))
    parts = []
    for (name, group), its in brought.items():
        if ratio and name in ratio:
            continue
        inner = [Part(one, brought[one, group], group) for one in ratio or () if name == "rate"]
        figures = {
            column: _of_group(rows, group, of)
            for column, rows, of in (
                ("before", sides.before, "value"), ("after", sides.after, "value"),
                ("n_before", sides.before, "n"), ("n_after", sides.after, "n"),
            )
        }  # fmt: skip
        moved = any(one.brought[0] != 0 for one in inner)
        parts.append(Part(name, its, group, **figures, parts=tuple(inner) if moved else ()))
    return parts


def _of_group(rows: pd.DataFrame, group: str, column: str) -> float:
    return float(floats(rows[column].reindex([group]))[0])


def by_values(before: Mapping[str, Floats], after: Mapping[str, Floats]) -> list[Part]:
    """The change of what adds up over the values of an axis: each by how much it brought more or less than then."""
    names = list(dict.fromkeys([*before, *after]))
    nothing = np.zeros(1)
    return [
        Part(
            name, after.get(name, nothing) - before.get(name, nothing),
            before=float(before.get(name, nothing)[0]), after=float(after.get(name, nothing)[0]),
        )
        for name in names
    ]  # fmt: skip


def by_factors(
    value: Callable[[frozenset[str]], Floats], figures: Mapping[str, tuple[float, float]]
) -> list[Part]:
    """The change by what a derived figure is made of.

    `value(now)` is the figure with the parts of `now` as they are now: first of the whole, then with groups of accounts
    left out in turn. `figures`: each part's own figure before and after. What the figure takes no notice of is none.
    """
    brought = factors(value, list(figures))
    return [
        Part(name, brought[name], before=then, after=now)
        for name, (then, now) in figures.items()
        if brought[name][0] != 0 or then == now
    ]


def by_itself(sides: Sides) -> list[Part]:
    """The change of a figure that is made of nothing else, as one part."""
    then, now = sides.whole_before, sides.whole_after
    (v0, v1), (n0, n1) = (floats([then[c], now[c]]) for c in ("value", "n"))
    return [Part("change", np.array([v1 - v0]), None, float(v0), float(v1), float(n0), float(n1))]


def by_kind(parts: Sequence[Part]) -> list[Part]:
    """The parts of a kind together, as one part each: mix and rate over all groups, and what the rates are made of."""
    kinds: dict[str, list[Part]] = {}
    for part in parts:
        kinds.setdefault(part.name, []).append(part)
    return [
        Part(name, _summed(each), parts=tuple(by_kind([inner for one in each for inner in one.parts])))
        for name, each in kinds.items()
    ]


def _summed(parts: Sequence[Part]) -> Floats:
    length = min(len(part.brought) for part in parts)
    total: Floats = np.sum([part.brought[:length] for part in parts], axis=0)
    return total


def table(parts: Sequence[Part]) -> pd.DataFrame:
    """The parts as a table, each above its own parts.

    `level` is 1 for the parts of the figure itself, and those `of` a part, named by the way down to it, add up to it.
    """
    rows = list(_rows(parts, 1, None))
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[4:], "float64"))


def _rows(parts: Iterable[Part], level: int, of: str | None) -> Iterable[dict[str, Any]]:
    for part in parts:
        low, high = jackknifed(part.brought)
        yield {
            "level": level, "of": of, "part": part.name, "group": part.group, "change": float(part.brought[0]),
            "low": low, "high": high, "before": part.before, "after": part.after,
            "n_before": part.n_before, "n_after": part.n_after,
        }  # fmt: skip
        yield from _rows(part.parts, level + 1, part.title if of is None else f"{of}{DEEPER}{part.title}")


def totals(parts: Sequence[Part]) -> pd.DataFrame:
    """The parts of a kind together, and under the rates what they are made of, as a table."""
    return table(by_kind(parts))[TOTALS]


def jackknifed(brought: Floats, level: float = 0.95) -> tuple[float, float]:
    """The interval of a part from its values with each of several groups of accounts left out in turn.

    Delete-a-group jackknife around the part itself, which may lie on either side of zero. NaN where no account
    was left out, or where leaving any out changes nothing.
    """
    change, left_out = float(brought[0]), brought[1:]
    if len(left_out) < 2:
        return NAN, NAN
    groups = len(left_out)
    spread = float(np.sqrt((groups - 1) / groups * ((left_out - left_out.mean()) ** 2).sum()))
    if not spread > 0:
        return NAN, NAN
    reach = float(stdtrit(groups - 1, (1 + level) / 2)) * spread
    return change - reach, change + reach


def _changes(sides: Sides, kind: Kind, ratio: tuple[str, str] | None) -> pd.DataFrame:
    names = sorted({*sides.before.index, *sides.after.index})
    then, now = (
        with_rest(_sums(rows.reindex(names), kind), _whole(whole, kind), REST)
        for rows, whole in ((sides.before, sides.whole_before), (sides.after, sides.whole_after))
    )
    everybody = [*names, *([REST] if REST in {*then.index, *now.index} else [])]
    then, now = (side.reindex(everybody).fillna(0.0) for side in (then, now))
    if kind == "total":
        changes = {"amount": floats(now["top"] - then["top"])}
    else:
        pair = (_as_ratio(then), _as_ratio(now))
        found = mix_and_rate(*pair)
        changes = {"mix": found.mix, "rate": found.rate, "no denominator": found.unweighted}
        changes |= _of_rates(pair[0], pair[1], ratio) if ratio else {}
    rows = pd.concat(
        [pd.DataFrame({"part": part, "group": everybody, "change": each}) for part, each in changes.items()],
        ignore_index=True,
    )
    return rows[(rows["part"] != "no denominator") | (rows["change"] != 0)].reset_index(drop=True)


def _as_ratio(side: pd.DataFrame) -> Ratio:
    return Ratio(floats(side["top"]), floats(side["bottom"]))


def _of_rates(before: Ratio, after: Ratio, names: tuple[str, str]) -> dict[str, Floats]:
    """What numerator and denominator brought to the change of each group's rate, as `factors` shares it out."""

    def value(now: frozenset[str]) -> Floats:
        top, bottom = ((after if name in now else before)[i] for i, name in enumerate(names))
        return np.nan_to_num(Ratio(top, bottom).rate)

    shares = [side.denominator / side.denominator.sum() for side in (before, after)]
    is_in_both = (before.denominator != 0) & (after.denominator != 0)
    weight = np.where(is_in_both, (shares[0] + shares[1]) / 2, 0.0)
    return {name: weight * brought for name, brought in factors(value, names).items()}


def _whole(row: Row, kind: Kind) -> dict[str, float]:
    sums = _sums(pd.DataFrame([dict(row)]), kind)
    return {column: float(sums[column].iloc[0]) for column in ("top", "bottom")}


def _sums(rows: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """What adds up over groups: numerator and denominator; of an average its total over its n."""
    if kind == "average":
        value = floats(rows["value"])
        bottom = np.where(np.isnan(value), 0.0, floats(rows["n"]))
        top = np.nan_to_num(value) * bottom
    else:
        top, bottom = floats(rows["numerator"]), floats(rows["denominator"])
    return pd.DataFrame({"top": top, "bottom": bottom}, index=rows.index).fillna(0.0)
