"""The messages of Alpaca as msgspec structs, each with the raw JSON beside it.

A frame is an array of messages; each names its type in `T` and its symbol in `S`. Unknown fields are ignored; fields
that we know but do not use are declared, so that frames with a key twice can be told from frames with a new one. Prices
are JSON numbers: they stay the text that they are written in. Ids stay integers (those of crypto pass 2^53), sizes
become floats as they are read.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Amount = Annotated[float, msgspec.Meta(ge=0)]  # a size, or a price that need not be exact
Price = msgspec.Raw  # the text of a number, which venues/decimals.py looks at
Symbols = list[str] | UnsetType
Unused = object | UnsetType


# {"T":"t","S":"AAPL","i":628,"x":"K","p":162.92,"s":3,"c":["@","F","T","I"],"z":"C",
#  "t":"2023-04-06T11:54:26.838232225Z"}
class StockTrade(msgspec.Struct, tag_field="T", tag="t", gc=False):
    """One match on exchange x, reported on tape z; s in shares. i is unique per x, z and day only."""

    S: str
    i: Id
    x: str
    p: Price
    s: Amount
    z: str
    t: str
    c: list[str] | UnsetType | None = UNSET


# {"T":"q","S":"AMD","bx":"K","bp":91.95,"bs":2,"ax":"Q","ap":91.98,"as":1,"c":["R"],"z":"C",
#  "t":"2023-04-06T11:54:21.670905508Z"}
class StockQuote(msgspec.Struct, tag_field="T", tag="q", rename={"as_": "as"}, gc=False):
    """The best bid and ask of all exchanges, or on the IEX feed of IEX; 0 where there is none."""

    S: str
    bp: Price
    bs: Amount
    ap: Price
    as_: Amount
    t: str
    bx: Unused = UNSET
    ax: Unused = UNSET
    c: Unused = UNSET
    z: Unused = UNSET


# {"T":"t","S":"AVAX/USD","p":47.299,"s":29.205707815,"t":"2024-03-12T10:27:48.858228144Z","i":3447222699101865076,
#  "tks":"S"}
class CryptoTrade(msgspec.Struct, tag_field="T", tag="t", gc=False):
    """One match; tks is the side of the taker."""

    S: str
    p: Price
    s: Amount
    t: str
    i: Id
    tks: Literal["B", "S", ""] | UnsetType = UNSET


# {"T":"q","S":"BAT/USD","bp":0.35718,"bs":13445.46,"ap":0.3581,"as":13561.902,"t":"2024-03-12T10:29:43.111588173Z"}
class CryptoQuote(msgspec.Struct, tag_field="T", tag="q", rename={"as_": "as"}, gc=False):
    """The best bid and ask, beside the book that `o` tells of."""

    S: str
    bp: Price
    bs: Amount
    ap: Price
    as_: Amount
    t: str


# {"p":71859.53,"s":0.27994}
class Level(msgspec.Struct, gc=False):
    """One price level; size 0 deletes."""

    p: Price
    s: Amount


# {"T":"o","S":"BTC/USD","t":"2024-03-12T10:38:50.79613221Z","b":[{"p":71859.53,"s":0.27994}],
#  "a":[{"p":71939.7,"s":0.83953}],"r":true}
class OrderBook(msgspec.Struct, tag_field="T", tag="o", gc=False):
    """Absolute sizes of levels; r: this is the whole book."""

    S: str
    t: str
    b: list[Level]
    a: list[Level]
    r: bool | UnsetType = UNSET


# {"T":"b","S":"SPY","o":388.985,"h":389.13,"l":388.975,"c":389.12,"v":49378,"n":461,"vw":389.062639,
#  "t":"2021-02-22T19:15:00Z"}
class MinuteBar(msgspec.Struct, tag_field="T", tag="b", gc=False):
    """A minute that began at t; vw is its mean price, weighted by volume."""

    S: str
    o: Amount
    h: Amount
    l: Amount  # noqa: E741 - the venue's name
    c: Amount
    v: Amount
    t: str
    n: Id | UnsetType = UNSET
    vw: Amount | UnsetType = UNSET


class UpdatedBar(MinuteBar, tag="u"):
    """A minute again, half a minute after its end, as trades came late."""


class DailyBar(MinuteBar, tag="d"):
    """The day so far, again each minute."""


# {"T":"c","S":"EEM","x":"M","oi":52983525033527,"op":39.1582,"os":440000,"oc":[" ","7"],"ci":52983525034326,
#  "cp":39.1809,"cs":440000,"cc":[" ","7"],"z":"B","t":"2023-04-06T14:25:06.542305024Z"}
class Correction(msgspec.Struct, tag_field="T", tag="c", rename={"os_": "os"}, gc=False):
    """Trade oi was in truth trade ci."""

    S: str
    x: str
    oi: Id
    op: Amount
    os_: Amount
    ci: Id
    cp: Amount
    cs: Amount
    z: str
    t: str
    oc: Unused = UNSET
    cc: Unused = UNSET


# {"T":"x","S":"GOOGL","i":465,"x":"D","p":105.31,"s":300,"a":"C","z":"C","t":"2023-04-06T13:15:42.83540958Z"}
class Cancel(msgspec.Struct, tag_field="T", tag="x", gc=False):
    """Trade i is taken back; a: C cancelled, E error."""

    S: str
    i: Id
    x: str
    p: Amount
    s: Amount
    z: str
    t: str
    a: Unused = UNSET


# {"T":"l","S":"IONM","u":3.24,"d":2.65,"i":"B","t":"2023-04-06T13:34:45.565004401Z","z":"C"}
class PriceBand(msgspec.Struct, tag_field="T", tag="l", gc=False):
    """Limit up and limit down: no trade above u and below d."""

    S: str
    u: Amount
    d: Amount
    t: str
    i: str | UnsetType = UNSET
    z: Unused = UNSET


# {"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"T12",
#  "rm":"Trading Halted; For information requested by NASDAQ","t":"2021-02-22T19:15:00Z","z":"C"}
class TradingStatus(msgspec.Struct, tag_field="T", tag="s", gc=False):
    """Status code and message, reason code and message; the codes are those of the tape's plan."""

    S: str
    sc: str
    t: str
    sm: str | UnsetType = UNSET
    rc: str | UnsetType = UNSET
    rm: str | UnsetType = UNSET
    z: Unused = UNSET


