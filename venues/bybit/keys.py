"""The messages of Bybit as tables of keys; frames.py shows the raw JSON of each, read.py is the way of the rest.

Keys stand in the order that futures write; spot writes `ts` before `type`.
"""

from market.schema import Flag, Kind
from venues.keys import MARK, Array, Entrance, Field, Form, Layout, Levels, Object, Slot, unused

TOPIC = Field("topic", Form.TEXT)
TYPE = "type"
LEVELS = (
    Field("s", Form.TEXT, Slot.SYMBOL),
    Field("b", Levels(), Slot.BIDS),
    Field("a", Levels(), Slot.ASKS),
    Field("u", Form.INTEGER, Slot.COUNTED_ID),
    *unused("seq"),
)


def book(whole: Kind) -> Object:
    """Levels of one depth; `whole` is what a snapshot of it is."""
    return Object(
        (
            TOPIC,
            Field(TYPE, Form.WORD, Slot.KIND, {"snapshot": whole, "delta": Kind.DEPTH}),
            Field("ts", Form.TIME, Slot.SENT_TIME),
            Field("data", Object(LEVELS, Kind.DEPTH)),
            Field("cts", Form.TIME, Slot.EXCHANGE_TIME, required=False),
            *unused("id"),
        )
    )


TRADE = Object(
    (
        Field("T", Form.TIME, Slot.EXCHANGE_TIME),
        Field("s", Form.TEXT, Slot.SYMBOL),
        Field("S", Form.WORD, Slot.SIDE, {"Buy": 1, "Sell": -1}),
        Field("v", Form.DECIMAL, Slot.SIZE),
        Field("p", Form.PRICE, Slot.PRICE),
        *unused("L"),
        Field("i", Form.HASHED, Slot.LAST_ID),
        Field("BT", Form.LITERAL, Slot.FLAGS, {"true": Flag.OFF_BOOK, "false": 0}, required=False),
        *unused("RPI", "seq"),
    ),
    Kind.TRADE,
)
TRADES = Object((TOPIC, *unused(TYPE), Field("ts", Form.TIME), Field("data", Array(TRADE)), *unused("id")))
FIGURES = Object(
    (
        Field("symbol", Form.TEXT, Slot.SYMBOL),
        *unused(
            "tickDirection", "price24hPcnt", "lastPrice", "prevPrice24h", "highPrice24h", "lowPrice24h", "prevPrice1h"
        ),
        Field("markPrice", Form.DECIMAL, Slot.MARK_PRICE, required=False),
        Field("indexPrice", Form.DECIMAL, Slot.INDEX_PRICE, required=False),
        *unused("openInterest", "openInterestValue", "turnover24h", "volume24h", "fundingIntervalHour", "fundingCap"),
        *unused("singleOpenInterest", "singleOpenInterestValue", "preOpenPrice", "preQty"),
        Field("nextFundingTime", Form.TEXT_TIME, Slot.FUNDING_TIME, required=False),
        Field("fundingRate", Form.SIGNED, Slot.FUNDING_RATE, required=False),
        Field("bid1Price", Form.PRICE, Slot.BID_PRICE, required=False),
        Field("bid1Size", Form.DECIMAL, Slot.BID_SIZE, required=False),
        Field("ask1Price", Form.PRICE, Slot.ASK_PRICE, required=False),
        Field("ask1Size", Form.DECIMAL, Slot.ASK_SIZE, required=False),
        # A status, if it says anything: not for the scanner.
        Field("curPreListingPhase", Form.REFUSED, required=False),
    ),
    Kind.TICKER,
    MARK,
)
TICKER = Object(
    (TOPIC, *unused(TYPE), Field("data", FIGURES), *unused("cs"), Field("ts", Form.TIME, Slot.EXCHANGE_TIME))
)
BOOK, BEST = book(Kind.SNAPSHOT), book(Kind.PICTURE)
MESSAGES = {
    "orderbook.1": BEST,
    "orderbook.50": BOOK,
    "orderbook.200": BOOK,
    "orderbook.1000": BOOK,
    "publicTrade": TRADES,
    "tickers": TICKER,
}
KEYS = Layout((Entrance("topic", MESSAGES, separator=".", part=-1, leads=True),))
