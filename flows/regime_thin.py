"""Fewer points where there are more bars than a picture has columns; the work is one pass over the bars.

A bucket is a stretch of bars that shares a column: the price keeps its lowest and highest close, probabilities their
mean, held states the one held longest.
"""

import numpy as np
from numpy.typing import NDArray

from flows.regime_views import NOT_KNOWN, Codes, Floats

Positions = NDArray[np.int64]


def bucket_starts(bars: int, buckets: int) -> Positions:
    """First bar of each bucket; as many buckets as bars if those are fewer.

    >>> bucket_starts(10, 4).tolist(), bucket_starts(2, 4).tolist()
    ([0, 2, 5, 7], [0, 1])
    """
    count = min(bars, buckets)
    return np.arange(count, dtype=np.int64) * bars // max(count, 1)


def extremes(values: Floats, buckets: int) -> Positions:
    """Positions of the lowest and highest finite value of each bucket and of both ends, ascending; all if they are few.

    >>> extremes(np.array([5.0, 1.0, 2.0, 9.0, 3.0, 4.0]), 1).tolist()
    [0, 1, 3, 5]
    """
    finite = np.flatnonzero(np.isfinite(values))
    if len(finite) <= 2 * buckets:
        return finite
    parts = np.split(finite, bucket_starts(len(finite), buckets)[1:])
    found = [part[(values[part].argmin(), values[part].argmax()),] for part in parts]
    ends = finite[[0, -1]]
    return np.unique(np.concatenate([*found, ends]))


def means(values: Floats, starts: Positions) -> Floats:
    """Mean of the finite rows of each bucket, N by K to B by K; NaN where there is none."""
    finite = np.isfinite(values)
    total = np.add.reduceat(np.where(finite, values, 0.0), starts, axis=0)
    count = np.add.reduceat(finite.astype(np.int64), starts, axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def largest(values: Floats, starts: Positions) -> Floats:
    """Largest finite value of each bucket; NaN where there is none."""
    found = np.maximum.reduceat(np.where(np.isfinite(values), values, -np.inf), starts)
    return np.where(np.isfinite(found), found, np.nan)


def longest(codes: Codes, starts: Positions, states: int) -> Codes:
    """The code that holds most bars of each bucket; among equals the lowest.

    >>> longest(np.array([0, 0, 1, 2, 2, 2], np.int8), np.array([0, 3]), 3).tolist()
    [0, 2]
    """
    each = np.stack([codes == code for code in range(NOT_KNOWN, states)], axis=1)
    bars = np.add.reduceat(each.astype(np.int32), starts, axis=0)
    return np.asarray(bars.argmax(axis=1) + NOT_KNOWN, np.int8)
