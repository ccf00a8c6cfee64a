"""What is agreed of a metric for a period: the table of targets first, then what `gtm.toml` says of any month."""

from collections.abc import Mapping

from gtmkit import catalog
from gtmkit.config import Config
from gtmkit.metrics import targets
from gtmkit.periods import MONTHS_IN, Period

Planned = Mapping[
    str, Mapping[str, float]
]  # a company's targets: of each metric, by the label of their period


def target_of(
    row: catalog.Metric, label: str, config: Config, planned: Planned | None = None
) -> float | None:
    """The target of a metric for a period: its own, that of its parts, else the one that `gtm.toml` has.

    The months of a flow add up, where all of them have one; of what there is at a moment, or is a rate, the last
    one holds; whom a period reached (`is_reach`) has the target of that very period, or of any month. None where
    none is agreed, where only some of a flow's months have one (a part of a plan is not the plan), and where a
    month's target says nothing of the period: a flow's of a week, that of a reach of anything but a month.
    """
    period = Period.parse(label, config.company.fiscal_year_start)
    known = (planned or {}).get(row.id, {})
    if known:
        if row.is_reach:
            value = _own(known, period)
        elif not row.is_flow:
            value = _latest(known, period)
        else:
            value, _ = targets.target(known, period, row.id)
            if value is None and _is_in_part(known, period):
                return None
        if value is not None:
            return value
    agreed = config.metric.get(row.id)
    return None if agreed is None or agreed.target is None else over_period(agreed.target, row, period)


def over_period(agreed: float, row: catalog.Metric, period: Period) -> float | None:
    """What is agreed of a metric (of a flow or a reach for a month), over a period; None where it says nothing."""
    if row.is_reach:
        return agreed if period.months == 1 else None
    if not row.is_flow:
        return agreed
    return agreed * period.months if period.months else None


def _latest(known: Mapping[str, float], period: Period) -> float | None:
    """The target of a period, else that of the quarter or month in which it ends."""
    spans = [period]
    for grain in ("quarter", "month"):
        width = MONTHS_IN[grain]
        if width < period.months:
            spans.append(Period(period.last_month + 1 - width, width, period.fiscal_year_start))
    return next((value for span in spans if (value := _own(known, span)) is not None), None)


def _own(known: Mapping[str, float], period: Period) -> float | None:
    """The target of this very period, a fiscal one with or without FY."""
    return known.get(period.label, known.get(period.label.removeprefix("FY")))


def _is_in_part(known: Mapping[str, float], period: Period) -> bool:
    """Whether some of the months of a period have a target."""
    months = (Period(period.first_month + k, 1, period.fiscal_year_start) for k in range(period.months))
    return any(month.label in known for month in months)
