"""Cursors: where a walk goes on, as text that only this gateway can write and that fits only the question it came from.

A cursor is signed together with the tenant and with every parameter that says which rows are meant, so that it can be
neither made up nor carried over to another question or another tenant.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from pathlib import Path

import msgspec

from gateway.history.window import Walk

MAC_BYTES = 16
LONGEST = 8_192  # characters
SECRET_BYTES = 32


class CursorError(ValueError):
    """This is no cursor of this question."""


def written(walk: Walk, question: list[str], secret: bytes) -> str:
    """A walk as a cursor.

    >>> walk = Walk(1, 9, (8, "x"), {"v/0": 7})
    >>> read(written(walk, ["bars"], b"s"), ["bars"], b"s") == walk
    True
    """
    payload = msgspec.json.encode(tuple(walk))
    return base64.urlsafe_b64encode(_mac(payload, question, secret) + payload).rstrip(b"=").decode()


def read(text: str, question: list[str], secret: bytes) -> Walk:
    """The walk of a cursor; raises CursorError."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise CursorError from None
    mac, payload = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(payload, question, secret)):
        raise CursorError
    return msgspec.json.decode(payload, type=Walk)


def kept_secret(data: Path) -> bytes:
    """What cursors of this data directory are signed with; made once, so that they outlive the gateway.

    Where it can be neither read nor kept, a new one that only this process knows.
    """
    path = data / "gateway" / "cursor.key"
    made = secrets.token_bytes(SECRET_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f"cursor.key.{os.getpid()}.partial")
        if not path.exists():
            with open(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                file.write(made)
            partial.replace(path)
        kept = path.read_bytes()
    except OSError:
        return made
    return kept if len(kept) == SECRET_BYTES else made


def _mac(payload: bytes, question: list[str], secret: bytes) -> bytes:
    said = msgspec.json.encode(question)
    return hmac.digest(secret, len(said).to_bytes(4, "big") + said + payload, hashlib.sha256)[:MAC_BYTES]
