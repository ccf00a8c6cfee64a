"""Chance that is the same everywhere: one stream per idea, and draws spread evenly over groups."""

from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def stream(seed: int, idea: str) -> np.random.Generator:
    """The random stream of one idea: another idea, or one more draw in it, never shifts this one.

    Only `random()` is drawn from it: of all methods it alone is a plain function of the bits, so that
    platforms and releases of numpy agree.
    """
    return np.random.Generator(np.random.PCG64([seed, crc32(idea.encode())]))


def spread(rng: np.random.Generator, *groups: ArrayLike) -> Floats:
    """Uniform draws on (0, 1), one per row, that within each group fill the interval evenly.

    A share planted with them is met in every group to within one row, so that a planted truth does not
    drown in the chance of one seed.
    """
    keys = [np.asarray(group) for group in groups]
    n = len(keys[0])
    tie, within = rng.random(n), rng.random(n)
    order = np.lexsort((tie, *keys))
    same = np.ones(n, dtype=bool)
    for key in keys:
        ordered = key[order]
        same[1:] &= ordered[1:] == ordered[:-1]
    starts = np.flatnonzero(np.r_[True, ~same[1:]][:n])
    sizes = np.diff(np.r_[starts, n])
    rank = np.arange(n) - np.repeat(starts, sizes)
    drawn = np.empty(n)
    drawn[order] = (rank + within[order]) / np.repeat(sizes, sizes)
    return np.clip(drawn, 1e-9, 1 - 1e-9)


def pick(draw: Floats, weights: ArrayLike) -> Ints:
    """The index that each uniform draw falls on, of options with these weights (one row of weights for all,
    or one per draw).
    """
    edges = np.cumsum(np.asarray(weights, dtype=float), axis=-1)
    edges = edges / edges[..., -1:]
    chosen = (draw[:, None] >= np.atleast_2d(edges)).sum(axis=1)
    return np.asarray(np.minimum(chosen, edges.shape[-1] - 1), dtype=np.int64)


def lognormal(draw: Floats, median: Any, sigma: float) -> Floats:
    """The lognormal value at each uniform draw."""
    return np.asarray(median * np.exp(sigma * ndtri(draw)), dtype=float)
