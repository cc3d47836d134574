"""The stream on a real socket: who gets in, how a browser does, what a slow one costs, and how it ends."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from benchmarks.stream import run
from gateway import limits
from gateway.keys import Keys
from gateway.serve import allow_files, serve
from market.clock import SystemClock
from tests.gateway.stream.listening import tell, teller

PATH = "/api/v1/stream"


@contextmanager
def served(data: Path) -> Iterator[str]:
    """Host and port of a gateway without a store."""
    stop, ready, ports = threading.Event(), threading.Event(), list[int]()
    told = {"data": data, "stop": stop, "ready": lambda port: (ports.append(port), ready.set())}
    worker = threading.Thread(target=serve, args=("http://127.0.0.1:9/barograph", "127.0.0.1", 0), kwargs=told)
    worker.start()
    try:
        assert ready.wait(20)
        yield f"127.0.0.1:{ports[0]}"
    finally:
        stop.set()
        worker.join(10)
    assert not worker.is_alive()


@contextmanager
def opened(host: str, path: str = PATH, **headers: str) -> Iterator[ClientConnection]:
    with connect(f"ws://{host}{path}", additional_headers=headers, proxy=None) as socket:
        yield socket


def said(socket: ClientConnection) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(socket.recv(10))
    return answer


def ending(socket: ClientConnection) -> int:
    """The close code, once everything else was read."""
    try:
        while True:
            socket.recv(10)
    except ConnectionClosed as closed:
        return int(closed.rcvd.code) if closed.rcvd is not None else 0


def key(data: Path, *scopes: str) -> tuple[str, str]:
    """A key and its id."""
    keys = Keys(data, SystemClock())
    made = keys.add(name="test", scopes=scopes, tenant="default", rate_per_s=1_000)
    keys.close()
    return made.text, made.id


def test_without_keys_everybody_here_may_listen_and_nothing_is_compressed(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        tell(part, 1, 3)
    with served(tmp_path) as host, opened(host) as socket:
        assert said(socket)["sequence"] == 3
        assert socket.response is not None
        assert "sec-websocket-extensions" not in socket.response.headers
        socket.send(json.dumps({"op": "subscribe", "from": 0}))
        assert said(socket) == {"type": "subscribed", "from": 0}
        assert said(socket)["sequence"] == 3


def test_a_page_of_this_gateway_gets_a_stream_and_one_of_another_origin_none(tmp_path: Path) -> None:
    with served(tmp_path) as host:
        with opened(host, Origin=f"http://{host}") as socket:
            assert said(socket)["type"] == "hello"
        for origin in ("http://evil.example", "null", f"http://{host}.evil.example"):
            with pytest.raises(InvalidStatus) as refused, opened(host, Origin=origin):
                pass
            assert refused.value.response.status_code == 403


def test_a_key_opens_it_a_wrong_one_or_none_does_not_and_one_without_the_scope_neither(tmp_path: Path) -> None:
    (good, _), (poor, _) = key(tmp_path, "stream"), key(tmp_path, "read")
    with served(tmp_path) as host:
        with opened(host, **{"X-API-Key": good}) as socket:
            assert said(socket)["type"] == "hello"
        for headers, code in (({"X-API-Key": good[:-1] + "x"}, 4401), ({}, 4401), ({"X-API-Key": poor}, 4403)):
            with opened(host, **headers) as socket:
                assert ending(socket) == code


def test_a_ticket_opens_it_once(tmp_path: Path) -> None:
    good, _ = key(tmp_path, "stream")
    with served(tmp_path) as host, httpx.Client(trust_env=False, base_url=f"http://{host}") as browser:
        assert browser.post(f"{PATH}/ticket").status_code == 401
        given = browser.post(f"{PATH}/ticket", headers={"X-API-Key": good}).json()
        assert given["expires_s"] == 30
        with opened(host, f"{PATH}?ticket={given['ticket']}") as socket:
            assert said(socket)["type"] == "hello"
        for ticket in (given["ticket"], "x" * 43, ""):
            with opened(host, f"{PATH}?ticket={ticket}") as socket:
                assert said(socket)["code"] == "no_key"
                assert ending(socket) == 4401


def test_a_key_that_is_revoked_ends_its_stream(tmp_path: Path) -> None:
    good, its_id = key(tmp_path, "stream")
    with served(tmp_path) as host, opened(host, **{"X-API-Key": good}) as socket:
        socket.send('{"op":"subscribe"}')
        assert said(socket)["type"] == "hello"
        keys = Keys(tmp_path, SystemClock())
        keys.revoke(its_id)
        keys.close()
        assert ending(socket) == 4401


def test_there_are_so_many_streams_of_a_key_and_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.stream.hub.STREAMS_PER_KEY", 1)
    monkeypatch.setattr("gateway.stream.hub.STREAMS", 2)
    (first, _), (second, _), (third, _) = (key(tmp_path, "stream") for _ in range(3))
    with served(tmp_path) as host, opened(host, **{"X-API-Key": first}) as one:
        assert said(one)["type"] == "hello"
        with opened(host, **{"X-API-Key": first}) as again:
            assert "with this key" in said(again)["detail"]
            assert ending(again) == 4429
        with opened(host, **{"X-API-Key": second}) as other:
            assert said(other)["type"] == "hello"
            with opened(host, **{"X-API-Key": third}) as another:
                assert ending(another) == 4429


def test_a_message_that_is_too_long_ends_it(tmp_path: Path) -> None:
    with served(tmp_path) as host, opened(host) as socket:
        socket.send("x" * (limits.MAX_REQUEST_BYTES + 1))
        assert ending(socket) == 1009


def test_who_listens_when_the_gateway_stops_is_told_that_it_starts_again(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with served(tmp_path) as host:
            socket = stack.enter_context(opened(host))
            assert said(socket)["type"] == "hello"
        assert ending(socket) == 1012


def test_the_gateway_asks_for_as_many_files_as_it_may_have_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[tuple[int, int]]()
    monkeypatch.setattr("resource.setrlimit", lambda _, bounds: asked.append(bounds))
    for bounds in ((1_024, 2_000), (1_024, -1), (50_000, 50_000), (-1, -1)):
        monkeypatch.setattr("resource.getrlimit", lambda _, bounds=bounds: bounds)
        allow_files(4_000)
    assert asked == [(2_000, 2_000), (4_000, -1)]


def test_slow_clients_cost_others_nothing_and_the_gateway_no_memory(tmp_path: Path) -> None:
    """The short form of benchmarks/stream.py."""
    outcome = asyncio.run(run(tmp_path, clients=60, seconds=10, rows_per_s=100, ring_s=1))
    fast, slow = outcome.fast, outcome.slow
    assert (fast.broken, fast.lost, outcome.missing) == (0, 0, 0)
    assert fast.rows == 54 * outcome.told
    assert sum(seen.broken for seen in slow.values()) == 0
    assert sum(seen.rows for seen in slow.values()) < outcome.told
    assert slow["disconnect"].lost == 2
    assert outcome.rss_bytes[-1] < outcome.rss_bytes[0] + (16 << 20)
