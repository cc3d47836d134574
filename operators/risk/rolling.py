"""Forecasts of VaR and ES for every row of a history of profits, each from the rows before it: what a backtest judges.

    historical:      the tail of the `window_rows` before
    filtered:        volatility known before × the tail of the standardised profits before
    normal:          volatility known before, normal
    student_t:       … Student t with the degrees of freedom and the deviation of the standardised profits before
    cornish_fisher:  … with their deviation, skewness and excess; NaN while these are outside its domain

Shapes are found anew every REFIT_ROWS. The deviation of the standardised profits is more than 1, by what the forecast
of volatility does not know.

One pass over the history, where filtered.py brings each window to the volatility of now by itself: the exponential
weights then reach back beyond the window, which changes nothing a half life of 11 rows could see. A row's forecast does
not change when later rows do. Cost: 1 000 rows with windows of 500, 20 ms.
"""

from typing import Literal, NamedTuple

import numpy as np

from operators.risk.checked import Floats, checked_level, checked_vector
from operators.risk.cornish_fisher import cornish_fisher, shape
from operators.risk.filtered import DAILY_HALF_LIFE_ROWS, WARM_UP_ROWS, ew_volatility
from operators.risk.parametric import normal, student_t
from operators.risk.student_fit import degrees_of_freedom
from operators.risk.tail import NOT_READY, ROUNDING, Tail

Method = Literal["historical", "filtered", "normal", "student_t", "cornish_fisher"]
METHODS: tuple[Method, ...] = ("historical", "filtered", "normal", "student_t", "cornish_fisher")
REFIT_ROWS = 20


class Forecasts(NamedTuple):
    """What was said for the rows from `begin` on, and what then was lost."""

    begin: int
    losses: Floats
    var: Floats
    es: Floats


def forecasts(
    profits: Floats, method: Method, *, level: float, window_rows: int, half_life_rows: float = DAILY_HALF_LIFE_ROWS
) -> Forecasts:
    """Forecasts for every row that has WARM_UP_ROWS and a window before it; the same rows whatever the method."""
    profits = checked_vector("profits", profits)
    begin = WARM_UP_ROWS + window_rows
    if window_rows * (1.0 - checked_level(level)) < 1.0 - ROUNDING or len(profits) <= begin:
        raise ValueError(f"level {level} needs windows of {1 / (1 - level):.0f} rows and more than {begin} rows in all")
    losses = -profits
    if method == "historical":
        var, es = tails(losses[WARM_UP_ROWS:-1], level, window_rows)
        return Forecasts(begin, losses[begin:], var, es)
    volatility = ew_volatility(profits[:, None], half_life_rows)[:-1, 0]
    if not volatility[WARM_UP_ROWS:].min() > 0:
        raise ValueError("profits do not move at first, so there is no volatility to filter them by")
    standard = losses[WARM_UP_ROWS:] / volatility[WARM_UP_ROWS:]
    if method == "filtered":
        var, es = tails(standard[:-1], level, window_rows)
    else:
        var, es = _shaped(standard, method, level, window_rows)
    return Forecasts(begin, losses[begin:], var * volatility[begin:], es * volatility[begin:])


def tails(losses: Floats, level: float, window_rows: int) -> tuple[Floats, Floats]:
    """VaR and ES of every window of losses, as tail.py has them for equal weights."""
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(losses, window_rows), axis=1)[:, ::-1]
    deep = (1.0 - level) * window_rows
    whole = int(deep + ROUNDING * window_rows)
    var = windows[:, whole].copy()  # the first loss that is not in the tail as a whole
    return var, (windows[:, :whole].sum(axis=1) + (deep - whole) * var) / deep


def _shaped(standard: Floats, method: Method, level: float, window_rows: int) -> tuple[Floats, Floats]:
    """VaR and ES at volatility 1, by the shape of the window before."""
    found = np.empty((len(standard) - window_rows, 2))
    for begin in range(0, len(found), REFIT_ROWS):
        found[begin : begin + REFIT_ROWS] = _unit_tail(-standard[begin : begin + window_rows], method, level)
    return found[:, 0], found[:, 1]


def _unit_tail(standard: Floats, method: Method, level: float) -> Tail:
    if method == "normal":
        return normal(0.0, 1.0, level)
    if method == "student_t":
        degrees = degrees_of_freedom(standard)
        return student_t(0.0, float(np.std(standard)), degrees, level) if np.isfinite(degrees) else NOT_READY
    return cornish_fisher(0.0, float(np.std(standard)), *shape(standard), level)
