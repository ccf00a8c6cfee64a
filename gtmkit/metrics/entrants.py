"""What metrics of things that enter and are followed count alike: windows, ages, medians, states at period ends.

No metric stands here. Opportunities enter a stage, accounts start: both are followed for a window or until
something happens, and both are read as they could be read at the end of each period.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from gtmkit import stats
from gtmkit.frames import INTEGER, Frame, collect, counted, small, sums
from gtmkit.metrics.observed import ALWAYS, Sight
from gtmkit.periods import Period, Week, day_index, month_label, month_start
from gtmkit.results import FIGURES, floats, marked, noted, share
from gtmkit.windows import flows

YEAR = 12  # months


def one() -> nw.Expr:
    """1 for each row, so that its sum counts them."""
    return nw.lit(1).cast(INTEGER)


def zero() -> nw.Expr:
    """0 for each row, an integer on every engine."""
    return nw.lit(0).cast(INTEGER)


def entrants(
    rows: Frame,
    keys: Sequence[str],
    periods: Sequence[Period],
    entered: str,
    window_days: int,
    within: nw.Expr,
    always: Mapping[str, nw.Expr],
    *,
    seen: nw.Expr | None = None,
    **more: nw.Expr,
) -> pd.DataFrame:
    """Per day of entry: all that entered, those whose window has ended, and of these those that got there.

    The window's last day counts, so it has ended once the day after it is before as_of's day or equal to it. `seen`:
    whether it could be observed until then; one that could not has not ended.
    """
    as_of = day_index(periods[-1].end)
    ended = nw.col(entered) + window_days < as_of
    if seen is not None:
        ended = ended & seen
    amounts = {name: nw.when(ended).then(what).otherwise(nw.lit(0)) for name, what in more.items()}
    return collect(
        sums(
            rows.with_columns(day=nw.col(entered)),
            [*keys, "day"],
            entered=one(),
            matured=counted(ended),
            reached=counted(ended & within),
            **amounts,
            **always,
        )
    )


def matured(over: pd.DataFrame, window_days: int) -> pd.DataFrame:
    """The rows, undefined where none entered and immature where the window of some, or of all, has not ended."""
    waiting = over["entered"] - over["matured"]
    rows = marked(over, over["entered"] == 0, "undefined", "none entered in the period")
    return marked(rows, waiting > 0, "immature", f"the {window_days} days of some have not passed")


def windowed(over: pd.DataFrame, window_days: int) -> pd.DataFrame:
    """Shares over the entrants whose window has ended: immature where some, or all, have not come so far."""
    rows = matured(over, window_days)
    return share(rows, over["reached"], over["matured"], "none entered in the period")


def newest(period: Period, window_days: int, until: Sight = ALWAYS) -> int:
    """The newest month of entrants whose windows have all ended by the end of the period, and could be observed."""
    month = period.last_month
    while day_index(month_start(month + 1)) + window_days > until.ends(day_index(period.end)):
        month -= 1
    return month


def by_entry(
    table: pd.DataFrame,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None,
    window_days: int,
    until: Sight = ALWAYS,
) -> pd.DataFrame:
    """The sums over each period of entry; with `months` over the newest so many that are all matured."""
    if months is None:
        return flows(table, by, periods)
    parts = [
        flows(table, by, [Period(newest(p, window_days, until), 1, p.fiscal_year_start)], months).assign(
            period=p.label
        )
        for p in periods
    ]
    return pd.concat(parts, ignore_index=True)


def with_months(
    rows: pd.DataFrame,
    periods: Sequence[Period],
    months: int | None,
    window_days: int,
    what: str,
    until: Sight = ALWAYS,
) -> pd.DataFrame:
    """The rows, each saying which months of entrants (`what`) it is of, where these are not those of the period."""
    for p in periods if months is not None else ():
        last = newest(p, window_days, until)
        if last != newest(p, window_days):
            rows = noted(rows, rows["period"] == p.label, until.reason)
        first = last - (months or 1) + 1
        span = month_label(last) if first == last else f"{month_label(first)} to {month_label(last)}"
        rows = noted(rows, rows["period"] == p.label, f"{what} of {span}")
    return rows


def spans(like: Frame, periods: Sequence[Period]) -> Frame:
    """The periods as rows on the engine of another frame: at_period, since (first day) and until (first after)."""
    return small(
        like,
        at_period=list(range(len(periods))),
        since=[day_index(p.start) for p in periods],
        until=[day_index(p.end) for p in periods],
    )


def at_periods(
    table: pd.DataFrame, keys: Sequence[str], periods: Sequence[Period], axes: dict[str, Any] | None = None
) -> pd.DataFrame:
    """Sums by the number of their period, one row per group and period also where there is nothing."""
    # Weeks that look back overlap; months of their own number do not.
    slots = [Period(number, 1) for number in range(len(periods))]
    over = flows(table.rename(columns={"at_period": "month"}), keys, slots, axes=axes)
    labels = {slot.label: period.label for slot, period in zip(slots, periods, strict=True)}
    return over.assign(period=over["period"].map(labels))


def ages(
    rows: Frame,
    keys: Sequence[str],
    periods: Sequence[Period],
    begins: str,
    ends: str,
    *,
    until: nw.Expr | None = None,
    **more: nw.Expr,
) -> pd.DataFrame:
    """Counts by period, age in days and outcome, of what began in the 12 months to the end of each period.

    To the end of a week that is 365 days. What had not ended by then is censored there, so that every period is
    read as it could be read at its end; after the day `until` (null: never) nothing is observed, and it is censored
    at the end of that day.
    """
    days = {
        "at_period": list(range(len(periods))),
        "as_of": [day_index(p.end) for p in periods],
        "since": [_year_before(p) for p in periods],
    }
    rows = rows.join(small(rows, **days), how="cross")
    if until is not None:
        blind = until + 1
        rows = rows.with_columns(
            as_of=nw.when(blind < nw.col("as_of")).then(blind).otherwise(nw.col("as_of"))
        )
    rows = rows.filter((nw.col(begins) >= nw.col("since")) & (nw.col(begins) < nw.col("as_of")))
    over = ~nw.col(ends).is_null() & (nw.col(ends) < nw.col("as_of"))
    last = nw.when(over).then(nw.col(ends)).otherwise(nw.col("as_of"))
    rows = rows.with_columns(age=last - nw.col(begins), ended=counted(over), **more)
    # An end before its beginning is a wrong date: it counts as the same day.
    rows = rows.with_columns(age=nw.when(nw.col("age") < 0).then(zero()).otherwise(nw.col("age")))
    return collect(sums(rows, [*keys, "at_period", "age", "ended", *more], n=one()))


def _year_before(period: Period) -> int:
    """The first day of the 12 months that end with the period, or of the 365 days that end with a week."""
    if isinstance(period, Week):
        return day_index(period.end) - 365
    return day_index(month_start(period.last_month - YEAR + 1))


def each(
    table: pd.DataFrame,
    keys: Sequence[str],
    periods: Sequence[Period],
    read: Callable[[pd.DataFrame], list[dict[str, Any]]],
    columns: Sequence[str],
    axes: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """The rows of `columns` that `read` makes of the counts of each group and period."""
    asked = at_periods(table[[*keys, "at_period", "n"]], keys, periods, axes)[[*keys, "period"]]
    number = {p.label: i for i, p in enumerate(periods)}
    numbers = [c for c in table if c not in keys]  # of numpy, for many small groups are read
    parts = dict(
        list(table.astype(dict.fromkeys(numbers, "int64")).groupby([*keys, "at_period"], dropna=False))
    )
    nothing = read(table.iloc[:0])
    rows = []
    for group in asked.to_dict("records"):
        part = parts.get((*[group[k] for k in keys], number[group["period"]]))
        rows += [{**group, **row} for row in (nothing if part is None else read(part))]
    return pd.DataFrame(rows, columns=[*asked.columns, *columns])


def medians(
    table: pd.DataFrame,
    keys: Sequence[str],
    periods: Sequence[Period],
    axes: dict[str, Any] | None = None,
    unreached: str = "the curve has not come down to one half",
) -> pd.DataFrame:
    """Kaplan-Meier median of the counts by age and outcome of each group and period, as `ages` makes them.

    Undefined where there is nothing, or (`unreached` says it) where the curve has not come down to one half.
    """

    def read(part: pd.DataFrame) -> list[dict[str, Any]]:
        age, ended, n = (floats(part[column]) for column in ("age", "ended", "n"))
        counts = {"numerator": (ended * n).sum(), "denominator": n.sum(), "n": n.sum()}
        if not n.sum():
            return [counts]
        median = stats.km_median(age, ended, n)
        return [{"value": median.value, **counts, "low": median.low, "high": median.high}]

    rows = each(table, keys, periods, read, FIGURES, axes)
    rows = marked(rows, rows["n"] == 0, "undefined", "none in these months")
    return marked(rows, rows["value"].isna(), "undefined", unreached)
