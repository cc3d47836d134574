"""The frames of Coinbase Advanced Trade as msgspec structs, each with the raw JSON beside it.

Unknown fields are ignored. Fields that we know but do not use are declared, so that the keys of a frame can be counted.
Prices stay text, sizes become floats as they are read.
"""

from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Unused = object | UnsetType
Event = TypeVar("Event")


# {"channel":"l2_data","client_id":"","timestamp":"2026-04-07T14:30:00.123456Z","sequence_num":0,"events":[...]}
class Frame(msgspec.Struct, Generic[Event], gc=False):
    """The envelope of every frame; `sequence_num` counts the frames of one connection, of all channels, from 0."""

    channel: str
    timestamp: str
    sequence_num: Number
    events: list[Event]
    client_id: Unused = UNSET


# {"side":"bid","event_time":"2026-04-07T14:30:00.123456Z","price_level":"68900.00","new_quantity":"1.50000000"}
class Level(msgspec.Struct, gc=False):
    """One level's new size, 0 deletes; the asks are called offers."""

    side: Literal["bid", "offer"]
    price_level: str
    new_quantity: float
    event_time: Unused = UNSET


# {"type":"snapshot","product_id":"BTC-USD","updates":[...]}
class Book(msgspec.Struct, gc=False):
    """A full book, or absolute changes of one; both sides in one array."""

    type: Literal["snapshot", "update"]
    product_id: str
    updates: list[Level]


# {"product_id":"BTC-USD","trade_id":"1068572090","price":"65083.67","size":"0.002186",
#  "time":"2026-08-09T21:05:42.514318Z","side":"SELL"}
class Trade(msgspec.Struct, gc=False):
    """One match. `side` is the maker's: the aggressor was on the other one."""

    product_id: str
    trade_id: str
    price: str
    size: float
    time: str
    side: Literal["BUY", "SELL"]


# {"type":"update","trades":[...]}
class Trades(msgspec.Struct, gc=False):
    """Matches of 250 ms, newest first; the last hundred in a snapshot."""

    type: Literal["snapshot", "update"]
    trades: list[Trade]


# {"type":"ticker","product_id":"BTC-USD","price":"65086.18","volume_24_h":"2867.54532609","low_24_h":"64675.22",
#  "high_24_h":"65252.99","low_52_w":"57717.55","high_52_w":"126296","price_percent_chg_24_h":"0.09601107287722",
#  "best_bid":"65083.66","best_ask":"65083.67","best_bid_quantity":"0.20371215","best_ask_quantity":"0.24290402"}
class Ticker(msgspec.Struct, gc=False):
    """Best bid and ask after a match; ticker_batch has none, an empty side is ""."""

    product_id: str
    best_bid: str | UnsetType = UNSET
    best_bid_quantity: str | UnsetType = UNSET
    best_ask: str | UnsetType = UNSET
    best_ask_quantity: str | UnsetType = UNSET
    type: Unused = UNSET
    price: Unused = UNSET
    volume_24_h: Unused = UNSET
    low_24_h: Unused = UNSET
    high_24_h: Unused = UNSET
    low_52_w: Unused = UNSET
    high_52_w: Unused = UNSET
    price_percent_chg_24_h: Unused = UNSET


# {"type":"update","tickers":[...]}
class Tickers(msgspec.Struct, gc=False):
    """Tickers of one or more products."""

    type: Literal["snapshot", "update"]
    tickers: list[Ticker]


# {"product_type":"SPOT","id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","base_increment":"0.00000001",
#  "quote_increment":"0.01","display_name":"BTC/USD","status":"online","status_message":"","min_market_funds":"1"}
# Exchange has the flags too: "cancel_only":false,"limit_only":false,"post_only":false,"trading_disabled":false,...
class Product(msgspec.Struct, gc=False):
    """Whether a product may trade."""

    id: str
    status: str
    status_message: str | None = ""
    trading_disabled: bool = False
    auction_mode: bool = False
    cancel_only: bool = False
    limit_only: bool = False
    post_only: bool = False


# {"type":"snapshot","products":[...]}
class Products(msgspec.Struct, gc=False):
    """States of products."""

    products: list[Product]


# {"channel":"heartbeats","timestamp":"…","sequence_num":35,"events":[{"current_time":"2026-08-09 21:05:48.854840045
#  +0000 UTC m=+41691.260485341","heartbeat_counter":41691}]}
# {"channel":"subscriptions",…,"events":[{"subscriptions":{"level2":["BTC-USD"],"heartbeats":["heartbeats"]}}]}
# {"type":"error","message":"authentication failure"}
class Unknown(msgspec.Struct, gc=False):
    """Any frame, only to tell what it is; of Exchange too, where `type` is the word."""

    channel: str = ""
    type: str = ""
    sequence_num: Number | UnsetType = UNSET
    message: str = ""
    reason: str = ""
    events: msgspec.Raw | UnsetType = UNSET
    channels: msgspec.Raw | UnsetType = UNSET


class Subscriptions(msgspec.Struct, gc=False):
    """The event of a `subscriptions` frame: every channel of the connection with its products."""

    subscriptions: dict[str, list[str]]
