"""Bybit v5: spot, linear (USDT and USDC perpetuals and futures) and inverse (paid in the coin).

Endpoints and limits: bybit-exchange/docs (2026-07-24), v5/websocket/wss-authentication, rate-limit, and
websocket/public/{orderbook,trade,ticker}. Regional accounts have hosts of their own, such as stream.bybit.kz.

Of the depths, 200 levels every 100 ms is taken: on ten levels and on bands of up to 25 bps, 50 levels (every 20 ms)
would reach 1 bps on BTCUSDT, 200 reach 4 to 5; and 100 ms is the beat of the other venues. The venue sends the levels
that come into the 200 and deletes those that leave them, so that nothing is cut off here. Tickers of spot have neither
quote nor mark price: they are not asked for.
"""

from dataclasses import replace

from venues.bybit.keys import KEYS
from venues.bybit.product import Bybit
from venues.venue import Capability, Keepalive, Limits

__all__ = ["INVERSE", "LINEAR", "SPOT", "Bybit"]

SPOT = Bybit(
    name="bybit-spot",
    category="spot",
    stream_url="wss://stream.bybit.com",
    rest_url="https://api.bybit.com",
    topics=("orderbook.200", "publicTrade"),
    keys=KEYS,
    capability=Capability("counter", snapshot="stream", trade_ids="scattered", begins_at=1),
    # Messages per second are not documented; REST: 600 in 5 s, of which half is left to others behind the address.
    limits=Limits(
        streams_per_connection=500,
        streams_per_request=10,
        requests_per_second=10,
        weight_per_minute=3600,
        connections=500,
        connections_per_s=300,
        request_bytes=21_000,
    ),
    keepalive=Keepalive(b'{"op":"ping"}', every_s=20.0),
)
LINEAR = replace(
    SPOT,
    name="bybit-linear",
    category="linear",
    topics=("orderbook.200", "publicTrade", "tickers"),
    limits=replace(SPOT.limits, streams_per_request=100),
)
INVERSE = replace(LINEAR, name="bybit-inverse", category="inverse")
