"""Order time: trades joined to the orders that made them, and the mid price from before one order to before the next.

Trades of one side and one exchange time are one order: a taker who walks the book is reported price by price. An
interval begins with an order that comes at least `gap_ns` after the interval before it began, and holds the orders
that come sooner; it ends before the next such order, after LONGEST_NS at most. Its change of the mid price is between
the newest quotes stamped before its two ends, by the exchange's clock, because venues send trades and quotes in
different streams that overtake each other. Each order is described by three signed numbers, summed over the interval:
its size in units of a typical order, 1, and the logarithm of that size.

Short intervals know more: the noise of the mid price grows with time, and an order is alone in its interval.
A part of `impact.calibrate`.
"""

import math
from typing import Any

import numpy as np

from market.clock import SECOND_NS
from operators.kernel import part

LONGEST_NS = SECOND_NS
QUOTES = 64  # newest quotes kept, to find the one before an order
TYPICAL_ORDERS = 16  # whose geometric mean is the typical order
FEATURES = 3  # signed size, sign, signed logarithm of size

INTERVALS = np.dtype(
    [
        ("quote_time", np.int64, (QUOTES,)),  # ns, of the newest quotes, a ring
        ("quote_mid", np.float64, (QUOTES,)),  # quote currency
        ("quotes", np.int64),  # of different stamps since the last gap
        ("order_time", np.int64),  # ns, of the order under way
        ("order_side", np.int64),  # 0: none under way
        ("order_size", np.float64),
        ("typical_count", np.int64),  # orders that made `typical_log`
        ("typical_log", np.float64),  # mean logarithm of their sizes
        ("start_time", np.int64),  # ns, of the interval under way
        ("start_mid", np.float64),  # quote currency; 0: no interval under way
        ("x", np.float64, (2 * FEATURES,)),  # features of the interval under way and of the one before it
        ("change", np.float64),  # of the mid price over the interval that `close` ended, quote currency
        ("length_s", np.float64),  # of the same
    ]
)


@part
def mid_before(n: Any, time: int) -> float:
    """The newest mid price kept that is stamped before `time`; 0 where there is none."""
    for back in range(min(n["quotes"], QUOTES)):
        k = (n["quotes"] - 1 - back) % QUOTES
        if n["quote_time"][k] < time:
            return float(n["quote_mid"][k])
    return 0.0


@part
def keep_quote(n: Any, time: int, mid: float) -> None:
    """Take a mid price; a stamp behind the newest counts as equal to it."""
    newest = (n["quotes"] - 1) % QUOTES
    if n["quotes"] > 0 and time <= n["quote_time"][newest]:
        n["quote_mid"][newest] = mid
        return
    n["quote_time"][n["quotes"] % QUOTES] = time
    n["quote_mid"][n["quotes"] % QUOTES] = mid
    n["quotes"] += 1


@part
def continues_order(n: Any, time: int, side: int, size: float) -> bool:
    """Count a trade to the order under way, where it is of that order."""
    if n["order_side"] != side or n["order_time"] != time:
        return False
    n["order_size"] += size
    return True


@part
def commit_order(n: Any) -> None:
    """The order under way is whole: describe it in the interval under way."""
    if n["order_side"] == 0:
        return
    side, log = float(n["order_side"]), math.log(n["order_size"])
    n["order_side"] = 0
    if n["typical_count"] < TYPICAL_ORDERS:
        n["typical_count"] += 1
        n["typical_log"] += (log - n["typical_log"]) / n["typical_count"]
    if n["typical_count"] == TYPICAL_ORDERS:
        n["x"][0] += side * math.exp(log - n["typical_log"])
        n["x"][1] += side
        n["x"][2] += side * (log - n["typical_log"])


@part
def close(n: Any, time: int) -> bool:
    """End the interval under way at `time`: its change of the mid price and its length; False where there is none."""
    mid = mid_before(n, time)
    if n["start_mid"] == 0.0 or mid == 0.0:
        return False
    n["change"] = mid - n["start_mid"]
    n["length_s"] = (time - n["start_time"]) * 1e-9
    return True


@part
def begin(n: Any, time: int) -> None:
    """Start an interval at `time`, unless no mid price is known; the one that ended becomes the one before."""
    n["start_time"] = time
    n["start_mid"] = mid_before(n, time)
    for k in range(FEATURES):
        n["x"][FEATURES + k] = n["x"][k]
        n["x"][k] = 0.0


@part
def stop(n: Any) -> None:
    """No interval under way, and none just before."""
    n["order_side"] = 0
    n["start_mid"] = 0.0
    for k in range(2 * FEATURES):
        n["x"][k] = 0.0
