"""The frames of OKX v3 (2018 to 2021, OKEx) as msgspec structs; recorders keep them inflated.

Times are RFC 3339. The name of a table is the type of instrument and the channel: spot/trade, swap/depth_l2_tbt.
"""

from typing import Any, Generic, Literal

import msgspec
from msgspec import UNSET, UnsetType

from venues.okx.frames import Checksum, Data, Id


class Frame(msgspec.Struct, Generic[Data], gc=False):
    """The envelope of all of them."""

    table: str
    data: list[Data]
    action: Literal["partial", "update"] | UnsetType = UNSET


# {"table":"spot/depth_l2_tbt","action":"partial","data":[{"instrument_id":"BTC-USDT","asks":[["9580.3","0.20939963",
#  "0","2"]],"bids":[["9576.7","0.31658067","0","2"]],"timestamp":"2020-02-06T03:35:42.492Z","checksum":-2144245240}]}
class Book(msgspec.Struct, gc=False):
    """Levels of a book: price and size as text, then one or two numbers."""

    instrument_id: str
    asks: list[list[Any]]
    bids: list[list[Any]]
    timestamp: str
    checksum: Checksum = 0


# {"table":"futures/trade","data":[{"side":"buy","trade_id":"5430565","price":"60059.7","qty":"20",
#  "instrument_id":"BTC-USDT-210625","timestamp":"2021-03-22T01:32:18.087Z"}]}
class Trade(msgspec.Struct, gc=False):
    """One match; its size is `qty` for futures, `size` for the others."""

    instrument_id: str
    trade_id: Id
    price: str
    side: Literal["buy", "sell"]
    timestamp: str
    size: float | UnsetType = UNSET
    qty: float | UnsetType = UNSET


# {"table":"spot/ticker","data":[{"instrument_id":"ETH-USDT","last":"146.24","last_qty":"0.082483","best_bid":"146.24",
#  "best_bid_size":"0.006822","best_ask":"146.25","best_ask_size":"80.5",…,"timestamp":"2019-12-11T02:31:40.436Z"}]}
class Ticker(msgspec.Struct, gc=False):
    """Best bid and ask; without sizes before 2019-12."""

    instrument_id: str
    timestamp: str
    best_bid: str = ""
    best_bid_size: str = ""
    best_ask: str = ""
    best_ask_size: str = ""


# {"table":"swap/mark_price","data":[{"instrument_id":"BTC-USD-SWAP","mark_price":"5620.9",
#  "timestamp":"2019-05-06T07:03:33.799Z"}]}
class MarkPrice(msgspec.Struct, gc=False):
    """The price that positions are marked at."""

    instrument_id: str
    mark_price: str
    timestamp: str


# {"table":"swap/funding_rate","data":[{"estimated_rate":"0.00065","funding_rate":"0.00072933",
#  "funding_time":"2021-04-02T00:00:00.000Z","instrument_id":"BTC-USD-SWAP","interest_rate":"0",
#  "settlement_time":"2021-04-02T08:00:00.000Z"}]}
class Funding(msgspec.Struct, gc=False):
    """The rate that is paid at funding_time."""

    instrument_id: str
    funding_rate: str
    funding_time: str
