"""The messages of Massive as msgspec structs, each with the raw JSON beside it.

A frame is an array of messages; each names its type in `ev`. The symbol is `sym` in trades, quotes and aggregates of
stocks, `T` in price bands and imbalances, `pair` in crypto. Unknown fields are ignored; fields that we know but do not
use are declared, so that frames with a key twice can be told from frames with a new one. Prices are JSON numbers: they
stay the text that they are written in. Stamps are ms, but price bands are seen in µs and imbalances in ns; their size
tells. The raw JSON is that of massive-com/client-python, .massive/websocket.json (2026-07).
"""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

Natural = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Amount = Annotated[float, msgspec.Meta(ge=0)]  # a size, or a price that need not be exact
Price = msgspec.Raw  # the text of a number, which venues/decimals.py looks at
Levels = list[tuple[Price, Amount]]  # price, size
Unused = object | UnsetType


# {"ev":"T","sym":"MSFT","x":4,"i":"12345","z":3,"p":114.125,"s":100,"c":[0,12],"t":1536036818784,"q":3681328}
class Trade(msgspec.Struct, tag_field="ev", tag="T", gc=False):
    """One match; s whole shares, ds with their fractions. i is unique per symbol, x, reporting facility and day."""

    sym: str
    x: Natural
    p: Price
    t: Natural
    i: str | Natural | UnsetType = UNSET
    s: Amount | UnsetType = UNSET
    ds: str | UnsetType = UNSET
    z: Natural | UnsetType = UNSET
    c: list[int] | UnsetType | None = UNSET
    trfi: Natural | UnsetType = UNSET
    q: Unused = UNSET
    trft: Unused = UNSET
    pt: Unused = UNSET


# {"ev":"Q","sym":"MSFT","bx":4,"bp":114.125,"bs":100,"ax":7,"ap":114.128,"as":160,"c":0,"i":[604],"t":1536036818784,
#  "q":50385480,"z":3}
class Quote(msgspec.Struct, tag_field="ev", tag="Q", rename={"as_": "as"}, gc=False):
    """The best bid and ask of all exchanges; a side that is not there is 0 or left out. q has holes by nature."""

    sym: str
    t: Natural
    bp: Price | UnsetType = UNSET
    bs: Amount | UnsetType = UNSET
    ap: Price | UnsetType = UNSET
    as_: Amount | UnsetType = UNSET
    bx: Unused = UNSET
    ax: Unused = UNSET
    c: Unused = UNSET
    i: Unused = UNSET
    q: Unused = UNSET
    z: Unused = UNSET
    pt: Unused = UNSET
    trfi: Unused = UNSET
    trft: Unused = UNSET


# {"ev":"AM","sym":"GTE","v":4110,"av":9470157,"op":0.4372,"vw":0.4488,"o":0.4488,"c":0.4486,"h":0.4489,"l":0.4486,
#  "a":0.4352,"z":685,"s":1610144640000,"e":1610144700000}
class MinuteAggregate(msgspec.Struct, tag_field="ev", tag="AM", gc=False):
    """A minute from s to e; vw is its mean price. One that was told before may come again, without saying so."""

    sym: str
    o: Amount
    c: Amount
    h: Amount
    l: Amount  # noqa: E741 - the venue's name
    s: Natural
    e: Natural
    v: Amount | UnsetType = UNSET
    vw: Amount | UnsetType = UNSET
    dv: str | UnsetType = UNSET
    av: Unused = UNSET
    dav: Unused = UNSET
    op: Unused = UNSET
    a: Unused = UNSET
    z: Unused = UNSET
    otc: Unused = UNSET


class SecondAggregate(MinuteAggregate, tag="A"):
    """A second."""


# {"ev":"LULD","T":"MSFT","h":218.96,"l":198.11,"i":[21],"z":3,"t":1601316752683746,"q":290317}
class PriceBand(msgspec.Struct, tag_field="ev", tag="LULD", gc=False):
    """Limit up and limit down: no trade above h and below l."""

    T: str
    h: Amount
    l: Amount  # noqa: E741 - the venue's name
    t: Natural
    i: list[int] | UnsetType | None = UNSET
    z: Unused = UNSET
    q: Unused = UNSET


