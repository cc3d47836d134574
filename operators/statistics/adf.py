"""Augmented Dickey–Fuller test with a constant: whether the log price is a random walk.

The regression is unit_root.py's, with `adf_lags` lagged returns, the same at every bar: an order chosen by the data
would jump from bar to bar.
    adf_statistic   t of b; far below zero: the price is drawn back
    adf_p_value     of H₀: random walk, by mackinnon.py
Equals statsmodels' adfuller(prices, maxlag=adf_lags, regression="c", autolag=None).
NaN: not defined, for a price that never moved or whose returns follow each other without any error.
Cost: O(adf_lags³).

Dickey, Fuller (1979), JASA 74, doi:10.1080/01621459.1979.10482531. Said, Dickey (1984), Biometrika 71(3),
doi:10.1093/biomet/71.3.599.
A part of `statistics.dependence`.
"""

from typing import Any

from operators.kernel import part
from operators.statistics.mackinnon import p_value
from operators.statistics.unit_root import factorise, t_statistic

COLUMNS = ("adf_statistic", "adf_p_value")


@part
def write(s: Any, returns: Any, lags: int, out: Any) -> None:
    """Columns of the window; s of unit_root."""
    rows = len(returns) - lags
    if factorise(s, lags, rows):
        out["adf_statistic"] = t_statistic(s, lags, rows)
        out["adf_p_value"] = p_value(out["adf_statistic"])
