"""OKX v5: spot, perpetuals, futures and options under one name, told apart by the form of their symbols.

Endpoints and limits: the documentation of v5 (mirror of 2026-07-28), overview, order-book-trading, public-data, status.
EEA accounts have wss://wseea.okx.com:8443, US accounts wss://wsus.okx.com:8443.

`books` is taken (400 levels, every 100 ms) since the faster channels need a login and a fee tier; `tickers` beside it
and not bbo-tbt, which would be a second book of the same instrument. The index comes for swaps alone, under whose name
it is asked for: BTC-USDT-SWAP has the index BTC-USDT.
"""

from venues.okx.keys import KEYS
from venues.okx.product import Okx
from venues.venue import Capability, Keepalive, Limits

__all__ = ["OKX", "Okx"]

OKX = Okx(
    name="okx",
    stream_url="wss://ws.okx.com:8443",
    rest_url="https://www.okx.com",
    keys=KEYS,
    capability=Capability("chain", snapshot="stream", checksum="okx"),
    # Messages per second are not documented; REST: public/instruments 20 in 2 s.
    limits=Limits(
        streams_per_connection=240,
        streams_per_request=200,
        requests_per_second=3,
        weight_per_minute=600,
        connections=3,
        connections_per_s=1,
        requests_per_hour=480,
        request_bytes=64_000,
    ),
    keepalive=Keepalive(b"ping", every_s=20.0, only_idle=True),
)
