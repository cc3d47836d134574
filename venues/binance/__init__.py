"""Binance spot, USD-M and coin-M futures.

Endpoints and limits: binance-spot-api-docs web-socket-streams.md (2026-07-21) and developers.binance.com, USDⓈ-M and
COIN-M "Websocket Market Streams" and "Important WebSocket Change Notice". Since 2026-04 a futures socket carries only
what its path serves: books on /public, trades and marks on /market; on the wrong path a stream is acknowledged and
stays silent.
"""

from dataclasses import replace

from venues.binance.keys import FUTURES_KEYS, SPOT_KEYS
from venues.binance.product import Binance, Path
from venues.binance.read import FUTURES_READERS, SPOT_READERS
from venues.venue import Capability, Limits

__all__ = ["COIN_M", "SIMULATED", "SPOT", "USD_M", "Binance"]

DAY_S = 24 * 3600
FUTURES_PATHS = (
    Path("public", "/public/stream", ("depth@100ms", "bookTicker")),
    Path("market", "/market/stream", ("aggTrade", "markPrice@1s")),
)
# The older documentation says 200 streams, the newest 1024; the safe one is used.
FUTURES_LIMITS = Limits(
    streams_per_connection=200,
    streams_per_request=100,
    requests_per_second=10,
    weight_per_minute=2400,
    connection_life_s=DAY_S,
)

SPOT = Binance(
    name="binance-spot",
    stream_url="wss://stream.binance.com:9443",
    rest_url="https://api.binance.com",
    api="/api/v3",
    paths=(Path("stream", "/stream", ("depth@100ms", "bookTicker", "trade")),),
    readers=SPOT_READERS,
    keys=SPOT_KEYS,
    capability=Capability("range"),
    limits=Limits(
        streams_per_connection=1024,
        streams_per_request=100,
        requests_per_second=5,
        weight_per_minute=6000,
        connection_life_s=DAY_S,
    ),
    snapshot_levels=5000,
    snapshot_weight=250,
    metadata_weight=20,
)
USD_M = Binance(
    name="binance-usdm",
    stream_url="wss://fstream.binance.com",
    rest_url="https://fapi.binance.com",
    api="/fapi/v1",
    paths=FUTURES_PATHS,
    readers=FUTURES_READERS,
    keys=FUTURES_KEYS,
    capability=Capability("chain"),
    limits=FUTURES_LIMITS,
    snapshot_levels=1000,
    snapshot_weight=20,
    metadata_weight=1,
)
COIN_M = replace(
    USD_M,
    name="binance-coinm",
    stream_url="wss://dstream.binance.com",
    rest_url="https://dapi.binance.com",
    api="/dapi/v1",
    inverse=True,
)
# The built-in exchange speaks USD-M's protocol under its own name, so that nobody takes its prices for real ones.
SIMULATED = replace(USD_M, name="simulated", stream_url="ws://127.0.0.1:8765", rest_url="http://127.0.0.1:8765")
