"""Keys: shown once, kept as a hash, ended at once, and nobody is let in when they cannot be read."""

import asyncio
import os
import sqlite3
import stat

import pytest

from gateway.app import app
from gateway.caller import OPEN, SCOPES, Caller
from gateway.keys import Keys, KeyStoreError
from gateway.keys.text import key_id, new_key
from market.clock import SECOND_NS, ManualClock
from tests.gateway.client import Client

HOUR_NS = 3_600 * SECOND_NS


@pytest.fixture
def clock():
    return ManualClock(1_700_000_000 * SECOND_NS)


@pytest.fixture
def keys(tmp_path, clock):
    return Keys(tmp_path, clock)


def made(keys: Keys, **told) -> dict[str, str]:
    known = {"name": "k", "scopes": ["read"], "tenant": "default", "rate_per_s": 1_000}
    return {"x-api-key": keys.add(**(known | told)).text}


@pytest.fixture
def api(tmp_path, clock):
    return Client(app(dsn="http://127.0.0.1:9/barograph", data=tmp_path, clock=clock))


def status(api, headers=None, path="/healthz") -> int:
    return api.get(path, headers=headers or {}).status_code


def test_the_first_key_closes_a_running_gateway_and_revocation_of_all_does_not_open_it(api, keys):
    assert status(api) == 200
    shown = made(keys)
    assert (status(api), status(api, shown)) == (401, 200)
    (key,) = keys.all()
    assert keys.revoke(key.id)
    assert (status(api), status(api, shown)) == (401, 401)
    assert not keys.revoke("0" * 16)


def test_a_key_ends_when_it_expires(api, keys, clock):
    shown = made(keys, expires_ns=clock.now_ns() + HOUR_NS)
    clock.advance(HOUR_NS - 1)
    assert status(api, shown) == 200
    clock.advance(1)
    assert status(api, shown) == 401


def test_the_secret_is_nowhere_but_in_the_hand_of_its_holder(keys, tmp_path, caplog, api):
    shown = made(keys)["x-api-key"]
    status(api, {"x-api-key": shown[:-1] + "!"})
    secret = shown.split("_")[2].encode()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "gateway").iterdir())
    assert shown.split("_")[1].encode() in kept
    assert secret not in kept
    assert secret[:-6] not in kept
    assert shown.split("_")[2][:20] not in caplog.text


def test_nobody_else_may_read_the_key_store(keys, tmp_path):
    made(keys)
    assert stat.S_IMODE((tmp_path / "gateway").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "gateway").glob("keys.db*")} == {0o600}


def forged(text: str) -> list[str]:
    """What is not the key: every character changed, cut, lengthened, other ids, other checksums, other kinds."""
    changed = [text[:n] + ("x" if text[n] != "x" else "y") + text[n + 1 :] for n in range(len(text))]
    cut = [text[:n] for n in range(0, len(text), 3)]
    other = [new_key().text for _ in range(100)]
    mixed = [f"bg_{key_id(text)}_{one.split('_')[2]}" for one in other[:30]]
    return [
        *changed,
        *cut,
        *other,
        *mixed,
        text + "0",
        text.upper(),
        f" {text}!",
        "bg__",
        "null",
        "true",
        "0",
        "../",
        "%00",
        "' or 1=1",
    ]


def test_no_forgery_is_let_in_and_a_typo_is_told_from_a_wrong_key(api, keys):
    shown = made(keys)["x-api-key"]
    tried = forged(shown)
    assert len(tried) > 200
    answers = [api.get("/healthz", headers={"x-api-key": one}) for one in tried]
    assert {answer.status_code for answer in answers} == {401}
    assert "checksum" in api.get("/healthz", headers={"x-api-key": shown[:-1]}).json()["detail"]
    wrong = api.get("/healthz", headers={"x-api-key": new_key().text})
    assert "checksum" not in wrong.json()["detail"]
    bytes_ = [b"\xff\xfe", b"bg_\x00", shown.encode() + b"\xe9"]
    assert {api.get("/healthz", headers={"x-api-key": one}).status_code for one in bytes_} == {401}


def test_an_unknown_id_and_a_wrong_secret_get_the_same_answer(api, keys):
    public = key_id(made(keys)["x-api-key"])
    made_up = new_key().text
    body = f"bg_{public}_{made_up.split('_')[2][:43]}"
    from gateway.keys.text import checksum

    wrong_secret = api.get("/healthz", headers={"x-api-key": body + checksum(body)})
    unknown = api.get("/healthz", headers={"x-api-key": made_up})
    assert (wrong_secret.status_code, wrong_secret.text) == (unknown.status_code, unknown.text)
    assert dict(wrong_secret.headers) == dict(unknown.headers)


