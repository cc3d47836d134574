"""Where an observation lay in its forecast, as a share 0 … 1 (the probability integral transform) or a normal score.

A forecast is right if and only if these shares are independent and uniform, that is, the scores standard normal.
Rosenblatt (1952), Remarks on a multivariate transformation, doi:10.1214/aoms/1177729394; Berkowitz (2001), Testing
density forecasts, with applications to risk management, doi:10.1198/07350010152596718.
"""

from math import erfc, log, log1p, sqrt

from operators.kernel import part

LEAST_SHARE = 1e-12


@part
def share_of(score: float) -> float:
    """Φ, the share of a standard normal variable below its score."""
    return 0.5 * erfc(-score / sqrt(2.0))


@part
def _central(q: float) -> float:
    r = q * q
    above = -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716
    below = -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572
    over, under = 0.0, 0.0
    for i in range(5):
        over = (over + above[i]) * r
        under = (under + below[i]) * r
    return q * (over + 2.506628277459239) / (under + 1.0)


@part
def _tail(share: float) -> float:
    q = sqrt(-2.0 * log(share))
    above = -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968
    below = 0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416
    over, under = 0.0, 0.0
    for i in range(5):
        over = (over + above[i]) * q
    for i in range(4):
        under = (under + below[i]) * q
    return (over + 2.938163982698783) / (under + 1.0)


@part
def score_of(share: float) -> float:
    """Φ⁻¹ to nine digits, for shares brought within LEAST_SHARE … 1 − LEAST_SHARE. P. J. Acklam's approximation."""
    share = min(max(share, LEAST_SHARE), 1.0 - LEAST_SHARE)
    if share < 0.02425:
        return _tail(share)
    if share > 0.97575:
        return -_tail(1.0 - share)
    return _central(share - 0.5)


@part
def student_score(u: float, freedom: float) -> float:
    """The normal score of u under a Student-t of unit variance with `freedom` > 2 degrees of freedom.

    Φ of it is the share to 0.0015, for the price of a logarithm and a root; the score itself errs by 0.05 eight
    standard deviations out with 4 degrees of freedom. The share of a mixture is the mixture of its parts' shares.
    Wallace (1959), Bounds on normal approximations to Student's and the chi-square distributions,
    doi:10.1214/aoms/1177706096.
    """
    size = (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0) * sqrt(freedom * log1p(u * u / (freedom - 2.0)))
    return size if u >= 0.0 else -size
