"""The messages of Coinbase as tables of keys; frames.py shows the raw JSON of each, read.py is the way of the rest.

Exchange has none: its books are arrays of [side, price, size], and it is read of archives.
"""

from market.schema import Kind
from venues.keys import Array, Entrance, Field, Form, Layout, Object, Slot, unused

KIND = Field("type", Form.WORD, Slot.KIND, {"snapshot": Kind.SNAPSHOT, "update": Kind.DEPTH})
ANY_KIND = Field("type", Form.WORD, words={"snapshot": 0, "update": 0})
PRODUCT = Field("product_id", Form.TEXT, Slot.SYMBOL)

LEVEL = Object(
    (
        Field("side", Form.WORD, Slot.SIDE, {"bid": 1, "offer": -1}),
        *unused("event_time"),
        Field("price_level", Form.PRICE, Slot.PRICE),
        Field("new_quantity", Form.DECIMAL, Slot.SIZE),
    ),
    writes=Kind.LEVEL,
)
BOOK = Object((KIND, PRODUCT, Field("updates", Array(LEVEL), Slot.UPDATES)), writes=Kind.DEPTH)
TRADE = Object(
    (
        PRODUCT,
        Field("trade_id", Form.TEXT_INTEGER, Slot.LAST_ID),
        Field("price", Form.PRICE, Slot.PRICE),
        Field("size", Form.DECIMAL, Slot.SIZE),
        Field("time", Form.RFC3339, Slot.EXCHANGE_TIME),
        Field("side", Form.WORD, Slot.SIDE, {"SELL": 1, "BUY": -1}),  # the maker's, so the aggressor's is the other
    ),
    writes=Kind.TRADE,
)
TICKER = Object(
    (
        *unused("type"),
        PRODUCT,
        *unused("price", "volume_24_h", "low_24_h", "high_24_h", "low_52_w", "high_52_w", "price_percent_chg_24_h"),
        Field("best_bid", Form.PRICE, Slot.BID_PRICE),
        Field("best_ask", Form.PRICE, Slot.ASK_PRICE),
        Field("best_bid_quantity", Form.DECIMAL, Slot.BID_SIZE),
        Field("best_ask_quantity", Form.DECIMAL, Slot.ASK_SIZE),
    ),
    writes=Kind.TICKER,
)


def frame(time: Field, event: Object) -> Object:
    """The envelope of every frame."""
    return Object(
        (
            Field("channel", Form.TEXT),
            *unused("client_id"),
            time,
            Field("sequence_num", Form.INTEGER, Slot.NUMBER),
            Field("events", Array(event)),
        )
    )


SENT = Field("timestamp", Form.RFC3339, Slot.EXCHANGE_TIME)
TRADES = Object((ANY_KIND, Field("trades", Array(TRADE, newest_first=True))))
TICKERS = Object((ANY_KIND, Field("tickers", Array(TICKER))))
KEYS = Layout(
    (
        Entrance(
            "channel",
            {
                "l2_data": frame(SENT, BOOK),
                "market_trades": frame(Field("timestamp", Form.TEXT), TRADES),
                "ticker": frame(SENT, TICKERS),
            },
        ),
    )
)
NO_KEYS = Layout(())
