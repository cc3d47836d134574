"""Half-life of mean reversion: how many bars until a deviation of the log price from its mean has halved.

The regression is unit_root.py's without lags, y_t − y_{t−1} = a + b y_{t−1} + e_t: the Ornstein–Uhlenbeck process
seen at the bars.
    reversion_slope     b
    reversion_p_value   of H₀: b = 0, Dickey and Fuller's, by mackinnon.py
    half_life_bars      −ln 2 / ln(1 + b)
NaN: a half-life where b ≥ 0, for there is no way back, or b ≤ −1, for it takes less than a bar; all three as in adf.py.
Least squares take any random walk for reversion: b is about −5.3 / n on average, a half-life of 0.13 windows. Read it
with its p-value.
Cost: O(1).

Dickey, Fuller (1979), JASA 74, doi:10.1080/01621459.1979.10482531. Chan (2013), "Algorithmic Trading", ch. 2.
A part of `statistics.dependence`.
"""

import math
from typing import Any

from operators.kernel import part
from operators.statistics import unit_root
from operators.statistics.mackinnon import p_value

COLUMNS = ("reversion_slope", "reversion_p_value", "half_life_bars")


@part
def write(s: Any, returns: Any, out: Any) -> None:
    """Columns of the window; s of unit_root, without lags."""
    if unit_root.factorise(s, 0, len(returns)):
        slope = unit_root.slope(s, 0)
        out["reversion_slope"] = slope
        out["reversion_p_value"] = p_value(unit_root.t_statistic(s, 0, len(returns)))
        if -1.0 < slope < 0.0:
            out["half_life_bars"] = -math.log(2.0) / math.log1p(slope)
