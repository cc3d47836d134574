"""What is kept of the bars of one instrument and timeframe: a ring of what each bar said, moments, ordered returns."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.clock import SECOND_NS
from operators.features.central_moments import MOMENTS, merge
from operators.features.quantiles import QUANTILES, take
from operators.kernel import part
from operators.statistics import ranges, spreads
from operators.statistics.closed_bars import INTERVALS

# What a bar says of itself and of the step from the bar before.
ENTRY = np.dtype(
    [
        ("log_return", np.float64),
        ("elapsed_s", np.float64),  # from close to close
        ("parkinson", np.float64),  # variances of the bar
        ("garman_klass", np.float64),
        ("rogers_satchell", np.float64),
        ("opening", np.float64),  # ln of the open over the close before
        ("body", np.float64),  # ln of the close over the open
        ("corwin_schultz", np.float64),  # proportional spread of the pair of bars
        ("close", np.float64),
        ("volume", np.float64),
    ],
    align=True,
)
SERIES = np.dtype(
    [
        ("close_time", np.int64),  # of the newest bar, ns
        ("traded_time", np.int64),  # close of the newest bar with trades, ns; 0: none since the windows were emptied
        ("returns", np.int64),  # entered since the windows were emptied
        ("high", np.float64),  # of the newest bar with trades
        ("low", np.float64),
        ("close", np.float64),
        ("moments", MOMENTS),
        ("quantiles", QUANTILES),
    ],
    align=True,
)


class Windows(NamedTuple):
    """I instruments, T timeframes."""

    series: NDArray[np.void]  # (I, T) of SERIES
    entries: NDArray[np.void]  # (I, T, window bars) of ENTRY, number r at r % window bars


def empty(instruments: int, *, window_bars: int) -> Windows:
    """No bar yet."""
    shape = instruments, len(INTERVALS)
    return Windows(np.zeros(shape, SERIES), np.zeros((*shape, window_bars), ENTRY))


@part
def clear(s: Any) -> None:
    """Forget every bar, but not up to when bars came."""
    s["traded_time"], s["returns"] = 0, 0
    m = s["moments"]
    m["weight"], m["mean"], m["second"], m["third"], m["fourth"] = 0.0, 0.0, 0.0, 0.0, 0.0


@part
def enter(s: Any, entries: Any, bar: Any, decay: float, quantile_bars: int) -> None:
    """Let a bar into the windows, and the step to it from the newest bar with trades."""
    entry = entries[s["returns"] % len(entries)]
    open_price, high, low, close = bar["open"], bar["high"], bar["low"], bar["close"]
    step = ranges.log_ratio(close, s["close"])
    entry["log_return"], entry["elapsed_s"] = step, (bar["close_time"] - s["traded_time"]) / SECOND_NS
    entry["parkinson"] = ranges.parkinson(high, low)
    entry["garman_klass"] = ranges.garman_klass(open_price, high, low, close)
    entry["rogers_satchell"] = ranges.rogers_satchell(open_price, high, low, close)
    entry["opening"], entry["body"] = ranges.log_ratio(open_price, s["close"]), ranges.log_ratio(close, open_price)
    entry["corwin_schultz"] = spreads.corwin_schultz(s["high"], s["low"], s["close"], high, low)
    entry["close"], entry["volume"] = close, bar["volume"]
    take(s["quantiles"], s["returns"], step, quantile_bars)
    merge(s["moments"], step, 1, decay)
    s["returns"] += 1


@part
def remember(s: Any, bar: Any) -> None:
    """What the next bar is compared with."""
    s["traded_time"] = bar["close_time"]
    s["high"], s["low"], s["close"] = bar["high"], bar["low"], bar["close"]