# {"ev":"XT","pair":"BTC-USD","p":33021.9,"t":1610462007425,"s":0.01616617,"c":[2],"i":14272084,"x":3,
#  "r":1610462007576}
class CryptoTrade(msgspec.Struct, tag_field="ev", tag="XT", gc=False):
    """One match on exchange x; c has 1 where the taker sold, 2 where it bought."""

    pair: str
    p: Price
    t: Natural
    s: Amount
    x: Natural
    c: list[int] | UnsetType | None = UNSET
    i: str | Natural | UnsetType = UNSET
    r: Unused = UNSET


# {"ev":"XQ","pair":"BTC-USD","lp":0,"ls":0,"bp":33052.79,"bs":0.48,"ap":33073.19,"as":0.601,"t":1610462411115,"x":1,
#  "r":1610462411128}
class CryptoQuote(msgspec.Struct, tag_field="ev", tag="XQ", rename={"as_": "as"}, gc=False):
    """The best bid and ask of exchange x alone; lp and ls are in recordings of 2023."""

    pair: str
    t: Natural
    x: Natural
    bp: Price | UnsetType = UNSET
    bs: Amount | UnsetType = UNSET
    ap: Price | UnsetType = UNSET
    as_: Amount | UnsetType = UNSET
    lp: Unused = UNSET
    ls: Unused = UNSET
    r: Unused = UNSET


# {"ev":"XL2","pair":"BTC-USD","t":1610462411115,"r":1610462411128,"x":1,"b":[[33712.71,0.18635],[33712.7,0.134]],
#  "a":[[33718.23,3.5527483],[33718.24,0.1]]}
class CryptoBook(msgspec.Struct, tag_field="ev", tag="XL2", gc=False):
    """The best hundred levels a side of exchange x, all of them every time."""

    pair: str
    t: Natural
    x: Natural
    b: Levels
    a: Levels
    r: Unused = UNSET


# {"ev":"XA","pair":"BCD-USD","v":951.6112,"vw":0.7756,"z":73,"o":0.772,"c":0.784,"h":0.784,"l":0.771,
#  "s":1610463240000,"e":1610463300000}
class CryptoMinute(msgspec.Struct, tag_field="ev", tag="XA", gc=False):
    """A minute from s to e."""

    pair: str
    v: Amount
    o: Amount
    c: Amount
    h: Amount
    l: Amount  # noqa: E741 - the venue's name
    s: Natural
    e: Natural
    vw: Amount | UnsetType = UNSET
    z: Unused = UNSET


class CryptoSecond(CryptoMinute, tag="XAS"):
    """A second."""


# {"ev":"NOI","T":"NTEST.Q","t":1601318039223013600,"at":930,"a":"M","i":44,"x":10,"o":480,"p":440,"b":25.03}
class Imbalance(msgspec.Struct, tag_field="ev", tag="NOI", gc=False):
    """More orders of one side than of the other before an auction; known and not used."""

    T: Unused = UNSET


# {"ev":"FMV","fmv":189.22,"sym":"AAPL","t":1678220098130}
class FairValue(msgspec.Struct, tag_field="ev", tag="FMV", gc=False):
    """What Massive thinks that it is worth; known and not used."""

    sym: Unused = UNSET


# {"ev":"LV","val":189.22,"sym":"AAPL","t":1678220098130}
class LastValue(msgspec.Struct, tag_field="ev", tag="LV", gc=False):
    """The last price once more; known and not used."""

    sym: Unused = UNSET


# {"ev":"V","val":3988.5,"T":"I:SPX","t":1678220098130}
class IndexValue(msgspec.Struct, tag_field="ev", tag="V", gc=False):
    """The value of an index; known and not used."""

    T: Unused = UNSET


# {"ev":"status","status":"auth_success","message":"authenticated"}
class Status(msgspec.Struct, tag_field="ev", tag="status", gc=False):
    """A word about the connection."""

    status: str | UnsetType = UNSET
    message: str | UnsetType = UNSET


Unread = FairValue | LastValue | Status
Stock = Trade | Quote | SecondAggregate | MinuteAggregate | PriceBand | Imbalance | IndexValue | Unread
Crypto = CryptoTrade | CryptoQuote | CryptoBook | CryptoSecond | CryptoMinute | MinuteAggregate | Unread
