"""Who may ask: the key, the signature, and the age of a request."""

import hashlib
import hmac
from collections.abc import Mapping

from simulator.orders import refusals
from simulator.orders.refusals import Refusal, missing
from simulator.orders.rules import KEY, SECRET

RECEIVE_WINDOW_MS = 5_000  # where the request names none
RECEIVE_WINDOW_MOST_MS = 60_000
AHEAD_MS = 1_000
WRONG_KEY = Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def refused(key: str, params: Mapping[str, str], signed: str, now_ms: int) -> Refusal | None:
    """Why a signed request is not served; `signed` is the text that the signature is of."""
    refusal = wrong_key(key)
    if refusal is not None:
        return refusal
    if "signature" not in params:
        return missing("signature")
    expected = hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256).hex()
    if not hmac.compare_digest(expected.encode(), params["signature"].encode()):
        return refusals.BAD_SIGNATURE
    return stale(params, now_ms)


def wrong_key(key: str) -> Refusal | None:
    """Why a request with this key is not served."""
    if not key:
        return refusals.BAD_KEY
    return None if hmac.compare_digest(key.encode(), KEY.encode()) else WRONG_KEY


def stale(params: Mapping[str, str], now_ms: int) -> Refusal | None:
    """Why a request is too old, or from the future."""
    stamp, window = params.get("timestamp", ""), params.get("recvWindow", str(RECEIVE_WINDOW_MS))
    if not (stamp.isdecimal() and len(stamp) < 16):
        return missing("timestamp")
    if not (window.isdecimal() and len(window) < 10 and int(window) <= RECEIVE_WINDOW_MOST_MS):
        return Refusal(-1131, "recvWindow must be less than 60000")
    if int(stamp) >= now_ms + AHEAD_MS:
        return refusals.CLOCK_AHEAD
    return refusals.CLOCK_BEHIND if now_ms - int(stamp) > int(window) else None


def signed_text(query: str, body: str) -> str:
    """What an HTTP request signs: query string and body without the signature, one after the other."""
    return "".join(
        "&".join(part for part in text.split("&") if not part.startswith("signature=")) for text in (query, body)
    )


def signed_params(params: Mapping[str, str]) -> str:
    """What a request over the order socket signs: all parameters but the signature, by name."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
