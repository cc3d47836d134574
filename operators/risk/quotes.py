"""What a quote is good for: whether it may be used at all, its mid price, and what a size is worth at a price."""

from math import inf

from market.messages import Quote

MOST_STEPS = 2.0**53  # ticks in a price and lots in a size; beyond, floats do not tell neighbours apart


def usable(quote: Quote | None) -> bool:
    """Whether a quote is there, said to be valid, and also looks it: finite, not crossed or locked, with real steps."""
    if quote is None or not quote.valid:
        return False
    return (
        0 < quote.bid_price < quote.ask_price < inf
        and 0 <= quote.bid_size < inf
        and 0 <= quote.ask_size < inf
        and 0 < quote.tick_size < inf
        and 0 < quote.lot_size < inf
        and 0 < quote.contract_size < inf
        and quote.ask_price / quote.tick_size <= MOST_STEPS
        and max(quote.bid_size, quote.ask_size) / quote.lot_size <= MOST_STEPS
    )


def mid_price(quote: Quote) -> float:
    """Between the best bid and ask, quote currency."""
    return 0.5 * (quote.bid_price + quote.ask_price)


def notional(quote: Quote, size: float, price: float) -> float:
    """What a size is worth at a price, quote currency; for an inverse contract the price does not matter.

    >>> coin = Quote(venue="v", instrument="i", time_ns=0, bid_price=9.0, bid_size=1.0, ask_price=11.0, ask_size=1.0,
    ...              valid=True, tick_size=1.0, lot_size=1.0, contract_size=100.0, inverse=True)
    >>> notional(coin, 3.0, 10.0)
    300.0
    """
    return size * quote.contract_size if quote.inverse else size * quote.contract_size * price
