"""Who may ask: loopback names only without a key, the key everywhere with one."""

import base64

import pytest

from gateway.app import app
from gateway.guard import check
from gateway.problems import problem
from market.errors import SettingsError
from tests.gateway.client import Client

KEY = "a-key-of-the-tests-0123456789"


def client(tmp_path, key: str = "", host: str = "127.0.0.1") -> Client:
    return Client(app(dsn="http://127.0.0.1:9/barograph", data=tmp_path, key=key), host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_an_address_that_others_reach_is_refused_without_a_key(host):
    with pytest.raises(SettingsError, match="BAROGRAPH_API_KEY"):
        check(host, "")
    check(host, KEY)


def test_a_short_key_is_refused():
    with pytest.raises(SettingsError, match="at least 16"):
        check("127.0.0.1", "short")


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/v1/status", "/openapi.json", "/nothing"])
def test_with_a_key_every_route_needs_it(tmp_path, path):
    answer = client(tmp_path, KEY).get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": KEY},
        {"authorization": f"Bearer {KEY}"},
        {"authorization": "Basic " + base64.b64encode(f"anyone:{KEY}".encode()).decode()},
    ],
)
def test_the_key_is_taken_in_three_ways(tmp_path, headers):
    assert client(tmp_path, KEY, "example.org").get("/healthz", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": KEY + "x"},
        {"x-api-key": ""},
        {"authorization": "Basic not-base64!"},
        {"authorization": "Bearer"},
        {"authorization": f"Digest {KEY}"},
    ],
)
def test_a_wrong_key_is_refused_and_never_repeated(tmp_path, headers):
    answer = client(tmp_path, KEY).get("/healthz", headers=headers)
    assert answer.status_code == 401
    assert KEY not in answer.text


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example", "10.0.0.1"])
def test_a_foreign_host_name_is_refused_without_a_key(tmp_path, host):
    assert client(tmp_path, host=host).get("/healthz").status_code == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "LOCALHOST:80", "[::1]:8080"])
def test_names_of_this_machine_are_answered(tmp_path, host):
    assert client(tmp_path).get("/healthz", headers={"host": host}).status_code == 200


def test_every_answer_carries_the_headers_that_browsers_obey(tmp_path):
    for path in ("/healthz", "/nothing", "/"):
        headers = client(tmp_path).get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_a_problem_says_what_it_is():
    assert b'"title":"Service Unavailable"' in problem(503, "The store is down.").body
