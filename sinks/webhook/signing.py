"""Signatures of the Standard Webhooks 1.0 (https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`.

A secret is 24 to 64 random bytes, shown as `whsec_` and base64. The header `webhook-signature` lists one signature for
every secret that is valid, as `v1,` and base64, so that a receiver may change its secret at any time of the overlap.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

from sinks.webhook.errors import WebhookError

PREFIX = "whsec_"
SECRET_BYTES = 32
SHORTEST, LONGEST = 24, 64
TOLERANCE_S = 300


def new_secret() -> bytes:
    """A secret that nobody has."""
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """A secret as people and receivers keep it."""
    return PREFIX + base64.b64encode(secret).decode()


def secret_of(text: str) -> bytes:
    """The bytes of a shown secret; raises WebhookError."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise WebhookError("a secret is whsec_ and base64") from None
    if not SHORTEST <= len(secret) <= LONGEST:
        raise WebhookError(f"a secret has {SHORTEST} to {LONGEST} bytes, this one {len(secret)}")
    return secret


def signature(secret: bytes, webhook_id: str, timestamp_s: int, body: bytes) -> str:
    """One signature.

    >>> key = secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    if "." in webhook_id:
        raise ValueError(f"{webhook_id} has a full stop, which divides what is signed")
    signed = f"{webhook_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def headers(valid: Sequence[bytes], webhook_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The headers of one attempt, signed with every valid secret."""
    signatures = [signature(secret, webhook_id, timestamp_s, body) for secret in valid]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
    }


def verify(secret: bytes, given: Mapping[str, str], body: bytes, *, now_s: float) -> bool:
    """Whether a request was signed with this secret within the last five minutes; `given`: its headers, lower case."""
    webhook_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    is_plain = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12 and "." not in webhook_id
    if not is_plain or abs(now_s - int(timestamp)) > TOLERANCE_S or str(int(timestamp)) != timestamp:
        return False
    expected = signature(secret, webhook_id, int(timestamp), body).encode()
    found = given.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(expected, one.encode()) for one in found)
