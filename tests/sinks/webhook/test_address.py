"""A webhook goes to public addresses alone: 0 of some hundred ways to name another one make a socket connect."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_network
from itertools import count

import pytest

from sinks.webhook.address import Rules, Target, checked_url, parsed
from sinks.webhook.egress import post, tls_context
from sinks.webhook.errors import DeliveryError, RefusedError, WebhookError
from sinks.webhook.limits import URL_CHARACTERS
from tests.sinks.webhook.said import receiver

RULES, TLS = Rules(), tls_context()
PUBLIC = "93.184.215.14"
PUBLIC_6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
# Written out here, apart from the tables of the code: RFC 6890, its registries, and metadata services.
NETWORKS = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "169.254.169.254/32",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "::/128",
    "::1/128",
    "::ffff:0:0/96",
    "::ffff:0:127.0.0.1/128",
    "64:ff9b::7f00:1/128",
    "64:ff9b::a00:0/104",
    "64:ff9b::a9fe:a9fe/128",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2001:2::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:db8::/32",
    "2002::/16",
    "2002:7f00:1::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fd00:ec2::254/128",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "ff02::1/128",
]
ADDRESSES = sorted(
    {
        str(address)
        for network in map(ip_network, NETWORKS)
        for address in (network[0], network[min(network.num_addresses - 1, 77)], network[-1])
    }
)
# Ways to write a URL so that two readers understand two things, and things that are no web address at all.
TRICKS = [
    r"https://localhost/",
    r"https://LOCALHOST/",
    r"https://localhost./",
    r"https://0/",
    r"https://127.1/",
    r"https://127.0.1/",
    r"https://127.0.0.01/",
    r"https://2130706433/",
    r"https://0x7f.1/",
    r"https://0177.0.0.1/",
    r"https://0x7f000001/",
    r"https://017700000001/",
    r"https://127.0.0.1./",
    r"https://127.0.0.1.:443/",
    r"https://127.0.0.0x1/",
    r"https://1.2.3.4.5/",
    r"https://[::1%25lo]/",
    r"https://[fe80::1%25eth0]/",
    r"https://[fe80::1%eth0]/",
    r"https://[::1]x/",
    r"https://[::1/",
    r"https://[::ffff:127.0.0.1]/",
    r"https://[::127.0.0.1]/",
    r"https://[::]/",
    r"https://[0:0:0:0:0:0:0:1]/",
    r"https://[127.0.0.1]/",
    r"https://[]/",
    r"https://*/",
    r"https://ok.example@127.0.0.1/",
    r"https://127.0.0.1@ok.example/",
    r"https://u:p@ok.example/",
    r"https://ok.example:a@b/",
    r"https://ok.example#@127.0.0.1/",
    r"https://ok.example\@127.0.0.1/",
    r"https://127.0.0.1\.ok.example/",
    r"https://ok.example\/",
    r"https:\\127.0.0.1/",
    r"https:/\127.0.0.1/",
    r"https:///127.0.0.1/",
    r"https:127.0.0.1/",
    r"//127.0.0.1/",
    r"127.0.0.1",
    r"/etc/passwd",
    r"https://①②⑦.0.0.1/",
    r"https://127。0。0。1/",
    r"https://ｌｏｃａｌｈｏｓｔ/",
    r"https://ﬁ.example/",
    r"https://ok.example/é",
    r"file:///etc/passwd",
    r"FILE:///etc/passwd",
    r"gopher://ok.example:70/_x",
    r"ftp://ok.example/",
    r"unix:///run/docker.sock",
    r"data:text/plain,x",
    r"http+unix://%2Frun%2Fdocker.sock/",
    r"javascript:alert(1)",
    r"ws://ok.example/",
    r"dict://ok.example:11211/",
    r"ldap://ok.example/",
    r"tftp://ok.example/",
    r"jar:https://ok.example!/",
    r"netdoc:///etc/passwd",
    r"http://ok.example/",
    r"HTTP://ok.example/",
    r"hTTp://ok.example:443/",
    r"http://93.184.215.14/",
    r"https://ok.example:0/",
    r"https://ok.example:65536/",
    r"https://ok.example:99999/",
    r"https://ok.example:-1/",
    r"https://ok.example:/",
    r"https://ok.example:443x/",
    r"https://ok.example:22/",
    r"https://ok.example:25/",
    r"https://ok.example:6379/",
    r"https://ok.example:8123/",
    r"https://ok.example:11211/",
    r"https://ok.example:80/",
    r"https://ok.example:1/",
    r"https://ok.example:2375/",
    r"https://ok.example:65535/",
    r"https://.example/",
    r"https://ok..example/",
    r"https://-ok.example/",
    r"https://ok.example-/",
    r"https://%31%32%37.0.0.1/",
    r"https://127%2e0%2e0%2e1/",
    r"https://ok.example%00.internal/",
    r"https://ok.example?x",
    r"https://ok.example/#x",
    r"https://ok.example/<x>",
    r'https://ok.example/"',
    r"https://ok.example/{{x}}",
    r"https://ok.example/`id`",
    r"https://ok.example/|x",
    r"https://ok.example/^x",
]
TRICKS += [
    *("", " https://ok.example/", "https://ok.example/ ", "https://ok example/", "https://ex\u00adample.com/"),
    *("https://ok.example/\r\nHost: internal", "https://ok.example/\r\n\r\nGET / HTTP/1.1", "https://ok.example/\n"),
    *("https://ok.example/\0", "https://ok.example\r\n/", "https://ok.example/\t", "https://ok.example/\x7f"),
    *("https://ok.example/ x", "https:// /", "https://" + "a" * 100_000 + ".example/"),
    *("https://ok.example/" + "a" * URL_CHARACTERS, "https://" + "a." * 200 + "example/"),
    "https://" + "a" * 64 + ".example/",
]


class Names:
    """A name server that says what a test wants; each question takes the next of its answers."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers, self._asked = answers, count()

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        return self._answers[min(next(self._asked), len(self._answers) - 1)]


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whom sockets were told to connect to; they do not get there."""
    seen: list[str] = []

    def refuse(_socket: socket.socket, address: tuple[str, int]) -> None:
        seen.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    return seen


def vectors() -> list[tuple[str, Sequence[str]]]:
    """URLs, and what their names stand for."""
    written = [f"[{address}]" if ":" in address else address for address in ADDRESSES]
    found: list[tuple[str, Sequence[str]]] = [(url, ["127.0.0.1"]) for url in TRICKS]
    found += [(f"https://{host}/hook", ()) for host in written]
    for address in ADDRESSES:
        found += [("https://rebound.example/", [address]), ("https://six.example:8443/", [PUBLIC_6, address])]
        found += [("https://both.example/", [PUBLIC, address]), ("https://both.example/", [address, PUBLIC])]
    return found


def attempt(url: str, names: Names, rules: Rules = RULES) -> str:
    """Add a webhook and deliver to it, as far as that goes; who said no."""
    try:
        target: Target = parsed(checked_url(url, rules))
    except WebhookError:
        return "url"
    try:
        asyncio.run(post(target, {}, b"{}", rules=rules, resolve=names, tls=TLS))
    except RefusedError:
        return "address"
    except DeliveryError:
        return ""
    raise AssertionError("it was delivered")


def test_nothing_connects_to_what_is_not_public(connects: list[str]) -> None:
    tried = vectors()
    assert len(tried) >= 300
    allowed = [(url, answer) for url, answer in tried if not attempt(url, Names(answer))]
    assert (allowed, connects) == ([], [])
    assert {attempt(url, Names(answer)) for url, answer in tried[:: len(tried) // 40]} == {"url", "address"}


def test_what_is_public_does_connect_and_to_the_very_address_that_was_judged(connects: list[str]) -> None:
    assert attempt("https://ok.example/hook", Names([PUBLIC])) == ""
    assert attempt(f"https://{PUBLIC}/", Names()) == ""
    assert attempt("https://ok.example:8443/", Names([PUBLIC_6])) == ""
    assert attempt("https://nat64.example/", Names(["64:ff9b::5db8:d70e"])) == ""
    assert connects == [PUBLIC, PUBLIC, PUBLIC_6, "64:ff9b::5db8:d70e"]


def test_a_name_that_means_something_else_a_moment_later_is_asked_once(connects: list[str]) -> None:
    assert attempt("https://rebound.example/", Names([PUBLIC], ["127.0.0.1"], ["169.254.169.254"])) == ""
    assert connects == [PUBLIC]


def test_a_name_without_addresses_or_with_very_many_is_refused(connects: list[str]) -> None:
    for answer in ([], [PUBLIC] * 17):
        assert attempt("https://odd.example/", Names(answer)) == "address"
    assert connects == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_anywhere_is_a_failure_and_not_followed(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: tuple[str, int]) -> None:
        seen.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    rules = Rules.of(["127.0.0.0/8"], [443])
    with receiver() as heard:
        for place in ("http://169.254.169.254/", "http://[::1]/", "//127.0.0.1:1/", "/else", f"{heard.url('/else')}"):
            heard.answer = lambda _, place=place: (status, {"location": place})  # type: ignore[misc]
            answer = asyncio.run(post(parsed(heard.url()), {}, b"{}", rules=rules, resolve=Names(), tls=TLS))
            assert answer.status == status
        assert seen == [("127.0.0.1", heard.port)] * 5
        assert [one.path for one in heard.heard] == ["/hook"] * 5


def test_only_what_is_allowed_by_name_may_be_private_and_by_http() -> None:
    rules = Rules.of(["10.1.0.0/16", "fd00::/64"], [443])
    judged = {
        (scheme, address): not rules.refusal(parsed(f"{scheme}://name.example:9000/"), address)
        for scheme in ("http", "https")
        for address in ("10.1.2.3", "10.2.0.1", "fd00::5", PUBLIC, "::ffff:10.1.2.3", "64:ff9b::a01:203")
    }
    assert [key for key, passes in judged.items() if passes] == [
        (scheme, address) for scheme in ("http", "https") for address in ("10.1.2.3", "fd00::5")
    ]


def test_a_url_is_kept_in_the_one_way_to_write_it() -> None:
    assert checked_url("HTTPS://OK.Example:443", Rules()) == "https://ok.example/"
    assert checked_url("https://ok.example:8443/A%20b?c=D&e", Rules()) == "https://ok.example:8443/A%20b?c=D&e"
    assert checked_url("https://xn--bcher-kva.example/", Rules()) == "https://xn--bcher-kva.example/"
    assert parsed("https://[2606:2800:21F::1]/").authority == "[2606:2800:21f::1]"


def test_ports_and_http_are_refused_when_a_webhook_is_added() -> None:
    for url in ("http://ok.example/", "https://ok.example:22/", "https://10.0.0.1/"):
        with pytest.raises(WebhookError, match="would never be called"):
            checked_url(url, Rules())
