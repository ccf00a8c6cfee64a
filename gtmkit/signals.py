"""Is the latest period of a figure beyond noise, given its own past? Over all figures of a review at once.

Limits tell what a figure usually does: mean -/+ 2.66 mean moving ranges of a level, the limits of its own
denominator for a share of counts, those of its own interval for a median or a ratio. A p-value tells how rare the
latest period is, given that the limits come from 8 to 12 periods only. One false-discovery budget over all figures
then decides, because of 84 figures two are outside their limits by chance in every review. Why each method is as it
is, and what it finds, is measured by benchmarks/signals.py and stands in DECISIONS.md.

Arrays hold one period after another on their last axis, so that many figures are judged at once.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import bdtr, bdtrc, chdtri, ndtr, ndtri, stdtr
from scipy.stats import false_discovery_control, hypergeom

from gtmkit.periods import Period
from gtmkit.results import Floats, floats, noted

LEAST, MOST = 8, 12  # final periods before the latest: fewer give no verdict, more are not looked at
RANGES = (
    2.66  # mean moving ranges: 3 / 1.128, the mean range of two draws of a normal with sigma 1 (Shewhart)
)
RATE = 0.10  # the share of reviews without any change in which something is called a signal
COLUMNS = ["metric", "dims", "period", "value", "expected", "low", "high", "p", "verdict", "reason"]

BY_CHANCE = "outside its own limits, within what so many figures bring by chance"
BY_CHANGE = "by its change from the period before"
NO_INTERVAL = "without an interval: by its own past alone"
NO_END = "its own interval has no end"
STANDS_STILL = "its past stands still too often to show noise"

Kind = Literal["level", "count", "share", "interval"]

# What counts or an interval say of a figure's noise weighs as much as so many periods of its past, unless the past
# varies more than one past in five would by that noise alone. Measured with one to a hundred times that noise: of a
# hundred thousand figures without change 20 to 200 have p < 0.12 %; without the second part up to 2,570.
_PRIOR = 12
_UNCOMMON = 0.2
_WIDTH = float(2 * ndtri(0.975))  # of a 95 % interval, in standard errors
_STILL = 1e-9  # a spread below this part of the figure is a rounding error


@dataclass(frozen=True)
class Figure:
    """What a frame of one row a period is the figure of, and how its noise shows.

    `kind`: a `level` (money, hours), a `count` of what happens one by one, a `share` of counts, or an `interval` (a
    figure with low and high: a median, a ratio). `carries_over`: whether what is counted in one period is still in
    the next, as in a stock or a window longer than a period; it is judged by its change from the period before.
    `window`: how many periods it then stays.
    """

    metric: str
    dims: tuple[tuple[str, str], ...] = ()
    kind: Kind = "level"
    carries_over: bool = False
    window: float = math.inf


class Limits(NamedTuple):
    """What a figure's past lets expect of its latest period; `p` is NaN where the past shows no noise."""

    expected: Floats
    low: Floats
    high: Floats
    p: Floats


def level(past: Floats, latest: Floats) -> Limits:
    """Mean -/+ 2.66 mean moving ranges of the past, and Student's p-value of one more period.

    Neighbours tell the limits, as the trade has them; the p-value takes the standard deviation, which has more
    degrees of freedom (11 instead of some 7 of 12 periods) and is not too small where the past drifts. Sums of money
    are skewed: above zero the larger of the p-values of the figure and of its logarithm holds.
    """
    found = _level_of_any_sign(past, latest)
    positive = (past > 0).all(axis=-1) & (latest > 0)
    logs = np.log(np.where(positive[..., None], past, 1.0)), np.log(np.where(positive, latest, 1.0))
    return found._replace(p=np.where(positive, np.fmax(found.p, _student(*logs)), found.p))


def count(past: Floats, latest: Floats) -> Limits:
    """The limits of a level; the p-value is never less than that of counts that come one by one (Poisson's)."""
    found = level(past, latest)
    now, mine = np.rint(latest), 1 / (past.shape[-1] + 1)  # a mean of counts is nearly one
    everything = np.rint(past.sum(axis=-1) + now).astype(np.int64)
    below, above = bdtr(now, everything, mine), bdtrc(now - 1, everything, mine)
    by_chance = np.minimum(1.0, 2 * np.minimum(below, np.where(now > 0, above, 1.0)))
    return found._replace(low=np.maximum(found.low, 0.0), p=np.fmax(found.p, by_chance))


