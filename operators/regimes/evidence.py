"""What speaks for a regime: how sure the filters are, the witnesses, and the statistics that agree.

- lead_volatility, lead_direction, lead_dynamics: log of how much better the held state is supported than the best
  other, nats; below 0 while a held state is not the likeliest any more;
- change_point_probability, anomaly: where above DOUBT;
- statistics of the same bar (tables bar_statistics, bar_dependence), by their column names, where they are significant
  at the two-sided 5 % level and say what the held state says (SPEAKS); those of a window that is not full are silent.
"""

from collections.abc import Callable, Mapping
from math import isfinite, sqrt

Statistics = Mapping[str, float]

DOUBT = 0.5
SIGNIFICANT = 1.96  # standard errors
LEVEL = 0.05


def _z(column: str) -> Callable[[Statistics], float]:
    return lambda found: found.get(column, 0.0)


def _autocorrelation(found: Statistics) -> float:
    """First-order autocorrelation in standard errors; its band is two-sided at 5 %."""
    band = found.get("autocorrelation_band", 0.0)
    return SIGNIFICANT * found.get("autocorrelation_1", 0.0) / band if band > 0.0 else 0.0


def _hurst(found: Statistics) -> float:
    error = found.get("dfa_hurst_error", 0.0)
    return (found.get("dfa_hurst", 0.5) - 0.5) / error if error > 0.0 else 0.0


def _mean(found: Statistics) -> float:
    """Mean return in standard errors, over about as many returns as the exponential window holds."""
    variance = found.get("return_variance", 0.0)
    return found.get("return_mean", 0.0) / sqrt(variance / MEAN_RETURNS) if variance > 0.0 else 0.0


MEAN_RETURNS = 40.0  # effective size of an exponential window with a half-life of 20 bars… twice its mean age
SPEAKS: Mapping[str, tuple[tuple[str, Callable[[Statistics], float], int], ...]] = {
    "trending": (
        ("variance_ratio_5", _z("variance_ratio_z_5"), 1),
        ("autocorrelation_1", _autocorrelation, 1),
        ("dfa_hurst", _hurst, 1),
    ),
    "reverting": (
        ("variance_ratio_5", _z("variance_ratio_z_5"), -1),
        ("autocorrelation_1", _autocorrelation, -1),
        ("dfa_hurst", _hurst, -1),
    ),
    "bull": (("return_mean", _mean, 1),),
    "bear": (("return_mean", _mean, -1),),
}


def agreeing(states: tuple[str, ...], found: Statistics) -> dict[str, float]:
    """Statistics of a bar that significantly say what the held states say.

    >>> agreeing(("calm", "bull", "trending"), {"variance_ratio_5": 1.3, "variance_ratio_z_5": 2.5})
    {'variance_ratio_5': 1.3}
    """
    speaking: dict[str, float] = {}
    for state in states:
        for column, strength, sign in SPEAKS.get(state, ()):
            value = strength(found)
            if isfinite(value) and sign * value >= SIGNIFICANT:
                speaking[column] = found[column]
    return speaking
