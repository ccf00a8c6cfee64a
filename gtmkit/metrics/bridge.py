"""Why the pipeline moved: what was open at the start of a period, each movement of it, what is open at the end."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import narwhals as nw
import pandas as pd

from gtmkit.frames import UNITS, Frame, collect, counted, small, sums
from gtmkit.metrics.entrants import one, zero
from gtmkit.metrics.opportunities import amount, population, without_amount
from gtmkit.periods import Period, day_index, month_index
from gtmkit.results import in_order, marked, noted, setting, shaped, total
from gtmkit.windows import flows, levels

ENDS = START, END = "open at the start", "open at the end"
MOVEMENTS = (
    "created", "reopened", "pulled in", "amount raised", "amount lowered", "pushed out", "won", "lost",
)  # fmt: skip
NOTHING = "nothing"  # a change that this reading does not see, or that only notes count
PAST_DUE = "past due"
FIGURES = ("delta", "n", "stock", "current", "without", "unsaid", "told")


def pipeline_bridge(
    moves: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["open", "expected"] = "open",
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Open pipeline at the start of the period, what each movement added or took, and what is open at the end.

    Answers: why did the pipeline grow or shrink?
    Takes: every change in the order of the history, each as one movement: created at the first known amount, won
    and lost at the amount just before, reopened (lost, then open again) apart from created.
    Returns: axis movement; money (losses negative); n = opportunities at both ends, changes between. The ends are
    those of `open_pipeline`, and the rows between add up to their difference, to the cent.
    Differs: `.expected` is of what is expected to close by the end of the quarter of the period's last day, past-due
    in it, undated not: pulled in and pushed out over that day. What is won from beyond it was pulled in by winning.
    """
    quarters = [_quarter(p) if basis == "expected" else periods[-1] for p in periods]
    horizons = [day_index(q.end) for q in quarters]
    rows = population(moves, kinds)
    if basis == "open":  # when it is expected to close does not matter
        rows = rows.with_columns(expected_day=zero(), expected_before=zero())
    rows = _held(rows.join(small(rows, horizon=sorted(set(horizons))), how="cross"))
    steps = nw.concat(
        [_changed(rows, by), *([_won_early(rows, by), *_past_due(rows, by)] if basis == "expected" else [])]
    )
    # All that came before the first period is in its opening row, whenever it was.
    before = day_index(periods[0].start) - 1
    day = nw.when(nw.col("day") < before).then(before).otherwise(nw.col("day"))
    keys = [*by, "horizon", "movement", "day"]
    table = collect(sums(steps.with_columns(day=day), keys, **{c: nw.col(c) for c in FIGURES}))
    over = _bridged(table, by, periods, horizons)
    answer = total(over, over["delta"] / UNITS, over["n"])
    answer = noted(answer, over["current"] > 0, "current amount: stage_changes tells none for all")
    answer = without_amount(answer, over["without"])
    if basis == "expected":
        names = {p.label: q.label for p, q in zip(periods, quarters, strict=True)}
        answer = _of_quarters(answer, over, names, is_told=not len(table) or bool(table["told"].sum()))
    return in_order(shaped(answer, by, ["movement"]), by, "movement", (START, *MOVEMENTS, END))


def _quarter(period: Period) -> Period:
    """The fiscal quarter that contains the last day of a period."""
    last = month_index(period.end - timedelta(days=1))
    return Period(last - 1, 1, period.fiscal_year_start).quarter()


def _held(rows: Frame) -> Frame:
    """The changes before each horizon with what was in play before it (`_held`, `_before`) and is after it."""
    was_open, is_open = nw.col("was") == "open", nw.col("now") == "open"
    is_won = counted(was_open & (nw.col("now") == "won"))
    inside = counted(was_open & (nw.col("expected_before") < nw.col("horizon")))
    rows = rows.with_columns(
        _before=amount("amount_before"),
        _after=amount("amount"),
        _inside=inside,
        _won=is_won,
        _holds=counted(is_open & (nw.col("expected_day") < nw.col("horizon"))),
    )
    # What is won closes now, whatever was expected: it was in play, brought there by winning.
    return rows.with_columns(_held=nw.when(nw.col("_won") == 1).then(one()).otherwise(nw.col("_inside")))


def _figures(rows: Frame, by: Sequence[str], movement: nw.Expr, delta: nw.Expr, stock: nw.Expr) -> Frame:
    """The rows as a movement of each, with what it adds to the amount and to the number of open opportunities."""
    what = {
        "delta": delta, "n": one(), "stock": stock,
        "current": stock * counted(nw.col("is_current_amount")),
        "without": stock * counted(nw.col("amount").is_null()),
        "unsaid": stock * counted(nw.col("is_current_expected")),
        "told": counted(~nw.col("is_current_expected")),
    }  # fmt: skip
    return rows.with_columns(movement=movement, **what).select(*by, "horizon", "movement", "day", *FIGURES)


