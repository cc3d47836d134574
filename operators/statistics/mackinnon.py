"""MacKinnon's p-value of a Dickey–Fuller t-statistic, for a regression with a constant and one series.

    p = Φ(c₀ + c₁ τ + c₂ τ² [+ c₃ τ³]),  one polynomial up to τ = −1.61, another above; 1 above 2.74, 0 below −18.83
Asymptotic: fitted to simulated quantiles, good to about three digits of p. NaN for NaN.

MacKinnon (1994), "Approximate asymptotic distribution functions for unit-root and cointegration tests", J. Business
& Economic Statistics 12(2), doi:10.1080/07350015.1994.10510005: table 3, as statsmodels' mackinnonp(τ, "c") has it.
A part of `statistics.dependence`.
"""

from operators.kernel import part
from operators.statistics.normal import below

LEAST, JOINT, MOST = -18.83, -1.61, 2.74
SMALL = 2.1659, 1.4412, 0.038269
LARGE = 1.7339, 0.93202, -0.12745, -0.010368


@part
def p_value(tau: float) -> float:
    """P(statistic ≤ tau) if the series is a random walk.

    >>> round(p_value(-2.86), 3)
    0.05
    """
    if tau > MOST:
        return 1.0
    if tau < LEAST:
        return 0.0
    if tau <= JOINT:
        return below(SMALL[0] + tau * (SMALL[1] + tau * SMALL[2]))
    return below(LARGE[0] + tau * (LARGE[1] + tau * (LARGE[2] + tau * LARGE[3])))
