"""The frames of Binance as msgspec structs, each with the raw JSON beside it.

Unknown fields are ignored, as the venue keeps adding some. Fields that we know but do not use are declared too: a frame
with more keys than its struct got is looked at for duplicate keys. Ids stay integers (they pass 2^53), prices stay
text, sizes become floats as they are read.
"""

from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Stamp = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # ms, or µs with timeUnit=MICROSECOND
Levels = list[tuple[str, float]]  # price, size; size 0 deletes
Unused = object | UnsetType
Data = TypeVar("Data")


# {"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","100"]]}
class SpotDepth(msgspec.Struct, gc=False):
    """Changes of a book over a window, absolute sizes; update ids U to u, dense."""

    e: Literal["depthUpdate"]
    E: Stamp
    s: str
    U: Id
    u: Id
    b: Levels
    a: Levels
    pu: Unused = UNSET  # futures only: its chain must not be taken for spot's dense ids


# {"e":"depthUpdate","E":123456789,"T":123456788,"s":"BNBUSDT","U":157,"u":160,"pu":149,"b":[["0.0024","10"]],
#  "a":[["0.0026","100"]],"ps":"BNBUSDT","st":1}
class FuturesDepth(msgspec.Struct, gc=False):
    """As spot, but ids are not dense: pu is the u of the message before. T is the matching time."""

    e: Literal["depthUpdate"]
    E: Stamp
    T: Stamp
    s: str
    U: Id
    u: Id
    pu: Id
    b: Levels
    a: Levels
    ps: Unused = UNSET
    st: Unused = UNSET


# {"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}
class SpotTicker(msgspec.Struct, gc=False):
    """Best bid and ask; no event type and no time."""

    u: Id
    s: str
    b: str
    B: float
    a: str
    A: float


# {"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,"s":"BNBUSDT","ps":"BNBUSDT","b":"25.35190000",
#  "B":"31.21000000","a":"25.36520000","A":"40.66000000","st":1}
class FuturesTicker(msgspec.Struct, gc=False):
    """Best bid and ask at matching time T."""

    e: Literal["bookTicker"]
    u: Id
    E: Stamp
    T: Stamp
    s: str
    b: str
    B: float
    a: str
    A: float
    ps: Unused = UNSET
    st: Unused = UNSET


# {"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":1672515782136,"m":true,"M":true}
# {"e":"trade","E":1680652700455,"T":1680652700452,"s":"BTCUSDT","t":3535186032,"p":"28145.10","q":"0.002","X":"MARKET",
#  "m":true}
class Trade(msgspec.Struct, gc=False):
    """One match; m: the buyer was the maker. X (futures): MARKET, or INSURANCE_FUND, ADL, NA, which met no order."""

    e: Literal["trade"]
    E: Stamp
    T: Stamp
    s: str
    t: Id
    p: str
    q: float
    m: bool
    X: str | UnsetType = UNSET
    M: Unused = UNSET
    b: Unused = UNSET  # buyer's and seller's order ids in older spot captures
    a: Unused = UNSET
    ps: Unused = UNSET
    st: Unused = UNSET


# {"e":"aggTrade","E":123456789,"s":"BNBUSDT","a":5933014,"p":"0.001","q":"100","nq":"100","f":100,"l":105,
#  "T":123456785,"m":true,"st":1}
class AggregateTrade(msgspec.Struct, gc=False):
    """Matches f to l of one taker order at one price."""

    e: Literal["aggTrade"]
    E: Stamp
    T: Stamp
    s: str
    a: Id
    p: str
    q: float
    m: bool
    f: Unused = UNSET
    l: Unused = UNSET  # noqa: E741 - the venue's name
    nq: Unused = UNSET
    M: Unused = UNSET
    ps: Unused = UNSET
    st: Unused = UNSET


# {"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","i":"11784.62659091","P":"11784.25641265",
#  "r":"0.00038167","ap":"11794.15000000","T":1562306400000,"st":1}
class MarkPrice(msgspec.Struct, gc=False):
    """Mark p, index i, funding rate r until T; r is "" and T is 0 for delivery contracts, coin-M may leave out i."""

    e: Literal["markPriceUpdate"]
    E: Stamp
    s: str
    p: float
    r: str
    T: Stamp
    i: float | UnsetType = UNSET
    P: Unused = UNSET
    ap: Unused = UNSET
    ps: Unused = UNSET
    st: Unused = UNSET


# {"lastUpdateId":1027024,"E":1589436922972,"T":1589436922959,"bids":[["4.00000000","431.00000000"]],
#  "asks":[["4.00000200","12.00000000"]]}     E and T: futures; symbol and pair: coin-M
class Book(msgspec.Struct, gc=False):
    """A full book, as REST gives it."""

    lastUpdateId: Id  # noqa: N815 - the venue's name
    bids: Levels
    asks: Levels
    E: Stamp = 0
    T: Stamp = 0
    symbol: str = ""


# {"stream":"btcusdt@depth@100ms","data":{...}}
class Combined(msgspec.Struct, Generic[Data], gc=False):
    """An event in the envelope of combined streams."""

    data: Data
    stream: str = ""


# {"result":null,"id":1}    {"code":2,"msg":"Invalid request: ...","id":3}    {"error":{"code":2,"msg":"..."},"id":3}
# {"e":"serverShutdown","E":1770123456789}    {"u":400900217,"s":"BNBUSDT","b":...}    {"lastUpdateId":160,"bids":[...
class Unknown(msgspec.Struct, gc=False):
    """Any object that did not come in a known stream, only to tell what it is."""

    e: str = ""
    u: msgspec.Raw | UnsetType = UNSET
    lastUpdateId: msgspec.Raw | UnsetType = UNSET  # noqa: N815 - the venue's name
    data: msgspec.Raw | UnsetType = UNSET
    result: msgspec.Raw | UnsetType = UNSET
    id: int | str | UnsetType | None = UNSET
    code: int | UnsetType = UNSET
    msg: str = ""
    error: "Unknown | UnsetType" = UNSET
