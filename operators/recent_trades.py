"""The newest trades of every instrument, as long as they may be taken back or corrected; a part of `bars`.

What a bar says of trades is what its trades that may still be corrected say, in order of arrival, on top of what the
older ones said (its base). So a bar can be told anew as if a trade had never been, to the bit. A trade that leaves the
ring goes into the bases of its bars, once and for all.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.clock import SECOND_NS
from market.schema import TIMEFRAMES
from operators.kernel import part

INTERVALS = np.array(list(TIMEFRAMES.values()), np.int64) * SECOND_NS
NOT_KEPT, TAKEN_BACK = -1, -2
PRICES = ("open", "high", "low", "close")
SUMS = ("volume", "buy_volume", "sell_volume", "notional")
# What a bar says of trades; the first two are the event times of open and close.
TRADED = np.dtype(
    [(name, np.int64) for name in ("open_at", "close_at", "trades")] + [(name, np.float64) for name in PRICES + SUMS]
)
RECENT = np.dtype(
    [
        ("id", np.int64),  # as in EVENT.sequence
        ("time", np.int64),  # event time, ns
        ("price", np.float64),
        ("size", np.float64),
        ("side", np.int64),
        ("counts", np.int64),  # 1: it is in the bars of its time
        ("there", np.int64),  # 0: it was taken back
    ]
)


class Recent(NamedTuple):
    """I instruments, N trades of each, T timeframes."""

    trades: NDArray[np.void]  # (I, N) of RECENT, trade number n at n % N; N = 0 where trades are never corrected
    came: NDArray[np.int64]  # (I,) trades so far
    base: NDArray[np.void]  # (I, T, kept bars) of TRADED, beside the bars
    contract: NDArray[np.float64]  # (I, 2) contract size; 1 where inverse


def empty(instruments: int, trades: int, bars: int) -> Recent:
    """No trade yet."""
    kept = bars if trades else 0
    bases = np.zeros((instruments, len(INTERVALS), kept), TRADED)
    ring = np.zeros((instruments, trades), RECENT)
    return Recent(ring, np.zeros(instruments, np.int64), bases, np.zeros((instruments, 2)))


@part
def clear(bar: Any) -> None:
    """Nothing was traded."""
    bar["open_at"], bar["close_at"], bar["trades"] = 0, 0, 0
    bar["open"], bar["high"], bar["low"], bar["close"] = np.nan, np.nan, np.nan, np.nan
    bar["volume"], bar["buy_volume"], bar["sell_volume"], bar["notional"] = 0.0, 0.0, 0.0, 0.0


@part
def add_trade(bar: Any, time: int, price: float, size: float, side: int, notional: float) -> None:
    """Count one trade; one whose aggressor is not told is in the volume alone."""
    first = bar["trades"] == 0
    if first or time < bar["open_at"]:
        bar["open"], bar["open_at"] = price, time
    if first or time >= bar["close_at"]:
        bar["close"], bar["close_at"] = price, time
    bar["high"] = price if first else max(bar["high"], price)
    bar["low"] = price if first else min(bar["low"], price)
    bar["volume"] += size
    if side > 0:
        bar["buy_volume"] += size
    elif side < 0:
        bar["sell_volume"] += size
    bar["notional"] += notional
    bar["trades"] += 1


@part
def notional(recent: Recent, i: int, price: float, size: float) -> float:
    """Price × size × contract size; of inverse contracts without the price."""
    value = size * recent.contract[i, 0]
    return float(value if recent.contract[i, 1] > 0.0 else value * price)


@part
def keep(recent: Recent, bars: Any, i: int, tick: Any, counts: bool) -> None:
    """Remember a trade; the oldest one makes room and goes into the bases of its bars, where those are still kept."""
    ring = recent.trades.shape[1]
    if ring == 0:
        return
    trade = recent.trades[i, recent.came[i] % ring]
    if recent.came[i] >= ring and trade["there"] != 0 and trade["counts"] != 0:
        value = notional(recent, i, trade["price"], trade["size"])
        for t in range(len(INTERVALS)):
            number = trade["time"] // INTERVALS[t]
            if bars[i, t, number % bars.shape[2]]["number"] == number:
                base = recent.base[i, t, number % bars.shape[2]]
                add_trade(base, trade["time"], trade["price"], trade["size"], trade["side"], value)
    trade["id"], trade["time"], trade["price"] = tick["sequence"], tick["exchange_time"], tick["price"]
    trade["size"], trade["side"] = tick["size"], tick["side"]
    trade["counts"], trade["there"] = 1 if counts else 0, 1
    recent.came[i] += 1


@part
def find(recent: Recent, i: int, number: int) -> int:
    """Where the newest trade of an id is in the ring; NOT_KEPT, or TAKEN_BACK where it was taken back before."""
    ring = recent.trades.shape[1]
    found = NOT_KEPT
    for n in range(recent.came[i] - 1, max(-1, recent.came[i] - 1 - ring), -1):
        if recent.trades[i, n % ring]["id"] == number:
            if recent.trades[i, n % ring]["there"] != 0:
                return int(n % ring)
            found = TAKEN_BACK
    return found


@part
def retell(recent: Recent, bar: Any) -> None:
    """What a bar says of trades, anew: its base, and on top of it its trades in the ring, as they came."""
    i, t, number = bar["instrument"], bar["timeframe"], bar["number"]
    base = recent.base[i, t, number % recent.base.shape[2]]
    bar["open_at"], bar["close_at"], bar["trades"] = base["open_at"], base["close_at"], base["trades"]
    bar["open"], bar["high"], bar["low"], bar["close"] = base["open"], base["high"], base["low"], base["close"]
    bar["volume"], bar["notional"] = base["volume"], base["notional"]
    bar["buy_volume"], bar["sell_volume"] = base["buy_volume"], base["sell_volume"]
    ring = recent.trades.shape[1]
    for n in range(max(0, recent.came[i] - ring), recent.came[i]):
        trade = recent.trades[i, n % ring]
        if trade["there"] != 0 and trade["counts"] != 0 and trade["time"] // INTERVALS[t] == number:
            value = notional(recent, i, trade["price"], trade["size"])
            add_trade(bar, trade["time"], trade["price"], trade["size"], trade["side"], value)
