"""KPSS test: whether the log price stays about a level. The other way round than Dickey–Fuller: H₀ is stationarity.

    η = Σ_t S_t² / (n² ŝ²),  S_t = Σ_{i≤t} e_i,  e = y − mean(y),  n prices
    ŝ² = (Σ e_t² + 2 Σ_{j=1…lags} (1 − j / (lags + 1)) Σ_t e_t e_{t−j}) / n      (Newey and West's weights)
    kpss_statistic   η; the larger, the further from a level
    kpss_p_value     between the table's 0.10, 0.05, 0.025 and 0.01, and no further: 0.10 means 0.10 or more
Equals statsmodels' kpss(prices, regression="c", nlags=kpss_lags).

How the sums of sums roll: let D_j be the sum of the window's first j prices (about the last count's mean). One bar
later each is less by the price x that left, and a new one is last. With A = Σ D_j, B = Σ j D_j, Q = Σ D_j²,
    A → A − n x + D_n,  B → B − A − x n (n − 1) / 2 + n D_n,  Q → Q − 2 x A + n x² + D_n²     (D_n the new one)
    Σ S_t² = Q − 2 m B + m² n (n + 1) (2 n + 1) / 6,  m = D_n / n
NaN: a price that never moved. Cost: O(kpss_lags).

Kwiatkowski, Phillips, Schmidt, Shin (1992), J. Econometrics 54, doi:10.1016/0304-4076(92)90104-Y. Newey, West (1987),
Econometrica 55(3), doi:10.2307/1913610.
A part of `statistics.dependence`.
"""

from typing import Any

import numpy as np

from operators.kernel import part
from operators.statistics.digits import lost
from operators.statistics.scores import mean

COLUMNS = ("kpss_statistic", "kpss_p_value")
MOST_LAGS = 32
STATE = np.dtype(
    [
        ("origin", np.float64),  # mean log price of the last count; prices below are about it
        ("total", np.float64),  # D_n
        ("partial", np.float64),  # A
        ("weighted", np.float64),  # B
        ("squared", np.float64),  # Q
        ("products", np.float64, (MOST_LAGS + 1,)),  # Σ y_t y_{t−j}
        ("largest", np.float64, (2,)),  # Q and Σ y² since the last count
    ],
    align=True,
)
CRITICAL = 0.347, 0.463, 0.574, 0.739
P_VALUES = 0.10, 0.05, 0.025, 0.01


@part
def refresh(s: Any, prices: Any, lags: int) -> None:
    """The sums of a window."""
    s["origin"], s["products"][:] = mean(prices), 0.0
    s["total"], s["partial"], s["weighted"], s["squared"] = 0.0, 0.0, 0.0, 0.0
    for k in range(len(prices)):
        y = prices[k] - s["origin"]
        s["total"] += y
        s["partial"] += s["total"]
        s["weighted"] += (k + 1) * s["total"]
        s["squared"] += s["total"] * s["total"]
        for j in range(min(k, lags) + 1):
            s["products"][j] += y * (prices[k - j] - s["origin"])
    s["largest"][0], s["largest"][1] = s["squared"], s["products"][0]


@part
def enter(s: Any, prices: Any, lags: int) -> None:
    """One bar later."""
    n = len(prices) - 1
    roll_products(s, prices, lags)
    gone, come = prices[0] - s["origin"], prices[n] - s["origin"]
    before = s["partial"]
    s["total"] += come - gone
    s["partial"] += s["total"] - n * gone
    s["weighted"] += n * s["total"] - before - gone * (0.5 * n * (n - 1))
    s["squared"] += s["total"] * s["total"] + n * gone * gone - 2.0 * gone * before
    s["largest"][0] = max(s["largest"][0], s["squared"])
    s["largest"][1] = max(s["largest"][1], s["products"][0] + gone * gone)
    squares = s["products"][0] - s["total"] * s["total"] / n
    if lost(sum_squares(s, n), s["largest"][0]) or lost(squares, s["largest"][1]):
        refresh(s, prices[1:], lags)


@part
def roll_products(s: Any, prices: Any, lags: int) -> None:
    """The newest price into the products with those before it, the oldest out of those with the ones after it."""
    n, origin, products = len(prices) - 1, s["origin"], s["products"]
    gone, come = prices[0] - origin, prices[n] - origin
    for j in range(lags + 1):
        products[j] += come * (prices[n - j] - origin) - gone * (prices[j] - origin)


@part
def sum_squares(s: Any, n: int) -> float:
    """Σ S_t²."""
    m = s["total"] / n
    return float(s["squared"] - 2.0 * m * s["weighted"] + m * m * (n * (n + 1.0) * (2.0 * n + 1.0) / 6.0))


@part
def long_run(s: Any, prices: Any, lags: int) -> float:
    """n ŝ²."""
    n = len(prices)
    m = s["total"] / n
    found = s["products"][0] - m * s["total"]
    ends = 0.0  # what the first and the last j prices sum to
    for j in range(1, lags + 1):
        ends += prices[j - 1] + prices[n - j] - 2.0 * s["origin"]
        product = s["products"][j] - m * (2.0 * s["total"] - ends) + (n - j) * m * m
        found += 2.0 * (1.0 - j / (lags + 1.0)) * product
    return float(found)


@part
def p_value(statistic: float) -> float:
    """Between the table's values, linearly.

    >>> round(p_value(0.4), 4)
    0.0772
    """
    for k in range(3):
        if statistic < CRITICAL[k + 1]:
            share = max(0.0, (statistic - CRITICAL[k]) / (CRITICAL[k + 1] - CRITICAL[k]))
            return P_VALUES[k] + share * (P_VALUES[k + 1] - P_VALUES[k])
    return P_VALUES[3]


@part
def write(s: Any, prices: Any, lags: int, out: Any) -> None:
    """Columns of the window."""
    n = len(prices)
    variance = long_run(s, prices, lags)
    if variance > 0.0:
        out["kpss_statistic"] = max(0.0, sum_squares(s, n)) / (n * variance)
        out["kpss_p_value"] = p_value(out["kpss_statistic"])
