"""Coinbase Advanced Trade, and Coinbase Exchange, which recordings of Coinbase Pro and GDAX are of.

Endpoints, channels and limits: docs.cdp.coinbase.com, Advanced Trade "WebSocket Overview", "WebSocket Channels",
"WebSocket Rate Limits" and asyncapi.json, Exchange "WebSocket Feed" (stored 2026). A socket without a subscription is
closed after 5 s, a channel without news after 60 to 90 s, unless `heartbeats` is subscribed too. A -USDC product shows
the data of its -USD product.
"""

from functools import partial

from venues.coinbase import control, metadata
from venues.coinbase.keys import KEYS, NO_KEYS
from venues.coinbase.read import read_advanced_trade, read_exchange
from venues.streamed import Dialect, Streamed
from venues.venue import WHOLE_BOOK, Capability, Limits

__all__ = ["COINBASE", "COINBASE_EXCHANGE"]

ADVANCED_TRADE = Dialect(
    channels=("level2", "market_trades", "ticker", "status"),
    alone=("heartbeats",),
    requests=partial(control.requests, control.advanced_trade_message),
    reply=control.reply,
    streams_of=control.streams_of,
    channel_of=control.channel_of,
    read=read_advanced_trade,
    texts=metadata.texts,
    infer=metadata.infer,
    metadata=metadata.products_path,
    read_metadata=metadata.read_products,
    keys=KEYS,
)
# Without a key Exchange serves changes of books in batches alone: level2_batch.
EXCHANGE = Dialect(
    channels=("level2_batch", "matches", "ticker", "heartbeat"),
    alone=(),
    requests=partial(control.requests, control.exchange_message),
    reply=control.reply,
    streams_of=control.streams_of,
    channel_of=control.channel_of,
    read=read_exchange,
    texts=metadata.texts,
    infer=metadata.infer,
    metadata=metadata.exchange_products_path,
    read_metadata=metadata.read_exchange_products,
    keys=NO_KEYS,
)
# Streams per connection are ours: a lost frame makes every book of its socket suspect.
LIMITS = Limits(
    streams_per_connection=121,
    streams_per_request=30,
    requests_per_second=8,
    weight_per_minute=600,
    connections=8,
    connections_per_s=1,
)

COINBASE = Streamed(
    name="coinbase",
    stream_url="wss://advanced-trade-ws.coinbase.com",
    path="",
    rest_url="https://api.coinbase.com",
    dialect=ADVANCED_TRADE,
    capability=Capability("counter", scope="connection", snapshot="stream"),
    limits=LIMITS,
    snapshot_levels=WHOLE_BOOK,
)
COINBASE_EXCHANGE = Streamed(
    name="coinbase-exchange",
    stream_url="wss://ws-feed.exchange.coinbase.com",
    path="",
    rest_url="https://api.exchange.coinbase.com",
    dialect=EXCHANGE,
    capability=Capability("none", snapshot="stream"),
    limits=LIMITS,
    snapshot_levels=WHOLE_BOOK,
)
