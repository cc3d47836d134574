"""The JSON web token of Coinbase's CDP keys, one for every subscription, as it lives 120 s.

ES256 (RFC 7518, 3.4): header `alg`, `typ`, `kid`, `nonce`; claims `iss` "cdp", `sub`, `nbf`, `exp`; no `uri` for
WebSockets (docs.cdp.coinbase.com, "WebSocket Authentication"). Public channels work without it, too. Needs the library
`cryptography`, extra `barograph[coinbase]`.
"""

import base64
import secrets
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import msgspec

from market.clock import SECOND_NS, Clock
from market.errors import SettingsError
from venues.coinbase.control import authorised

LIFE_S = 120
NEEDED = ("coinbase_key_name", "coinbase_private_key")
COORDINATE_BYTES = 32  # of P-256


def signer(known: Mapping[str, str], clock: Clock) -> Callable[[bytes], bytes]:
    """What puts a new token into a client message; raises SettingsError for a key that is none."""
    name, key = known[NEEDED[0]], _key(known[NEEDED[1]])

    def sign(message: bytes) -> bytes:
        return authorised(message, token(name, key, clock.now_ns() // SECOND_NS))

    return sign


def token(name: str, key: Any, now_s: int) -> str:
    """A token that is valid from now on; `key` is a private key of curve P-256."""
    hashes, ec, utils = (_crypto(part) for part in ("hashes", "asymmetric.ec", "asymmetric.utils"))
    header = {"alg": "ES256", "typ": "JWT", "kid": name, "nonce": secrets.token_hex(16)}
    claims = {"iss": "cdp", "sub": name, "nbf": now_s, "exp": now_s + LIFE_S}
    signed = _text(msgspec.json.encode(header)) + b"." + _text(msgspec.json.encode(claims))
    pair = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    signature = b"".join(number.to_bytes(COORDINATE_BYTES, "big") for number in pair)
    return (signed + b"." + _text(signature)).decode()


def _key(pem: str) -> Any:
    """The key of a PEM text; line ends may be written as backslash and n, as in an environment file."""
    serialization, ec = _crypto("serialization"), _crypto("asymmetric.ec")
    try:
        key = serialization.load_pem_private_key(pem.replace("\\n", "\n").encode(), None)
    except (ValueError, TypeError):
        raise SettingsError("BAROGRAPH_COINBASE_PRIVATE_KEY is not a private key in PEM form") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise SettingsError("BAROGRAPH_COINBASE_PRIVATE_KEY is not a key of ES256 (curve P-256)")
    return key


def _crypto(name: str) -> Any:
    """A part of the library, which only those need who have such a key."""
    try:
        return import_module(f"cryptography.hazmat.primitives.{name}")
    except ModuleNotFoundError as error:
        raise SettingsError(
            'keys of Coinbase need a library that is not installed: pip install "barograph[coinbase]"'
        ) from error


def _text(raw: bytes) -> bytes:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