def _changed(rows: Frame, by: Sequence[str]) -> Frame:
    """Each change as one movement."""
    after, before = nw.col("_after") * nw.col("_holds"), nw.col("_before") * nw.col("_held")
    return _figures(rows, by, _movement(), after - before, nw.col("_holds") - nw.col("_held"))


def _won_early(rows: Frame, by: Sequence[str]) -> Frame:
    """What was won from beyond the horizon, as pulled in by winning."""
    early = rows.filter((nw.col("_won") == 1) & (nw.col("_inside") == 0))
    return _figures(early, by, nw.lit("pulled in"), nw.col("_before"), one())


def _movement() -> nw.Expr:
    """What a change is, from whether it was held before and is held after."""
    held, holds = nw.col("_held") == 1, nw.col("_holds") == 1
    raised, lowered = nw.col("_after") > nw.col("_before"), nw.col("_after") < nw.col("_before")
    was_not, was_open, is_open = nw.col("was").is_null(), nw.col("was") == "open", nw.col("now") == "open"
    cases = {
        "amount raised": held & holds & raised,
        "amount lowered": held & holds & lowered,
        "pushed out": held & ~holds & is_open,
        "won": held & (nw.col("now") == "won"),
        "lost": held & (nw.col("now") == "lost"),
        "created": ~held & holds & was_not,
        "pulled in": ~held & holds & was_open,
        "reopened": ~held & holds & ~was_not & ~was_open,
    }
    movement: nw.Expr = nw.lit(NOTHING)
    for name, case in cases.items():
        movement = nw.when(case).then(nw.lit(name)).otherwise(movement)
    return movement


def _past_due(rows: Frame, by: Sequence[str]) -> list[Frame]:
    """The days from which, and until which, what is in play is past its expected close: no movement, a note."""
    came = (
        nw.when(nw.col("expected_day") > nw.col("day")).then(nw.col("expected_day")).otherwise(nw.col("day"))
    )
    late = rows.filter(nw.col("_holds") == 1).with_columns(day=came)
    late = late.filter(nw.col("until_day").is_null() | (nw.col("day") < nw.col("until_day")))
    until = late.filter(~nw.col("until_day").is_null()).with_columns(day=nw.col("until_day"))
    return [
        _figures(late, by, nw.lit(PAST_DUE), zero(), one()),
        _figures(until, by, nw.lit(PAST_DUE), zero(), zero() - one()),
    ]


def _bridged(
    table: pd.DataFrame, by: Sequence[str], periods: Sequence[Period], horizons: Sequence[int]
) -> pd.DataFrame:
    """The rows of each period: what was open, each movement, what is open, and how many of these are past due."""
    parts = []
    for horizon in sorted(set(horizons)):
        own = [p for p, h in zip(periods, horizons, strict=True) if h == horizon]
        # What is seen to another day counts nothing here, but its groups stay.
        is_here = table["horizon"] == horizon
        seen = table.assign(**{c: table[c].where(is_here, 0) for c in FIGURES}).drop(columns="horizon")
        moved = flows(seen, [*by, "movement"], own, axes={"movement": (*MOVEMENTS, NOTHING, PAST_DUE)})
        moved = moved[moved["movement"].isin(MOVEMENTS)].assign(late=0)
        moved = moved.assign(**{c: moved[c].abs() for c in ("current", "without", "unsaid")})
        earlier = {p.shift(-1).label: p.label for p in own}
        opening = _standing(seen, by, [p.shift(-1) for p in own], START)
        opening = opening.assign(period=opening["period"].map(earlier))
        parts += [opening, moved, _standing(seen, by, own, END)]
    return pd.concat(parts, ignore_index=True)


def _standing(seen: pd.DataFrame, by: Sequence[str], periods: Sequence[Period], name: str) -> pd.DataFrame:
    """What is open at the end of each period, as a row of that name."""
    is_late = seen["movement"] == PAST_DUE
    seen = seen.assign(late=seen["stock"].where(is_late, 0))
    seen = seen.assign(**{c: seen[c].where(~is_late, 0) for c in FIGURES})
    held = levels(seen.drop(columns="movement"), by, periods)
    return held.assign(movement=name, n=held["stock"])


def _of_quarters(
    answer: pd.DataFrame, over: pd.DataFrame, names: dict[str, str], *, is_told: bool
) -> pd.DataFrame:
    """The rows, saying of which quarter they are and which expected closes they rest on."""
    nothing = "stage_changes tells no expected close: what was pulled in or pushed out is not known"
    answer = marked(answer, not is_told, "undefined", nothing)
    for label, quarter in names.items():
        answer = noted(answer, over["period"] == label, f"expected by the end of {quarter}")
    answer = noted(answer, over["unsaid"] > 0, "current expected close: stage_changes tells none for all")
    for count in sorted({int(c) for c in over["late"]} - {0}):
        answer = noted(answer, over["late"] == count, f"{count} open past their expected close, in it")
    return answer