def share(past: Floats, past_n: Floats, latest: Floats, n: Floats) -> Limits:
    """The limits of a share of `n` about the share of all counts before, wider where the past varies more (Laney).

    The p-value is the larger of Fisher's exact one and Student's with the noise that the past shows.
    """
    hits, size = past.sum(axis=-1), past_n.sum(axis=-1)
    mean = hits / size
    # Where nobody or everybody did, half a one more is as many as may have been missed.
    never = (hits == 0) | (hits == size)
    inner = np.where(never, (hits + 0.5) / (size + 1), mean)
    sigma = np.sqrt(inner * (1 - inner))
    scores = (past / past_n - mean[..., None]) * np.sqrt(past_n) / sigma[..., None]
    reach = _reach(scores) * sigma / np.sqrt(n)
    score = (latest / n - mean) / (sigma * np.sqrt(1 / n + 1 / size))
    p = np.fmax(_fisher(hits, size, latest, n), _steadied(scores, score))
    return Limits(mean, np.maximum(mean - reach, 0.0), np.minimum(mean + reach, 1.0), p)


def interval(past: Floats, past_error: Floats, latest: Floats, error: Floats) -> Limits:
    """The limits of a figure with a standard error about the weighted mean before, wider where the past varies more.

    On whatever scale the figures are given; `standard_errors` are those of intervals on the logarithm.
    """
    weights = 1 / past_error**2
    mean = (past * weights).sum(axis=-1) / weights.sum(axis=-1)
    scores = (past - mean[..., None]) / past_error
    reach = _reach(scores) * error
    score = (latest - mean) / np.sqrt(error**2 + 1 / weights.sum(axis=-1))
    return Limits(mean, mean - reach, mean + reach, _steadied(scores, score))


def change(values: Floats) -> Limits:
    """The limits of the latest of several periods, from the one before it and the changes of the past.

    The changes of a stock are what was added to it. Those of a window of several periods are the period that came in
    less the one that fell out: unlike the figures themselves, neighbours among them share nothing.
    """
    steps, before = np.diff(values, axis=-1), values[..., -2]
    mean, low, high, p = _level_of_any_sign(steps[..., :-1], steps[..., -1])
    return Limits(before + mean, before + low, before + high, p)


def verdicts(answers: Mapping[Figure, pd.DataFrame], rate: float = RATE) -> pd.DataFrame:
    """One row a figure: whether its latest period is a signal, with one false-discovery budget over all of them.

    Takes: of each figure a frame in the result shape with one row a period, 13 or 14 of them or more.
    Returns: metric, dims (JSON), period, value, expected, low and high (the limits), p, `verdict` (signal up, signal
    down, quiet, no verdict) and reason. A figure without verdict takes nothing of the budget.
    """
    rows = pd.DataFrame([_judged(figure, frame) for figure, frame in answers.items()], columns=COLUMNS)
    p = floats(rows["p"])
    told = rows["verdict"].isna().to_numpy(dtype=bool)
    within = np.zeros(len(rows), bool)
    within[told] = kept(p[told], rate)
    value, low, high = (floats(rows[c]) for c in ("value", "low", "high"))
    outside = told & ((value < low) | (value > high))
    rows.loc[told, "verdict"] = "quiet"
    rows.loc[outside & within & (value > high), "verdict"] = "signal up"
    rows.loc[outside & within & (value < low), "verdict"] = "signal down"
    return _typed(noted(rows, outside & ~within, BY_CHANCE))


