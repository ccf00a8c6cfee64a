"""How the noise of a metric shows: whether it is a share, a count or else, and what it looks back over.

A window longer than a period and a state carry over what was counted before, so that neighbours are nearly the same
figure: their differences say nothing of noise.
"""

from collections.abc import Mapping
from functools import reduce
from typing import Any

from gtmkit.catalog import METRICS, find
from gtmkit.catalog.metric import Metric
from gtmkit.config import Config
from gtmkit.periods import TRAILING_WEEKS, Period, Week
from gtmkit.results import Setting
from gtmkit.signals import Figure, Kind

KINDS: Mapping[str, Kind] = {"share": "share", "count": "count", "accounts": "count"}
WINDOWS = ("window_months", "months")  # the options by which a metric is asked over some months
WEEKS_IN_A_MONTH = 52 / 12


def figure(
    metric: str, period: Period, config: Config, dims: Mapping[str, str] | None = None, **options: Any
) -> Figure:
    """What a metric asked so is the figure of, and how its noise shows over periods like this one.

    `dims`: the group and the values of the metric's axes of which it is.
    """
    row, variant = find(metric)
    asked = {**(row.variants[variant].options if variant else {}), **options}
    named = tuple(sorted((dims or {}).items()))
    kind = KINDS.get(row.unit_with(asked), "interval")
    over = window(row, period, config, asked)
    return Figure(metric, named, kind, over > 1, over)


def window(row: Metric, period: Period, config: Config, options: Mapping[str, Any]) -> float:
    """In how many periods what is counted once is still counted: 1 where periods share nothing."""
    back = months(row, config, options)
    if not isinstance(period, Week):
        return max(1.0, back / period.months)
    return max(float(TRAILING_WEEKS if row.trails else 1), back * WEEKS_IN_A_MONTH)


def months(row: Metric, config: Config, options: Mapping[str, Any]) -> float:
    """The months that a metric asked so is counted over where a period is shorter; 0 for the period's own."""
    windows = [options.get(name, row.options[name].default) for name in WINDOWS if name in row.options]
    asked = [_value(window, config) or 0 for window in windows]
    parts = [months(METRICS[part.name], config, part.options) for part in row.parts if part.is_metric]
    return max([row.looks_back_with(options), *asked, *parts])


def _value(default: Any, config: Config) -> Any:
    """What an option is, from gtm.toml where it stands there."""
    return reduce(getattr, default.key.split("."), config) if isinstance(default, Setting) else default
