"""The frames of Bybit v5 as msgspec structs, each with the raw JSON beside it.

Unknown fields are ignored, and keys may stand in any order: spot writes `ts` before `type`, futures after it.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Stamp = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # ms
Levels = list[tuple[str, float]]  # price, size; size 0 deletes
Unused = object | UnsetType


class Book(msgspec.Struct, gc=False):
    """Levels of a book; u grows by one with every message of a topic, 1 begins anew."""

    s: str
    b: Levels
    a: Levels
    u: Id
    seq: Unused = UNSET  # grows over all topics of a symbol, with holes


# {"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1687940967466,"data":{"s":"BTCUSDT","b":[["30247.20","30.028"],
#  ["30240.00","0"]],"a":[["30248.70","0"]],"u":177400507,"seq":66544703342},"cts":1687940967464}
class BookFrame(msgspec.Struct, gc=False):
    """A full book or its changes; cts is the matching engine's time."""

    topic: str
    type: Literal["snapshot", "delta"]
    ts: Stamp
    data: Book
    cts: Stamp | UnsetType = UNSET
    id: Unused = UNSET


class Trade(msgspec.Struct, gc=False):
    """One match; S is the taker's side, BT: a block trade, agreed beside the book."""

    T: Stamp
    s: str
    S: Literal["Buy", "Sell"]
    v: float
    p: str
    i: str  # opaque: a UUID for futures, digits for spot
    BT: bool | UnsetType = UNSET
    L: Unused = UNSET
    RPI: Unused = UNSET  # met an order of the book that the public book leaves out; a trade as any other
    seq: Unused = UNSET


# {"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,"s":"BTCUSDT",
#  "S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,…}]}
class TradeFrame(msgspec.Struct, gc=False):
    """Up to 1024 matches, oldest first."""

    topic: str
    ts: Stamp
    data: list[Trade]
    type: Unused = UNSET
    id: Unused = UNSET


class Ticker(msgspec.Struct, gc=False):
    """What changed of a contract's figures, all of them in a snapshot; "" for none. Spot has none of these."""

    symbol: str
    bid1Price: str = ""  # noqa: N815 - the venue's names
    bid1Size: str = ""  # noqa: N815
    ask1Price: str = ""  # noqa: N815
    ask1Size: str = ""  # noqa: N815
    markPrice: str = ""  # noqa: N815
    indexPrice: str = ""  # noqa: N815
    fundingRate: str = ""  # noqa: N815
    nextFundingTime: str = ""  # noqa: N815
    curPreListingPhase: str = ""  # noqa: N815


# {"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","bid1Price":"65114.20","bid1Size":"6.054",
#  "ask1Price":"65114.30","ask1Size":"10.486"},"cs":753843907770,"ts":1786310817883}
class TickerFrame(msgspec.Struct, gc=False):
    """Figures of a contract, and their changes every 100 ms."""

    topic: str
    ts: Stamp
    data: Ticker


class Topics(msgspec.Struct, gc=False):
    """Which topics a request brought."""

    failTopics: list[str] = []  # noqa: N815 - msgspec copies it
    successTopics: list[str] = []  # noqa: N815


# {"success":true,"ret_msg":"subscribe","conn_id":"2324d924-…","req_id":"10001","op":"subscribe"}
# {"success":false,"ret_msg":"Invalid topic: invalid.topic.BTCUSDT","conn_id":"cejre…","op":"subscribe"}
# {"success":true,"conn_id":"aa01…","data":{"failTopics":[],"successTopics":["orderbook.100.…"]},"type":"COMMAND_RESP"}
# {"success":true,"ret_msg":"pong","conn_id":"4657…","req_id":"","op":"ping"}    {"args":["1672916271846"],"op":"pong"}
# {"op":"auth","success":false,"retCode":10003,"retMsg":"Invalid apikey","connId":"cejreaspqfm9se7usbrg-3ab"}
class Control(msgspec.Struct, gc=False):
    """Any object that is not of a known topic, only to tell what it is."""

    topic: str = ""
    op: str = ""
    type: str = ""
    success: bool = False
    req_id: str = ""
    ret_msg: str = ""
    retMsg: str = ""  # noqa: N815
    data: msgspec.Raw | UnsetType = UNSET


# {"topic":"system.status","ts":1751858399649,"data":[{"id":"4d95…","title":"t06","state":"completed",
#  "begin":"1751596902000","end":"1751597011000","serviceTypes":[2,3,4,5],"product":[1,2],"maintainType":1,"env":1}]}
class Maintenance(msgspec.Struct, gc=False):
    """One notice; state: scheduled, ongoing, completed, canceled."""

    state: str
    title: str = ""
