"""Requests to the order side as a client signs them; written without the code of venues/."""

import hashlib
import hmac
from urllib.parse import urlencode

KEY, SECRET = "simulated", b"simulated-is-no-secret"
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010",
         "price": "59000.0", "newOrderRespType": "RESULT"}  # fmt: skip


def signature(text):
    return hmac.new(SECRET, text.encode(), hashlib.sha256).hexdigest()


def query(now_ms, **params):
    """The query string of a signed HTTP request."""
    text = urlencode({**params, "timestamp": now_ms})
    return f"{text}&signature={signature(text)}"


def socket_params(now_ms, **params):
    """The parameters of a signed request over the order socket."""
    params = {**params, "apiKey": KEY, "timestamp": now_ms}
    params["signature"] = signature("&".join(f"{name}={params[name]}" for name in sorted(params)))
    return params
