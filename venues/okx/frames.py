"""The frames of OKX v5 as msgspec structs, each with the raw JSON beside it; those of v3 are in old_frames.py.

Prices, sizes and times are texts, ids of updates are numbers. Unknown fields are ignored, as the venue keeps adding
some.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Previous = Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1)]
Checksum = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**32)]
Stamp = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # ms
Unused = object | UnsetType
Levels = list[tuple[str, float, object, object]]  # price, size (contracts; coins on spot), "0", orders; size 0 deletes
Data = TypeVar("Data")


class Argument(msgspec.Struct, gc=False):
    """What a frame is of, as it was subscribed to."""

    channel: str = ""
    instId: str = ""  # noqa: N815 - the venue's names
    instType: str = ""  # noqa: N815
    instFamily: Unused = UNSET  # noqa: N815
    uly: Unused = UNSET


class Frame(msgspec.Struct, Generic[Data], gc=False):
    """The envelope of all of them."""

    arg: Argument
    data: list[Data]
    action: Literal["snapshot", "update"] | UnsetType = UNSET


# {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["8476.98","415","0","13"]],
#  "bids":[],"ts":"1597026383085","checksum":0,"prevSeqId":123456,"seqId":123457}]}
# {"arg":{"channel":"bbo-tbt","instId":"BCH-USDT-SWAP"},"data":[{"asks":[["111.06","55154","0","2"]],
#  "bids":[["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}]}
class Book(msgspec.Struct, gc=False):
    """Levels of a book. The ids came in 2022; the checksum went in 2026, and is 0 since."""

    asks: Levels
    bids: Levels
    ts: Stamp
    checksum: Checksum = 0
    prevSeqId: Previous | UnsetType = UNSET  # noqa: N815
    seqId: Id | UnsetType = UNSET  # noqa: N815
    instId: Unused = UNSET  # noqa: N815 - books5 only


# {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9",
#  "sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3","source":"0","seqId":1234}]}
class Trade(msgspec.Struct, gc=False):
    """Matches of one taker at one price: `count` ids up to tradeId; without a count one match. side: the taker's."""

    instId: str  # noqa: N815
    tradeId: Id  # noqa: N815
    px: str
    sz: float
    side: Literal["buy", "sell"]
    ts: Stamp
    count: Unused = UNSET
    source: Unused = UNSET  # 1: met an order of the liquidity programme, which the public book leaves out
    seqId: Unused = UNSET  # noqa: N815


# {"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"instType":"SPOT","instId":"BTC-USDT","last":"9999.99",
#  "lastSz":"0.1","askPx":"9999.99","askSz":"11","bidPx":"8888.88","bidSz":"5",…,"ts":"1597026383085"}]}
class Ticker(msgspec.Struct, gc=False):
    """Best bid and ask; "" where there is none."""

    instId: str  # noqa: N815
    ts: Stamp
    askPx: str = ""  # noqa: N815
    askSz: str = ""  # noqa: N815
    bidPx: str = ""  # noqa: N815
    bidSz: str = ""  # noqa: N815


# {"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP",
#  "markPx":"42310.6","ts":"1630049139746"}]}
class MarkPrice(msgspec.Struct, gc=False):
    """The price that positions are marked at."""

    instId: str  # noqa: N815
    markPx: str  # noqa: N815
    ts: Stamp
    instType: Unused = UNSET  # noqa: N815


# {"arg":{"channel":"index-tickers","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","idxPx":"0.1","high24h":"0.5",
#  "low24h":"0.1","open24h":"0.1","sodUtc0":"0.1","sodUtc8":"0.1","ts":"1597026383085"}]}
class Index(msgspec.Struct, gc=False):
    """The index of contracts such as BTC-USDT-SWAP."""

    instId: str  # noqa: N815
    idxPx: str  # noqa: N815
    ts: Stamp


# {"arg":{"channel":"funding-rate","instId":"BTC-USD-SWAP"},"data":[{"fundingRate":"0.0001875391284828",
#  "fundingTime":"1700726400000","instId":"BTC-USD-SWAP","nextFundingTime":"1700755200000",…,"ts":"1700724675402"}]}
class Funding(msgspec.Struct, gc=False):
    """The rate that is paid at fundingTime; nextFundingTime is the time after that. No ts before 2024."""

    instId: str  # noqa: N815
    fundingRate: str  # noqa: N815
    fundingTime: str  # noqa: N815
    ts: str = ""


# {"param":"tickSz","newValue":"0.0001","effTime":"1704876947000"}
class Change(msgspec.Struct, gc=False):
    """What the venue will change, and when."""

    param: str
    newValue: str  # noqa: N815
    effTime: str  # noqa: N815


# {"arg":{"channel":"instruments","instType":"SPOT"},"data":[{"instId":"BTC-USDT","state":"live","tickSz":"0.1",
#  "listTime":"1606468572000","contTdSwTime":"1704876947000","openType":"call_auction","upcChg":[…],…}]}
class Listed(msgspec.Struct, gc=False):
    """One instrument of a type: all of them at first, then those that change."""

    instId: str  # noqa: N815
    state: str
    tickSz: str = ""  # noqa: N815
    contTdSwTime: str = ""  # noqa: N815
    upcChg: list[Change] = []  # noqa: N815 - msgspec copies it


# {"code":"0","msg":"","data":[{"asks":[["41006.8","0.60038921","0","1"]],"bids":[["41006.3","0.30178218","0","2"]],
#  "ts":"1629966436396","seqId":3235851742}]}
class RestBook(msgspec.Struct, gc=False):
    """A full book, as REST gives it."""

    data: list[Book]
    code: str
    msg: str = ""


# {"event":"subscribe","arg":{"channel":"tickers","instId":"BTC-USDT"}}
# {"id":"1512","event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}
# {"id":"1512","event":"error","code":"60012","msg":"Invalid request: {\"op\": \"subscribe\", …","connId":"a4d3ae55"}
# {"event":"notice","code":"64008","msg":"The connection will soon be closed …","connId":"a4d3ae55"}
# {"event":"login","code":"0","msg":"","connId":"a4d3ae55"}
# {"event":"subscribe","channel":"spot/ticker:ETH-USDT"}    {"event":"error","message":"…","errorCode":30040}    (v3)
class Control(msgspec.Struct, gc=False):
    """Any object, only to tell what it is."""

    event: str = ""
    arg: Argument = msgspec.field(default_factory=Argument)
    table: str = ""
    id: str = ""
    code: str = ""
    msg: str = ""
    channel: str = ""
    message: str = ""
    errorCode: int | str = ""  # noqa: N815
    data: Any = UNSET


# {"arg":{"channel":"status"},"data":[{"begin":"1672823400000","end":"1672825980000","serviceType":"0",
#  "state":"completed","system":"unified","title":"Trading account WebSocket system upgrade","ts":"1672826038470"}]}
class Maintenance(msgspec.Struct, gc=False):
    """One notice; state: scheduled, ongoing, pre_open, completed, canceled."""

    state: str
    title: str = ""
