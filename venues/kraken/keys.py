"""The messages of Kraken's WebSocket v2 as tables of keys; frames.py shows the raw JSON, read.py reads the rest.

v1 has none: its messages are arrays.
"""

from collections.abc import Mapping

from market.schema import Kind
from venues.keys import Array, Entrance, Field, Form, Layout, Object, Slot, unused

SYMBOL = Field("symbol", Form.TEXT, Slot.SYMBOL)
TIME = Field("timestamp", Form.RFC3339, Slot.EXCHANGE_TIME, required=False)

LEVEL = Object(
    (Field("price", Form.NUMBER_PRICE, Slot.PRICE), Field("qty", Form.NUMBER, Slot.SIZE)),
    writes=Kind.LEVEL,
)
BOOK = Object(
    (
        SYMBOL,
        Field("bids", Array(LEVEL), Slot.BIDS),
        Field("asks", Array(LEVEL), Slot.ASKS),
        Field("checksum", Form.INTEGER, Slot.CHECKSUM),
        TIME,
    ),
    writes=Kind.DEPTH,
)
TRADE = Object(
    (
        SYMBOL,
        Field("side", Form.WORD, Slot.SIDE, {"buy": 1, "sell": -1}),
        Field("price", Form.NUMBER_PRICE, Slot.PRICE),
        Field("qty", Form.NUMBER, Slot.SIZE),
        *unused("ord_type"),
        Field("trade_id", Form.INTEGER, Slot.LAST_ID),
        Field("timestamp", Form.RFC3339, Slot.EXCHANGE_TIME),
    ),
    writes=Kind.TRADE,
)
TICKER = Object(
    (
        SYMBOL,
        Field("bid", Form.NUMBER_PRICE, Slot.BID_PRICE),
        Field("bid_qty", Form.NUMBER, Slot.BID_SIZE),
        Field("ask", Form.NUMBER_PRICE, Slot.ASK_PRICE),
        Field("ask_qty", Form.NUMBER, Slot.ASK_SIZE),
        *unused("last", "volume", "vwap", "low", "high", "change", "change_pct"),
        TIME,
    ),
    writes=Kind.TICKER,
)


def frame(of: Object, kinds: Mapping[str, int], slot: Slot = Slot.NOTHING) -> Object:
    """The envelope of market data."""
    kind = Field("type", Form.WORD, slot, kinds)
    return Object((Field("channel", Form.TEXT), kind, Field("data", Array(of))))


ANY_KIND = {"snapshot": 0, "update": 0}
KEYS = Layout(
    (
        Entrance(
            "channel",
            {
                "book": frame(BOOK, {"snapshot": Kind.SNAPSHOT, "update": Kind.DEPTH}, Slot.KIND),
                "trade": frame(TRADE, ANY_KIND),
                "ticker": frame(TICKER, ANY_KIND),
            },
        ),
    )
)
NO_KEYS = Layout(())
