"""The messages of Binance as tables of keys; frames.py shows the raw JSON of each, read.py is the way of the rest.

Keys stand in the order of the wire. A REST book has no table: it comes once per connection, and its readers have time.
"""

from collections.abc import Mapping

from market.schema import Flag, Kind
from venues.keys import MARK, Entrance, Field, Form, Layout, Levels, Object, Slot, unused

EVENT_TIME = Field("E", Form.INTEGER)
SYMBOL = Field("s", Form.TEXT, Slot.SYMBOL)
TIME = Field("T", Form.TIME, Slot.EXCHANGE_TIME)
SIDE = Field("m", Form.LITERAL, Slot.SIDE, {"true": -1, "false": 1})  # the buyer was the maker: the seller came to him
FIRST, LAST = Field("U", Form.INTEGER, Slot.FIRST_ID), Field("u", Form.INTEGER, Slot.LAST_ID)
LEVELS = Levels()
SIDES = Field("b", LEVELS, Slot.BIDS), Field("a", LEVELS, Slot.ASKS)
DEAL = Field("p", Form.PRICE, Slot.PRICE), Field("q", Form.DECIMAL, Slot.SIZE)
QUOTE = (
    Field("b", Form.PRICE, Slot.BID_PRICE),
    Field("B", Form.DECIMAL, Slot.BID_SIZE),
    Field("a", Form.PRICE, Slot.ASK_PRICE),
    Field("A", Form.DECIMAL, Slot.ASK_SIZE),
)


def event(word: str) -> Field:
    """The key that says what a message is."""
    return Field("e", Form.WORD, words={word: 0})


SPOT_DEPTH = Object(
    (
        event("depthUpdate"),
        Field("E", Form.TIME, Slot.EXCHANGE_TIME),
        SYMBOL,
        FIRST,
        LAST,
        *SIDES,
        # Futures only: its chain must not be taken for spot's dense ids.
        Field("pu", Form.REFUSED, required=False),
    ),
    writes=Kind.DEPTH,
)
FUTURES_DEPTH = Object(
    (
        event("depthUpdate"),
        EVENT_TIME,
        TIME,
        SYMBOL,
        *unused("ps"),
        FIRST,
        LAST,
        Field("pu", Form.INTEGER, Slot.PREVIOUS_ID),
        *SIDES,
        *unused("st"),
    ),
    writes=Kind.DEPTH,
)
SPOT_TICKER = Object((LAST, SYMBOL, *QUOTE), writes=Kind.TICKER)
FUTURES_TICKER = Object(
    (event("bookTicker"), LAST, SYMBOL, *unused("ps"), *QUOTE, TIME, EVENT_TIME, *unused("st")), writes=Kind.TICKER
)
TRADE = Object(
    (
        event("trade"),
        EVENT_TIME,
        TIME,
        SYMBOL,
        Field("t", Form.INTEGER, Slot.LAST_ID),
        *DEAL,
        Field("X", Form.WORD, Slot.FLAGS, {"MARKET": 0}, other=Flag.OFF_BOOK, required=False),
        SIDE,
        *unused("M", "b", "a", "ps", "st"),
    ),
    writes=Kind.TRADE,
)
AGGREGATE_TRADE = Object(
    (
        event("aggTrade"),
        EVENT_TIME,
        Field("a", Form.INTEGER, Slot.LAST_ID),
        SYMBOL,
        *DEAL,
        *unused("nq", "f", "l"),
        TIME,
        SIDE,
        *unused("M", "ps", "st"),
    ),
    writes=Kind.AGGREGATE_TRADE,
)
MARK_PRICE = Object(
    (
        event("markPriceUpdate"),
        Field("E", Form.TIME, Slot.EXCHANGE_TIME),
        SYMBOL,
        Field("p", Form.DECIMAL, Slot.MARK_PRICE),
        *unused("P"),
        Field("i", Form.DECIMAL, Slot.INDEX_PRICE, required=False),
        Field("r", Form.SIGNED, Slot.FUNDING_RATE),
        Field("T", Form.TIME, Slot.FUNDING_TIME),
        *unused("ap", "ps", "st"),
    ),
    writes=MARK,
)


def combined(data: Object) -> Object:
    """The envelope of combined streams."""
    return Object((Field("stream", Form.TEXT), Field("data", data)))


def layout(streams: Mapping[str, Object], events: Mapping[str, Object]) -> Layout:
    """The streams of combined frames by the second part of their names, and the events of raw ones."""
    named = {word: combined(message) for word, message in streams.items()}
    return Layout((Entrance("stream", named, separator="@", part=1, leads=True), Entrance("e", events)))


TRADES = {"trade": TRADE, "aggTrade": AGGREGATE_TRADE}
# The ticker of spot names no event.
SPOT_KEYS = layout(
    {"depth": SPOT_DEPTH, "bookTicker": SPOT_TICKER, **TRADES}, {"depthUpdate": SPOT_DEPTH, "": SPOT_TICKER, **TRADES}
)
FUTURES_KEYS = layout(
    {"depth": FUTURES_DEPTH, "bookTicker": FUTURES_TICKER, **TRADES, "markPrice": MARK_PRICE},
    {"depthUpdate": FUTURES_DEPTH, "bookTicker": FUTURES_TICKER, **TRADES, "markPriceUpdate": MARK_PRICE},
)
