"""The frames of Coinbase Exchange, once Coinbase Pro and GDAX, as msgspec structs with the raw JSON beside them.

Fields that came or went over the years are optional.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from venues.coinbase.frames import Product

Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Unused = object | UnsetType
Levels = list[tuple[str, float]]


# {"type":"snapshot","product_id":"BAND-GBP","asks":[["14.8024","12.77"]],"bids":[["14.7550","33.64"]]}
# newer: …,"time":"2022-08-04T15:25:05.010758Z"}
class Snapshot(msgspec.Struct, gc=False):
    """A full book."""

    type: Literal["snapshot"]
    product_id: str
    bids: Levels
    asks: Levels
    time: str | UnsetType = UNSET


# {"type":"l2update","product_id":"SKL-BTC","changes":[["sell","0.00001306","660.5"]],
#  "time":"2021-04-17T16:43:37.075687Z"}
class Update(msgspec.Struct, gc=False):
    """Absolute changes of levels, size 0 deletes; no number tells of a lost one."""

    type: Literal["l2update"]
    product_id: str
    changes: list[tuple[Literal["buy", "sell"], str, float]]
    time: str | UnsetType = UNSET


# {"type":"match","trade_id":280232,"maker_order_id":"2a0da34e-…","taker_order_id":"3c82abaa-…","side":"sell",
#  "size":"985","price":"0.00001305","product_id":"SKL-BTC","sequence":177100030,"time":"2021-04-17T16:43:37.089723Z"}
class Match(msgspec.Struct, gc=False):
    """One match, or (last_match) the newest one before the subscription. `side` is the maker's."""

    type: Literal["match", "last_match"]
    trade_id: Number
    side: Literal["buy", "sell"]
    size: float
    price: str
    product_id: str
    time: str
    sequence: Unused = UNSET
    maker_order_id: Unused = UNSET
    taker_order_id: Unused = UNSET


# {"type":"ticker","sequence":333938798,"product_id":"BAND-GBP","price":"14.7775","open_24h":"14.6647",
#  "volume_24h":"94381.28000000","low_24h":"14.3691","high_24h":"16.55","volume_30d":"2295579.57000000",
#  "best_bid":"14.7550","best_ask":"14.8060","side":"buy","time":"2021-04-17T16:43:30.244075Z","trade_id":881613,
#  "last_size":"0.04"}     newer: "best_bid_size":"0.1","best_ask_size":"0.2"
class Ticker(msgspec.Struct, gc=False):
    """Best bid and ask after a match; older frames have no sizes."""

    type: Literal["ticker"]
    product_id: str
    best_bid: str | UnsetType = UNSET
    best_ask: str | UnsetType = UNSET
    best_bid_size: str | UnsetType = UNSET
    best_ask_size: str | UnsetType = UNSET
    time: str | UnsetType = UNSET
    sequence: Unused = UNSET
    price: Unused = UNSET
    open_24h: Unused = UNSET
    volume_24h: Unused = UNSET
    low_24h: Unused = UNSET
    high_24h: Unused = UNSET
    volume_30d: Unused = UNSET
    side: Unused = UNSET
    trade_id: Unused = UNSET
    last_size: Unused = UNSET


# {"type":"status","products":[{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD",
#  "base_increment":"0.00000001","quote_increment":"0.01","status":"online","status_message":null,"cancel_only":false,
#  "limit_only":false,"post_only":false,"trading_disabled":false}],"currencies":[...]}
class Products(msgspec.Struct, gc=False):
    """States of all products."""

    type: Literal["status"]
    products: list[Product]


# {"type":"subscriptions","channels":[{"name":"level2","product_ids":["BAND-GBP","BAND-BTC"]}]}
# {"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD","time":"2014-11-07T08:19:28.464459Z"}
class Subscription(msgspec.Struct, gc=False):
    """A channel with its products, in a `subscriptions` frame."""

    name: str
    product_ids: list[str] = []
