"""Markets made for one purpose: lambda is known, everything else is noise."""

import numpy as np
from numpy.typing import NDArray

from market.schema import NO_BOOK, TICK, Kind

START = 1_700_000_000_000_000_000
LAMBDA = 0.01


def linear_markets(
    random: np.random.Generator, *, markets: int, orders: int, price: float = 60_000.0, noise: float = 0.25
) -> tuple[NDArray[np.void], float]:
    """TICK rows of `markets` instruments and their lambda: orders 50 ms apart on average, a quote 5 ms after each.

    Every order moves the mid price by LAMBDA × signed size, sizes log-normal; between orders the mid price diffuses,
    `noise` per √s times a factor whose logarithm wanders (standard deviation about 0.7, over minutes).
    """
    rows = np.zeros((markets, 2 * orders + 1), TICK)
    rows["price"] = rows["size"] = np.nan
    rows["book"] = NO_BOOK
    rows["instrument"] = np.arange(markets)[:, None]
    waits = 0.006 + random.exponential(0.044, (markets, orders))
    times = np.cumsum(waits, axis=1)
    sizes, sides = random.lognormal(0.0, 1.0, (markets, orders)), random.choice((-1, 1), (markets, orders))
    state, log_noise = np.zeros(markets), np.zeros((markets, orders))
    for k in range(orders):
        state = 0.998 * state + 0.7 * np.sqrt(1 - 0.998**2) * random.standard_normal(markets)
        log_noise[:, k] = state
    steps = noise * np.exp(log_noise) * np.sqrt(waits) * random.standard_normal((markets, orders))
    mids = price + np.cumsum(steps + LAMBDA * sides * sizes, axis=1)
    stamps = START + (times * 1e9).astype(np.int64)
    rows["exchange_time"][:, 0] = START
    trades, quotes = rows[:, 1::2], rows[:, 2::2]
    trades["kind"], trades["exchange_time"] = Kind.TRADE, stamps
    trades["side"], trades["size"], trades["price"] = sides, sizes, mids
    quotes["exchange_time"] = stamps + 5_000_000
    for part, mid in ((rows[:, :1], np.full((markets, 1), price)), (quotes, mids)):
        part["kind"], part["valid"] = Kind.DEPTH, True
        part["bid_price"], part["ask_price"] = mid - 0.001, mid + 0.001
        part["bid_size"] = part["ask_size"] = 1.0
    rows["sequence"] = np.arange(2 * orders + 1)
    rows["receive_time"] = rows["exchange_time"]
    return rows.reshape(-1), LAMBDA