def kept(p: Floats, rate: float = RATE) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which p-values are discoveries at a false-discovery rate (Benjamini-Hochberg), over the last axis."""
    if not p.size:
        return np.zeros(p.shape, bool)
    found: np.ndarray[Any, np.dtype[np.bool_]] = false_discovery_control(p, axis=-1) <= rate
    return found


def standard_errors(value: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats, bool]:
    """Figures and the standard errors of their 95 % intervals, and whether both are on the logarithm.

    They are wherever every figure and every lower end is above zero.
    """
    is_log = bool((value > 0).all() and (low > 0).all())
    if is_log:
        return np.log(value), (np.log(high) - np.log(low)) / _WIDTH, True
    return value, (high - low) / _WIDTH, False


def _student(past: Floats, latest: Floats) -> Floats:
    """Two-sided p-value of one more draw from a normal of which the past is a sample; NaN where it never varied."""
    n = past.shape[-1]
    mean, spread = past.mean(axis=-1), past.std(axis=-1, ddof=1)
    size = np.abs(past).max(axis=-1)
    still = spread <= _STILL * size
    off = latest - mean
    score = np.divide(off, spread * np.sqrt(1 + 1 / n), out=np.zeros_like(off), where=~still)
    same = np.abs(off) <= _STILL * size
    return np.where(still, np.where(same, 1.0, np.nan), 2 * stdtr(n - 1, -np.abs(score)))


def _level_of_any_sign(past: Floats, latest: Floats) -> Limits:
    """The limits of a level that may be below zero: its logarithm says nothing."""
    mean, reach = past.mean(axis=-1), RANGES * np.abs(np.diff(past, axis=-1)).mean(axis=-1)
    return Limits(mean, mean - reach, mean + reach, _student(past, latest))


def _reach(scores: Floats) -> Floats:
    """How many standard errors the limits are off: 3, more where neighbours differ by more than these explain."""
    reach: Floats = np.maximum(3.0, RANGES * np.abs(np.diff(scores, axis=-1)).mean(axis=-1))
    return reach


def _steadied(scores: Floats, score: Floats) -> Floats:
    """Two-sided p-value of a score whose noise is what is known of it, or that of past scores where these vary more."""
    freedom, squares = scores.shape[-1] - 1, (scores**2).sum(axis=-1)
    steady = squares <= chdtri(freedom, _UNCOMMON)
    noise = np.where(steady, np.maximum(1.0, (_PRIOR + squares) / (_PRIOR + freedom)), squares / freedom)
    freedoms = np.where(steady, _PRIOR + freedom, freedom)
    p: Floats = 2 * stdtr(freedoms, -np.abs(score) / np.sqrt(np.maximum(1.0, noise)))
    return p


def _fisher(hits: Floats, size: Floats, latest: Floats, n: Floats) -> Floats:
    """Twice the smaller tail of the latest hits, given all hits of the past and of the latest period."""
    total, successes = size + n, hits + latest
    below = hypergeom.cdf(latest, total, successes, n)
    above = hypergeom.sf(latest - 1, total, successes, n)
    p: Floats = np.minimum(1.0, 2 * np.minimum(below, above))
    return p


def _judged(figure: Figure, frame: pd.DataFrame) -> dict[str, Any]:
    """A figure's row without its verdict, or with `no verdict` and why."""
    dims = json.dumps(dict(figure.dims), sort_keys=True, ensure_ascii=False)
    row: dict[str, Any] = {**dict.fromkeys(COLUMNS), "metric": figure.metric, "dims": dims}
    nothing = {"verdict": "no verdict"}
    if not len(frame):
        return row | nothing | {"reason": "no rows"}
    rows = _in_order(figure, frame)
    final = rows[_is_final(rows, figure.kind)]
    latest = rows.iloc[-1]
    row |= {"period": latest["period"], "value": latest["value"]}
    if not len(final) or final.index[-1] != rows.index[-1]:
        return row | nothing | {"reason": _not_final(latest)}
    if figure.carries_over:
        final = _unbroken(final)
    past = len(final) - 1 - figure.carries_over
    if past < LEAST:
        what = "changes between final periods" if figure.carries_over else "final periods"
        return row | nothing | {"reason": f"{max(past, 0)} {what} before it, {LEAST} are needed"}
    final = final.iloc[-(MOST + 1 + figure.carries_over) :]
    found, reason = _limits(figure, final)
    if np.isnan(found.p):
        return row | nothing | {"reason": reason}
    return row | {name: float(number) for name, number in found._asdict().items()} | {"reason": reason}


