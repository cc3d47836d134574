"""Where a webhook may go: a URL is read once, strictly, and every address of its name is asked for leave.

A server that calls what a stranger names can be made to call its own network (server-side request forgery, OWASP API7).
Names prove nothing, so what counts is the address that is connected to: it must be a public unicast one, told by the
tables below and not by `ipaddress.is_private` or `is_global`, which let shared, multicast and translated addresses
pass. Tables: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), and metadata services of clouds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NamedTuple

from sinks.webhook.errors import WebhookError
from sinks.webhook.limits import URL_CHARACTERS

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Not public, by IPv4: this network, private, shared, loopback, link-local, protocol assignments, documentation, 6to4
# relays, benchmarks, multicast, reserved and broadcast; and the host of a cloud that has a public address.
DENIED_4 = tuple(
    IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
    )
)
# Of IPv6 only global unicast is public, less protocol assignments (Teredo, ORCHID, benchmarks, …), documentation, 6to4.
UNICAST_6 = IPv6Network("2000::/3")
DENIED_6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: how a network without IPv4 reaches IPv4; the last 32 bits count

_URL = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?))"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]*)?"
)
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
PORTS = {"https": 443, "http": 80}
WRITE_IT = "write it as https://host/path"


class Target(NamedTuple):
    """A URL, taken apart."""

    scheme: str  # https, http
    host: str  # a name, or an address without brackets; lower case
    port: int
    path: str  # with the query
    authority: str  # host and port as the header Host names them

    @property
    def url(self) -> str:
        """The one way to write it."""
        return f"{self.scheme}://{self.authority}{self.path}"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What may be called besides public addresses by https on `ports`.

    Targets within `allow` may be private, on any port, and called by http: for one's own network and for tests.
    """

    allow: tuple[Network, ...] = ()
    ports: tuple[int, ...] = (443, 8443)

    @classmethod
    def of(cls, allow: Sequence[str], ports: Sequence[int]) -> "Rules":
        """From settings; raises ValueError with what is wrong."""
        return cls(allow=tuple(ip_network(text) for text in allow), ports=tuple(ports))

    def refusal(self, target: Target, address: str) -> str:
        """Why an address of the target may not be connected to; empty where it may."""
        found = ip_address(address)
        if any(found.version == network.version and found in network for network in self.allow):
            return ""
        if target.scheme != "https":
            return "only https leaves for addresses that webhooks.allow does not name"
        if target.port not in self.ports:
            return f"port {target.port} is none of webhooks.ports"
        return "" if is_public(found) else f"{target.host} has an address that is not public"


def is_public(address: Address) -> bool:
    """Whether anybody on the internet may be meant by an address.

    >>> [is_public(ip_address(text)) for text in ("93.184.215.14", "100.64.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808")]
    [True, False, False, True]
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in DENIED_4)
    if address.scope_id is not None:
        return False
    if address in NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in UNICAST_6 and not any(address in network for network in DENIED_6)


def parsed(url: str) -> Target:
    """A URL, taken apart; raises WebhookError where it is not plainly one. Nothing is guessed or mended."""
    if len(url) > URL_CHARACTERS:
        raise WebhookError(f"the URL has {len(url)} characters, more than {URL_CHARACTERS}")
    found = _URL.fullmatch(url)
    if found is None:
        raise WebhookError(
            f"this is not a plain URL; {WRITE_IT}, without user, fragment, spaces or letters beyond ASCII"
        )
    scheme = found["scheme"].lower()
    if scheme not in PORTS:
        raise WebhookError(f"{scheme[:20]} is no way to send a webhook; {WRITE_IT}")
    host = _six(found["six"]) if found["six"] else _name(found["name"].lower())
    port = int(found["port"] or PORTS[scheme])
    if not 0 < port < 65_536:
        raise WebhookError(f"there is no port {port}")
    shown = f"[{host}]" if found["six"] else host
    authority = shown if port == PORTS[scheme] else f"{shown}:{port}"
    return Target(scheme, host, port, found["path"] or "/", authority)


def checked_url(url: str, rules: Rules) -> str:
    """A URL as it is kept; raises WebhookError where it can never be called.

    A name is not looked up: what it stands for is asked, and judged, at every attempt.
    """
    target = parsed(url)
    literal = _literal(target.host)
    if literal is not None and (why := rules.refusal(target, str(literal))):
        raise WebhookError(f"this webhook would never be called: {why}")
    if literal is None and not rules.allow and (why := rules.refusal(target, "1.1.1.1")):
        raise WebhookError(f"this webhook would never be called: {why}")
    return target.url


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _six(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError:
        raise WebhookError(f"[{text[:60]}] is not an IPv6 address") from None


def _name(host: str) -> str:
    """A host name as it is, or an IPv4 address in its one plain form: 127.1 and 0x7f.1 are addresses to some."""
    labels = host.split(".")
    if any(not 0 < len(label) <= 63 for label in labels) or len(host) > 253:
        raise WebhookError(f"{host[:60]} is not a host name")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            raise WebhookError(f"{host[:60]} is not an IPv4 address in its plain form") from None
    return host
