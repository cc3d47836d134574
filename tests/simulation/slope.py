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
    y, x = np.asarray(after_warm_up(values), float), np.asarray(after_warm_up(hours), float)
    found = theilslopes(y, x, CONFIDENCE)
    scale = 100.0 / max(float(np.median(y)), 1.0)
    return Slope(found.slope * scale, found.low_slope * scale, found.high_slope * scale)


def is_flat(values: Sequence[float]) -> bool:
    """Whether what comes and goes is, at most times, no more in the last quarter than in those before it."""
    kept = after_warm_up(values)
    before, last = kept[: 3 * len(kept) // 4], kept[3 * len(kept) // 4 :]
    return bool(np.median(last) <= np.median(before))


def after_warm_up(values: Sequence[float]) -> Sequence[float]:
    """Without the first samples."""
    return values[round(len(values) * WARM_UP) :]
