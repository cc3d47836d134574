"""Frames of Coinbase, word for word from its documentation and from recordings."""

from decimal import Decimal

from market.instrument import Instrument
from venues.coinbase import COINBASE
from venues.rows import Rows
from venues.streamed import Streamed
from venues.venue import Listing, listing

OURS = {
    symbol: listing(number, Instrument("coinbase", symbol, Decimal(tick), Decimal("1e-8")))
    for number, (symbol, tick) in enumerate({"BTC-USD": "0.01", "ETH-USDT": "0.01", "SKL-BTC": "1e-8"}.items())
}

BOOK = (
    b'{"channel":"l2_data","client_id":"","timestamp":"2026-04-07T14:30:00.123456Z","sequence_num":0,"events":[{"type":'
    b'"snapshot","product_id":"BTC-USD","updates":[{"side":"bid","event_time":"2026-04-07T14:30:00.123456Z",'
    b'"price_level":"68900.00","new_quantity":"1.50000000"},{"side":"offer","event_time":"2026-04-07T14:30:00.123456Z",'
    b'"price_level":"68901.00","new_quantity":"0.50000000"}]}]}'
)
CHANGE = (
    b'{"channel":"l2_data","client_id":"","timestamp":"2026-04-07T14:30:01.456789Z","sequence_num":1,"events":[{"type":'
    b'"update","product_id":"BTC-USD","updates":[{"side":"offer","event_time":"2026-04-07T14:30:01.456789Z",'
    b'"price_level":"68901.00","new_quantity":"0.00000000"},{"side":"bid","event_time":"2026-04-07T14:30:01.456789Z",'
    b'"price_level":"68900.00","new_quantity":"2.00000000"},{"side":"offer","event_time":"2026-04-07T14:30:01.456789Z",'
    b'"price_level":"68901.00","new_quantity":"3"}]}]}'
)
TRADES = (
    b'{"channel":"market_trades","client_id":"","timestamp":"2024-10-04T07:13:31.158696693Z","sequence_num":2,"events":'
    b'[{"type":"update","trades":[{"product_id":"ETH-USDT","trade_id":"22381691","price":"2375.56","size":"0.5","time":'
    b'"2024-10-04T07:13:31.088388Z","side":"BUY"},{"product_id":"ETH-USDT","trade_id":"22381690","price":"2375.57",'
    b'"size":"0.25","time":"2024-10-04T07:13:31.084859Z","side":"SELL"}]}]}'
)
TICKER = (
    b'{"channel":"ticker","timestamp":"2026-08-09T21:05:48.229198328Z","sequence_num":6,"events":[{"type":"snapshot",'
    b'"tickers":[{"type":"ticker","product_id":"BTC-USD","price":"65086.18","volume_24_h":"2867.54532609","low_24_h":'
    b'"64675.22","high_24_h":"65252.99","low_52_w":"57717.55","high_52_w":"126296","price_percent_chg_24_h":'
    b'"0.09601107287722","best_bid":"65083.66","best_ask":"65083.67","best_bid_quantity":"0.20371215",'
    b'"best_ask_quantity":"0.24290402"}]}]}'
)
HEARTBEAT = (
    b'{"channel":"heartbeats","client_id":"","timestamp":"2024-10-04T07:04:40.825062088Z","sequence_num":7,"events":['
    b'{"current_time":"2024-10-04 07:04:40.820713045 +0000 UTC m=+66987.628148662","heartbeat_counter":%s}]}'
)
SUBSCRIPTIONS = (
    b'{"channel":"subscriptions","client_id":"","timestamp":"2024-10-04T07:13:08.600625889Z","sequence_num":1,"events":['
    b'{"subscriptions":{"market_trades":["ETH-USDT"],"level2":["BTC-USD","ETH-USDT"],"heartbeats":["heartbeats"]}}]}'
)
STATUS = (
    b'{"channel":"status","client_id":"","timestamp":"2023-02-09T20:29:49.753424311Z","sequence_num":3,"events":[{"type":'
    b'"snapshot","products":[{"product_type":"SPOT","id":"BTC-USD","base_currency":"BTC","quote_currency":"USD",'
    b'"base_increment":"0.00000001","quote_increment":"0.01","display_name":"BTC/USD","status":"online",'
    b'"status_message":"","min_market_funds":"1"},{"id":"FOO-USD","status":"online"}]}]}'
)
CANDLES = (
    b'{"channel":"candles","client_id":"","timestamp":"2026-04-07T14:30:05.000000Z","sequence_num":3,"events":[{"type":'
    b'"update","candles":[{"start":"1775521800","high":"68950.00","low":"68850.00","open":"68900.00","close":"68920.50",'
    b'"volume":"42.15000000","product_id":"BTC-USD"}]}]}'
)
FAILED = b'{"type":"error","message":"Failed to subscribe","reason":"level2 now requires authentication."}'


def read(frame: bytes, venue: Streamed = COINBASE, listings: dict[str, Listing] = OURS) -> Rows:
    rows = Rows()
    venue.read(frame, 7, 3, listings, rows)
    return rows
