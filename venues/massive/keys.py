"""The messages of Massive as tables of keys; frames.py shows the raw JSON of each, read.py is the way of the rest.

Trades have no table: their numbers are made of several keys; nor have quotes of stocks, whose sizes take their day, and
books, whose symbol is made of two keys. A frame with any other message than these goes the other way as a whole.
"""

from market.schema import Kind
from venues.keys import Entrance, Field, Form, Layout, Object, Slot, unused

CRYPTO_QUOTE = Object(
    (
        Field("ev", Form.WORD, words={"XQ": 0}),
        Field("pair", Form.TEXT, Slot.SYMBOL),
        *unused("lp", "ls"),
        Field("bp", Form.NUMBER_PRICE, Slot.BID_PRICE),
        Field("bs", Form.NUMBER, Slot.BID_SIZE),
        Field("ap", Form.NUMBER_PRICE, Slot.ASK_PRICE),
        Field("as", Form.NUMBER, Slot.ASK_SIZE),
        Field("t", Form.TIME, Slot.EXCHANGE_TIME),
        Field("x", Form.INTEGER, Slot.PREVIOUS_ID),
        *unused("r"),
    ),
    writes=Kind.QUOTE,
)

STOCK_KEYS = Layout((), array=True)
CRYPTO_KEYS = Layout((Entrance("ev", {"XQ": CRYPTO_QUOTE}),), array=True)
