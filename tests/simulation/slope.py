"""Whether a figure grows: the Theil–Sen slope with its confidence interval, and what may be called flat."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import theilslopes

WARM_UP = 0.2  # of the samples, which are left out
CONFIDENCE = 0.95


class Slope(NamedTuple):
    """Growth in per cent of the median per hour, and between what it lies with CONFIDENCE."""

    percent_per_hour: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.percent_per_hour:+.3f} %/h ({self.low:+.3f} … {self.high:+.3f})"


def slope(hours: Sequence[float], values: Sequence[float]) -> Slope:
    """Of samples after the warm-up. Robust: memory goes in steps, and a few odd samples do not count."""
    start = round(len(values) * WARM_UP)
    y, x = np.asarray(values[start:], float), np.asarray(hours[start:], float)
    found = theilslopes(y, x, CONFIDENCE)
    scale = 100.0 / float(np.median(y))
    return Slope(found.slope * scale, found.low_slope * scale, found.high_slope * scale)


def is_flat(values: Sequence[int]) -> bool:
    """Whether what comes and goes was never more in the last quarter than in those before it, after the warm-up."""
    kept = values[round(len(values) * WARM_UP) :]
    before, last = kept[: 3 * len(kept) // 4], kept[3 * len(kept) // 4 :]
    return max(last) <= max(before)
