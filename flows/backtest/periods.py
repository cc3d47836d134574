"""How long the periods are that returns are counted over, and how many of them make a year."""

import numpy as np
import polars as pl

from flows.backtest.tape import Tape
from market.clock import SECOND_NS
from market.schema import TIMEFRAMES
from operators.portfolio.policy import YEAR_S

ENOUGH = 250  # periods; the longest timeframe that gives so many is taken


def period_of(tape: Tape) -> int:
    """The longest of TIMEFRAMES that gives ENOUGH periods with news, ns; never shorter than the bars."""
    times = np.array([row.receive_time for row in tape.rows], np.int64)
    allowed = [seconds * SECOND_NS for seconds in TIMEFRAMES.values() if seconds * SECOND_NS >= tape.bar_ns]
    for length_ns in sorted(allowed, reverse=True):
        if len(np.unique((times - 1) // length_ns)) >= ENOUGH:
            return length_ns
    return min(allowed)


def per_year(periods: pl.DataFrame, period_ns: int) -> float:
    """Periods in a year as this market has them: hours in which it is closed bring none."""
    times = periods["time"]
    if times.is_empty():
        return float("nan")
    span_ns = int(times[-1]) - int(times[0]) + period_ns
    return len(periods) * YEAR_S * SECOND_NS / span_ns


def returns_of(equity: pl.Series, capital: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Simple returns of periods that end with these equities; −1 from when nothing was left."""
    values = equity.to_numpy()
    before = np.concatenate([[capital], values[:-1]])
    alive = before > 0.0
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = np.where(
        alive, values / np.where(alive, before, 1.0) - 1.0, -1.0
    )
    return np.maximum(found, -1.0)
