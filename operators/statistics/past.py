"""What is kept of the past of one instrument and timeframe: its latest log returns and log prices, oldest first.

Both lie in arrays twice as long as the window, whose latest entries are one slice: `returns` of n + 1, `prices` of
n + 2 values, prices[k + 1] = prices[k] + returns[k]. The window is [1:], what it was before the newest bar is [:-1].
When the arrays are full, the latest entries move to their front and rolled sums are counted anew: once in n bars, so
that they never carry the rounding of more. Log prices are logarithms of the close over the first close since the past
was emptied.

What reads them is a module with COLUMNS, the names of what it writes, STATE, a struct of its rolled sums, and, each
taking of (s, returns, prices) what it needs, s being such a struct,
    refresh    the sums of a window of n returns and n + 1 prices, anew
    enter      one bar later: n + 1 returns and n + 2 prices, the old and the new window together
    write      the columns of a window into `out`, which comes as NaN
Those of exact.py lose nothing to rounding: they have `begin`, once, for `refresh`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.schema import TIMEFRAMES
from operators.kernel import part
from operators.statistics.ranges import log_ratio


class Past(NamedTuple):
    """I instruments, T timeframes, windows of n returns."""

    series: NDArray[np.void]  # (I, T) of a struct: the fields of HEAD, and a struct per part
    returns: NDArray[np.float64]  # (I, T, 2 n), natural logarithms
    prices: NDArray[np.float64]  # (I, T, 2 n + 1), price k before return k


HEAD = [
    ("close_time", np.int64),  # of the newest bar, ns
    ("traded_time", np.int64),  # close of the newest bar with trades, ns; 0: none since the past was emptied
    ("returns", np.int64),  # entered since the past was emptied
    ("end", np.int64),  # of what is used of `returns`
    ("close", np.float64),  # of the newest bar with trades
    ("first_close", np.float64),  # of the first bar since the past was emptied
]


def empty(instruments: int, *, window_bars: int, series: "np.dtype[np.void]") -> Past:
    """No bar yet."""
    shape = instruments, len(TIMEFRAMES)
    lengths = 2 * window_bars, 2 * window_bars + 1
    return Past(np.zeros(shape, series), *(np.zeros((*shape, length)) for length in lengths))


@part
def clear(s: Any) -> None:
    """Forget every bar, but not up to when bars came."""
    s["traded_time"], s["returns"], s["end"] = 0, 0, 0


@part
def append(s: Any, returns: Any, prices: Any, close: float, window_bars: int) -> None:
    """Keep the step from the newest bar with trades to this close."""
    if s["end"] == len(returns):
        returns[:window_bars] = returns[-window_bars:]
        prices[: window_bars + 1] = prices[-window_bars - 1 :]
        s["end"] = window_bars
    returns[s["end"]] = log_ratio(close, s["close"])
    s["end"] += 1
    prices[s["end"]] = log_ratio(close, s["first_close"])
    s["returns"] += 1


@part
def remember(s: Any, prices: Any, close: float, close_time: int) -> None:
    """What the next bar is compared with."""
    if s["traded_time"] == 0:
        s["first_close"], prices[0] = close, 0.0
    s["close"], s["traded_time"] = close, close_time
