"""The messages of OKX v5 as tables of keys; frames.py shows the raw JSON of each, read.py is the way of the rest.

The rest: snapshots (their prevSeqId is below 0), what says of many instruments at once, and v3.
"""

from market.schema import Kind
from venues.keys import MARK, Array, Entrance, Field, Form, Layout, Levels, Object, Slot, unused

NAMED = Field("instId", Form.TEXT, Slot.SYMBOL)
TIME = Field("ts", Form.TEXT_TIME, Slot.EXCHANGE_TIME)
SIDES = (
    Field("asks", Levels(unused=2), Slot.ASKS),
    Field("bids", Levels(unused=2), Slot.BIDS),
    TIME,
    Field("checksum", Form.SIGNED_INTEGER, Slot.CHECKSUM, required=False),
)
DEAL = (
    NAMED,
    Field("tradeId", Form.TEXT_INTEGER, Slot.LAST_ID),
    Field("px", Form.PRICE, Slot.PRICE),
    Field("sz", Form.DECIMAL, Slot.SIZE),
    Field("side", Form.WORD, Slot.SIDE, {"buy": 1, "sell": -1}),
    TIME,
)
ACTION = Field("action", Form.WORD, Slot.KIND, {"snapshot": Kind.SNAPSHOT, "update": Kind.DEPTH})


def message(data: Object, *others: Field, named: Field = NAMED) -> Object:
    """A frame: what it is of, others, and its data."""
    argument = Object((Field("channel", Form.TEXT), named))
    return Object((Field("arg", argument), *others, Field("data", Array(data))))


def of_many(data: Object) -> Object:
    """A frame whose data name the instrument again."""
    return message(data, named=Field("instId", Form.TEXT))


BOOKS = message(
    Object(
        (
            *SIDES,
            Field("prevSeqId", Form.INTEGER, Slot.PREVIOUS_ID, required=False),
            Field("seqId", Form.INTEGER, Slot.LAST_ID, required=False),
            *unused("instId"),
        ),
        Kind.DEPTH,
    ),
    ACTION,
)
PICTURES = message(
    Object((*SIDES, Field("seqId", Form.INTEGER, Slot.LAST_ID, required=False), *unused("instId")), Kind.PICTURE)
)
# With a count it is the matches of one taker at one price.
COUNT = Field("count", Form.WORD, Slot.KIND, other=Kind.AGGREGATE_TRADE, required=False)
TRADES = of_many(Object((*DEAL, COUNT, *unused("source", "seqId")), Kind.TRADE))
TICKERS = of_many(
    Object(
        (
            *unused("instType"),
            NAMED,
            *unused("last", "lastSz"),
            Field("askPx", Form.PRICE, Slot.ASK_PRICE, required=False),
            Field("askSz", Form.DECIMAL, Slot.ASK_SIZE, required=False),
            Field("bidPx", Form.PRICE, Slot.BID_PRICE, required=False),
            Field("bidSz", Form.DECIMAL, Slot.BID_SIZE, required=False),
            *unused("open24h", "high24h", "low24h", "sodUtc0", "sodUtc8", "volCcy24h", "vol24h"),
            TIME,
        ),
        Kind.TICKER,
    )
)
MARKS = of_many(Object((*unused("instType"), NAMED, Field("markPx", Form.DECIMAL, Slot.MARK_PRICE), TIME), MARK))
FUNDINGS = of_many(
    Object(
        (
            Field("fundingRate", Form.SIGNED, Slot.FUNDING_RATE),
            Field("fundingTime", Form.TEXT_TIME, Slot.FUNDING_TIME),
            NAMED,
            *unused("instType", "method", "formulaType", "nextFundingRate", "nextFundingTime"),
            *unused("minFundingRate", "maxFundingRate", "interestRate", "impactValue"),
            *unused("settState", "settFundingRate", "premium"),
            Field("ts", Form.TEXT_TIME, Slot.EXCHANGE_TIME, required=False),
        ),
        MARK,
    )
)
MESSAGES = {
    "books": BOOKS,
    "books-l2-tbt": BOOKS,
    "books50-l2-tbt": BOOKS,
    "books5": PICTURES,
    "bbo-tbt": PICTURES,
    "trades": TRADES,
    "trades-all": TRADES,
    "tickers": TICKERS,
    "mark-price": MARKS,
    "funding-rate": FUNDINGS,
}
KEYS = Layout((Entrance("channel", MESSAGES, within="arg", leads=True),))
