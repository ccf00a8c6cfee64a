"""Is the sales motion healthy: pipeline created and open, acceptance, winning, time, size and velocity."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit import stats
from gtmkit.frames import UNITS, Frame, collect, counted, sums
from gtmkit.metrics.entrants import (
    YEAR,
    ages,
    at_periods,
    by_entry,
    each,
    entrants,
    medians,
    one,
    windowed,
    with_months,
    zero,
)
from gtmkit.metrics.opportunities import (
    Weight,
    amount,
    amount_ratio,
    amount_sums,
    closed,
    population,
    standing,
    tenths,
    weighed,
    without_amount,
)
from gtmkit.periods import Period
from gtmkit.results import (
    FIGURES,
    beside,
    divided,
    floats,
    money_ratio,
    needs,
    noted,
    setting,
    shaped,
    share,
    total,
    voided,
)
from gtmkit.windows import flows

CURVE_STEP_DAYS = 30


def pipeline_created(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None = None,
    lag: int = 0,
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Amount of the opportunities created in the period, as first known.

    Answers: is pipeline creation keeping up?
    Takes: `months` asks for that many, ending with the period; `lag` for those so many months earlier.
    Returns: money; n = opportunities. Where stage_changes tells no amount, today's stands in; the row says so.
    """
    rows = population(journeys, kinds).filter(~nw.col("created_month").is_null())
    table = collect(
        sums(
            rows.with_columns(month=nw.col("created_month") + lag), [*by, "month"],
            amount=amount("first_amount"), n=one(), later=counted(~nw.col("is_first_known")),
            without=counted(nw.col("first_amount").is_null()),
        )
    )  # fmt: skip
    over = flows(table, by, periods, months)
    answer = total(over, over["amount"] / UNITS, over["n"])
    answer = noted(answer, over["later"] > 0, "current amount: stage_changes tells no first one for all")
    return shaped(without_amount(answer, over["without"]), by, [])


