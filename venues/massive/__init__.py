"""Massive (ex Polygon.io): US stocks and crypto of many exchanges.

massive-com/client-python (2026-07), websocket/__init__.py and .massive/websocket.json; massive.com, knowledge base on
WebSockets and docs/websocket. An account has one connection per cluster, and a new one closes the older; subscriptions
are unlimited for whoever follows fast enough. The delayed feed is the same at wss://delayed.massive.com. Nothing says
how many messages a client may send. A plan of five REST requests a minute is the smallest.

A sequence number has holes by nature, so what is lost cannot be seen: a book is never more than unverifiable.
"""

from dataclasses import replace

from market.calendar import ALWAYS
from venues.massive import metadata
from venues.massive.keys import CRYPTO_KEYS, STOCK_KEYS
from venues.massive.product import Massive
from venues.massive.read import CRYPTO as CRYPTO_READER
from venues.massive.read import STOCK
from venues.venue import Limits

__all__ = ["CRYPTO", "STOCKS", "Massive"]

STOCKS = Massive(
    name="massive-stocks",
    path="/stocks",
    channels=("T", "Q", "LULD", "AM"),
    calendar="XNYS",
    reader=STOCK,
    keys=STOCK_KEYS,
    limits=Limits(
        streams_per_connection=10_000,
        streams_per_request=500,
        requests_per_second=5,
        weight_per_minute=5,
        connections=20,
        connections_per_s=60,
        may_overlap=False,
    ),
    define=metadata.stock,
    steps=metadata.STOCK_STEPS,
)
CRYPTO = replace(
    STOCKS,
    name="massive-crypto",
    path="/crypto",
    channels=("XT", "XQ", "XA"),
    calendar=ALWAYS,
    reader=CRYPTO_READER,
    keys=CRYPTO_KEYS,
    define=metadata.pair,
    steps=metadata.CRYPTO_STEPS,
)
