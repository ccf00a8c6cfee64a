"""A contested metric asked by each of its published definitions."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import pandas as pd

from gtmkit import catalog, formats
from gtmkit.catalog.published import PUBLISHED, Published
from gtmkit.config import Config
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.ledgers.dimensions import null_row
from gtmkit.results import Setting
from gtmkit.strip import COMPANY, STRIP_COLUMNS, Strip, strip

Ask = Callable[..., pd.DataFrame]


def stripped(
    ask: Ask,
    config: Config,
    metric: str,
    by: str | None,
    target: float | None,
    options: Mapping[str, Any],
) -> Strip:
    """The strip of a metric, each definition asked through `ask`; an option reaches those that have it.

    A definition that gtm.toml has agreed on as ours is not shown a second time.
    Raises ConfigError where no published definitions of the metric are listed, or none has an option.
    """
    listed = _listed(metric)
    row, _ = catalog.find(metric)
    if by is not None:
        catalog.check_by(metric, (by,))
    for name in options:
        known = dict.fromkeys(o for one in listed for o in catalog.find(one.asked)[0].options)
        if name not in known:
            raise ConfigError(
                f"No definition of {metric} has the option '{name}'.{did_you_mean(name, known)} "
                f"They have: {', '.join(known)}. Use one of these."
            )
    shown = [one for one in listed if one is listed[0] or not _is_agreed(one, config)]
    parts, answers = [], {}
    for one in shown:
        own = catalog.find(one.asked)[0]
        asked = {name: value for name, value in options.items() if name in own.options}
        whole = _at(ask(one.asked, **asked), one, config)
        groups = None if by is None or by not in own.by else _at(ask(one.asked, by=by, **asked), one, config)
        parts.append(_rows(one, whole, groups, by))
        answers[one.name] = whole
    return strip(
        pd.concat(parts, ignore_index=True),
        metric=row.id,
        label=catalog.label(metric, config),
        by=by,
        unit=formats.spoken_unit(row.id, row.unit),
        better=row.better,
        target=target,
        not_of_target=[one.name for one in shown if not one.is_of_target],
        unranked="" if by is None else null_row(by),
        answers=answers,
    )


def _listed(metric: str) -> tuple[Published, ...]:
    catalog.find(metric)
    if metric not in PUBLISHED:
        raise ConfigError(
            f"No published definitions of {metric} are set side by side.{did_you_mean(metric, PUBLISHED)} "
            f"Allowed: {', '.join(PUBLISHED)}. Ask for one of these."
        )
    return PUBLISHED[metric]


def _is_agreed(one: Published, config: Config) -> bool:
    """Whether what makes a definition is what gtm.toml says anyway."""
    row, variant = catalog.find(one.asked)
    asked = row.variants[variant].options if variant else {}
    return bool(asked) and all(
        isinstance(default := row.options[name].default, Setting) and _agreed(default.key, config) == value
        for name, value in asked.items()
    )


def _agreed(key: str, config: Config) -> Any:
    return reduce(getattr, key.split("."), config)


def _at(answer: pd.DataFrame, one: Published, config: Config) -> pd.DataFrame:
    """The rows of an answer at the value of its axis that the definition reads; one without figures has no axis."""
    for axis, key in one.at.items():
        if axis in answer and answer[axis].notna().any():
            answer = answer[(answer[axis] == _agreed(key, config)).to_numpy(dtype=bool, na_value=False)]
    return answer


def _rows(one: Published, whole: pd.DataFrame, groups: pd.DataFrame | None, by: str | None) -> pd.DataFrame:
    """The rows of a definition: the company's, then those of the groups; what is not known by `by` has none."""
    row, variant = catalog.find(one.asked)
    note = row.variants[variant].note if variant else row.departs or row.standard
    parts = [pd.DataFrame(whole).assign(group=COMPANY)]
    if groups is not None and by is not None:
        told = pd.DataFrame(groups).dropna(subset=[by])
        parts.append(told.assign(group=[str(name) for name in told[by]]))
    every = pd.concat(parts, ignore_index=True)
    words = {"definition": one.name, "asked": one.asked, "source": one.source, "note": note}
    return every.assign(**words)[STRIP_COLUMNS]
