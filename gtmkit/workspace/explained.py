"""What made a figure move between two periods: asked of the metric, of what it is made of, and of its groups."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import catalog, definitions
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.explain import (
    Explanation,
    Kind,
    Part,
    Sides,
    by_groups,
    by_itself,
    by_kind,
    by_values,
    kind_of,
    table,
    totals,
    within,
)
from gtmkit.explain.movements import STOCKS, by_movement, moved
from gtmkit.ledgers.replicates import GROUPS, REPLICATE
from gtmkit.metrics.bridge import END, ENDS
from gtmkit.metrics.movements import YEAR
from gtmkit.periods import Period
from gtmkit.results import floats
from gtmkit.workspace.answers import Answers
from gtmkit.workspace.exchanged import CALENDAR, Exchange, Path, is_exchangeable

MOST_BACK = 60  # periods between the two
MOST_NAMED = 20  # values listed in a message
DEEPEST = 5  # levels that may be asked for: the catalogue's graph has no more
# Metrics whose rows over their axes add up: to their own sum, or to the row of that name among them.
ADDS_UP = {
    "arr_bridge": "", "stage_leak": "", "stage_wait": "", "cost_categories": "", "opex_profile": "",
    "pipeline_bridge": END,
}  # fmt: skip
# Derived metrics whose numerators and denominators are sums over groups, and what these are.
OF_SUMS = {
    "arr": ("", ""), "arpa": ("mrr", "customers"), "cac": ("spend", "new_logos"),
    "cost_per_qualified_opportunity": ("spend", "qualified_opportunities"), "cac_payback": ("cost", "margin"),
    "survival_payback": ("margin", "cost"),
}  # fmt: skip
# They lay several tables side by side account by account, and do not keep which accounts were left out.
NOT_APART = {"support_burden", "account_health", "outbound_coverage", "usage_retention"}
THROUGH_MIX = {
    "cac": "channel",
    "cost_per_qualified_opportunity": "channel",
}  # told by it when told by nothing else


class Asked:
    """A metric asked of two periods: its rows of both, for the whole, by groups, and with accounts left out.

    `at`: the values of its axes; `where`: the columns and values to which it is confined.
    """

    def __init__(
        self,
        answers: Answers,
        row: catalog.Metric,
        labels: tuple[str, str],
        periods: int,
        options: Mapping[str, Any],
        at: Mapping[str, str],
        where: Mapping[str, str],
    ) -> None:
        self.answers, self.row, self.labels, self.periods = answers, row, labels, periods
        self.options, self.at, self.where = dict(options), dict(at), dict(where)

    @property
    def unit(self) -> str:
        """The unit of its figures."""
        return self.row.unit_with(self.options)

    @property
    def is_by_account(self) -> bool:
        """Whether accounts can be left out of it, and of what it is a mean of: customers told by accounts cannot."""
        _, of = OF_SUMS.get(self.row.id, ("", ""))
        rows = [self.row, *([catalog.METRICS[of]] if of in catalog.METRICS else [])]
        return self.row.id not in NOT_APART and all(map(self.answers.inputs.is_by_account, rows))

    @property
    def is_sum(self) -> bool:
        """Whether what is asked for is the sum of its rows over its axes."""
        return self.row.id in ADDS_UP and not self.at

    def sides(self, by: str | None = None) -> Sides:
        """The rows of both periods."""
        whole = self.rows(())
        groups = whole.iloc[:0] if by is None else self.rows((by,))
        return self.parted(groups, whole, by)

    def left_out(self, by: str) -> list[Sides]:
        """The same with each group of accounts left out.

        None where nothing in it is counted by account, or where there is no figure without some of the groups.
        """
        if not self.is_by_account:
            return []
        return self.apart(self.rows((REPLICATE,)), self.rows((by, REPLICATE)), by)

    def apart(self, whole: pd.DataFrame, groups: pd.DataFrame, by: str) -> list[Sides]:
        """Rows that are told by the group of accounts that is left out, as the sides of each."""
        if REPLICATE not in whole or REPLICATE not in groups:
            return []
        found = [
            self.parted(groups[groups[REPLICATE] == str(one)], whole[whole[REPLICATE] == str(one)], by)
            for one in range(GROUPS)
        ]
        is_whole = all(_has_figure(side) for one in found for side in (one.whole_before, one.whole_after))
        return found if is_whole else []

    def parted(self, groups: pd.DataFrame, whole: pd.DataFrame, by: str | None) -> Sides:
        """Rows of groups and of the whole as the two periods' sides."""
        if by is not None:
            groups = groups.dropna(subset=[by]).set_index(by)
        then, now = (groups[groups["period"] == label] for label in self.labels)
        return Sides(then, now, *(self._row(whole, label) for label in self.labels))

    def rows(self, by: tuple[str, ...]) -> pd.DataFrame:
        """Its rows of all periods, one a group and period: those at the values asked for, or their sum."""
        rows = self.answers.confined(self.row, by, self.periods, self.options, self.where)
        if self.is_sum:
            return _added_up(rows, [*by, "period"], self.row)
        for axis, value in self.at.items():
            rows = _at(rows, axis, value)
        return rows

    def by_axis(self, by: tuple[str, ...]) -> pd.DataFrame:
        """Its rows told by its axis, as groups named by it, where their sum is asked for."""
        rows = self.answers.confined(self.row, by, self.periods, self.options, self.where)
        axis = self.row.axes[0]
        return rows[~rows[axis].isin([END])] if ADDS_UP[self.row.id] == END else rows

    def values(self) -> dict[str, list[str]]:
        """The values of its axes in the two periods."""
        rows = self.answers.confined(self.row, (), self.periods, self.options, self.where)
        rows = rows[rows["period"].isin(self.labels)]
        return {axis: list(dict.fromkeys(rows[axis].dropna().astype(str))) for axis in self.row.axes}

    def check_at(self) -> None:
        """Raises ConfigError where its axes have no such value, or where several figures are left."""
        known = self.values()
        for axis, value in self.at.items():
            if axis not in known:
                raise ConfigError(
                    f"{self.row.id} has no axis '{axis}'.{did_you_mean(axis, known)} "
                    f"It has: {', '.join(known) or 'none'}. {'Use one of these' if known else 'Leave it out'}."
                )
            if known[axis] and value not in known[axis]:
                raise ConfigError(
                    f"{self.row.id} has no {axis} '{value}'.{did_you_mean(value, known[axis])} "
                    f"It has: {_listed(known[axis])}. Use one of these."
                )
        rows = self.rows(())
        if not self.is_sum and rows["period"].duplicated().any():
            left = {axis: values for axis, values in known.items() if axis not in self.at}
            listed = "; ".join(f"{axis} = {_listed(values)}" for axis, values in left.items())
            raise ConfigError(
                f"{self.row.id} has several figures in a period, so that no one figure moved. Allowed: {listed}. "
                f"Choose one with at, such as --at {next(iter(left))}={next(iter(left.values()))[0]}."
            )

    def _row(self, rows: pd.DataFrame, label: str) -> Any:
        """The row of a period; None where there is none."""
        found = rows[rows["period"] == label]
        return found.iloc[0] if len(found) else None


