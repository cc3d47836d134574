"""Alpaca: US stocks of all exchanges (SIP) or of IEX, and crypto.

docs.alpaca.markets, "Real-time stock data", "Real-time crypto data" and "WebSocket stream" (2026-01);
alpaca-trade-api-go (2026-05), marketdata/stream. One connection per feed and account: the second is told 406, and so is
a new one for some seconds after an old one is lost. The free plan has 30 symbols of IEX. Subscriptions longer than
32 KiB are cut by alpaca-py (2026), which we take for the limit. Nothing says how many messages a client may send.

No message has a sequence number, so what is lost cannot be seen: a book is never more than unverifiable.
"""

from dataclasses import replace

from market.calendar import ALWAYS
from venues.alpaca.keys import CRYPTO_KEYS, STOCK_KEYS
from venues.alpaca.metadata import CRYPTO as CRYPTO_CLASS
from venues.alpaca.metadata import EQUITY
from venues.alpaca.product import UNVERIFIABLE, Alpaca
from venues.alpaca.read import CRYPTO as CRYPTO_READER
from venues.alpaca.read import STOCK
from venues.venue import Channel, Limits

__all__ = ["CRYPTO", "IEX", "SIP", "Alpaca"]

LIMITS = Limits(
    streams_per_connection=10_000,
    streams_per_request=500,  # of 50 bytes at most
    requests_per_second=5,
    weight_per_minute=200,
    connections=20,
    connections_per_s=60,
    request_bytes=1 << 15,
    may_overlap=False,
)
IEX_SYMBOLS, MOST_SYMBOLS = 30, 1_000

SIP = Alpaca(
    name="alpaca-sip",
    capability=replace(UNVERIFIABLE, corrects=True),
    path="/v2/sip",
    channels=("trades", "quotes", "statuses", "lulds", "bars", "updatedBars"),
    quotes=Channel.DEPTH,
    asset_class=EQUITY,
    calendar="XNYS",
    reader=STOCK,
    keys=STOCK_KEYS,
    limits=LIMITS,
    most_symbols=MOST_SYMBOLS,
)
# Halts and price bands are words of the SIPs; whether the IEX feed has them is not documented, and asking for what a
# feed has not is refused for good (410).
IEX = replace(
    SIP,
    name="alpaca-iex",
    path="/v2/iex",
    channels=("trades", "quotes", "bars", "updatedBars"),
    most_symbols=IEX_SYMBOLS,
)
CRYPTO = replace(
    SIP,
    name="alpaca-crypto",
    capability=UNVERIFIABLE,
    path="/v1beta3/crypto/us",
    channels=("orderbooks", "trades", "quotes", "bars", "updatedBars"),
    quotes=Channel.TICKER,
    asset_class=CRYPTO_CLASS,
    calendar=ALWAYS,
    reader=CRYPTO_READER,
    keys=CRYPTO_KEYS,
)
