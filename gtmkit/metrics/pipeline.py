"""Is the sales motion healthy: pipeline created and open, conversion, time, size, leak and wait."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit import stats
from gtmkit.frames import INTEGER, UNITS, Frame, collect, counted, small, sums
from gtmkit.periods import Period, day_index, month_start
from gtmkit.results import (
    DERIVED_INTERVAL,
    FIGURES,
    WORST_FIRST,
    divided,
    floats,
    marked,
    money_ratio,
    needs,
    noted,
    setting,
    shaped,
    share,
    total,
)  # fmt: skip
from gtmkit.windows import flows

Weight = Literal["count", "amount"]
YEAR = 12
CURVE_STEP_DAYS = 30


def pipeline_created(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Amount of the opportunities created in the period, as first known.

    Answers: is pipeline creation keeping up?
    Returns: money; n = opportunities. Where stage_changes tells no amount, today's stands in; the row says so.
    """
    rows = _population(journeys, kinds).filter(~nw.col("created_month").is_null())
    table = collect(
        sums(
            rows.with_columns(month=nw.col("created_month")), [*by, "month"],
            amount=_amount("first_amount"), n=_one(), later=counted(~nw.col("is_first_known")),
            without=counted(nw.col("first_amount").is_null()),
        )
    )  # fmt: skip
    over = flows(table, by, periods)
    answer = total(over, over["amount"] / UNITS, over["n"])
    answer = noted(answer, over["later"] > 0, "current amount: stage_changes tells no first one for all")
    return shaped(_without_amount(answer, over["without"]), by, [])


