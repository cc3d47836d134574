"""The messages of Alpaca as tables of keys; frames.py shows the raw JSON of each, read.py is the way of the rest.

Trades and quotes of stocks have no table: a trade's id takes its day, exchange and tape, a quote's sizes its day. A
frame with any other message than these goes the other way as a whole.
"""

from market.schema import Kind
from venues.keys import Array, Entrance, Field, Form, Layout, Object, Slot

SYMBOL = Field("S", Form.TEXT, Slot.SYMBOL)
TIME = Field("t", Form.RFC3339, Slot.EXCHANGE_TIME)
LEVEL = Object((Field("p", Form.NUMBER_PRICE, Slot.PRICE), Field("s", Form.NUMBER, Slot.SIZE)), writes=Kind.LEVEL)


def message(word: str, *fields: Field, writes: int) -> Object:
    """A message with the word that says what it is."""
    return Object((Field("T", Form.WORD, words={word: 0}), SYMBOL, *fields), writes=writes)


CRYPTO_TRADE = message(
    "t",
    Field("p", Form.NUMBER_PRICE, Slot.PRICE),
    Field("s", Form.NUMBER, Slot.SIZE),
    TIME,
    Field("i", Form.INTEGER, Slot.LAST_ID),
    Field("tks", Form.WORD, Slot.SIDE, {"B": 1, "S": -1}, required=False),
    writes=Kind.TRADE,
)
CRYPTO_QUOTE = message(
    "q",
    Field("bp", Form.NUMBER_PRICE, Slot.BID_PRICE),
    Field("bs", Form.NUMBER, Slot.BID_SIZE),
    Field("ap", Form.NUMBER_PRICE, Slot.ASK_PRICE),
    Field("as", Form.NUMBER, Slot.ASK_SIZE),
    TIME,
    writes=Kind.TICKER,
)
ORDER_BOOK = message(
    "o",
    TIME,
    Field("b", Array(LEVEL), Slot.BIDS),
    Field("a", Array(LEVEL), Slot.ASKS),
    Field("r", Form.LITERAL, Slot.KIND, {"true": Kind.SNAPSHOT, "false": Kind.DEPTH}, required=False),
    writes=Kind.DEPTH,
)

STOCK_KEYS = Layout((), array=True)
CRYPTO_KEYS = Layout((Entrance("T", {"t": CRYPTO_TRADE, "q": CRYPTO_QUOTE, "o": ORDER_BOOK}),), array=True)
