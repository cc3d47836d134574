"""Filtered historical simulation: the returns of then, brought from the volatility of then to that of now.

    variance_{t+1} = Σ_k d^k r²_{t−k} / Σ_k d^k,  d = ½ ^ (1 / half life), known before r_{t+1}
    scenario_{t,i} = r_{t,i} × volatility_{T+1,i} / volatility_{t,i}

The scale of an instrument does not depend on what is held, so Euler attribution of these scenarios is exact. What the
filter does not carry to now is correlation; stress_correlation.py asks about that.

Warm-up: the first `warm_up_rows` have no volatility known before them and give no scenario. Both volatilities are at
least FLOOR of the instrument's root mean square return, so that a quiet stretch cannot blow a return up without bound.
Cost: 4 µs per row.

References: Hull, White (1998), doi:10.21314/JOR.1998.001; Barone-Adesi, Giannopoulos, Vosper (1999).
"""

import numpy as np

from operators.risk.checked import Floats, checked_matrix
from operators.risk.historical import historical
from operators.risk.tail import NOT_READY, Tail

FLOOR = 0.1
WARM_UP_ROWS = 20
DAILY_HALF_LIFE_ROWS = 11.2  # a decay of 0.94 a day, RiskMetrics (1996)


def ew_volatility(returns: Floats, half_life_rows: float) -> Floats:
    """Volatility known before each row and, last, before the row to come: rows + 1 by instruments; row 0 is NaN."""
    returns = checked_matrix("returns", returns)
    if not 0 < half_life_rows < np.inf:
        raise ValueError(f"half_life_rows must be finite and above 0, got {half_life_rows}")
    decay = 0.5 ** (1.0 / half_life_rows)
    known = np.full((len(returns) + 1, returns.shape[1]), np.nan)
    total, weight = np.zeros(returns.shape[1]), 0.0
    for row, squares in enumerate(returns * returns):
        total = decay * total + squares
        weight = decay * weight + 1.0
        known[row + 1] = total / weight
    return np.asarray(np.sqrt(known), np.float64)


def filtered_scenarios(
    returns: Floats, *, half_life_rows: float = DAILY_HALF_LIFE_ROWS, warm_up_rows: int = WARM_UP_ROWS
) -> Floats:
    """Returns at the volatility of now: rows − warm_up_rows by instruments; none where there are too few rows."""
    if warm_up_rows < 1:
        raise ValueError(f"warm_up_rows must be at least 1, got {warm_up_rows}")
    returns = checked_matrix("returns", returns)
    floor = FLOOR * np.sqrt(np.mean(returns * returns, axis=0))
    volatility = np.maximum(ew_volatility(returns, half_life_rows)[warm_up_rows:], floor)
    then, now = volatility[:-1], volatility[-1:]
    scale = np.divide(now, then, out=np.ones_like(then), where=then > 0)
    return np.asarray(returns[warm_up_rows:] * scale, np.float64)


def filtered(returns: Floats, holdings: Floats, level: float, *, half_life_rows: float = DAILY_HALF_LIFE_ROWS) -> Tail:
    """VaR and ES of the filtered scenarios."""
    scenarios = filtered_scenarios(returns, half_life_rows=half_life_rows)
    return historical(scenarios, holdings, level) if len(scenarios) else NOT_READY
