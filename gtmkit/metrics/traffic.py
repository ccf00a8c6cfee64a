"""Who sees us and comes by: impressions, sessions and visitors, from the table of traffic."""

from collections.abc import Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.frames import INTEGER, Frame, collect, column_or_null, counted, day, month, sums, with_first_day
from gtmkit.ledgers.dimensions import named
from gtmkit.metrics.entrants import one
from gtmkit.periods import Period, Week, day_index
from gtmkit.results import marked, shaped, total, undefined
from gtmkit.windows import flows

SOURCE = ("source", "medium")
WHOLE = -1_000_000  # in place of the day of what is told of a whole month


def impressions(traffic: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """Times that something of ours was shown to somebody in the period.

    Answers: how often are we seen?
    Takes: rows by the day; of a source and medium the row of a whole month instead, where the days leave some out.
    Returns: count; n = the same. What no row tells is undefined, not 0: any day or month that none has.
    """
    return _added_up(traffic, "impressions", by, periods)


def sessions(traffic: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """Visits to our pages in the period, the same visitor as often as they came.

    Answers: how often do people come by?
    Takes: rows by the day; of a source and medium the row of a whole month instead, where the days leave some out.
    Returns: count; n = the same. What no row tells is undefined, not 0: any day or month that none has.
    """
    return _added_up(traffic, "sessions", by, periods)


def visitors(traffic: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """People who came to our pages in the month, each counted once.

    Answers: how many people come by?
    Takes: rows of a whole month alone: who comes on two days is one visitor, so days do not add up, nor months.
    Returns: count; n = the same. By several sources whoever came from two counts in each.
    """
    labels = [p.label for p in periods]
    if periods[-1].months != 1:
        return undefined(by, labels, "visitors of several months do not add up")
    if "visitors" not in traffic.collect_schema().names():
        return undefined(by, labels, "traffic has no column visitors")
    rows = _dated(traffic, "visitors")
    is_whole = nw.col("day").is_null()
    whole, of_day = counted(is_whole & nw.col("is_told")), counted(~is_whole & nw.col("is_told"))
    table = collect(
        sums(named(rows, by), [*by, "month"], value=nw.when(is_whole).then(nw.col("value")).otherwise(nw.lit(0)),
             told=whole, of_day=of_day)
    )  # fmt: skip
    over = flows(table, by, periods)
    answer = total(over, over["value"], over["value"])
    none = (over["told"] == 0).to_numpy(dtype=bool)
    only_days = none & (over["of_day"] > 0).to_numpy(dtype=bool)
    answer = marked(answer, only_days, "undefined", "visitors are told by the day, and days do not add up")
    return shaped(_without(answer, none, "no visitors are told in the period"), by, [])


def _added_up(traffic: Frame, column: str, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """The sum of a column over each period, where rows tell all of it."""
    if column not in traffic.collect_schema().names():
        return undefined(by, [p.label for p in periods], f"traffic has no column {column}")
    rows = _dated(traffic, column)
    slot = "day" if any(isinstance(p, Week) for p in periods) else "month"
    rows = rows.filter(~nw.col("day").is_null()) if slot == "day" else _told_once(rows)
    rows = named(rows, by).with_columns(day=nw.col("day").fill_null(WHOLE))
    table = collect(sums(rows, [*by, "month", "day"], value=nw.col("value"), told=counted(nw.col("is_told"))))
    over = flows(table[[*by, slot, "value", "told"]], by, periods)
    answer = total(over, over["value"], over["value"])
    answer = _without(answer, (over["told"] == 0).to_numpy(dtype=bool), f"no {column} are told in the period")
    for period in periods:
        lacking = _lacking(table[table["told"] > 0], period)
        if lacking:
            here = (over["period"] == period.label).to_numpy(dtype=bool)
            answer = _without(answer, here, f"{column} are told for {lacking}")
    return shaped(answer, by, [])


def _told_once(rows: Frame) -> Frame:
    """The rows without those of a month that its days tell again, or without the days of a month they do not cover.

    That is settled by source and medium: days may tell campaigns apart and months not, or the other way round.
    """
    told = rows.filter(nw.col("is_told"))
    days = told.filter(~nw.col("day").is_null()).select(*SOURCE, "month", "day").unique()
    days = sums(days, [*SOURCE, "month"], _days=one())
    whole = sums(told.filter(nw.col("day").is_null()), [*SOURCE, "month"], _whole=one())
    rows = rows.join(days, on=[*SOURCE, "month"], how="left").join(whole, on=[*SOURCE, "month"], how="left")
    rows = with_first_day(rows, nw.col("month"), "_first")
    rows = with_first_day(rows, nw.col("month") + 1, "_next")
    by_day = nw.col("_whole").is_null() | (nw.col("_days") >= nw.col("_next") - nw.col("_first"))
    rows = rows.with_columns(_by_day=counted(by_day), _of_day=counted(~nw.col("day").is_null()))
    return rows.filter((nw.col("_by_day") == nw.col("_of_day")) | ~nw.col("is_told"))


def _lacking(table: pd.DataFrame, period: Period) -> str:
    """How much of a period is told where not all of it is; "" where all is, or nothing.

    A day is told where any row tells it: a source nobody came from on a day has no row of it.
    """
    days, months = table["day"].to_numpy(dtype="int64"), table["month"].to_numpy(dtype="int64")
    first, end = day_index(period.start), day_index(period.end)
    in_days = len(set(days[(days >= first) & (days < end)]))
    if isinstance(period, Week):
        return f"{in_days} of {end - first} days" if 0 < in_days < end - first else ""
    parts = [Period(period.last_month - k, 1) for k in range(period.months)]
    told = 0
    for part in parts:
        of_month = days[months == part.last_month]
        own = set(of_month[of_month != WHOLE])
        told += len(own) == (part.end - part.start).days or (not own and len(of_month) > 0)
    if told == len(parts) or not (in_days or told):
        return ""
    return f"{in_days} of {end - first} days" if len(parts) == 1 else f"{told} of {len(parts)} months"


def _without(rows: pd.DataFrame, where: "np.ndarray", lacking: str) -> pd.DataFrame:
    """The rows, without their figures where the rows of traffic do not tell them."""
    nothing = {name: rows[name].astype(float).mask(where) for name in ("value", "numerator", "n")}
    return marked(rows.assign(**nothing), where, "undefined", lacking)


def _dated(traffic: Frame, column: str) -> Frame:
    """The rows with their day (null where they are of a whole month), month, value and whether it is told."""
    rows = traffic.with_columns(
        **{c: column_or_null(traffic, c, nw.Date()) for c in ("day_on", "month_on")},
        campaign=column_or_null(traffic, "campaign", nw.String()),
    )
    rows = named(rows, SOURCE).with_columns(
        day=day("day_on"), of_day=month("day_on"), of_month=month("month_on")
    )
    when = nw.when(nw.col("day").is_null()).then(nw.col("of_month")).otherwise(nw.col("of_day"))
    value = nw.col(column).cast(INTEGER)
    rows = rows.with_columns(month=when, is_told=~value.is_null(), value=value.fill_null(0))
    return rows.filter(~nw.col("month").is_null())
