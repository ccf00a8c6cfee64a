"""Is there enough in play: the open pipeline of a quarter over what its target still asks for."""

from collections.abc import Sequence
from typing import Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.frames import UNITS, Frame, counted, small, sums
from gtmkit.ledgers.dimensions import ITS
from gtmkit.metrics.bookings import BOOKED
from gtmkit.metrics.entrants import at_periods, zero
from gtmkit.metrics.opportunities import amount, closed, population, stands
from gtmkit.metrics.targets import beside_targets, collected, with_aimed, without_target
from gtmkit.periods import Period, day_index
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
    # A target is of bookings, whatever kinds are asked for.
    won = closed(journeys, BOOKED).filter(nw.col("outcome") == "won")
    won = won.join(small(journeys, **days), how="cross")
    won = won.filter((nw.col("closed_day") >= nw.col("begins")) & (nw.col("closed_day") < nw.col("as_of")))
    booked = sums(won, [*by, "at_period"], **{**nothing, "booked": amount("amount")})
    columns = [*by, "at_period", *nothing]
    both = nw.concat([open_now.select(*columns), booked.select(*columns)])
    table, known = collected(both, targets, by, "bookings")
    names = {p.label: q for p, q in zip(periods, quarters, strict=True)}
    over = at_periods(with_aimed(table, known, by, at_period=0), by, periods)
    over = _of_records(beside_targets(over, known, by, names, "bookings"), by)
    left = floats(over["target"]) - (floats(over["booked"]) / UNITS if basis == "remaining" else 0)
    answer = over.assign(
        value=divided(over["open"] / UNITS, left), numerator=floats(over["open"]) / UNITS, denominator=left,
        n=over["n"], low=np.nan, high=np.nan,
    )  # fmt: skip
    answer = without_target(answer)
    for label, quarter in names.items():
        here = (over["period"] == label).to_numpy()
        answer = marked(answer, here & (left <= 0), "undefined", f"target met: {quarter}")
        answer = noted(answer, here, f"of {quarter}")
    for count in sorted({int(c) for c in over["past"]} - {0}):
        answer = noted(answer, over["past"] == count, f"{count} open past their expected close, not in it")
    return shaped(answer, by, [])


def _of_records(over: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The rows; asked by record, nothing is to be booked by any but the target, so that all add up."""
    groups = [column for column in by if not column.startswith(ITS)]
    if len(groups) == len(by):
        return over
    is_known = over.groupby([*groups, "period"], dropna=False)["target"].transform("count") > 0
    return over.assign(target=over["target"].mask(is_known & over["target"].isna(), 0.0))


def _nothing() -> dict[str, nw.Expr]:
    """The sums that coverage is made of, each zero: a part fills in those it knows."""
    return {name: zero() for name in ("open", "n", "past", "booked")}
