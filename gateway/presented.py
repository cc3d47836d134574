"""What a request shows of itself: the key it carries, the host it means."""

import base64
import binascii
import ipaddress

from starlette.datastructures import Headers

from gateway.keys.text import key_id


def presented(headers: Headers) -> bytes:
    """The key a request carries, empty where it has none."""
    if "x-api-key" in headers:
        return headers["x-api-key"].encode()
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""


def mistyped(shown: bytes) -> bool:
    """Whether this was meant to be one of our keys and is not whole; known without asking anybody.

    >>> mistyped(b"bg_0123"), mistyped(b"another kind of key")
    (True, False)
    """
    return shown.startswith(b"bg_") and key_id(shown.decode("ascii", "replace")) is None


def name_of(host: str) -> str:
    """A Host header without its port.

    >>> name_of("LocalHost:8080"), name_of("[::1]:8080")
    ('localhost', '::1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine only.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
