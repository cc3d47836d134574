"""Frames of Kraken's WebSocket v2, word for word from its documentation."""

from decimal import Decimal

from market.instrument import Instrument
from venues.kraken import KRAKEN
from venues.rows import Rows
from venues.venue import listing

OURS = {
    symbol: listing(number, Instrument("kraken", symbol, Decimal(tick), Decimal("1e-8")))
    for number, (symbol, tick) in enumerate({"MATIC/USD": "0.0001", "ETH/USDT": "0.00001", "BTC/USD": "0.1"}.items())
}

BOOK = (
    b'{"channel":"book","type":"update","data":[{"symbol":"MATIC/USD","bids":[{"price":0.5657,"qty":1098.3947558}],'
    b'"asks":[{"price":0.5660,"qty":1e-08},{"price":0.5661,"qty":0}],"checksum":2114181697,'
    b'"timestamp":"2023-10-06T17:35:55.440295Z"}]}'
)
TRADES = (
    b'{"channel":"trade","type":"update","data":[{"symbol":"ETH/USDT","side":"sell","price":0.5117,"qty":40.0,"ord_type":'
    b'"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"},{"symbol":"ETH/USDT","side":"buy","price":'
    b'0.51170,"qty":7,"ord_type":"limit","trade_id":9007199254740993,"timestamp":"2023-09-25T07:49:37.708707Z"}]}'
)
TICKER = (
    b'{"channel":"ticker","type":"update","data":[{"symbol":"ETH/USDT","bid":0.10025,"bid_qty":740.0,"ask":0.10035,'
    b'"ask_qty":741.5,"last":0.10035,"volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,"change":'
    b'-0.00017,"change_pct":-0.17}]}'
)
INSTRUMENTS = (
    b'{"channel":"instrument","type":"snapshot","data":{"assets":[{"id":"USD","status":"enabled"}],"pairs":[{"symbol":'
    b'"BTC/USD","base":"BTC","quote":"USD","status":"online","qty_precision":8,"qty_increment":1e-08,"price_precision":1,'
    b'"cost_precision":5,"marginable":true,"has_index":true,"cost_min":0.5,"margin_initial":0.2,"position_limit_long":250,'
    b'"position_limit_short":200,"tick_size":0.1,"price_increment":0.1,"qty_min":0.0001},{"symbol":"FOO/USD","status":'
    b'"online"}]}}'
)
STATUS = (
    b'{"channel":"status","type":"update","data":[{"version":"2.0.9","system":"online","api_version":"v2",'
    b'"connection_id":10738918170450187163}]}'
)
ACK = (
    b'{"method":"subscribe","result":{"channel":"ticker","symbol":"BTC/USD","snapshot":true},"success":true,'
    b'"time_in":"2023-09-25T09:04:31.742599Z","time_out":"2023-09-25T09:04:31.742648Z","req_id":1}'
)
REFUSAL = (
    b'{"error":"Currency pair not supported XBT/USD","method":"subscribe","req_id":3,"success":false,'
    b'"symbol":"XBT/USD","time_in":"2023-09-25T09:04:31.742599Z","time_out":"2023-09-25T09:04:31.742648Z"}'
)
RATE = b'{"error":"Exceeded msg rate","method":"subscribe","req_id":4,"success":false}'
PONG = b'{"method":"pong","req_id":42,"time_in":"2023-09-25T09:05:00.123456Z","time_out":"2023-09-25T09:05:00.123500Z"}'
HEARTBEAT = b'{"channel":"heartbeat"}'
OHLC = (
    b'{"channel":"ohlc","type":"update","data":[{"symbol":"BTC/USD","interval":1,"interval_begin":'
    b'"2023-10-04T16:25:00.000000000Z","open":106038.2,"high":106044.3,"low":106038.1,"close":106040.1,"volume":3.5,'
    b'"vwap":106039.6,"trades":12}]}'
)


def read(frame: bytes) -> Rows:
    rows = Rows()
    KRAKEN.read(frame, 7, 3, OURS, rows)
    return rows
