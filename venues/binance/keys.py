"""The messages of Binance as tables of keys; frames.py shows the raw JSON of each, read.py is the way of the rest.

Keys stand in the order of the wire. A REST book has no table: it comes once per connection, and its readers have time.
"""

from market.schema import Kind
from venues.keys import Field, Form, Layout, Message, Slot, unused

EVENT_TIME = Field("E", Form.INTEGER)
SYMBOL = Field("s", Form.TEXT, Slot.SYMBOL)
TIME = Field("T", Form.TIME, Slot.EXCHANGE_TIME)
MAKER = Field("m", Form.BOOLEAN, Slot.BUYER_IS_MAKER)
FIRST, LAST = Field("U", Form.INTEGER, Slot.FIRST_ID), Field("u", Form.INTEGER, Slot.LAST_ID)
LEVELS = Field("b", Form.LEVELS, Slot.BIDS), Field("a", Form.LEVELS, Slot.ASKS)
DEAL = Field("p", Form.PRICE, Slot.PRICE), Field("q", Form.DECIMAL, Slot.SIZE)
QUOTE = (
    Field("b", Form.PRICE, Slot.BID_PRICE),
    Field("B", Form.DECIMAL, Slot.BID_SIZE),
    Field("a", Form.PRICE, Slot.ASK_PRICE),
    Field("A", Form.DECIMAL, Slot.ASK_SIZE),
)


def event(word: str) -> Field:
    """The key that says what a message is."""
    return Field("e", Form.WORD, word=word)


SPOT_DEPTH = Message(
    Kind.DEPTH,
    "depth",
    "depthUpdate",
    (
        event("depthUpdate"),
        Field("E", Form.TIME, Slot.EXCHANGE_TIME),
        SYMBOL,
        FIRST,
        LAST,
        *LEVELS,
        # Futures only: its chain must not be taken for spot's dense ids.
        Field("pu", Form.REFUSED, required=False),
    ),
)
FUTURES_DEPTH = Message(
    Kind.DEPTH,
    "depth",
    "depthUpdate",
    (
        event("depthUpdate"),
        EVENT_TIME,
        TIME,
        SYMBOL,
        *unused("ps"),
        FIRST,
        LAST,
        Field("pu", Form.INTEGER, Slot.PREVIOUS_ID),
        *LEVELS,
        *unused("st"),
    ),
)
SPOT_TICKER = Message(Kind.TICKER, "bookTicker", "bookTicker", (LAST, SYMBOL, *QUOTE))
FUTURES_TICKER = Message(
    Kind.TICKER,
    "bookTicker",
    "bookTicker",
    (event("bookTicker"), LAST, SYMBOL, *unused("ps"), *QUOTE, TIME, EVENT_TIME, *unused("st")),
)
TRADE = Message(
    Kind.TRADE,
    "trade",
    "trade",
    (
        event("trade"),
        EVENT_TIME,
        TIME,
        SYMBOL,
        Field("t", Form.INTEGER, Slot.LAST_ID),
        *DEAL,
        Field("X", Form.TEXT, Slot.CAUSE, "MARKET", required=False),
        MAKER,
        *unused("M", "b", "a", "ps", "st"),
    ),
)
AGGREGATE_TRADE = Message(
    Kind.AGGREGATE_TRADE,
    "aggTrade",
    "aggTrade",
    (
        event("aggTrade"),
        EVENT_TIME,
        Field("a", Form.INTEGER, Slot.LAST_ID),
        SYMBOL,
        *DEAL,
        *unused("nq", "f", "l"),
        TIME,
        MAKER,
        *unused("M", "ps", "st"),
    ),
)
MARK_PRICE = Message(
    None,
    "markPrice",
    "markPriceUpdate",
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
)


def layout(*messages: Message) -> Layout:
    """The envelope of combined streams and the word of raw ones; the ticker of spot says none."""
    return Layout("stream", "data", "@", 1, "e", "bookTicker", messages)


SPOT_KEYS = layout(SPOT_DEPTH, SPOT_TICKER, TRADE, AGGREGATE_TRADE)
FUTURES_KEYS = layout(FUTURES_DEPTH, FUTURES_TICKER, TRADE, AGGREGATE_TRADE, MARK_PRICE)
