"""Coverage of VaR forecasts: how many losses exceeded it, and whether they came together.

- `kupiec`: proportion of failures. LR = −2 ln [(1−p)^{n−x} p^x / ((1−x/n)^{n−x} (x/n)^x)], χ² with 1 degree; beside it
  the exact two-sided binomial probability (all counts at most as likely as x), right for few exceedances too.
- `independence`: exceedances as a Markov chain of order 1 against independence, LR χ² with 1 degree.
- `conditional_coverage`: both at once, the sum, χ² with 2 degrees.

A test that has nothing to count (no transition of a kind) has LR 0. Forecasts that are NaN are not judged: leave them
out; independence then takes neighbours as neighbours.

References: Kupiec (1995), doi:10.3905/jod.1995.407942; Christoffersen (1998), doi:10.2307/2527341.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, gammaln

from operators.risk.checked import Floats, checked_level, checked_vector

Flags = NDArray[np.bool_]
TIES = 1e-7  # relative; probabilities so close are equal but for rounding


class Verdict(NamedTuple):
    """A test of coverage."""

    statistic: float  # likelihood ratio
    p_value: float  # small: the forecasts are wrong
    exceedances: int
    days: int


def exceedances(losses: Floats, var: Floats) -> Flags:
    """Days on which more was lost than the VaR said; both positive losses in the same unit."""
    losses, var = checked_vector("losses", losses), checked_vector("var", var)
    if losses.shape != var.shape:
        raise ValueError(f"{len(losses)} losses and {len(var)} forecasts")
    return np.asarray(losses > var, np.bool_)


def kupiec(exceeded: Flags, level: float) -> Verdict:
    """Whether as many exceeded as should.

    >>> round(kupiec(np.arange(255) < 7, 0.99).statistic, 2)
    5.32
    """
    hits, days = _counted(exceeded)
    expected = 1.0 - checked_level(level)
    ratio = 2.0 * (_log_likelihood(hits, days, hits / days) - _log_likelihood(hits, days, expected))
    return _verdict(ratio, 1, hits, days)


def exact_probability(exceeded: Flags, level: float) -> float:
    """Two-sided binomial probability of a count as unlikely as this one."""
    hits, days = _counted(exceeded)
    counts, share = np.arange(days + 1), 1.0 - checked_level(level)
    ways = gammaln(days + 1) - gammaln(counts + 1) - gammaln(days - counts + 1)
    chances = np.exp(ways + counts * np.log(share) + (days - counts) * np.log1p(-share))
    return float(min(chances[chances <= chances[hits] * (1.0 + TIES)].sum(), 1.0))


def independence(exceeded: Flags) -> Verdict:
    """Whether an exceedance says nothing about the next day."""
    hits, days = _counted(exceeded)
    before, after = exceeded[:-1], exceeded[1:]
    ratio = -2.0 * _log_likelihood(int(after.sum()), len(after), float(after.mean()) if len(after) else 0.0)
    for state in (False, True):
        followed = after[before == state]
        share = float(followed.mean()) if len(followed) else 0.0
        ratio += 2.0 * _log_likelihood(int(followed.sum()), len(followed), share)
    return _verdict(ratio, 1, hits, days)


def conditional_coverage(exceeded: Flags, level: float) -> Verdict:
    """Whether as many exceeded as should, independently."""
    count = kupiec(exceeded, level)
    ratio = count.statistic + independence(exceeded).statistic
    return _verdict(ratio, 2, count.exceedances, count.days)


def _counted(exceeded: Flags) -> tuple[int, int]:
    if exceeded.ndim != 1 or not len(exceeded) or exceeded.dtype != np.bool_:
        raise ValueError("exceeded must be one row of flags, at least one")
    return int(exceeded.sum()), len(exceeded)


def _log_likelihood(hits: int, days: int, share: float) -> float:
    """ln [share^hits (1 − share)^(days − hits)], with 0 ln 0 = 0."""
    won = hits * np.log(share) if hits else 0.0
    lost = (days - hits) * np.log1p(-share) if days > hits else 0.0
    return float(won + lost)


def _verdict(ratio: float, degrees: int, hits: int, days: int) -> Verdict:
    statistic = max(ratio, 0.0)
    return Verdict(statistic, float(chdtrc(degrees, statistic)), hits, days)
