"""Chance that is the same everywhere: one stream per idea, and draws spread evenly over groups."""

from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GOLDEN = (5**0.5 - 1) / 2  # multiples of it, cut to their fractions, fill the interval and stay apart


def stream(seed: int, idea: str) -> np.random.Generator:
    """The random stream of one idea: another idea, or one more draw in it, never shifts this one.

    Only `random()` is drawn from it: of all methods it alone is a plain function of the bits, so that
    platforms and releases of numpy agree.
    """
    return np.random.Generator(np.random.PCG64([seed, crc32(idea.encode())]))


def spread(rng: np.random.Generator, *groups: ArrayLike, along: ArrayLike | None = None) -> Floats:
    """Uniform draws on (0, 1), one per row, that within each group fill the interval evenly.

    A share planted with them is met in every group to within about one row, so that a planted truth does not
    drown in the chance of one seed. With `along` (dates, money) every stretch of it is filled evenly too.
    """
    keys = [np.asarray(group) for group in groups]
    n = len(keys[0])
    tie, within = rng.random(n), rng.random(n)
    order = np.lexsort((tie, *([] if along is None else [np.asarray(along)]), *keys))
    fresh = np.arange(n) == 0
    for key in keys:
        fresh[1:] |= key[order][1:] != key[order][:-1]
    starts = np.flatnonzero(fresh)
    sizes = np.repeat(np.diff(np.append(starts, n)), np.diff(np.append(starts, n)))
    begins = np.repeat(starts, np.diff(np.append(starts, n)))
    rank = np.arange(n) - begins
    drawn = np.empty(n)
    if along is None:
        drawn[order] = (rank + within[order]) / sizes
    else:
        drawn[order] = (rank * GOLDEN + within[begins]) % 1.0
    return np.clip(drawn, 1e-9, 1 - 1e-9)


def chosen(share: Floats, offset: float) -> NDArray[np.bool_]:
    """Which rows of an ordered stretch are drawn, each with its own share.

    Any part of the stretch has as many as its shares add up to, give or take one. The offset, on (0, 1), says
    where in the first unit the stretch begins.
    """
    reached = np.floor(np.cumsum(share) + offset)
    return np.asarray(np.diff(reached, prepend=np.floor(offset)) > 0)


def pick(draw: Floats, weights: ArrayLike) -> Ints:
    """The index of the option that each uniform draw falls on; one row of weights for all or one each."""
    edges = np.cumsum(np.asarray(weights, dtype=float), axis=-1)
    edges = edges / edges[..., -1:]
    chosen = (draw[:, None] >= np.atleast_2d(edges)).sum(axis=1)
    return np.asarray(np.minimum(chosen, edges.shape[-1] - 1), dtype=np.int64)


def lognormal(draw: Floats, median: Any, sigma: float) -> Floats:
    """The lognormal value at each uniform draw."""
    return np.asarray(median * np.exp(sigma * ndtri(draw)), dtype=float)
