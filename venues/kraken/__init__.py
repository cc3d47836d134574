"""Kraken spot, WebSocket v2, and v1, which older recordings are of.

Endpoints, channels and limits: docs.kraken.com, "Spot WebSockets" v2 and v1 and "Spot REST" (stored 2026). The address
that connects more than about 150 times in ten minutes is locked out for ten; REST shares that edge. A connection is
closed after a minute without a word. How many requests a connection may make is not said.
"""

from venues.kraken import control, metadata, v1_control, v1_read
from venues.kraken.keys import KEYS, NO_KEYS
from venues.kraken.read import read
from venues.streamed import Dialect, Streamed
from venues.venue import Capability, Keepalive, Limits

__all__ = ["KRAKEN", "KRAKEN_V1"]

DEPTHS = (10, 25, 100, 500, 1000)
CAPABILITY = Capability(
    "checksum", scope="symbol", checked="after", snapshot="stream", checksum="kraken", depths=DEPTHS
)
# Streams per connection and requests per second are ours.
LIMITS = Limits(
    streams_per_connection=301,
    streams_per_request=50,
    requests_per_second=4,
    weight_per_minute=60,
    connections=150,
    connections_per_s=600,
)
PING_S = 30.0

V2 = Dialect(
    channels=control.CHANNELS,
    alone=(control.INSTRUMENT,),
    requests=control.requests,
    reply=control.reply,
    streams_of=control.streams_of,
    channel_of=control.channel_of,
    read=read,
    texts=metadata.texts,
    infer=metadata.infer,
    metadata=metadata.path,
    read_metadata=metadata.read_pairs,
    keys=KEYS,
)
V1 = Dialect(
    channels=control.CHANNELS,
    alone=(),
    requests=v1_control.requests,
    reply=v1_control.reply,
    streams_of=v1_control.streams_of,
    channel_of=control.channel_of,
    read=v1_read.read,
    texts=metadata.v1_texts,
    infer=metadata.infer,
    metadata=metadata.path,
    read_metadata=metadata.refuse_v1,
    keys=NO_KEYS,
)

KRAKEN = Streamed(
    name="kraken",
    stream_url="wss://ws.kraken.com",
    path="/v2",
    rest_url="https://api.kraken.com",
    dialect=V2,
    capability=CAPABILITY,
    limits=LIMITS,
    snapshot_levels=10,
    keepalive=Keepalive(control.PING, PING_S),
)
KRAKEN_V1 = Streamed(
    name="kraken-v1",
    stream_url="wss://ws.kraken.com",
    path="",
    rest_url="https://api.kraken.com",
    dialect=V1,
    capability=Capability(
        "checksum",
        scope="symbol",
        checked="after",
        snapshot="stream",
        checksum="kraken",
        depths=DEPTHS,
        trade_ids="scattered",
    ),
    limits=LIMITS,
    snapshot_levels=10,
    keepalive=Keepalive(v1_control.PING, PING_S),
)
