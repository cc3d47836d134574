"""What a person would write in an afternoon: rolling statistics against thresholds. The baselines of `regimebench.py`.

Volatility: deviation of the last bars against quantiles of its own past. Direction: t-value of the mean return.
Dynamics: mean z of the lag-one autocorrelation and of the variance ratio over four bars. `pace` lengthens all windows.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Answers = dict[str, dict[str, object]]

VOLATILITY_BARS, DRIFT_BARS, DEPENDENCE_BARS = 20, 50, 100
REFRESH_BARS = 50  # between two looks at the quantiles
CLEAR = 0.7  # deviations from 0 that count as not neutral
SURE = 0.8  # probability given to the label


def run(obs: dict[str, object], pace: int = 1) -> Answers:
    """Labels of each view; the rules hold nothing, so the held label is the same."""
    answers: Answers = {}
    for view in obs["views"]:
        labels = RULES[view["kind"]](obs["r"], view["K"], pace)
        rest = (1 - SURE) / (view["K"] - 1)
        probabilities = np.where(np.eye(view["K"])[labels] > 0, SURE, rest)
        answers[view["name"]] = {"probs": probabilities, "label": labels, "held": labels}
    return answers


def volatility(returns: Floats, regimes: int, pace: int) -> Integers:
    bars = VOLATILITY_BARS * pace
    deviation = np.sqrt(rolling(returns**2, bars))
    levels = np.arange(2, regimes + 1) / (regimes + 1)
    thresholds = np.full((len(returns), regimes - 1), np.inf)
    for bar in range(2 * bars, len(returns), REFRESH_BARS):
        thresholds[bar : bar + REFRESH_BARS] = np.quantile(deviation[bars:bar], levels)
    return np.asarray((deviation[:, None] > thresholds).sum(axis=1))


def direction(returns: Floats, regimes: int, pace: int) -> Integers:
    bars = DRIFT_BARS * pace
    mean, square = rolling(returns, bars), rolling(returns**2, bars)
    return signed(mean * np.sqrt(bars / np.maximum(square - mean**2, 1e-300)), regimes)


def dynamics(returns: Floats, regimes: int, pace: int) -> Integers:
    bars = DEPENDENCE_BARS * pace
    square = np.maximum(rolling(returns**2, bars), 1e-300)
    products = [rolling(returns * np.append(np.zeros(lag), returns[:-lag]), bars) / square for lag in (1, 2, 3)]
    ratio = sum(2 * (1 - lag / 4) * product for lag, product in zip((1, 2, 3), products, strict=True))
    ratio_deviation = np.sqrt(2 * (2 * 4 - 1) * (4 - 1) / (3 * 4))  # Lo and MacKinlay 1988, times √bars
    return signed(np.sqrt(bars) * (products[0] + ratio / ratio_deviation) / 2, regimes)


def combination(returns: Floats, _: int, pace: int) -> Integers:
    return np.asarray(2 * volatility(returns, 2, pace) + dynamics(returns, 2, pace))


def signed(value: Floats, regimes: int) -> Integers:
    """Below, (near,) above 0."""
    borders = [0.0] if regimes == 2 else [-CLEAR, CLEAR]
    return np.searchsorted(borders, value)


def rolling(values: Floats, bars: int) -> Floats:
    """Mean of the last `bars` values, of fewer at the start."""
    total = np.append(0.0, values.cumsum())
    first = np.maximum(np.arange(len(values)) + 1 - bars, 0)
    return np.asarray((total[1:] - total[first]) / (np.arange(1, len(values) + 1) - first))


RULES: dict[str, Callable[[Floats, int, int], Integers]] = {
    "vol": volatility,
    "dir": direction,
    "dyn": dynamics,
    "combo": combination,
}