def sales_accepted_rate(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None = None,
    window_days: int = setting("pipeline.accept_window_days"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of the opportunities created in the period that were accepted within the window.

    Answers: does sales take what it is given?
    Takes: `months`: the newest so many months of opportunities whose windows have all ended.
    Returns: share of opportunities whose window has ended; n = those.
    """
    rows = population(journeys, kinds).filter(~nw.col("created_day").is_null())
    late = nw.col("accepted_day") - nw.col("created_day")
    known = {"known": counted(~nw.col("accepted_day").is_null())}
    table = entrants(rows, by, periods, "created_day", window_days, late <= window_days, known)
    if len(table) and not table["known"].sum():
        over = by_entry(table, by, periods, months, window_days)
        nothing = share(over, over["reached"] * 0, over["matured"] * 0, "opportunities has no accepted_at")
        return shaped(nothing, by, [])
    answer = windowed(by_entry(table, by, periods, months, window_days), window_days)
    return shaped(with_months(answer, periods, months, window_days, "opportunities"), by, [])


def win_rate(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    weight: Weight = "count",
    months: int | None = None,
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share won of the opportunities closed in the period, won or lost.

    Answers: how often do we win what comes to a decision?
    Takes: `months` asks for that many, ending with the period.
    Returns: share; n = opportunities closed. `.amount` weighs each by its amount.
    Differs: not won over all opportunities: open ones are not losses.
    """
    rows = closed(journeys, kinds)
    is_won = nw.col("outcome") == "won"
    more = amount_sums("amount", is_won) if weight == "amount" else {}
    over = flows(
        collect(sums(rows, [*by, "month"], won=counted(is_won), closed=one(), **more)), by, periods, months
    )
    if weight == "amount":
        return shaped(amount_ratio(over, "no amount closed in the period"), by, [])
    return shaped(share(over, over["won"], over["closed"], "none closed in the period"), by, [])


def close_rate(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["window", "curve"] = "window",
    weight: Weight = "count",
    window_days: int = setting("pipeline.close_window_days"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of the opportunities created in the period that were won within the window.

    Answers: what becomes of the pipeline we create?
    Returns: share of those whose window has ended; n = opportunities.
    Differs: `.curve` is the Aalen-Johansen incidence of winning by age (axis age, days) over those created
    in the 12 months to the end of the period, losing as a competing outcome: it uses young ones too.
    """
    rows = population(journeys, kinds).filter(~nw.col("created_day").is_null())
    # Closed without a date: nobody knows at what age.
    rows = rows.filter(~((nw.col("outcome") != "open") & nw.col("closed_day").is_null()))
    if basis == "curve":
        rows = rows.with_columns(_won=counted(nw.col("outcome") == "won"))
        table = ages(rows, [*by], periods, "created_day", "closed_day", won=nw.col("_won"))
        return _curves(table, by, periods, window_days)
    age = nw.col("closed_day") - nw.col("created_day")
    within = (nw.col("outcome") == "won") & (age <= window_days)
    more = amount_sums("first_amount", within) if weight == "amount" else {}
    table = entrants(rows, by, periods, "created_day", window_days, within, {}, **more)
    return shaped(
        weighed(flows(table, by, periods), window_days, weight),
        by,
        [],
    )


def sales_cycle(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["all", "won", "won_mean", "won_created"] = "all",
    months: int | None = None,
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Median days from first stage entry to close, won or lost, of those entered in 12 months to period end.

    Answers: how long until an opportunity is decided?
    Takes: first stage entry, else creation; open ones are censored at the end of the period. `months` asks
    those of won deals for that many, ending with the period.
    Returns: days, Kaplan-Meier; numerator = decided, n = opportunities.
    Differs: `.won` is the plain median over those won in the period, conditional on winning; `.won_mean` their mean,
    `.won_created` their median from creation.
    """
    if basis != "all":
        begins = "created_day" if basis == "won_created" else "entered_day"
        rows = _won_after(journeys, kinds, begins)
        over = _won_means if basis == "won_mean" else _won_medians
        return shaped(over(rows, by, periods, months), by, [])
    rows = population(journeys, kinds).filter(~nw.col("entered_day").is_null())
    rows = rows.filter(~((nw.col("outcome") != "open") & nw.col("closed_day").is_null()))
    table = ages(rows, [*by], periods, "entered_day", "closed_day")
    return shaped(medians(table, by, periods), by, [])


def average_selling_price(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None = None,
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """First-year recurring amount of the opportunities won in the period, per opportunity.

    Answers: how large is what we sell?
    Returns: money, a mean; n = opportunities won with an amount.
    """
    rows = closed(journeys, kinds).filter(nw.col("outcome") == "won")
    known = ~nw.col("amount").is_null()
    t = tenths("amount")
    table = collect(
        sums(
            rows, [*by, "month"], n=amount("amount"), b=counted(known), k=counted(known), nn=t * t, nb=t,
            without=counted(~known),
        )
    )  # fmt: skip
    over = flows(table, by, periods, months)
    parts = {
        "n": over["n"] / UNITS, "b": over["b"], "k": over["k"],
        "nn": over["nn"] / 100, "nb": over["nb"] / 10, "bb": over["k"],
    }  # fmt: skip
    answer = money_ratio(over, parts, "none won with an amount in the period")
    return shaped(without_amount(answer, over["without"]), by, [])


def open_pipeline(
    positions: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Amount of the opportunities open at the end of the period, as it stood then.

    Answers: how much is in play?
    Returns: money; n = opportunities. Without stage_changes today's amount stands in and the row says so.
    """
    rows = standing(population(positions, kinds), periods)
    table = collect(
        sums(
            rows, [*by, "at_period"], amount=amount("amount"), n=one(),
            later=counted(nw.col("is_current_amount")), without=counted(nw.col("amount").is_null()),
        )
    )  # fmt: skip
    over = at_periods(table, by, periods)
    answer = total(over, over["amount"] / UNITS, over["n"])
    answer = noted(answer, over["later"] > 0, "current amount: stage_changes tells none for all")
    return shaped(without_amount(answer, over["without"]), by, [])


def pipeline_velocity(
    open_pipeline: pd.DataFrame,
    win_rate: pd.DataFrame = needs("win_rate", months=YEAR),
    average_selling_price: pd.DataFrame = needs("average_selling_price", months=YEAR),
    sales_cycle: pd.DataFrame = needs("sales_cycle"),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Open opportunities times win rate times average selling price, over the sales cycle: money a day.

    Answers: if output falls, is it volume, quality, size or time?
    Takes: opportunities open at the end of the period; rate, price and cycle over the 12 months to it.
    Returns: money per day; n = open opportunities.
    """
    rows = beside(
        by,
        open_pipeline=open_pipeline,
        win_rate=win_rate,
        average_selling_price=average_selling_price,
        sales_cycle=sales_cycle,
    )
    speed = floats(rows["win_rate.value"]) * floats(rows["average_selling_price.value"])
    won_in_time = floats(rows["open_pipeline.n"]) * speed
    per_day = divided(won_in_time, rows["sales_cycle.value"])
    answer = rows.assign(
        value=per_day, numerator=won_in_time, denominator=rows["sales_cycle.value"], n=rows["open_pipeline.n"],
        low=np.nan, high=np.nan,
    )  # fmt: skip
    at_once = floats(rows["sales_cycle.value"]) == 0
    return shaped(voided(answer, at_once, "the sales cycle is 0 days"), by, [])


def _won_after(journeys: Frame, kinds: Sequence[str], begins: str) -> Frame:
    """The opportunities won, with their age in days since the day `begins`; closed before it: on the day."""
    rows = closed(journeys, kinds).filter((nw.col("outcome") == "won") & ~nw.col(begins).is_null())
    age = nw.col("closed_day") - nw.col(begins)
    return rows.with_columns(age=nw.when(age < 0).then(zero()).otherwise(age))


def _won_means(rows: Frame, by: Sequence[str], periods: Sequence[Period], months: int | None) -> pd.DataFrame:
    age = nw.col("age")
    over = flows(
        collect(sums(rows, [*by, "month"], days=age, squared=age * age, n=one())), by, periods, months
    )
    days, squared, n = (floats(over[column]) for column in ("days", "squared", "n"))
    parts = {"n": days, "b": n, "k": n, "nn": squared, "nb": days, "bb": n}
    return money_ratio(over, parts, "none won in these months", of="opportunity")


def _won_medians(
    rows: Frame, by: Sequence[str], periods: Sequence[Period], months: int | None
) -> pd.DataFrame:
    table = collect(sums(rows, [*by, "month", "age"], n=one()))
    parts = [
        table[
            (table["month"] > p.last_month - (months or p.months)) & (table["month"] <= p.last_month)
        ].assign(at_period=i, ended=1)
        for i, p in enumerate(periods)
    ]
    over = medians(pd.concat(parts, ignore_index=True), by, periods)
    middle = {key: _median(part) for part in parts for key, part in _grouped(part, by, periods)}
    keys = [tuple(row) for row in over[[*by, "period"]].itertuples(index=False)]
    values = [middle.get(key, value) for key, value in zip(keys, over["value"], strict=True)]
    return over.assign(value=values)


def _grouped(
    part: pd.DataFrame, by: Sequence[str], periods: Sequence[Period]
) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """The counts of each group of one period, with the key of its row."""
    for key, rows in part.groupby([*by, "at_period"], dropna=False):
        *names, at = key if isinstance(key, tuple) else (key,)
        yield (*map(str, names), periods[int(str(at))].label), rows


def _median(counts: pd.DataFrame) -> float:
    """The middle age, or the mean of the two in the middle, as every spreadsheet has it."""
    ordered = counts.sort_values("age")
    upto, age = ordered["n"].cumsum().to_numpy(dtype="int64"), ordered["age"].to_numpy(dtype="float64")
    n = int(upto[-1])
    low, high = (age[int(np.searchsorted(upto, place, side="right"))] for place in ((n - 1) // 2, n // 2))
    return float(low + high) / 2


def _curves(
    table: pd.DataFrame, by: Sequence[str], periods: Sequence[Period], window_days: int
) -> pd.DataFrame:
    shown = sorted({*range(0, max(window_days, 360) + 1, CURVE_STEP_DAYS), window_days})

    def read(part: pd.DataFrame) -> list[dict[str, Any]]:
        n = int(part["n"].sum())
        if not n:
            return []
        outcome = floats(part["ended"]) * (2 - floats(part["won"]))  # 1 = won, 2 = lost, 0 = open
        curve = stats.incidence(floats(part["age"]), outcome, floats(part["n"]))
        rows = []
        for age in shown:
            at = stats.incidence_at(curve, age)
            if at.value is not None:
                here = floats(part["age"]) <= age
                won = float(floats(part["n"])[here & (outcome == 1)].sum())
                rows.append(
                    {
                        "age": age,
                        "value": at.value,
                        "numerator": won,
                        "denominator": n,
                        "n": n,
                        "low": at.low,
                        "high": at.high,
                    }
                )
        return rows

    return shaped(each(table, by, periods, read, ["age", *FIGURES]), by, ["age"])
