"""Is there enough in play: the open pipeline of a quarter over what its target still asks for."""

from collections.abc import Sequence
from typing import Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.frames import INTEGER, UNITS, Frame, collect, counted, small, sums
from gtmkit.metrics.entrants import at_periods, zero
from gtmkit.metrics.opportunities import amount, closed, population, stands
from gtmkit.periods import MONTHS_IN, Period, day_index
from gtmkit.results import divided, floats, marked, noted, setting, shaped


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
    days = {
        "at_period": list(range(len(periods))),
        "as_of": [day_index(p.end) for p in periods],
        "begins": [day_index(q.start) for q in quarters],
        "ends": [day_index(q.end) for q in quarters],
    }
    expected = population(positions, kinds).join(small(positions, **days), how="cross")
    expected = expected.filter(stands(nw.col("as_of"))).with_columns(
        _in=counted((nw.col("expected_day") >= nw.col("as_of")) & (nw.col("expected_day") < nw.col("ends"))),
        _past=counted(nw.col("expected_day") < nw.col("as_of")),
    )
    nothing = _nothing()
    seen = {"open": amount("amount") * nw.col("_in"), "n": nw.col("_in"), "past": nw.col("_past")}
    open_now = sums(expected, [*by, "at_period"], **{**nothing, **seen})
    won = (
        closed(journeys, kinds).filter(nw.col("outcome") == "won").join(small(journeys, **days), how="cross")
    )
    won = won.filter((nw.col("closed_day") >= nw.col("begins")) & (nw.col("closed_day") < nw.col("as_of")))
    booked = sums(won, [*by, "at_period"], **{**nothing, "booked": amount("amount")})
    aims = _quarter_targets(targets, by, quarters)
    columns = [*by, "at_period", *nothing]
    table = collect(nw.concat([open_now.select(*columns), booked.select(*columns), aims.select(*columns)]))
    over = at_periods(table, by, periods)
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
        for count in range(1, MONTHS_IN["quarter"]):  # part of a plan is not the plan
            part = here & ~has_own & (floats(over["monthly"]) == count)
            answer = marked(
                answer, part, "undefined", f"bookings targets for {count} of 3 months of {quarter}"
            )
        answer = marked(answer, here & (left <= 0), "undefined", f"target met: {quarter}")
        answer = noted(answer, here, f"of {quarter}")
    for count in sorted({int(c) for c in over["past"]} - {0}):
        answer = noted(answer, over["past"] == count, f"{count} open past their expected close, not in it")
    return shaped(answer, by, [])


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
        **(_nothing() | aims),
    )


def _nothing() -> dict[str, nw.Expr]:
    """The sums that coverage is made of, each zero: a part fills in those it knows."""
    whole = {name: zero() for name in ("open", "n", "past", "booked", "targets", "monthly")}
    return {**whole, "target": nw.lit(0.0), "parts": nw.lit(0.0)}


def _months(quarter: Period) -> list[Period]:
    return [Period(quarter.first_month + k, 1, quarter.fiscal_year_start) for k in range(quarter.months)]
