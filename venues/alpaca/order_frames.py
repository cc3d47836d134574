"""What Alpaca's trading API answers, as msgspec structs with the raw JSON beside them.

Only what we use: alpaca-py's models refuse a whole order for one word that they do not know, and an order must not be
in doubt for a new word in a field that we have no use for. tests/venues/alpaca proves that both read the same. Numbers
are decimal texts; we take bare numbers too.
"""

import msgspec

Number = str | float | int | None


# {"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","client_order_id":"bg-M5F6WMGB4GYILQWWNRBVRUUL",
#  "created_at":"2021-03-16T18:38:01.942282Z","submitted_at":"2021-03-16T18:38:01.937734Z","symbol":"AAPL",
#  "asset_class":"us_equity","qty":"10","filled_qty":"4","filled_avg_price":"128.33","order_class":"","type":"limit",
#  "side":"buy","time_in_force":"day","limit_price":"128.4","status":"partially_filled","replaced_by":null, …}
class Order(msgspec.Struct, gc=False):
    """One order; filled_qty counts all of its executions."""

    id: str
    client_order_id: str
    status: str
    symbol: str | None = None  # an order of several legs has none
    side: str | None = None
    filled_qty: Number = None
    asset_class: str | None = None
    submitted_at: str | None = None
    replaced_by: str | None = None
    reject_reason: str | None = None


# {"symbol":"BTCUSD","asset_class":"crypto","qty":"0.4987","side":"long","avg_entry_price":"61000.5", …}
class Position(msgspec.Struct, gc=False):
    """One position; crypto without the slash that orders and market data write."""

    symbol: str
    qty: Number
    side: str = ""
    avg_entry_price: Number = None
    asset_class: str = ""


# {"id":"e6fe16f3-64a4-4921-8928-cadf02f92f98","account_number":"010203ABCD","status":"ACTIVE","cash":"-23140.2",
#  "trading_blocked":false,"account_blocked":false,"trade_suspended_by_user":false, …}
class Account(msgspec.Struct, gc=False):
    """The account."""

    account_number: str
    cash: Number
    trading_blocked: bool | None = None
    account_blocked: bool | None = None
    trade_suspended_by_user: bool | None = None


# {"activity_type":"FILL","id":"20190524113406977::8efc7b9a-8b2b-4000-9955-d36e7db0df74","cum_qty":"1",
#  "leaves_qty":"0","price":"1.63","qty":"1","side":"buy","symbol":"LPCN",
#  "transaction_time":"2019-05-24T15:34:06.977Z","order_id":"904837e3-3b76-47ec-b432-046db621571b","type":"fill"}
# {"activity_type":"DIV","id":"20190801011955195::5f596936-6f23-4cef-bdf1-3806aae57dbf","date":"2019-08-01",
#  "net_amount":"1.02","symbol":"T","qty":"2","per_share_amount":"0.51","status":"executed"}
class Activity(msgspec.Struct, gc=False):
    """An execution, or money and shares that came or went without one."""

    id: str
    activity_type: str
    type: str | None = None
    symbol: str | None = None
    order_id: str | None = None
    side: str | None = None
    price: Number = None
    qty: Number = None
    cum_qty: Number = None
    net_amount: Number = None
    status: str | None = None
    transaction_time: str | None = None


# {"suspend_trade":true,"no_shorting":false,"trade_confirm_email":"all", …}
class Configuration(msgspec.Struct, gc=False):
    """What the user set for the account."""

    suspend_trade: bool


# {"id":"93243051-5ec9-4796-8698-9c2b1d3f1e2c","status":200}
class Cancelled(msgspec.Struct, gc=False):
    """What became of one order when all were to be cancelled, as an HTTP status."""

    id: str
    status: int


# {"code":40310000,"message":"insufficient buying power"}
class Refusal(msgspec.Struct, gc=False):
    """An error."""

    message: str


# {"event":"fill","execution_id":"2f63ea93-423d-4169-b3f6-3fdafc10c418","order":{…},"position_qty":"10",
#  "price":"128.4","qty":"6","timestamp":"2022-04-19T17:45:05.024916716Z"}
class TradeUpdate(msgspec.Struct, gc=False):
    """An event of an order, with the order as it stands after it; price and qty are of one execution."""

    event: str
    order: Order
    price: Number = None
    qty: Number = None
    timestamp: str | None = None


# {"stream":"trade_updates","data":{…}}
class Envelope(msgspec.Struct, gc=False):
    """A frame of the user stream."""

    stream: str
    data: msgspec.Raw = msgspec.Raw(b"{}")


# {"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}
# {"stream":"listening","data":{"streams":["trade_updates"]}}
class Told(msgspec.Struct, gc=False):
    """What the stream says of itself."""

    status: str | None = None
    streams: list[str] | None = None
    error: str | None = None
