"""The frames of Kraken's WebSocket v1 as msgspec structs, each with the raw JSON beside it.

Market data are arrays: a channel id, one or two payloads, the channel's name, the pair.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType


# ["354.15000000","5.00000000","1618678133.365913"]     a level that comes into the depth again has "r" as fourth
class Level(msgspec.Struct, array_like=True, gc=False):
    """One level's new size, 0 deletes, and when it changed."""

    price: str
    size: float
    time: str


# {"as":[...],"bs":[...]}     {"b":[...],"c":"2583817756"}     {"a":[...]},{"b":[...],"c":"4105471083"}
class Book(msgspec.Struct, gc=False, rename={"snapshot_asks": "as", "snapshot_bids": "bs", "asks": "a", "bids": "b"}):
    """A book of the subscribed depth, or changes of one; c: CRC32 of its ten best levels afterwards, unsigned."""

    snapshot_asks: list[Level] | UnsetType = UNSET
    snapshot_bids: list[Level] | UnsetType = UNSET
    asks: list[Level] | UnsetType = UNSET
    bids: list[Level] | UnsetType = UNSET
    c: str | UnsetType = UNSET


# ["354.11000000","0.89594024","1618678142.557535","s","l",""]
class Trade(msgspec.Struct, array_like=True, gc=False):
    """One match: price, size, time, the taker's side, order type, misc. There is no id."""

    price: str
    size: float
    time: str
    side: Literal["b", "s"]


# ["13.253900",35,"35.72892241"]
class Quote(msgspec.Struct, array_like=True, gc=False):
    """A best price, the size in whole lots, the size."""

    price: str
    whole_lots: object
    size: float


# {"a":["13.253900",35,"35.72892241"],"b":["13.232900",185,"185.18432037"],"c":["13.253900","3.71672000"],"v":[...],…}
class Ticker(msgspec.Struct, gc=False):
    """Best ask and bid."""

    a: Quote
    b: Quote


# ["5698.40000","5700.00000","1542057299.545897","1.01234567","0.98765432"]
class Spread(msgspec.Struct, array_like=True, gc=False):
    """Best bid and ask, time, their sizes."""

    bid: str
    ask: str
    time: str
    bid_size: float
    ask_size: float


# {"channelID":1665,"channelName":"trade","event":"subscriptionStatus","pair":"WAVES/EUR","status":"subscribed",
#  "subscription":{"name":"trade"}}
# {"errorMessage":"Currency pair not supported XBT/FOO","event":"subscriptionStatus","pair":"XBT/FOO","reqid":1,
#  "status":"error","subscription":{"name":"book"}}
# {"connectionID":18239578009413566319,"event":"systemStatus","status":"online","version":"1.8.3"}
# {"event":"heartbeat"}     {"event":"pong","reqid":42}     {"errorMessage":"Malformed request","event":"error"}
class Subscription(msgspec.Struct, gc=False):
    """What was subscribed to."""

    name: str = ""


class Event(msgspec.Struct, gc=False):
    """Any frame that is no array."""

    event: str
    status: str = ""
    pair: str = ""
    errorMessage: str = ""  # noqa: N815 - the venue's name
    reqid: int | UnsetType | None = UNSET
    subscription: Subscription | UnsetType = UNSET
