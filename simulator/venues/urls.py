"""Where a mock venue's endpoints are: the real ones' paths on a loopback port."""

from collections.abc import Mapping

# Path of the WebSocket, and what the venue's own paths over REST begin with.
PLACES = {
    "binance-spot": ("", "/api/v3"),
    "binance-usdm": ("", "/fapi/v1"),
    "coinbase": ("", "/api/v3/brokerage"),
    "kraken": ("/v2", "/0/public"),
    "bybit-linear": ("/v5/public/linear", "/v5"),
    "bybit-spot": ("/v5/public/spot", "/v5"),
    "okx": ("/ws/v5/public", "/api/v5"),
    "alpaca-iex": ("/v2/iex", "/v2"),
    "alpaca-sip": ("/v2/sip", "/v2"),
    "alpaca-crypto": ("/v1beta3/crypto/us", "/v1beta3"),
    "massive-stocks": ("/stocks", "/v3"),
    "massive-crypto": ("/crypto", "/v3"),
}


def urls(venue: str, port: int) -> Mapping[str, str]:
    """The URLs of a venue by what they are for."""
    stream, rest = PLACES[venue]
    return {"websocket": f"ws://127.0.0.1:{port}{stream}", "rest": f"http://127.0.0.1:{port}{rest}"}
