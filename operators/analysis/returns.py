"""What a series of returns came to: growth, volatility, Sharpe and Sortino ratio, drawdown, hit rate. Pure functions.

`returns` are simple returns of equal periods, N of them, oldest first and finite; `periods_per_year` scales mean by
itself and volatility by its square root. NaN: not defined (no returns, or none that differ).
Sortino: mean over the root of the mean square of returns below 0, over all periods (Sortino and Price, 1994).
Drawdown: 1 − equity / highest equity so far; its time is from that high until it was reached again, or to the end.
"""

from math import inf, isfinite, log, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST_SPREAD = 1e-12  # of volatility to the largest return: below, returns do not differ but for rounding


class Drawdown(NamedTuple):
    """The deepest fall of equity and the longest time under water; places are numbers of points of the curve."""

    depth: float  # share of the high that was lost, 0 … 1
    high: int  # where the deepest fall began
    low: int  # and ended
    longest: int  # points from a high until it was reached again; 0 where none was lost
    recovered: bool  # whether the deepest fall was made good


def checked(returns: Floats) -> Floats:
    """Returns as an array; raises ValueError where they are not one row of finite numbers above −1."""
    found = np.asarray(returns, np.float64)
    if found.ndim != 1:
        raise ValueError(f"returns must be one row of numbers, got an array of {found.ndim} dimensions")
    if not np.isfinite(found).all():
        place = int(np.flatnonzero(~np.isfinite(found))[0])
        raise ValueError(f"return {place} of {len(found)} is {found[place]}; returns must be finite")
    return found


def total(returns: Floats) -> float:
    """What all returns compound to; −1 where one of them lost everything.

    >>> round(total(np.array([0.1, -0.1])), 12)
    -0.01
    """
    found = checked(returns)
    if (found <= -1.0).any():
        return -1.0
    return float(np.expm1(np.log1p(found).sum()))


def growth(returns: Floats, periods_per_year: float) -> float:
    """Yearly growth that compounds to the same; NaN for no returns, +inf where it is beyond all numbers."""
    found = checked(returns)
    if len(found) == 0:
        return nan
    whole = total(found)
    if whole <= -1.0:
        return -1.0
    exponent = log(1.0 + whole) * periods_per_year / len(found)
    return float(np.expm1(exponent)) if exponent < 700.0 else inf


def volatility(returns: Floats) -> float:
    """Standard deviation of one period's return, N − 1 in the denominator; NaN for fewer than 2."""
    found = checked(returns)
    return float(found.std(ddof=1)) if len(found) > 1 else nan


def differ(returns: Floats) -> bool:
    """Whether returns vary by more than rounding, so that a ratio to their volatility means something."""
    spread = volatility(returns)
    return bool(isfinite(spread) and spread > LEAST_SPREAD * float(np.abs(returns).max()))


def sharpe(returns: Floats) -> float:
    """Mean over standard deviation (N in the denominator) of one period, no riskless rate; NaN where none differ.

    >>> sharpe(np.array([0.0, 2.0]))
    1.0
    """
    found = checked(returns)
    return float(found.mean() / found.std()) if differ(found) else nan


def sortino(returns: Floats) -> float:
    """Mean over the downside deviation of one period; NaN where no return is below 0.

    >>> round(sortino(np.array([0.02, -0.01, 0.02, -0.01])), 6)
    0.707107
    """
    found = checked(returns)
    below = np.minimum(found, 0.0)
    downside = sqrt(float((below * below).mean())) if len(found) else 0.0
    return float(found.mean()) / downside if downside > 0.0 else nan


def hit_rate(values: Floats) -> float:
    """Share above 0 of those that are not 0; NaN where all are."""
    found = np.asarray(values, np.float64)
    counted = int((found != 0.0).sum())
    return float((found > 0.0).sum() / counted) if counted else nan


def drawdown(equity: Floats) -> Drawdown:
    """The deepest fall of a curve of equity above 0 at its start; raises ValueError for an empty curve.

    >>> drawdown(np.array([100.0, 120.0, 90.0, 130.0, 125.0]))
    Drawdown(depth=0.25, high=1, low=2, longest=2, recovered=True)
    """
    curve = checked(equity)
    if len(curve) == 0 or curve[0] <= 0.0:
        raise ValueError("a curve of equity needs one point at least and begins above 0")
    highs = np.maximum.accumulate(curve)
    lost = 1.0 - curve / highs
    low = int(lost.argmax())
    high = int(np.flatnonzero(curve[: low + 1] == highs[low])[-1])
    at_high = np.flatnonzero(curve == highs)
    waits = np.append(np.diff(at_high) * (np.diff(at_high) > 1), len(curve) - 1 - at_high[-1])
    recovered = bool((curve[low:] >= highs[low]).any())
    return Drawdown(float(lost[low]), high, low, int(waits.max()), recovered)
