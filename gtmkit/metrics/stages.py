"""What happens at each stage: who goes on, how long it takes, where amount is lost and time passes."""

from collections.abc import Sequence
from typing import Literal

import narwhals as nw
import pandas as pd

from gtmkit.frames import UNITS, Frame, collect, counted, small, sums
from gtmkit.metrics.entrants import YEAR, ages, at_periods, entrants, medians, one
from gtmkit.metrics.opportunities import Weight, amount, amount_sums, population, weighed, without_amount
from gtmkit.periods import Period, day_index, month_start
from gtmkit.results import floats, marked, setting, shaped, share, total
from gtmkit.windows import flows


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
    rows = population(visits, kinds).with_columns(stage=nw.col("at"))
    went = nw.col("went_on")
    keys = [*by, "stage"]
    if basis == "cohort":
        rows = rows.filter(~nw.col("created_month").is_null()).with_columns(month=nw.col("created_month"))
        undecided = counted(~went & (nw.col("outcome") == "open"))
        table = collect(
            sums(rows, [*keys, "month"], entered=one(), reached=counted(went), undecided=undecided)
        )
        over = flows(table, keys, periods, months, axes={"stage": range(len(stages))})
        answer = share(over, over["reached"], over["entered"], "none created in the period reached it")
        answer = marked(answer, over["undecided"] > 0, "immature", "some of them are still open")
        return _by_stage(answer, by, stages)
    # Entered, or won, without a date: nobody knows when.
    rows = rows.filter(~nw.col("entered_day").is_null() & ~(went & nw.col("next_day").is_null()))
    within = went & (nw.col("next_day") - nw.col("entered_day") <= window_days)
    more = amount_sums("entry_amount", within) if weight == "amount" else {}
    table = entrants(rows, keys, periods, "entered_day", window_days, within, {}, **more)
    over = flows(table, keys, periods, months, axes={"stage": range(len(stages))})
    answer = weighed(over, window_days, weight)
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
    rows = population(stays, kinds).with_columns(stage=nw.col("at"))
    table = ages(rows, [*by, "stage"], periods, "from_day", "until_day")
    return _by_stage(medians(table, [*by, "stage"], periods, {"stage": range(len(stages))}), by, stages)


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
    rows = population(visits, kinds).filter(nw.col("is_furthest") & (nw.col("outcome") == "lost"))
    rows = rows.filter(~nw.col("closed_month").is_null())
    rows = rows.with_columns(month=nw.col("closed_month"), stage=nw.col("at"))
    table = collect(
        sums(
            rows, [*by, "stage", "month"], amount=amount("entry_amount"), n=one(),
            without=counted(nw.col("entry_amount").is_null()),
        )
    )  # fmt: skip
    over = flows(table, [*by, "stage"], periods, YEAR, axes={"stage": range(len(stages))})
    answer = _of_all(over, by, over["amount"] / UNITS)
    return _by_stage(without_amount(answer, over["without"]), by, stages)


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
    rows = population(stays, kinds).with_columns(stage=nw.col("at")).join(small(stays, **days), how="cross")
    begins, ends, until = nw.col("begins"), nw.col("ends"), nw.col("until_day")
    rows = rows.with_columns(
        _from=nw.when(nw.col("from_day") < begins).then(begins).otherwise(nw.col("from_day")),
        _until=nw.when(until.is_null() | (until > ends)).then(ends).otherwise(until),
    )
    rows = rows.filter(nw.col("_until") > nw.col("_from"))
    table = collect(sums(rows, [*by, "stage", "at_period"], days=nw.col("_until") - nw.col("_from"), n=one()))
    over = at_periods(table, [*by, "stage"], periods, axes={"stage": range(len(stages))})
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
    rows = population(visits, kinds).filter(~nw.col("entered_month").is_null())
    rows = rows.with_columns(month=nw.col("entered_month"), stage=nw.col("at"))
    keys = [*by, "stage"]
    table = collect(sums(rows, [*keys, "month"], skipped=counted(nw.col("is_skipped")), reached=one()))
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
    rows = population(stays, kinds).filter(~nw.col("until_month").is_null())
    rows = rows.with_columns(month=nw.col("until_month"), stage=nw.col("at"))
    keys = [*by, "stage"]
    back = counted(nw.col("goes_to") < nw.col("at"))
    over = flows(
        collect(sums(rows, [*keys, "month"], back=back, left=one())),
        keys,
        periods,
        axes={"stage": range(len(stages))},
    )
    return _by_stage(share(over, over["back"], over["left"], "none left it in the period"), by, stages)


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