def _in_order(figure: Figure, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows from the oldest period to the latest, numbered by how many periods they are off the first."""
    starts = [Period.parse(str(label)) for label in frame["period"]]
    order = sorted(range(len(starts)), key=lambda at: starts[at].start)
    if len({starts[at].start for at in order}) < len(order):
        raise ValueError(
            f"{figure.metric} has several rows of one period. A figure has one row a period. "
            "Give each group and axis as a figure of its own."
        )
    rows = frame.iloc[order]
    return rows.set_index(pd.Index(_distances([starts[at] for at in order])))


def _distances(periods: list[Period]) -> list[int]:
    """How many periods each is off the first."""
    first, places = periods[0], [0]
    here = first
    for period in periods[1:]:
        place = places[-1]
        while here.start < period.start:
            here, place = here.shift(1), place + 1
        places.append(place)
    return places


def _is_final(rows: pd.DataFrame, kind: Kind) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which rows have a final figure, and of a share something to have a share of."""
    final = (rows["status"] == "final").fillna(False).to_numpy(dtype=bool) & ~np.isnan(floats(rows["value"]))
    if kind == "share":
        final &= (floats(rows["denominator"]) > 0) & ~np.isnan(floats(rows["numerator"]))
    return np.asarray(final, dtype=bool)


def _not_final(latest: "pd.Series[Any]") -> str:
    """Why the latest period is not judged."""
    status, reason = (None if pd.isna(latest[word]) else str(latest[word]) for word in ("status", "reason"))
    if status == "final":
        return "no figure"
    return ": ".join(filter(None, (status, reason))) or "without a status"


def _unbroken(final: pd.DataFrame) -> pd.DataFrame:
    """The rows without a gap up to the latest: over a gap a change is not that of one period."""
    steps = np.diff(final.index.to_numpy())
    gaps = np.flatnonzero(steps != 1)
    return final.iloc[gaps[-1] + 1 :] if len(gaps) else final


def _limits(figure: Figure, final: pd.DataFrame) -> tuple[Limits, str | None]:
    """The limits of the last of a figure's final rows, and what is to be said of them."""
    value, low, high = (floats(final[c]) for c in ("value", "low", "high"))
    if figure.kind == "interval" and np.isnan(low[-1]) != np.isnan(high[-1]):
        return _nothing(), NO_END
    if figure.carries_over:
        if _stands_still(np.diff(value)[:-1]):
            return _nothing(), STANDS_STILL
        step = change(value)
        by_chance = _of_step(step.expected, value[-2:], low[-2:], high[-2:], figure.window)
        return step._replace(p=np.fmax(step.p, by_chance)), BY_CHANGE
    if figure.kind == "share":
        hits, n = floats(final["numerator"]), floats(final["denominator"])
        return share(hits[:-1], n[:-1], hits[-1], n[-1]), None
    if figure.kind == "count":
        return count(value[:-1], value[-1]), None
    if figure.kind == "interval":
        found = _by_interval(value, low, high)
        if found is not None:
            return found, None
    if _stands_still(value[:-1]):
        return _nothing(), STANDS_STILL
    missing = figure.kind == "interval" and final["low"].notna().any()
    return level(value[:-1], value[-1]), NO_INTERVAL if missing else None


def _of_step(expected: Floats, value: Floats, low: Floats, high: Floats, window: float) -> float:
    """Two-sided p-value of a step between two windows, by their own intervals; 0 where these say nothing of it.

    Of a window of so many periods one goes and one comes: the variance of the step is that of both figures together
    over so many. A past of small steps does not know of the one large account that leaves.
    """
    if not (high > low).all():
        return 0.0
    (_, at), error, is_log = standard_errors(value, low, high)
    if is_log and expected <= 0:
        return 0.0
    spread = np.sqrt((error**2).sum() / window)
    off = abs(float(at - (np.log(expected) if is_log else expected)))
    return float(2 * ndtr(-off / spread)) if spread else 0.0


def _by_interval(value: Floats, low: Floats, high: Floats) -> Limits | None:
    """The limits of the last figure by its own interval and those of the past that have one; none without."""
    known = high > low
    if not known[-1] or known.sum() <= LEAST:
        return None
    at, error, is_log = standard_errors(value[known], low[known], high[known])
    found = interval(at[:-1], error[:-1], at[-1], error[-1])
    if not is_log:
        return found
    return Limits(np.exp(found.expected), np.exp(found.low), np.exp(found.high), found.p)


def _stands_still(past: Floats) -> bool:
    """Whether more than half of the past is one and the same number: what moves seldom moves by surprise."""
    return bool(np.unique(past, return_counts=True)[1].max() > len(past) / 2)


def _nothing() -> Limits:
    return Limits(*(np.asarray(np.nan) for _ in Limits._fields))


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with nullable types, as in the result shape."""
    numbers = {
        c: pd.array(floats(rows[c]), dtype="Float64") for c in ("value", "expected", "low", "high", "p")
    }
    answer = rows[COLUMNS].assign(**numbers)
    for column in numbers:
        answer[column] = answer[column].mask(np.isnan(floats(answer[column])))
    words = [c for c in COLUMNS if c not in numbers]
    return answer.astype(dict.fromkeys(words, "string")).sort_values(["metric", "dims"], ignore_index=True)
