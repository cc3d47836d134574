"""Who asks: `default` reads and writes, `reader` only reads. Without a password the store serves loopback only."""

import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping

from sinks.clickhouse.exceptions import AUTHENTICATION_FAILED, refused

WRITER = "default"
READER = "reader"


def authenticate(headers: Mapping[str, str], parameters: Mapping[str, str], passwords: Mapping[str, str]) -> str:
    """Name of the user, by X-ClickHouse-User, basic authentication or URL parameter; raises QueryError (516).

    Every comparison takes the same time, whatever is wrong.
    """
    user, key = _credentials(headers, parameters)
    matches = [
        hmac.compare_digest(user.encode(), name.encode()) & hmac.compare_digest(key.encode(), password.encode())
        for name, password in passwords.items()
    ]
    if not any(matches):
        raise refused(
            AUTHENTICATION_FAILED,
            f"{user[:64]}: Authentication failed: password is incorrect, or there is no user with such name.",
        )
    return user


def _credentials(headers: Mapping[str, str], parameters: Mapping[str, str]) -> tuple[str, str]:
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        return headers.get("x-clickhouse-user", WRITER), headers.get("x-clickhouse-key", "")
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, key = b64decode(encoded, validate=True).decode().partition(":")
        except (NotBase64, UnicodeDecodeError):
            return "unreadable credentials", ""
        return user or WRITER, key
    if scheme:
        return f"{scheme[:16]} credentials", ""
    return parameters.get("user") or WRITER, parameters.get("password", "")
