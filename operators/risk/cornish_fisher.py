"""Cornish–Fisher: normal quantiles bent by skewness S and excess kurtosis K, only where that is a distribution.

    w(z) = z + (z² − 1) S / 6 + (z³ − 3 z) K / 24 − (2 z³ − 5 z) S² / 36
    VaR = −m − s w(z_{1−a});  ES = −m − s E[w(Z) | Z ≤ z_{1−a}], by E[Z], E[Z²], E[Z³] of the truncated normal

w must rise everywhere, else quantiles cross and a higher level can have a smaller VaR. It does where its derivative, a
parabola in z, has no root: S²/9 − 4 (K/8 − S²/6) (1 − K/8 + 5 S²/36) ≤ 0. Outside that domain the answer is NaN, not
defined. S and K are parameters: the distribution's own skewness and kurtosis are larger, the more so the larger K.

References: Maillard (2012), doi:10.2139/ssrn.1997178; Chernozhukov, Fernández-Val, Galichon (2010),
doi:10.1007/s00184-008-0226-1.
"""

from math import isfinite

import numpy as np
from scipy.special import ndtri

from operators.risk.checked import Floats, checked_level, checked_vector
from operators.risk.parametric import normal_density
from operators.risk.tail import NOT_READY, Tail


def is_valid(skewness: float, excess: float) -> bool:
    """Whether the bent quantiles rise everywhere.

    >>> is_valid(0.0, 1.0), is_valid(-0.5, 2.0), is_valid(0.0, -0.1), is_valid(0.0, 8.1), is_valid(1.0, 0.5)
    (True, True, False, False, False)
    """
    if not (isfinite(skewness) and isfinite(excess)):
        return False
    squared = skewness * skewness
    bend, level = excess / 8.0 - squared / 6.0, 1.0 - excess / 8.0 + 5.0 * squared / 36.0
    return bend >= 0.0 and level >= 0.0 and squared / 9.0 <= 4.0 * bend * level


def cornish_fisher(mean: float, deviation: float, skewness: float, excess: float, level: float) -> Tail:
    """Tail of a profit with these moments; NaN outside the domain of validity.

    >>> var, es = cornish_fisher(0.0, 100.0, -0.5, 2.0, 0.99)
    >>> round(var, 2), round(es, 2)
    (306.75, 398.0)
    """
    p = 1.0 - checked_level(level)
    if not is_valid(skewness, excess):
        return NOT_READY
    z = float(ndtri(p))
    density = normal_density(z)
    first, second, third = -density / p, 1.0 - z * density / p, -(z * z + 2.0) * density / p
    bent = _bent(z, z * z, z**3, skewness, excess)
    beyond = _bent(first, second, third, skewness, excess)
    return Tail(-mean - deviation * bent, -mean - deviation * beyond)


def shape(profits: Floats) -> tuple[float, float]:
    """Skewness and excess kurtosis of a sample; NaN where it does not vary."""
    centred = checked_vector("profits", profits) - np.mean(profits)
    variance = float(np.mean(centred**2))
    if not variance > 0.0:
        return np.nan, np.nan
    return float(np.mean(centred**3)) / variance**1.5, float(np.mean(centred**4)) / variance**2 - 3.0


def _bent(z: float, z2: float, z3: float, skewness: float, excess: float) -> float:
    """w for z and its powers, or for their means."""
    return (
        z
        + (z2 - 1.0) * skewness / 6.0
        + (z3 - 3.0 * z) * excess / 24.0
        - (2.0 * z3 - 5.0 * z) * skewness * skewness / 36.0
    )