def sales_accepted_rate(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    window_days: int = setting("pipeline.accept_window_days"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of the opportunities created in the period that were accepted within the window.

    Answers: does sales take what it is given?
    Returns: share of opportunities whose window has ended; n = those.
    """
    rows = _population(journeys, kinds).filter(~nw.col("created_day").is_null())
    rows = rows.with_columns(month=nw.col("created_month"), known=counted(~nw.col("accepted_day").is_null()))
    late = nw.col("accepted_day") - nw.col("created_day")
    table = _entrants(
        rows, by, periods, "created_day", window_days, late <= window_days, {"known": nw.col("known")}
    )
    if len(table) and not table["known"].sum():
        over = flows(table, by, periods)
        nothing = share(over, over["reached"] * 0, over["matured"] * 0, "opportunities has no accepted_at")
        return shaped(nothing, by, [])
    return shaped(_windowed(flows(table, by, periods), window_days), by, [])


def stage_conversion(
    visits: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["window", "cohort"] = "window",
    weight: Weight = "count",
    months: int | None = None,
    window_days: int = setting("pipeline.stage_window_days"),
    stages: Sequence[str] = setting("pipeline.stages"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of the opportunities that first entered a stage in the period and went further within the window.

    Answers: where do opportunities stop?
    Takes: skipped stages filled in; further = a later stage or won; `months`: that many, ending with the period.
    Returns: axis stage; share of those whose window has ended; n = opportunities.
    Differs: `.cohort` follows those created in the period, however long it took (these multiply from
    created to won, and stay immature while any of them is open); `.amount` weighs by amount on entry.
    """
    rows = _population(visits, kinds).with_columns(stage=nw.col("at"))
    went = nw.col("went_on")
    keys = [*by, "stage"]
    if basis == "cohort":
        rows = rows.filter(~nw.col("created_month").is_null()).with_columns(month=nw.col("created_month"))
        undecided = counted(~went & (nw.col("outcome") == "open"))
        table = collect(
            sums(rows, [*keys, "month"], entered=_one(), reached=counted(went), undecided=undecided)
        )
        over = flows(table, keys, periods, months, axes={"stage": range(len(stages))})
        answer = share(over, over["reached"], over["entered"], "none created in the period reached it")
        answer = marked(answer, over["undecided"] > 0, "immature", "some of them are still open")
        return _by_stage(answer, by, stages)
    # Entered, or won, without a date: nobody knows when.
    rows = rows.filter(~nw.col("entered_day").is_null() & ~(went & nw.col("next_day").is_null()))
    rows = rows.with_columns(month=nw.col("entered_month"))
    within = went & (nw.col("next_day") - nw.col("entered_day") <= window_days)
    more = _amounts("entry_amount", within) if weight == "amount" else {}
    table = _entrants(rows, keys, periods, "entered_day", window_days, within, {}, **more)
    over = flows(table, keys, periods, months, axes={"stage": range(len(stages))})
    answer = _windowed(over, window_days, weight)
    return _by_stage(answer, by, stages)


def time_in_stage(
    stays: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    stages: Sequence[str] = setting("pipeline.stages"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Median days from entering a stage to leaving it, of stays begun in the 12 months to period end.

    Answers: where does time go?
    Takes: real stays only, none filled in; leaving = the next stage, won or lost; those still there are censored.
    Returns: axis stage; days, Kaplan-Meier; numerator = stays that ended, n = stays.
    """
    rows = _population(stays, kinds).with_columns(stage=nw.col("at"))
    table = _ages(rows, [*by, "stage"], periods, "from_day", "until_day", "from_month")
    return _by_stage(_medians(table, [*by, "stage"], periods, {"stage": range(len(stages))}), by, stages)


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
    rows = _closed(journeys, kinds)
    is_won = nw.col("outcome") == "won"
    more = _amounts("amount", is_won) if weight == "amount" else {}
    over = flows(
        collect(sums(rows, [*by, "month"], won=counted(is_won), closed=_one(), **more)), by, periods, months
    )
    if weight == "amount":
        return shaped(_amount_ratio(over, "no amount closed in the period"), by, [])
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
    rows = _population(journeys, kinds).filter(~nw.col("created_day").is_null())
    # Closed without a date: nobody knows at what age.
    rows = rows.filter(~((nw.col("outcome") != "open") & nw.col("closed_day").is_null()))
    if basis == "curve":
        rows = rows.with_columns(_won=counted(nw.col("outcome") == "won"))
        table = _ages(rows, [*by], periods, "created_day", "closed_day", "created_month", won=nw.col("_won"))
        return _curves(table, by, periods, window_days)
    rows = rows.with_columns(month=nw.col("created_month"))
    age = nw.col("closed_day") - nw.col("created_day")
    within = (nw.col("outcome") == "won") & (age <= window_days)
    more = _amounts("first_amount", within) if weight == "amount" else {}
    table = _entrants(rows, by, periods, "created_day", window_days, within, {}, **more)
    return shaped(
        _windowed(flows(table, by, periods), window_days, weight),
        by,
        [],
    )


def sales_cycle(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["all", "won"] = "all",
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Median days from first stage entry to close, won or lost, of those entered in 12 months to period end.

    Answers: how long until an opportunity is decided?
    Takes: first stage entry, else creation; open ones are censored at the end of the period.
    Returns: days, Kaplan-Meier; numerator = decided, n = opportunities.
    Differs: `.won` is the plain median over those won in the period, conditional on winning.
    """
    if basis == "won":
        rows = _closed(journeys, kinds).filter(
            (nw.col("outcome") == "won") & ~nw.col("entered_day").is_null()
        )
        return shaped(_won_medians(rows, by, periods), by, [])
    rows = _population(journeys, kinds).filter(~nw.col("entered_day").is_null())
    rows = rows.filter(~((nw.col("outcome") != "open") & nw.col("closed_day").is_null()))
    table = _ages(rows, [*by], periods, "entered_day", "closed_day", "entered_month")
    return shaped(_medians(table, by, periods), by, [])


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
    rows = _closed(journeys, kinds).filter(nw.col("outcome") == "won")
    known = ~nw.col("amount").is_null()
    t = _tenths("amount")
    table = collect(
        sums(
            rows, [*by, "month"], n=_amount("amount"), b=counted(known), k=counted(known), nn=t * t, nb=t,
            without=counted(~known),
        )
    )  # fmt: skip
    over = flows(table, by, periods, months)
    amounts = {
        "n": over["n"] / UNITS, "b": over["b"], "k": over["k"],
        "nn": over["nn"] / 100, "nb": over["nb"] / 10, "bb": over["k"],
    }  # fmt: skip
    answer = money_ratio(over, amounts, "none won with an amount in the period")
    return shaped(_without_amount(answer, over["without"]), by, [])


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
    rows = _standing(_population(positions, kinds), periods)
    table = collect(
        sums(
            rows, [*by, "at_period"], amount=_amount("amount"), n=_one(),
            later=counted(nw.col("is_current_amount")), without=counted(nw.col("amount").is_null()),
        )
    )  # fmt: skip
    over = _at_periods(table, by, periods)
    answer = total(over, over["amount"] / UNITS, over["n"])
    answer = noted(answer, over["later"] > 0, "current amount: stage_changes tells none for all")
    return shaped(_without_amount(answer, over["without"]), by, [])


def pipeline_coverage(
    positions: Frame,
    journeys: Frame,
    targets: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["remaining", "quota"] = "remaining",
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Open amount expected to close in the rest of the quarter, over the bookings target still to be met.

    Answers: is there enough in play to make the quarter?
    Takes: the quarter that contains the first instant after the period; past-due expected closes are counted apart.
    Returns: ratio of money, no interval; n = opportunities expected in it. Target met: undefined.
    Differs: `.quota` divides by the whole target, as often written.
    """
    quarters = [p.quarter() for p in periods]
    place = range(len(periods))
    days = {
        "at_period": list(place),
        "as_of": [day_index(p.end) for p in periods],
        "begins": [day_index(q.start) for q in quarters],
        "ends": [day_index(q.end) for q in quarters],
    }
    expected = _population(positions, kinds).join(small(positions, **days), how="cross")
    expected = expected.filter(_stands(nw.col("as_of"))).with_columns(
        _in=counted((nw.col("expected_day") >= nw.col("as_of")) & (nw.col("expected_day") < nw.col("ends"))),
        _past=counted(nw.col("expected_day") < nw.col("as_of")),
    )
    nothing = _coverage_columns()
    seen = {"open": _amount("amount") * nw.col("_in"), "n": nw.col("_in"), "past": nw.col("_past")}
    open_now = sums(expected, [*by, "at_period"], **{**nothing, **seen})
    won = (
        _closed(journeys, kinds).filter(nw.col("outcome") == "won").join(small(journeys, **days), how="cross")
    )
    won = won.filter((nw.col("closed_day") >= nw.col("begins")) & (nw.col("closed_day") < nw.col("as_of")))
    booked = sums(won, [*by, "at_period"], **{**nothing, "booked": _amount("amount")})
    aims = _quarter_targets(targets, by, quarters)
    columns = [*by, "at_period", *nothing]
    table = collect(nw.concat([open_now.select(*columns), booked.select(*columns), aims.select(*columns)]))
    over = _at_periods(table, by, periods)
    has_own = floats(over["targets"]) > 0
    target, done = np.where(has_own, over["target"], over["parts"]), floats(over["booked"]) / UNITS
    left = target - done if basis == "remaining" else target
    answer = over.assign(
        value=divided(over["open"] / UNITS, left), numerator=floats(over["open"]) / UNITS, denominator=left,
        n=over["n"], low=np.nan, high=np.nan,
    )  # fmt: skip
    aimless = ~has_own & (floats(over["monthly"]) == 0)
    names = dict(zip((p.label for p in periods), (q.label for q in quarters), strict=True))
    for label, quarter in names.items():
        here = (over["period"] == label).to_numpy()
        answer = marked(answer, here & aimless, "undefined", f"no bookings target for {quarter}")
        answer = marked(answer, here & (left <= 0), "undefined", f"target met: {quarter}")
        answer = noted(answer, here, f"of {quarter}")
    for count in sorted({int(c) for c in over["past"]} - {0}):
        answer = noted(answer, over["past"] == count, f"{count} open past their expected close, not in it")
    return shaped(answer, by, [])


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
    Returns: money per day; n = open opportunities. No interval yet: the parts share rows.
    """
    keys = [*by, "period"]
    parts = {
        "open_pipeline": open_pipeline,
        "win_rate": win_rate,
        "average_selling_price": average_selling_price,
        "sales_cycle": sales_cycle,
    }
    rows = open_pipeline[keys]
    for name, part in parts.items():
        named = part.rename(columns={c: f"{name}.{c}" for c in part.columns if c not in keys})
        rows = rows.merge(named, on=keys, how="left")
    speed = floats(rows["win_rate.value"]) * floats(rows["average_selling_price.value"])
    per_day = divided(floats(rows["open_pipeline.n"]) * speed, rows["sales_cycle.value"])
    answer = rows.assign(
        value=per_day, numerator=floats(rows["open_pipeline.n"]) * speed, denominator=rows["sales_cycle.value"],
        n=rows["open_pipeline.n"], low=np.nan, high=np.nan,
    )  # fmt: skip
    for status in WORST_FIRST[:-1]:
        for name in parts:
            answer = marked(
                answer, (rows[f"{name}.status"] == status).fillna(False), status, f"{name} is {status}"
            )
    answer = marked(answer, np.isnan(per_day), "undefined", "the sales cycle is 0 days")
    answer = noted(answer, ~np.isnan(per_day), DERIVED_INTERVAL)
    return shaped(answer, by, [])


def stage_leak(
    visits: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    stages: Sequence[str] = setting("pipeline.stages"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Amount lost at each stage in the 12 months to the end of the period.

    Answers: which stage loses most?
    Takes: opportunities lost in those months, at the furthest stage they reached, with their amount on entering it.
    Returns: axis stage; money; denominator = lost at all stages; n = opportunities lost there.
    """
    rows = _population(visits, kinds).filter(nw.col("is_furthest") & (nw.col("outcome") == "lost"))
    rows = rows.filter(~nw.col("closed_month").is_null())
    rows = rows.with_columns(month=nw.col("closed_month"), stage=nw.col("at"))
    table = collect(
        sums(
            rows, [*by, "stage", "month"], amount=_amount("entry_amount"), n=_one(),
            without=counted(nw.col("entry_amount").is_null()),
        )
    )  # fmt: skip
    over = flows(table, [*by, "stage"], periods, YEAR, axes={"stage": range(len(stages))})
    answer = _of_all(over, by, over["amount"] / UNITS)
    return _by_stage(_without_amount(answer, over["without"]), by, stages)


def stage_wait(
    stays: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    stages: Sequence[str] = setting("pipeline.stages"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Days that opportunities spent in each stage in the 12 months to the end of the period.

    Answers: in which stage does most time pass?
    Returns: axis stage; opportunity-days; denominator = days in all stages; n = stays.
    """
    days = {
        "at_period": list(range(len(periods))),
        "begins": [day_index(month_start(p.last_month + 1 - YEAR)) for p in periods],
        "ends": [day_index(p.end) for p in periods],
    }
    rows = _population(stays, kinds).with_columns(stage=nw.col("at")).join(small(stays, **days), how="cross")
    begins, ends, until = nw.col("begins"), nw.col("ends"), nw.col("until_day")
    rows = rows.with_columns(
        _from=nw.when(nw.col("from_day") < begins).then(begins).otherwise(nw.col("from_day")),
        _until=nw.when(until.is_null() | (until > ends)).then(ends).otherwise(until),
    )
    rows = rows.filter(nw.col("_until") > nw.col("_from"))
    table = collect(
        sums(rows, [*by, "stage", "at_period"], days=nw.col("_until") - nw.col("_from"), n=_one())
    )
    over = _at_periods(table, [*by, "stage"], periods, axes={"stage": range(len(stages))})
    return _by_stage(_of_all(over, by, over["days"]), by, stages)


def stage_skip_rate(
    visits: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    stages: Sequence[str] = setting("pipeline.stages"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of those that came to a stage or past it in the period without ever having been in it.

    Answers: is the sales process followed, or filled in afterwards?
    Returns: axis stage; share; n = opportunities.
    """
    rows = _population(visits, kinds).filter(~nw.col("entered_month").is_null())
    rows = rows.with_columns(month=nw.col("entered_month"), stage=nw.col("at"))
    keys = [*by, "stage"]
    table = collect(sums(rows, [*keys, "month"], skipped=counted(nw.col("is_skipped")), reached=_one()))
    over = flows(table, keys, periods, axes={"stage": range(len(stages))})
    return _by_stage(
        share(over, over["skipped"], over["reached"], "none came to it in the period"), by, stages
    )


def stage_regress_rate(
    stays: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    stages: Sequence[str] = setting("pipeline.stages"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of the stays in a stage that ended in the period by going back to an earlier stage.

    Answers: are stages entered before their exit criteria hold?
    Returns: axis stage; share; n = stays that ended in the period.
    """
    rows = _population(stays, kinds).filter(~nw.col("until_month").is_null())
    rows = rows.with_columns(month=nw.col("until_month"), stage=nw.col("at"))
    keys = [*by, "stage"]
    back = counted(nw.col("goes_to") < nw.col("at"))
    over = flows(
        collect(sums(rows, [*keys, "month"], back=back, left=_one())),
        keys,
        periods,
        axes={"stage": range(len(stages))},
    )
    return _by_stage(share(over, over["back"], over["left"], "none left it in the period"), by, stages)


def _population(ledger: Frame, kinds: Sequence[str]) -> Frame:
    return ledger.filter(nw.col("kind").is_in(list(kinds)))


def _closed(journeys: Frame, kinds: Sequence[str]) -> Frame:
    closed = _population(journeys, kinds).filter(~nw.col("closed_month").is_null())
    return closed.with_columns(month=nw.col("closed_month"))


def _one() -> nw.Expr:
    return nw.lit(1).cast(INTEGER)


def _zero() -> nw.Expr:
    return nw.lit(0).cast(INTEGER)


def _amount(column: str) -> nw.Expr:
    return nw.col(column).fill_null(0)


def _tenths(column: str) -> nw.Expr:
    """An amount in tenths of a unit: whole numbers, so that sums of their products do not depend on order."""
    return ((_amount(column) + UNITS // 20) // (UNITS // 10)).cast(nw.Float64())


def _amounts(column: str, reached: nw.Expr) -> dict[str, nw.Expr]:
    """The sums of a ratio of amounts: those that `reached` over all, with their products."""
    t, yes = _tenths(column), nw.when(reached).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
    kept = nw.when(reached).then(_amount(column)).otherwise(_zero())
    known = counted(nw.col(column) > 0)
    return {"n": kept, "b": _amount(column), "k": known, "nn": t * t * yes, "nb": t * t * yes, "bb": t * t}


def _amount_ratio(over: pd.DataFrame, nothing: str) -> pd.DataFrame:
    amounts = {
        "n": over["n"] / UNITS, "b": over["b"] / UNITS, "k": over["k"],
        **{c: over[c] / 100 for c in ("nn", "nb", "bb")},
    }  # fmt: skip
    return money_ratio(over, amounts, nothing, at_most_one=True)


def _entrants(
    rows: Frame,
    keys: Sequence[str],
    periods: Sequence[Period],
    entered: str,
    window_days: int,
    within: nw.Expr,
    always: Mapping[str, nw.Expr],
    **more: nw.Expr,
) -> pd.DataFrame:
    """Per month of entry: all that entered, those whose window has ended, and of these those that got there.

    The window's last day counts, so it has ended once the day after it is before as_of's day or equal to it.
    """
    as_of = day_index(periods[-1].end)
    ended = nw.col(entered) + window_days < as_of
    amounts = {name: nw.when(ended).then(what).otherwise(nw.lit(0)) for name, what in more.items()}
    return collect(
        sums(
            rows,
            [*keys, "month"],
            entered=_one(),
            matured=counted(ended),
            reached=counted(ended & within),
            **amounts,
            **always,
        )
    )


def _windowed(over: pd.DataFrame, window_days: int, weight: Weight = "count") -> pd.DataFrame:
    """Shares over the entrants whose window has ended: immature where some, or all, have not come so far."""
    waiting = over["entered"] - over["matured"]
    rows = marked(over, over["entered"] == 0, "undefined", "none entered in the period")
    rows = marked(rows, waiting > 0, "immature", f"the {window_days} days of some have not passed")
    if weight == "amount":
        return _amount_ratio(rows, "no amount entered in the period")
    return share(rows, over["reached"], over["matured"], "none entered in the period")


def _by_stage(rows: pd.DataFrame, by: Sequence[str], stages: Sequence[str]) -> pd.DataFrame:
    """The rows with stage numbers replaced by names, in the order of the stages."""
    answer = shaped(rows, by, ["stage"])
    names = dict(enumerate(stages))
    return answer.assign(stage=pd.array([names[int(s)] for s in answer["stage"]], dtype="string"))


def _of_all(over: pd.DataFrame, by: Sequence[str], value: pd.Series) -> pd.DataFrame:
    """Totals per stage with the total of all stages as denominator."""
    rows = total(over, value, over["n"])
    whole = rows.groupby([*by, "period"], dropna=False)["value"].transform("sum")
    return rows.assign(denominator=floats(whole))


def _without_amount(rows: pd.DataFrame, without: pd.Series) -> pd.DataFrame:
    for count in sorted({int(c) for c in without} - {0}):
        rows = noted(rows, without == count, f"{count} without an amount")
    return rows


def _stands(as_of: nw.Expr) -> nw.Expr:
    """Whether a position held at the last instant before a day."""
    return (nw.col("from_day") < as_of) & (nw.col("until_day").is_null() | (nw.col("until_day") >= as_of))


def _standing(positions: Frame, periods: Sequence[Period]) -> Frame:
    ends = {"at_period": list(range(len(periods))), "as_of": [day_index(p.end) for p in periods]}
    return positions.join(small(positions, **ends), how="cross").filter(_stands(nw.col("as_of")))


def _at_periods(
    table: pd.DataFrame, keys: Sequence[str], periods: Sequence[Period], axes: dict[str, Any] | None = None
) -> pd.DataFrame:
    """Sums by the number of their period, one row per group and period also where there is nothing."""
    places = {p.last_month: i for i, p in enumerate(periods)}
    months = {i: month for month, i in places.items()}
    moved = table.assign(month=table["at_period"].map(months).astype("int64[pyarrow]")).drop(
        columns="at_period"
    )
    return flows(moved, keys, periods, axes=axes)


def _ages(
    rows: Frame,
    keys: Sequence[str],
    periods: Sequence[Period],
    begins: str,
    ends: str,
    month: str,
    **more: nw.Expr,
) -> pd.DataFrame:
    """Counts by period, age in days and outcome, of what began in the 12 months to the end of each period.

    What had not ended by then is censored there, so that every period is read as it could be read at its end.
    """
    days = {
        "at_period": list(range(len(periods))),
        "as_of": [day_index(p.end) for p in periods],
        "last": [p.last_month for p in periods],
    }
    rows = rows.join(small(rows, **days), how="cross")
    rows = rows.filter((nw.col(month) <= nw.col("last")) & (nw.col(month) > nw.col("last") - YEAR))
    over = ~nw.col(ends).is_null() & (nw.col(ends) < nw.col("as_of"))
    until = nw.when(over).then(nw.col(ends)).otherwise(nw.col("as_of"))
    rows = rows.with_columns(age=until - nw.col(begins), ended=counted(over), **more)
    # An end before its beginning is a wrong date: it counts as the same day.
    rows = rows.with_columns(age=nw.when(nw.col("age") < 0).then(_zero()).otherwise(nw.col("age")))
    return collect(sums(rows, [*keys, "at_period", "age", "ended", *more], n=_one()))


def _each(
    table: pd.DataFrame,
    keys: Sequence[str],
    periods: Sequence[Period],
    read: Callable[[pd.DataFrame], list[dict[str, Any]]],
    columns: Sequence[str],
    axes: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """The rows of `columns` that `read` makes of the counts of each group and period."""
    asked = _at_periods(table[[*keys, "at_period", "n"]], keys, periods, axes)[[*keys, "period"]]
    number = {p.label: i for i, p in enumerate(periods)}
    parts = dict(list(table.groupby([*keys, "at_period"], dropna=False)))
    rows = []
    for group in asked.to_dict("records"):
        part = parts.get((*[group[k] for k in keys], number[group["period"]]), table.iloc[:0])
        rows += [{**group, **row} for row in read(part)]
    return pd.DataFrame(rows, columns=[*asked.columns, *columns])


def _medians(
    table: pd.DataFrame, keys: Sequence[str], periods: Sequence[Period], axes: dict[str, Any] | None = None
) -> pd.DataFrame:
    def read(part: pd.DataFrame) -> list[dict[str, Any]]:
        n, ended = int(part["n"].sum()), int(part.loc[part["ended"] == 1, "n"].sum())
        counts = {"numerator": ended, "denominator": n, "n": n}
        if not n:
            return [counts]
        median = stats.km_median(floats(part["age"]), floats(part["ended"]), floats(part["n"]))
        return [{"value": median.value, **counts, "low": median.low, "high": median.high}]

    rows = _each(table, keys, periods, read, FIGURES, axes)
    rows = marked(rows, rows["n"] == 0, "undefined", "none in these months")
    return marked(rows, rows["value"].isna(), "undefined", "the curve has not come down to one half")


def _won_medians(rows: Frame, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    age = nw.col("closed_day") - nw.col("entered_day")
    rows = rows.with_columns(age=nw.when(age < 0).then(_zero()).otherwise(age))
    table = collect(sums(rows, [*by, "month", "age"], n=_one()))
    parts = [
        table[(table["month"] >= p.first_month) & (table["month"] <= p.last_month)].assign(
            at_period=i, ended=1
        )
        for i, p in enumerate(periods)
    ]
    return _medians(pd.concat(parts, ignore_index=True), by, periods)


def _curves(
    table: pd.DataFrame, by: Sequence[str], periods: Sequence[Period], window_days: int
) -> pd.DataFrame:
    ages = sorted({*range(0, max(window_days, 360) + 1, CURVE_STEP_DAYS), window_days})

    def read(part: pd.DataFrame) -> list[dict[str, Any]]:
        n = int(part["n"].sum())
        if not n:
            return []
        outcome = floats(part["ended"]) * (2 - floats(part["won"]))  # 1 = won, 2 = lost, 0 = open
        curve = stats.incidence(floats(part["age"]), outcome, floats(part["n"]))
        rows = []
        for age in ages:
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

    return shaped(_each(table, by, periods, read, ["age", *FIGURES]), by, ["age"])


def _quarter_targets(targets: Frame, by: Sequence[str], quarters: Sequence[Period]) -> Frame:
    """Bookings targets of each quarter: its own (`target`, `targets`) and those of its months (`parts`, `monthly`).

    A company's targets are those of no segment, channel or owner.
    """
    names = targets.collect_schema().names()
    rows = targets.filter(nw.col("metric") == "bookings")
    for column in ("segment", "channel", "owner"):
        if column in names:
            rows = rows.filter(~nw.col(column).is_null() if column in by else nw.col(column).is_null())
    found = []
    for i, quarter in enumerate(quarters):
        names_of = [quarter.label, quarter.label.removeprefix("FY")]
        here = rows.with_columns(_whole=counted(nw.col("period").is_in(names_of)))
        here = here.filter(
            (nw.col("_whole") == 1) | nw.col("period").is_in([p.label for p in _months(quarter)])
        )
        found.append(here.with_columns(at_period=nw.lit(i).cast(INTEGER)))
    value, whole = nw.col("value").cast(nw.Float64()), nw.col("_whole")
    aims = {"target": value * whole, "targets": whole, "parts": value * (1 - whole), "monthly": 1 - whole}
    return sums(
        nw.concat(found),
        [*by, "at_period"],
        **(_coverage_columns() | aims),
    )


def _coverage_columns() -> dict[str, nw.Expr]:
    whole = {name: _zero() for name in ("open", "n", "past", "booked", "targets", "monthly")}
    return {**whole, "target": nw.lit(0.0), "parts": nw.lit(0.0)}


def _months(quarter: Period) -> list[Period]:
    return [Period(quarter.first_month + k, 1, quarter.fiscal_year_start) for k in range(quarter.months)]