def explained(
    answers: Answers,
    metric: str,
    versus: str | None = None,
    by: str | None = None,
    options: Mapping[str, Any] | None = None,
    *,
    at: Mapping[str, str] | None = None,
    depth: int | None = None,
    where: Mapping[str, str] | None = None,
) -> Explanation:
    """Why a metric moved from the period `versus` to the one under review, in parts that add up.

    By the groups of a dimension: mix and rate, or amounts. Without one: by what it is made of, movements, factors, or
    the values of its axis. `depth` levels of that stand above the groups. Refused, with the reason, where the
    definition changed between the two, or where one of the figures is not there.
    Raises ConfigError for a metric, dimension, axis or period that there is not, for a metric with several figures of
    which none is chosen, and for a depth below 0 or beyond 5.
    """
    row, variant = catalog.find(metric)
    asked_for = {**(row.variants[variant].options if variant else {}), **(options or {})}
    period = answers.inputs.period
    then = period.shift(-1).label if versus is None else versus
    periods = _back(period, then) + 1
    if by is not None:
        catalog.check_by(metric, (by,))
    levels = _depth(depth, by)
    asked = Asked(answers, row, (then, period.label), periods, asked_for, at or {}, where or {})
    asked.check_at()
    sides = asked.sides(by)
    said = ", ".join(f"{axis} = {value}" for axis, value in asked.at.items())
    reason = _reason(asked, sides)
    if reason:
        return Explanation(metric, then, period.label, by, asked.unit, reason=reason, at=said)
    told_by, parts = _parts(asked, sides, by, levels)
    figures = (float(sides.whole_before["value"]), float(sides.whole_after["value"]))
    return Explanation(
        metric, then, period.label, told_by, asked.unit, *figures, table(parts), totals(parts), at=said
    )  # fmt: skip


