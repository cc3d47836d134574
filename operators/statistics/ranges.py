"""Range estimators: the variance of log returns from what a bar says beside its close.

Per bar, with h, l, c the logs of high, low and close over the open:
    Parkinson        (h − l)² / (4 ln 2)                         no drift; 5 × as efficient as closes
    Garman–Klass     ½ (h − l)² − (2 ln 2 − 1) c²                no drift; 7 ×
    Rogers–Satchell  h (h − c) + l (l − c)                       any drift
Over n bars, with o the log of the open over the close before:
    Yang–Zhang       var(o) + k var(c) + (1 − k) mean(RS),  k = 0.34 / (1.34 + (n + 1) / (n − 1))
                                                                 any drift, jumps at the open; up to 14 ×
var divides by n − 1. None of them is ever below zero where low ≤ open, close ≤ high. A price seen only at trades shows
less than its range: with few trades a bar, Parkinson, Garman–Klass and Rogers–Satchell are too low.

Parkinson (1980), J. Business 53(1), doi:10.1086/296071. Garman, Klass (1980), J. Business 53(1), doi:10.1086/296072.
Rogers, Satchell (1991), Ann. Appl. Probab. 1(4), doi:10.1214/aoap/1177005835. Yang, Zhang (2000), J. Business 73(3),
doi:10.1086/209650.
A part of `statistics.describe`.
"""

import math
from typing import Any

from operators.kernel import part
from operators.statistics.scores import mean, variance

FOUR_LN_2 = 4.0 * math.log(2.0)
TWO_LN_2_LESS_1 = 2.0 * math.log(2.0) - 1.0


@part
def log_ratio(price: float, base: float) -> float:
    """ln(price / base), exact where the two are close."""
    return math.log1p((price - base) / base)


@part
def parkinson(high: float, low: float) -> float:
    """Variance of one bar."""
    width = log_ratio(high, low)
    return width * width / FOUR_LN_2


@part
def garman_klass(open_price: float, high: float, low: float, close: float) -> float:
    """Variance of one bar."""
    width, body = log_ratio(high, low), log_ratio(close, open_price)
    return 0.5 * width * width - TWO_LN_2_LESS_1 * body * body


@part
def rogers_satchell(open_price: float, high: float, low: float, close: float) -> float:
    """Variance of one bar."""
    above = log_ratio(high, open_price) * log_ratio(high, close)
    return above + log_ratio(low, open_price) * log_ratio(low, close)


@part
def yang_zhang(opening: Any, body: Any, inside: Any) -> float:
    """Variance per bar: of the logs of open over close before, of close over open, and Rogers–Satchell variances."""
    n = len(opening)
    k = 0.34 / (1.34 + (n + 1.0) / (n - 1.0))
    return variance(opening) + k * variance(body) + (1.0 - k) * mean(inside)
