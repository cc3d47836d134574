"""The regression behind the unit-root test and the half-life, as sums that roll: one row in, one row out.

    Δ_t = a + b y_{t−1} + Σ_{j=1…lags} c_j Δ_{t−j} + e_t,  least squares over the window;  H₀: b = 0
The sums and products of (Δ_{t−1} … Δ_{t−lags}, y_{t−1}, Δ_t) are all it needs. With L L' the Cholesky factor of the
products about their means, in this order, y and Δ the last two of it and n rows,
    b = L_Δy / L_yy,  t = √(n − lags − 2) L_Δy / L_ΔΔ
since what is left of y and Δ after the lags stands in those three. Sums are about the means of the last count.
Cost: O(lags²) per bar in, O(lags³) for the factor.

Frisch–Waugh–Lovell: Lovell (1963), JASA 58, doi:10.1080/01621459.1963.10480682.
A part of `statistics.dependence`.
"""

import math
from typing import Any

import numpy as np

from operators.kernel import part
from operators.statistics.digits import lost
from operators.statistics.scores import mean

MOST_LAGS = 4
_VARIABLES = MOST_LAGS + 2
STATE = np.dtype(
    [
        ("origin", np.float64),  # mean log price of the last count
        ("drift", np.float64),  # mean log return of the last count
        ("sums", np.float64, (_VARIABLES,)),
        ("products", np.float64, (_VARIABLES, _VARIABLES)),  # lower triangle
        ("largest", np.float64, (2,)),  # squares of y and Δ since the last count
        ("row", np.float64, (_VARIABLES,)),  # scratch
        ("factor", np.float64, (_VARIABLES, _VARIABLES)),  # scratch: L
    ],
    align=True,
)
SINGULAR = 1e-10  # share of a variable's variance; less of it left by the others is none


@part
def add(s: Any, returns: Any, prices: Any, k: int, lags: int, sign: float) -> None:
    """The row of return k into the sums, or out of them."""
    row, sums, products = s["row"], s["sums"], s["products"]
    for j in range(lags):
        row[j] = returns[k - 1 - j] - s["drift"]
    row[lags] = prices[k] - s["origin"]
    row[lags + 1] = returns[k] - s["drift"]
    for i in range(lags + 2):
        signed = sign * row[i]
        sums[i] += signed
        for j in range(i + 1):
            products[i, j] += signed * row[j]


@part
def refresh(s: Any, returns: Any, prices: Any, lags: int) -> None:
    """The sums of a window."""
    s["origin"], s["drift"] = mean(prices), mean(returns)
    s["sums"][:], s["products"][:] = 0.0, 0.0
    for k in range(lags, len(returns)):
        add(s, returns, prices, k, lags, 1.0)
    for j in range(2):
        s["largest"][j] = s["products"][lags + j, lags + j]


@part
def enter(s: Any, returns: Any, prices: Any, lags: int) -> None:
    """One bar later."""
    n = len(returns) - 1
    add(s, returns, prices, n, lags, 1.0)
    for j in range(2):
        s["largest"][j] = max(s["largest"][j], s["products"][lags + j, lags + j])
    add(s, returns, prices, lags, lags, -1.0)
    for j in range(2):
        if lost(about_means(s, lags + j, lags + j, n - lags), s["largest"][j]):
            refresh(s, returns[1:], prices[1:], lags)
            return


@part
def about_means(s: Any, i: int, j: int, rows: int) -> float:
    """Sum of products of two variables about their means."""
    return float(s["products"][i, j] - s["sums"][i] * s["sums"][j] / rows)


@part
def factorise(s: Any, lags: int, rows: int) -> bool:
    """Cholesky factor of the products about their means; False where a variable says nothing that others do not."""
    factor = s["factor"]
    for i in range(lags + 2):
        for j in range(i + 1):
            left = about_means(s, i, j, rows)
            scale = SINGULAR * left
            for k in range(j):
                left -= factor[i, k] * factor[j, k]
            if i > j:
                factor[i, j] = left / factor[j, j]
            elif left > scale:
                factor[i, i] = math.sqrt(left)
            else:
                return False
    return True


@part
def slope(s: Any, lags: int) -> float:
    """b, once factorised."""
    return float(s["factor"][lags + 1, lags] / s["factor"][lags, lags])


@part
def t_statistic(s: Any, lags: int, rows: int) -> float:
    """Of b, once factorised."""
    factor = s["factor"]
    return math.sqrt(rows - lags - 2) * float(factor[lags + 1, lags] / factor[lags + 1, lags + 1])