def _parts(asked: Asked, sides: Sides, by: str | None, depth: int) -> tuple[str | None, list[Part]]:
    """The parts of a change, and what they are told by."""
    kind = _kind(asked, sides)
    if by is not None and not depth:
        if kind != "whole":
            left_out = [] if kind == "total" else asked.left_out(by)
            return by, by_groups(sides, kind, left_out, _ratio(asked)) or by_itself(sides)
        depth = 1
    axis, made = _made_of(asked, sides, by, depth)
    if not made and by is not None and kind != "whole":
        return _parts(asked, sides, by, 0)
    return axis, made or by_itself(sides)


def _made_of(asked: Asked, sides: Sides, by: str | None, depth: int) -> tuple[str | None, list[Part]]:
    """The parts of a figure by what it is made of, each above its own, and what they are told by.

    Nothing where it is made of nothing else.
    """
    if asked.row.id in STOCKS:
        return "movement", _since(asked, by)
    if moved(asked.row.id, asked.options.get("basis", "cohort")):
        return "movement", _by_movements(asked, by)
    if asked.is_sum:
        return asked.row.axes[0], _by_axis(asked, by)
    if asked.row.id in THROUGH_MIX and (told := _through_mix(asked, by)):
        return told
    if is_exchangeable(asked.row) and len(asked.row.parts) > 1:
        period = asked.answers.inputs.period
        exchange = Exchange(
            asked.answers, asked.row, asked.options, (period.shift(1 - asked.periods), period), asked.periods,
            asked.where, leaving_out=_is_jackknifed(asked, sides),
        )  # fmt: skip
        found = [_deeper(asked, exchange, part, (part.name,), by, depth - 1) for part in exchange.parts()]
        if found and not np.isnan([part.brought[0] for part in found]).any():
            return None, found
    return None, []


def _is_jackknifed(asked: Asked, sides: Sides) -> bool:
    """Whether leaving accounts out of a derived metric tells its spread, as measured: else it has no interval."""
    least = asked.row.jackknife
    counts = floats([side["n"] for side in (sides.whole_before, sides.whole_after)])
    return bool(least and (counts >= least).all() and asked.is_by_account)


def _deeper(asked: Asked, exchange: Exchange, part: Part, path: Path, by: str | None, depth: int) -> Part:
    """The factor with the parts it is made of, or with the groups of a dimension where these are asked for."""
    if path == (CALENDAR,):
        return part
    if depth > 0 and exchange.has_parts(path):
        inner = [
            _deeper(asked, exchange, one, (*path, one.name), by, depth - 1) for one in exchange.parts_of(path)
        ]
        return within(part, [one for one in inner if not np.isnan(one.brought[0])])
    row, options = exchange.part(path)
    its_own = Asked(asked.answers, row, asked.labels, asked.periods, options, {}, asked.where)
    if by is None or by not in row.by or row.axes or not exchange.is_by_value(path):
        return part
    sides = its_own.sides(by)
    if _reason(its_own, sides):
        return part
    kind = _kind(its_own, sides)
    return part if kind == "whole" else within(part, by_groups(sides, kind, its_own.left_out(by)))


def _through_mix(asked: Asked, by: str | None) -> tuple[str | None, list[Part]] | None:
    """Cost of a customer by the mix of channels, by what was spent in them, and by the customers it won."""
    column = by or THROUGH_MIX[asked.row.id]
    sides = asked.sides(column)
    if _kind(asked, sides) != "ratio" or len(sides.before) + len(sides.after) < 2:
        return None
    groups = by_groups(sides, "ratio", asked.left_out(column), OF_SUMS[asked.row.id])
    flat = [one for part in groups for one in (part.parts if part.name == "rate" else (part,))]
    kinds = by_kind(flat)
    if by is None:
        return column, kinds
    return column, [within(kind, [one for one in flat if one.name == kind.name]) for kind in kinds]


