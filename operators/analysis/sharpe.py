"""How sure a Sharpe ratio is: its standard error, the odds that it is above another, and what many trials leave of it.

All ratios are of one period, N returns, no riskless rate.

Standard error: delta method on mean and variance with the long-run covariance of Newey and West (1987), L lags,
Bartlett weights; so autocorrelation, skew and tails count. Lo (2002), The statistics of Sharpe ratios,
doi:10.2469/faj.v58.n4.2453. L = ⌊4 (N / 100)^(2/9)⌋ unless given.

Probabilistic: PSR(S*) = Φ((S − S*) √(N − 1) / √(1 − γ₃ S + (γ₄ − 1) / 4 · S²)), γ₃ skew, γ₄ kurtosis (3 if normal).
Minimum track record: 1 + (1 − γ₃ S + (γ₄ − 1) / 4 · S²) (z / (S − S*))², z the quantile of the level.
Bailey, López de Prado (2012), The Sharpe ratio efficient frontier, doi:10.21314/JOR.2012.255.

Deflated: PSR at what the best of `trials` ratios without any skill would come to,
S₀ = √V ((1 − γ) Φ⁻¹(1 − 1/trials) + γ Φ⁻¹(1 − 1/(trials · e))), V the variance of the trials' ratios, γ Euler's 0.5772.
Bailey, López de Prado (2014), The deflated Sharpe ratio, doi:10.3905/jpm.2014.40.5.094.
"""

from math import e, inf, isfinite, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from operators.analysis.returns import checked, differ, sharpe

Floats = NDArray[np.float64]


def lags_of(count: int) -> int:
    """Newey and West's rule of thumb.

    >>> lags_of(100), lags_of(10_000)
    (4, 11)
    """
    return int(4.0 * (count / 100.0) ** (2.0 / 9.0))


def standard_error(returns: Floats, lags: int | None = None) -> float:
    """Of the Sharpe ratio; NaN where it is not defined. lags: 0 … N − 1."""
    found = checked(returns)
    if not differ(found):
        return nan
    lags = min(lags_of(len(found)), len(found) - 1) if lags is None else lags
    if not 0 <= lags < len(found):
        raise ValueError(f"lags must be 0 … {len(found) - 1}, got {lags}")
    centred, deviation = found - found.mean(), float(found.std())
    slope = np.array([1.0 / deviation, -float(found.mean()) / (2.0 * deviation**3)])
    influence = slope[0] * centred + slope[1] * (centred**2 - deviation**2)
    variance = float(influence @ influence)
    for lag in range(1, lags + 1):
        variance += 2.0 * (1.0 - lag / (lags + 1.0)) * float(influence[lag:] @ influence[:-lag])
    return sqrt(max(variance, 0.0)) / len(found)


def skew_and_kurtosis(returns: Floats) -> tuple[float, float]:
    """Third and fourth standardised moments (N in the denominators); (0, 3) would be normal. NaN where none differ."""
    found = checked(returns)
    if not differ(found):
        return nan, nan
    z = (found - found.mean()) / found.std()
    return float((z**3).mean()), float((z**4).mean())


def probabilistic(ratio: float, count: int, skew: float, kurtosis: float, benchmark: float = 0.0) -> float:
    """Probability that the true ratio is above `benchmark`; NaN for fewer than 2 returns.

    >>> round(probabilistic(0.1, 1001, 0.0, 3.0), 4)
    0.9992
    """
    spread = _spread(ratio, skew, kurtosis)
    if count < 2 or not spread > 0.0:
        return nan
    return float(ndtr((ratio - benchmark) * sqrt(count - 1.0) / sqrt(spread)))


def minimum_track_record(
    ratio: float, skew: float, kurtosis: float, benchmark: float = 0.0, level: float = 0.95
) -> float:
    """Returns that are needed until the ratio is above the benchmark at the level; +inf where it is not above it."""
    if not 0.5 < level < 1.0:
        raise ValueError(f"level must be within 0.5 … 1, got {level}")
    spread = _spread(ratio, skew, kurtosis)
    if not (isfinite(ratio) and spread > 0.0):
        return nan
    return 1.0 + spread * (float(ndtri(level)) / (ratio - benchmark)) ** 2 if ratio > benchmark else inf


def expected_maximum(variance: float, trials: int) -> float:
    """The best ratio to be expected of so many trials without skill; 0 for one trial.

    >>> round(expected_maximum(1.0, 1000), 2)
    3.26
    """
    if trials < 1 or not variance >= 0.0:
        raise ValueError(f"trials must be 1 or more and their variance at least 0, got {trials} and {variance}")
    if trials == 1:
        return 0.0
    gamma = float(np.euler_gamma)
    highest = (1.0 - gamma) * ndtri(1.0 - 1.0 / trials) + gamma * ndtri(1.0 - 1.0 / (trials * e))
    return sqrt(variance) * float(highest)


def deflated(returns: Floats, *, trials: int, variance: float) -> float:
    """Probability that the true ratio is above what the best of `trials` would show by luck; NaN where not defined.

    variance: of the ratios of all trials, of one period each.
    """
    found = checked(returns)
    return probabilistic(sharpe(found), len(found), *skew_and_kurtosis(found), expected_maximum(variance, trials))


def _spread(ratio: float, skew: float, kurtosis: float) -> float:
    """Variance of the estimated ratio, times the number of returns."""
    return 1.0 - skew * ratio + 0.25 * (kurtosis - 1.0) * ratio * ratio
