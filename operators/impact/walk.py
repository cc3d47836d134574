"""Walk the book: what an order pays that takes, at once, what the levels known offer.

average = Σ price × size taken / Σ size taken, best level first; slippage = side × (average − mid). Exact, to rounding,
for the book as it stands and nothing else: no one else acts, nothing hidden is met. Where the levels known hold less
than the order, the walk says how far it came and there is no average.
"""

from typing import Any, NamedTuple

import numpy as np

ROUNDING = 1e-12  # share of an order; less is not missing: ten times 0.1 is less than 1


class Walk(NamedTuple):
    """The outcome of one walk."""

    average_price: float  # quote currency; NaN where the order was not filled
    slippage: float  # of the average from the mid price, quote currency, above 0 against the order; NaN likewise
    last_price: float  # of the worst level taken; NaN where there was none
    filled: float  # size
    levels: int  # taken from


def walk_the_book(book: Any, *, order_size: float, side: int) -> Walk:
    """An order of `side` (+1 buys, −1 sells) through one row of market.schema.BOOK.

    >>> book = np.zeros((), [(f"{s}_{w}", float, (2,)) for s in ("bid", "ask") for w in ("price", "size")])
    >>> book["bid_price"], book["ask_price"], book["ask_size"] = (99.0, 98.0), (101.0, 103.0), (1.0, 5.0)
    >>> walk_the_book(book, order_size=2.0, side=1)
    Walk(average_price=102.0, slippage=2.0, last_price=103.0, filled=2.0, levels=2)
    """
    name = "ask" if side > 0 else "bid"
    mid = (float(book["bid_price"][0]) + float(book["ask_price"][0])) / 2.0
    paid, filled, last, levels = 0.0, 0.0, np.nan, 0
    for price, size in zip(book[f"{name}_price"].tolist(), book[f"{name}_size"].tolist(), strict=True):
        missing = order_size - filled
        if missing <= ROUNDING * order_size or not size > 0.0:
            break
        taken = min(size, missing)
        paid, filled, last, levels = paid + price * taken, filled + taken, price, levels + 1
    if order_size - filled > ROUNDING * order_size:
        return Walk(np.nan, np.nan, last, filled, levels)
    return Walk(paid / filled, side * (paid / filled - mid), last, filled, levels)