def _since(asked: Asked, by: str | None) -> list[Part]:
    """A stock by all that moved it since: each movement's sum over the periods between."""
    flow, scale = STOCKS[asked.row.id]
    row = catalog.METRICS[flow]
    options = {name: value for name, value in asked.options.items() if name in row.options}
    its = Asked(asked.answers, row, asked.labels, asked.periods, options, {}, asked.where)

    def since(columns: tuple[str, ...]) -> pd.DataFrame:
        rows = its.answers.confined(row, columns, its.periods, options, its.where)
        return rows[(rows["period"] != its.labels[0]) & ~rows["movement"].isin(ENDS)]

    rows = since(())
    if rows["value"].isna().any():
        return []
    sums = _sums_by(rows, scale)
    parts = by_values({}, {name: np.array([value]) for name, value in sums.items()})
    parts = [Part(part.name, part.brought) for part in parts]
    if by is None or not set(sums):
        return parts
    groups = since((by,)).dropna(subset=[by])
    found = []
    for part in parts:
        own = groups[groups["movement"] == part.name].groupby(by, sort=True)["value"].sum()
        inner = [Part("amount", np.array([float(value) * scale]), str(name)) for name, value in own.items()]
        found.append(within(part, [one for one in inner if one.brought[0]]))
    return found


def _sums_by(rows: pd.DataFrame, scale: float) -> dict[str, float]:
    """What each movement adds up to over its rows."""
    names = dict.fromkeys(rows["movement"].astype(str))
    return {name: float(rows.loc[rows["movement"] == name, "value"].sum()) * scale for name in names}


def _by_movements(asked: Asked, by: str | None) -> list[Part]:
    """A ratio of recurring revenue by what each movement adds to it or takes, more or less than then."""
    found = moved(asked.row.id, asked.options.get("basis", "cohort"))
    its_window = asked.answers.inputs.settings(asked.row.function).get("window_months", YEAR)
    window = asked.options.get("window_months", its_window)
    assert found is not None

    def rows(columns: tuple[str, ...]) -> pd.DataFrame:
        where = asked.where
        named = tuple(dict.fromkeys([*where, *columns]))
        span = asked.answers.inputs.period.trailing(asked.periods)
        told = by_movement(
            *asked.answers.arguments(by_movement, named, asked.periods),
            by=list(named), periods=span, window_months=window, is_cohort=found.is_cohort,
        )  # fmt: skip
        for column, value in where.items():
            told = told[told[column] == value]
        if REPLICATE in columns:
            told = told.assign(**{REPLICATE: told[REPLICATE].astype(str)})
        return told[told["movement"].isin(found.movements)]

    whole = rows(())
    apart = rows((REPLICATE,)) if asked.is_by_account else None
    then, now = (_values_of(whole, apart, label, found.movements) for label in asked.labels)
    parts = by_values(then, now)
    if by is None:
        return parts
    groups = rows((by,))
    groups_apart = rows((by, REPLICATE)) if apart is not None else None
    deeper = []
    for part in parts:
        sides = asked.parted(_only(groups, part.name), _only(whole, part.name), by)
        left_out = (
            asked.apart(_only(apart, part.name), _only(groups_apart, part.name), by)
            if apart is not None and groups_apart is not None
            else []
        )
        deeper.append(within(part, by_groups(sides, "ratio", left_out)))
    return deeper


def _only(rows: pd.DataFrame, movement: str) -> pd.DataFrame:
    return _at(rows, "movement", movement)


def _at(rows: pd.DataFrame, axis: str, value: str) -> pd.DataFrame:
    """The rows at a value of an axis, which may be a number."""
    return rows[(rows[axis].astype(str) == value).fillna(False).to_numpy(dtype=bool)]


def _values_of(
    whole: pd.DataFrame, apart: pd.DataFrame | None, label: str, movements: Sequence[str]
) -> dict[str, Any]:
    """What each movement comes to in a period: of the whole, then with each group of accounts left out."""
    of_period = [None if rows is None else rows[rows["period"] == label] for rows in (whole, apart)]
    found = {}
    for name in movements:
        one, many = (None if rows is None else _only(rows, name) for rows in of_period)
        value = floats(one["value"])[:1] if one is not None else np.full(1, np.nan)
        if many is None:
            found[name] = value
            continue
        left_out = many.set_index(many[REPLICATE].astype(str))["value"]
        found[name] = np.concatenate([value, floats(left_out.reindex([str(g) for g in range(GROUPS)]))])
    return found


