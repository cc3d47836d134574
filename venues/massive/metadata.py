"""Instruments of Massive. Its list of tickers has no steps of price and size, so they are the market's."""

from market.record import InstrumentDefined
from venues.shares import LOT_SIZE, TICK_SIZE

STOCK_STEPS = TICK_SIZE, LOT_SIZE
# Prices and sizes of four exchanges with up to eight decimals, in a recording of 2023 of 21 pairs.
CRYPTO_STEPS = "0.00000001", "0.00000001"


def stock(symbol: str, tick_size: str, lot_size: str) -> InstrumentDefined:
    """A US stock."""
    return InstrumentDefined(symbol, tick_size, lot_size, base=symbol, quote="USD", kind="equity")


def pair(symbol: str, tick_size: str, lot_size: str) -> InstrumentDefined:
    """A pair of all exchanges, `BTC-USD`, or of one of them, `BTC-USD@1`."""
    base, _, quote = symbol.partition("@")[0].partition("-")
    return InstrumentDefined(symbol, tick_size, lot_size, base=base, quote=quote, kind="spot")