@pytest.mark.parametrize("harm", ["removed", "no database", "writable by others", "table gone", "truncated"])
def test_nobody_is_let_in_when_the_keys_cannot_be_read(api, keys, tmp_path, harm):
    shown = made(keys)
    assert status(api, shown) == 200
    path = tmp_path / "gateway" / "keys.db"
    if harm == "removed":
        path.unlink()
    elif harm == "no database":
        path.unlink()
        path.write_bytes(b"not a database, and long enough to be looked at" * 50)
    elif harm == "writable by others":
        path.chmod(0o666)
    elif harm == "table gone":
        with sqlite3.connect(path) as database:
            database.execute("drop table keys")
        database.close()
    else:
        os.truncate(path, 0)
        for beside in path.parent.glob("keys.db-*"):
            beside.unlink()
        keys.close()
        fresh = Keys(tmp_path, ManualClock())
        with pytest.raises(KeyStoreError):
            fresh.needed()
        return
    for headers in ({}, shown):
        answer = api.get("/healthz", headers=headers)
        assert answer.status_code == 503
        assert str(tmp_path) not in answer.text


def test_the_key_of_the_environment_opens_even_then(tmp_path, clock):
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "keys.db").write_bytes(b"nonsense" * 200)
    api = Client(app(dsn="http://127.0.0.1:9/barograph", data=tmp_path, clock=clock, key="k" * 20))
    assert (status(api, {"x-api-key": "k" * 20}), status(api), status(api, {"x-api-key": "l" * 20})) == (200, 503, 503)


def test_off_loopback_nobody_is_let_in_without_a_key(tmp_path, clock):
    api = Client(app(dsn="http://127.0.0.1:9/barograph", data=tmp_path, clock=clock, always=True))
    assert status(api) == 401


def test_a_key_asks_as_often_as_it_may_and_no_more(api, keys, clock):
    slow, other = made(keys, rate_per_s=2), made(keys)
    answers = [api.get("/healthz", headers=slow) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[0].headers["ratelimit"].endswith("r=3;t=1")
    assert "q=4;w=2" in answers[0].headers["ratelimit-policy"]
    assert status(api, other) == 200
    clock.advance(SECOND_NS // 2)
    assert (status(api, slow), status(api, slow)) == (200, 429)
    clock.advance(-HOUR_NS)
    assert status(api, slow) == 429


def test_what_holds_is_known_to_streams(keys, clock, tmp_path):
    key_id(made(keys)["x-api-key"])
    (key,) = keys.all()
    assert keys.holds(key.caller())
    assert keys.holds(OPEN)
    assert not keys.holds(key.caller()._replace(tenant="other"))
    assert not keys.holds(Caller("default", frozenset(SCOPES), "0" * 16, False))
    keys.revoke(key.id)
    assert not keys.holds(key.caller())
    (tmp_path / "gateway" / "keys.db").unlink()
    assert not keys.holds(key.caller())


def closed_with(api, **headers: str) -> int | None:
    """The code that a WebSocket is closed with at once; None where the application was reached."""
    sent: list[dict] = []
    scope = {"type": "websocket", "path": "/api/v1/nothing", "query_string": b"", "client": ("127.0.0.1", 1)}
    raw = [(name.encode(), value.encode()) for name, value in {"host": "127.0.0.1", **headers}.items()]

    async def receive() -> dict:
        return {"type": "websocket.connect"}

    async def send(message: dict) -> None:
        sent.append(message)

    asyncio.run(api._api({**scope, "headers": raw, "subprotocols": []}, receive, send))
    return sent[-1].get("code")


ROUTER = 1000  # the code of a path that is not there: the guard let it through


def test_a_websocket_passes_the_guard_like_a_request(api, keys):
    assert closed_with(api) == ROUTER
    shown = made(keys, rate_per_s=1)["x-api-key"]
    assert closed_with(api) == ROUTER  # to whom the route gives nothing without a ticket
    assert closed_with(api, authorization=f"Bearer {shown}") == ROUTER
    assert closed_with(api, **{"x-api-key": shown[:-1]}) == 4401
    assert [closed_with(api, **{"x-api-key": shown}) for _ in range(2)] == [ROUTER, 4429]
    assert closed_with(api, host="evil.example") == ROUTER


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:81", "http://127.0.0.1.evil.example"]
)
def test_what_a_page_of_another_origin_asks_is_refused(api, origin):
    assert closed_with(api, origin=origin) == 1008
    assert closed_with(api, host="evil.example") == 1008
    for method in ("POST", "DELETE", "PUT", "PATCH"):
        assert api.ask(method, "/api/v1/stream/ticket", headers={"origin": origin}).status_code == 403
    assert api.get("/healthz", headers={"origin": origin}).status_code == 200
    assert api.ask("POST", "/api/v1/stream/ticket", headers={"origin": "http://127.0.0.1"}).status_code == 200


def test_a_body_that_is_too_long_or_of_unknown_length_is_not_read(api):
    async def endless():
        yield b"x"

    answers = [api.ask("POST", "/api/v1/webhooks", content=body) for body in (b"x" * 65_537, endless(), b"x" * 65_536)]
    assert [answer.status_code for answer in answers] == [413, 411, 400]