def _by_axis(asked: Asked, by: str | None) -> list[Part]:
    """A sum over an axis by its values, each by how much it is more or less than then."""
    axis = asked.row.axes[0]
    rows = asked.by_axis(())
    then, now = (rows[rows["period"] == label] for label in asked.labels)
    parts = by_values(
        *(
            {str(name): floats([value]) for name, value in zip(side[axis], side["value"], strict=True)}
            for side in (then, now)
        )
    )
    if by is None:
        return parts
    groups = asked.by_axis((by,))
    found = []
    for part in parts:
        of_groups, of_all = (_at(one, axis, part.name) for one in (groups, rows))
        sides = asked.parted(of_groups, of_all, by)
        is_there = _has_figure(sides.whole_before) and _has_figure(sides.whole_after)
        found.append(within(part, by_groups(sides, "total")) if is_there else part)
    return found


def _kind(asked: Asked, sides: Sides) -> Kind:
    """How its figures are made of those of groups; of a derived metric only where it is made of sums."""
    if asked.row.is_derived and asked.row.id not in OF_SUMS:
        return "whole"
    return kind_of(sides.whole_before, sides.whole_after, asked.unit)


def _ratio(asked: Asked) -> tuple[str, str] | None:
    """What numerator and denominator of a derived metric are called, where the rate of a group is told by them."""
    names = OF_SUMS.get(asked.row.id, ("", ""))
    return names if all(names) else None


def _added_up(rows: pd.DataFrame, keys: list[str], row: catalog.Metric) -> pd.DataFrame:
    """The rows added up over the axes; undefined, with the reason, where one of them is no figure."""
    axis, total = row.axes[0], ADDS_UP[row.id]
    if total:
        return rows[(rows[axis] == total).fillna(False).to_numpy(dtype=bool)].drop(columns=list(row.axes))
    is_bare = rows["value"].isna().to_numpy(dtype=bool)
    reasons: dict[tuple[str, ...], str] = {}
    for one in rows[is_bare].to_dict("records"):
        name = one[axis]
        of_it = "" if name is None or pd.isna(name) else f"{axis} {name}: "
        said = one["reason"] if isinstance(one["reason"], str) and one["reason"] else "no figure"
        reasons.setdefault(tuple(str(one[k]) for k in keys), f"{of_it}{said}")
    found = rows.groupby(keys, sort=False, dropna=False)
    summed = found[["value", "numerator", "n"]].sum(min_count=1).reset_index()
    # The values of an axis are all over the same denominator, or over none.
    summed["denominator"] = found["denominator"].first().to_numpy()
    told = [tuple(str(one[k]) for k in keys) for one in summed.to_dict("records")]
    summed["status"] = ["undefined" if key in reasons else "final" for key in told]
    summed["reason"] = [reasons.get(key, "") for key in told]
    summed["value"] = summed["value"].where(summed["status"] == "final", np.nan)
    return summed


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


def _depth(depth: int | None, by: str | None) -> int:
    """How many levels of what a metric is made of are told: by default one, or none above groups."""
    chosen = (1 if by is None else 0) if depth is None else depth
    least = 1 if by is None else 0
    if not isinstance(chosen, int) or not least <= chosen <= DEEPEST:
        raise ConfigError(
            f"depth={depth!r} cannot be told. Whole numbers from {least} to {DEEPEST} are allowed. Give one of these."
        )
    return chosen


def _back(period: Period, versus: str) -> int:
    """How many periods `versus` lies before the one under review."""
    labels = [p.label for p in period.trailing(MOST_BACK + 1)]
    if versus not in labels[:-1]:
        raise ConfigError(
            f"'{versus}' is no period to compare {period} with. Allowed: an earlier one of the same length, such as "
            f"{labels[-2]}, and no more than {MOST_BACK} back. Name one of these."
        )
    return len(labels) - 1 - labels.index(versus)


def _listed(values: Sequence[str]) -> str:
    more = f" and {len(values) - MOST_NAMED:,} more" if len(values) > MOST_NAMED else ""
    return f"{', '.join(values[:MOST_NAMED])}{more}" if values else "none"
