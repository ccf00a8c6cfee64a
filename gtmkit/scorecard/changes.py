"""What changed since the latest final period before: a difference with its interval, or why there is none."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gtmkit import definitions, formats
from gtmkit.config import Config

Fact = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A difference in words: its size with unit and sign, interval, the figure and period it is from.

    `told` says whether the two are told apart, "" where there is no interval; `reason` why there is no
    difference. `is_adverse`: told apart, and bad news.
    """

    size: str = ""
    interval: str = ""
    figure: str = ""
    since: str = ""
    told: str = ""
    is_adverse: bool = False
    reason: str = ""


NO_CHANGE = Change()


def change(
    now: Fact, before: Fact | None, better: Literal["up", "down", "neither"], config: Config
) -> Change:
    """The change of a figure since the one before, both as this review computes them.

    There is none where either figure is missing or the definition changed between the two. Totals count
    everything: their change has no interval. `better` is the direction that is good news.
    """
    if now["value"] is None:
        return NO_CHANGE
    if before is None or before["value"] is None:
        return Change(reason="no final period before")
    if changed := _redefined(now, before, config):
        return Change(reason=f"not comparable: definition changed in {changed}")
    unit, currency = formats.spoken_unit(now["metric"], now["unit"]), config.company.currency
    size = now["value"] - before["value"]
    low, high = interval_of_difference(now, before)
    ends = formats.interval(low, high, unit, 1 if unit == "share" else None)
    is_up, is_down = low is not None and low > 0, high is not None and high < 0
    return Change(
        size=_signed(size, unit, currency),
        interval=ends,
        figure=formats.number(before["value"], unit, currency),
        since=before["period"],
        told="" if not ends else "told apart" if is_up or is_down else "not told apart",
        is_adverse=(is_up and better == "down") or (is_down and better == "up"),
    )


def interval_of_difference(now: Fact, before: Fact) -> tuple[float | None, float | None]:
    """The interval of `now - before` from the interval of each, by the method of variance estimates recovery.

    Each end is as far from the difference as the two ends that make it are from their own values, squared
    and added: for two Wilson intervals this is Newcombe's, and any two intervals will do. It takes the two
    figures for independent. Those of adjacent months share accounts where they look back over more than a
    month, so they move together and the true interval is narrower: what is told apart here is so all the more.
    An end is None where one of those it is made of is not known.
    """
    value = now["value"] - before["value"]
    down = _reach(now["value"], now["low"], before["value"], before["high"])
    up = _reach(now["value"], now["high"], before["value"], before["low"])
    return None if down is None else value - down, None if up is None else value + up


def _reach(a: float, end_a: float | None, b: float, end_b: float | None) -> float | None:
    return None if end_a is None or end_b is None else math.hypot(a - end_a, b - end_b)


def _redefined(now: Fact, before: Fact, config: Config) -> str:
    """The month in which the definition changed between the two; "" where it did not."""
    between = definitions.changed_between(now["metric"], before["period"], now["period"], config)
    return between or ("" if now["version"] == before["version"] else str(now["period"]))


def _signed(size: float, unit: str, currency: str) -> str:
    text = formats.signed(size, unit, currency)
    return f"{text.removesuffix(' %')} points" if unit == "share" else text