# {"T":"i","S":"INAQU","p":9.12,"z":"C","t":"2024-12-13T19:58:09.242138635Z"}
class Imbalance(msgspec.Struct, tag_field="T", tag="i", gc=False):
    """More orders of one side than of the other before an auction; known and not used."""

    S: str
    p: Unused = UNSET
    z: Unused = UNSET
    t: Unused = UNSET


# {"T":"success","msg":"connected"}    {"T":"success","msg":"authenticated"}
class Success(msgspec.Struct, tag_field="T", tag="success", gc=False):
    """The socket is open, or we are logged in."""

    msg: str | UnsetType = UNSET


# {"T":"error","code":406,"msg":"connection limit exceeded"}
class Error(msgspec.Struct, tag_field="T", tag="error", gc=False):
    """A refusal."""

    code: int | UnsetType = UNSET
    msg: str | UnsetType = UNSET


# {"T":"subscription","trades":["AAPL"],"quotes":["AMD","CLDR"],"bars":["*"],"updatedBars":[],"dailyBars":["VOO"],
#  "statuses":["*"],"lulds":[],"corrections":["AAPL"],"cancelErrors":["AAPL"]}
class Subscription(msgspec.Struct, tag_field="T", tag="subscription", gc=False):
    """Everything that is subscribed to by now, by channel."""

    trades: Symbols = UNSET
    quotes: Symbols = UNSET
    orderbooks: Symbols = UNSET
    bars: Symbols = UNSET
    updatedBars: Symbols = UNSET  # noqa: N815 - the venue's name
    dailyBars: Symbols = UNSET  # noqa: N815
    statuses: Symbols = UNSET
    lulds: Symbols = UNSET
    corrections: Symbols = UNSET
    cancelErrors: Symbols = UNSET  # noqa: N815
    imbalances: Symbols = UNSET


Control = Success | Error | Subscription
Bars = MinuteBar | UpdatedBar | DailyBar
Stock = StockTrade | StockQuote | Bars | Correction | Cancel | PriceBand | TradingStatus | Imbalance | Control
Crypto = CryptoTrade | CryptoQuote | OrderBook | Bars | Control
