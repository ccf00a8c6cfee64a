"""Is the plan being met: what is booked, what was to be booked, and whether enough pipeline is made for what comes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.frames import UNITS, Frame, collect, counted, sums
from gtmkit.metrics.entrants import YEAR, one
from gtmkit.metrics.opportunities import amount, population, without_amount
from gtmkit.metrics.targets import beside_targets, collected, given, target, with_aimed, without_target
from gtmkit.periods import Period, day_index, month_index
from gtmkit.results import (
    beside,
    divided,
    floats,
    marked,
    needs,
    noted,
    shaped,
    total,
    undefined,
    voided,
)  # fmt: skip
from gtmkit.windows import flows

BOOKED = ("new", "expansion")  # renewals are never part of the sum, whatever [pipeline] kinds has
AHEAD = 8  # quarters whose targets are looked at
QUARTER = 3  # months
Kind = Literal["new_and_expansion", "new", "expansion", "renewal"]


def bookings(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    of: Kind = "new_and_expansion",
    months: int | None = None,
) -> pd.DataFrame:
    """First-year recurring amount of the opportunities won in the period, new business and expansion.

    Answers: how much did customers commit to?
    Takes: won opportunities by closed_on; `months` asks for that many, ending with the period.
    Returns: money; n = opportunities won. `.renewal` is what was renewed, in no sum with the others.
    Differs: never the value of the whole contract; a later cancellation is churn, not a negative booking.
    """
    over = flows(
        collect(_won(journeys, by, BOOKED if of == "new_and_expansion" else (of,))), by, periods, months
    )
    return shaped(without_amount(total(over, over["amount"] / UNITS, over["n"]), over["without"]), by, [])


def bookings_target(targets: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """Bookings target of the quarter that contains the first instant after the period, and of the next seven.

    Answers: how much is to be booked, quarter by quarter?
    Takes: targets of `bookings`: of the quarter itself, else those of its three months.
    Returns: axis quarter; money, no n: a plan counts nobody. Undefined where the plan has no such quarter.
    """
    found: list[dict[str, Any]] = []
    known = given(targets, by, "bookings")
    if by and not known:
        return undefined(by, [p.label for p in periods], "no bookings targets by it", ["quarter"])
    for group, values in (known or {(): {}}).items():
        for period in periods:
            for k in range(AHEAD):
                quarter = period.quarter().shift(k)
                value, lacking = target(values, quarter, "bookings")
                found.append(
                    {**dict(zip(by, group, strict=True)), "period": period.label, "quarter": quarter.label,
                     "target": value, "lacking": lacking}
                )  # fmt: skip
    rows = pd.DataFrame(found)
    answer = total(rows, rows["target"], np.full(len(rows), np.nan))
    return shaped(without_target(answer), by, ["quarter"])


def quota_attainment(
    journeys: Frame, targets: Frame, *, by: Sequence[str], periods: Sequence[Period]
) -> pd.DataFrame:
    """Amount booked in the period over the bookings target of the period.

    Answers: is the plan being met?
    Takes: won opportunities as bookings has them; the period's own target, else that of its months.
    Returns: ratio, may exceed 1; n = opportunities won. Undefined without a target; no interval, since all that
    was won is counted.
    """
    won, known = collected(_won(journeys, by, BOOKED), targets, by, "bookings")
    over = flows(with_aimed(won, known, by, day=day_index(periods[-1].start)), by, periods)
    over = beside_targets(over, known, by, {p.label: p for p in periods}, "bookings")
    booked = floats(over["amount"]) / UNITS
    answer = over.assign(
        value=divided(booked, over["target"]), numerator=booked, denominator=over["target"], n=over["n"],
        low=np.nan, high=np.nan,
    )  # fmt: skip
    answer = marked(without_target(answer), floats(over["target"]) <= 0, "undefined", "the target is 0")
    return shaped(without_amount(answer, over["without"]), by, [])


def pipeline_creation_pace(
    pipeline_created: pd.DataFrame = needs("pipeline_created", months=QUARTER),
    win_rate: pd.DataFrame = needs("win_rate", months=YEAR),
    sales_cycle: pd.DataFrame = needs("sales_cycle"),
    bookings_target: pd.DataFrame = needs("bookings_target"),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Pipeline created in three months over what the bookings target one median sales cycle ahead asks for.

    Answers: is enough pipeline made today for the quarter in which it will close?
    Takes: created in the three months to the end of the period; the quarter that contains the day one sales
    cycle later; its target over the win rate of 12 months is what must be created for it.
    Returns: ratio, 1 is enough; numerator = created, denominator = what is asked for, n = opportunities created.
    """
    aims = _one_cycle_ahead(sales_cycle, bookings_target, by, periods)
    rows = beside(
        by,
        pipeline_created=pipeline_created,
        win_rate=win_rate,
        sales_cycle=sales_cycle,
        bookings_target=aims,
    )
    created, rate = floats(rows["pipeline_created.value"]), floats(rows["win_rate.value"])
    asked = divided(rows["bookings_target.value"], rate)
    answer = rows.assign(
        value=divided(created, asked), numerator=created, denominator=asked, n=rows["pipeline_created.n"],
        low=np.nan, high=np.nan,
    )  # fmt: skip
    answer = voided(answer, rate == 0, "none was won in 12 months")
    answer = voided(answer, floats(rows["bookings_target.value"]) <= 0, "the target is 0")
    answer = answer.merge(aims[[*by, "period", "quarter"]], on=[*by, "period"], how="left")
    for quarter in answer["quarter"].dropna().unique():
        answer = noted(answer, (answer["quarter"] == quarter).fillna(False), f"for {quarter}")
    return shaped(answer, by, [])


def _won(journeys: Frame, by: Sequence[str], kinds: Sequence[str]) -> Frame:
    """The sums of what was won, by day."""
    rows = population(journeys, kinds)
    rows = rows.filter((nw.col("outcome") == "won") & ~nw.col("closed_day").is_null())
    return sums(
        rows.with_columns(day=nw.col("closed_day")), [*by, "day"], amount=amount("amount"), n=one(),
        without=counted(nw.col("amount").is_null()),
    )  # fmt: skip


def _one_cycle_ahead(
    cycles: pd.DataFrame, targets: pd.DataFrame, by: Sequence[str], periods: Sequence[Period]
) -> pd.DataFrame:
    """The targets of the quarter that contains the day one sales cycle after each period."""
    if targets["quarter"].isna().all():  # undefined as a whole: its rows say why
        return targets
    spans = {p.label: p for p in periods}
    days = np.nan_to_num(floats(cycles["value"])).astype("int64").tolist()
    quarters = [
        _quarter_after(spans[str(label)], late) for label, late in zip(cycles["period"], days, strict=True)
    ]
    return targets.merge(cycles[[*by, "period"]].assign(quarter=quarters), on=[*by, "period", "quarter"])


def _quarter_after(period: Period, days: int) -> str:
    """The fiscal quarter that contains the day so many days after the end of a period."""
    month = month_index(period.end + timedelta(days=days))
    return Period(month - 1, 1, period.fiscal_year_start).quarter().label
