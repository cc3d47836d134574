"""The frames of Kraken's WebSocket v2 as msgspec structs, each with the raw JSON beside it.

Numbers are JSON numbers. Prices stay as they are written, so that no digit is lost; sizes become floats as they are
read. Fields that we know but do not use are declared, so that the keys of a frame can be counted.
"""

from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Checksum = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Unused = object | UnsetType
Data = TypeVar("Data")


# {"channel":"trade","type":"update","data":[...]}
class Frame(msgspec.Struct, Generic[Data], gc=False):
    """The envelope of market data."""

    channel: str
    type: Literal["snapshot", "update"]
    data: list[Data]


# {"price":0.5657,"qty":1098.3947558}
class Level(msgspec.Struct, gc=False):
    """One level's new size, 0 deletes."""

    price: msgspec.Raw
    qty: float


# {"symbol":"MATIC/USD","bids":[{"price":0.5657,"qty":1098.3947558}],"asks":[],"checksum":2114181697,
#  "timestamp":"2023-10-06T17:35:55.440295Z"}
class Book(msgspec.Struct, gc=False):
    """A book of the subscribed depth, or changes of one; CRC32 of its ten best levels afterwards.

    Nothing is sent of a level that leaves the depth: the client cuts its book there.
    """

    symbol: str
    bids: list[Level]
    asks: list[Level]
    checksum: Checksum
    timestamp: str | UnsetType = UNSET


# {"symbol":"ETH/USDT","side":"sell","price":0.5117,"qty":40.0,"ord_type":"market","trade_id":4665906,
#  "timestamp":"2023-09-25T07:49:37.708706Z"}
class Trade(msgspec.Struct, gc=False):
    """One match; `side` is the taker's. A snapshot has the last fifty. Ids grow, but some are missing."""

    symbol: str
    side: Literal["buy", "sell"]
    price: msgspec.Raw
    qty: float
    trade_id: Number
    timestamp: str
    ord_type: Unused = UNSET


# {"symbol":"ETH/USDT","bid":0.10025,"bid_qty":740.0,"ask":0.10035,"ask_qty":740.0,"last":0.10035,
#  "volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,"change":-0.00017,"change_pct":-0.17,
#  "timestamp":"2023-09-25T09:04:31.742599Z"}
class Ticker(msgspec.Struct, gc=False):
    """Best bid and ask; older frames have no time."""

    symbol: str
    bid: msgspec.Raw
    bid_qty: float
    ask: msgspec.Raw
    ask_qty: float
    timestamp: str | UnsetType = UNSET
    last: Unused = UNSET
    volume: Unused = UNSET
    vwap: Unused = UNSET
    low: Unused = UNSET
    high: Unused = UNSET
    change: Unused = UNSET
    change_pct: Unused = UNSET


# {"symbol":"BTC/USD","base":"BTC","quote":"USD","status":"online","qty_precision":8,"qty_increment":1e-08,
#  "price_precision":1,"cost_precision":5,"marginable":true,"has_index":true,"cost_min":0.5,"margin_initial":0.2,
#  "position_limit_long":250,"position_limit_short":200,"tick_size":0.1,"price_increment":0.1,"qty_min":0.0001}
class Pair(msgspec.Struct, gc=False):
    """What a pair's trading is like from now on."""

    symbol: str
    status: str
    price_increment: msgspec.Raw | UnsetType = UNSET


# {"assets":[...],"pairs":[...]}
class Pairs(msgspec.Struct, gc=False):
    """All pairs, or those that changed."""

    pairs: list[Pair]


# {"channel":"instrument","type":"snapshot","data":{"assets":[...],"pairs":[...]}}
class Instruments(msgspec.Struct, gc=False):
    """A frame of the instrument channel: its data are no array."""

    channel: str
    type: Literal["snapshot", "update"]
    data: Pairs


# {"system":"online","api_version":"v2","connection_id":10738918170450187163,"version":"2.0.9"}
class System(msgspec.Struct, gc=False):
    """State of the whole exchange: online, maintenance, cancel_only, post_only."""

    system: str


# {"channel":"status","type":"update","data":[{"system":"online",…}]}
class SystemStatus(msgspec.Struct, gc=False):
    """Sent on connecting, and when it changes."""

    channel: str
    data: list[System]


# "result":{"channel":"book","symbol":"BTC/USD","depth":10,"snapshot":true}
class Result(msgspec.Struct, gc=False):
    """What was subscribed to; the instrument channel has no symbol."""

    channel: str = ""
    symbol: str = ""


# {"method":"subscribe","result":{"channel":"ticker","symbol":"BTC/USD","snapshot":true},"success":true,
#  "time_in":"2023-09-25T09:04:31.742599Z","time_out":"2023-09-25T09:04:31.742648Z","req_id":1}
# {"error":"Currency pair not supported XBT/USD","method":"subscribe","success":false,"symbol":"XBT/USD","req_id":1,…}
# {"method":"pong","req_id":42,"time_in":"…","time_out":"…"}   {"error":"Exceeded msg rate",…}   {"channel":"heartbeat"}
class Unknown(msgspec.Struct, gc=False):
    """Any frame, only to tell what it is."""

    channel: str = ""
    method: str = ""
    success: bool | UnsetType = UNSET
    error: str = ""
    symbol: str = ""
    req_id: int | UnsetType | None = UNSET
    result: Result | UnsetType = UNSET
    data: msgspec.Raw | UnsetType = UNSET
