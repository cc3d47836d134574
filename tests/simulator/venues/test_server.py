"""Mock venues over a real socket, and the faults that only a socket can have."""

import asyncio
import http.client
import json
import queue
import threading
import time
from contextlib import contextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from simulator.venues import EXAMPLES, make_desk
from simulator.venues.faults import Faults
from simulator.venues.script import Fault
from simulator.venues.server import serve
from simulator.venues.urls import urls
from tests.simulator.venues.asking import PATHS, requests
from tests.simulator.venues.clients import Client

WAIT_S = 20


@contextmanager
def running(venue, *script, rate=50.0):
    """A served desk; gives it and its port."""
    desk = make_desk(venue, EXAMPLES[venue], rate=rate, start_ns=time.time_ns(), faults=Faults(script))
    stop, port = threading.Event(), queue.Queue()
    thread = threading.Thread(target=serve, args=(desk,), kwargs={"ready": port.put, "stop": stop})
    thread.start()
    try:
        yield desk, port.get(timeout=WAIT_S)
    finally:
        stop.set()
        thread.join(timeout=WAIT_S)
        assert not thread.is_alive()


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


async def listen(port, venue, count, **options):
    """The first frames of a connection that asks for everything."""
    async with (
        asyncio.timeout(WAIT_S),
        connect(f"ws://127.0.0.1:{port}{PATHS[venue]}", proxy=None, **options) as socket,
    ):
        for message in requests(venue, EXAMPLES[venue]):
            await socket.send(json.dumps(message))
        return [await socket.recv() for _ in range(count)]


@pytest.mark.parametrize("venue", EXAMPLES)
def test_every_venue_speaks_over_a_socket(venue):
    with running(venue) as (desk, port):
        frames = asyncio.run(listen(port, venue, 40))
        assert len(frames) == 40
        assert all(json.loads(frame) is not None for frame in frames)
        assert urls(venue, port)["websocket"].startswith(f"ws://127.0.0.1:{port}")
        assert get(port, "/nothing/here")[0] in (400, 401, 403, 404, 200)
    assert desk.violations == []
    assert desk.sessions == []


def test_rest_and_streams_share_the_port_and_the_truth():
    with running("kraken") as (desk, port):
        frames = asyncio.run(listen(port, "kraken", 60))
        status, body, headers = get(port, "/0/public/AssetPairs?pair=XXBTZUSD")
    client = Client("kraken", 10)
    for frame in frames:
        client.take(frame.encode())
    assert client.wrong == []
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body)["result"]["XXBTZUSD"]["pair_decimals"] == 1
    assert desk.opened == 1


def test_pieces_of_a_byte_make_the_same_frames():
    with running("kraken", Fault("split", 0.0)) as (desk, port):
        frames = asyncio.run(listen(port, "kraken", 30))
    client = Client("kraken", 10)
    for frame in frames:
        client.take(frame.encode())
    assert client.wrong == []
    assert {one.kind for one in desk.faults.injected} == {"split"}


def test_a_drip_takes_its_time():
    with running("kraken", Fault("drip", 0.0, for_s=60.0, value=0.0)) as (_, port):
        started = time.monotonic()
        frames = asyncio.run(listen(port, "kraken", 4))
    assert time.monotonic() - started > sum(len(frame) for frame in frames) / 2_000 * 0.9


@pytest.mark.parametrize(("code", "received"), [(4005, 4005), (1006, None)])
def test_a_close_has_its_code_and_a_cut_has_none(code, received):
    async def closed(port):
        try:
            await listen(port, "okx", 10_000)
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else None

    with running("okx", Fault("close", 1.0, value=float(code))) as (_, port):
        assert asyncio.run(closed(port)) == received


def test_a_refused_handshake_has_its_status_and_says_when_to_come_again():
    with running("binance-spot", Fault("refuse", 0.0, for_s=60.0, value=418.0)) as (_, port):
        with pytest.raises(InvalidStatus) as refused:
            asyncio.run(listen(port, "binance-spot", 1))
        status, _, headers = get(port, "/api/v3/ping")
    assert (refused.value.response.status_code, status) == (418, 418)
    assert 0 < int(headers["Retry-After"]) <= 60


def test_a_half_open_connection_answers_no_ping():
    options = {"proxy": None, "ping_interval": 0.3, "ping_timeout": 0.5, "close_timeout": 0.2}

    async def unanswered(port):
        async with connect(f"ws://127.0.0.1:{port}/v2", **options) as socket:
            async with asyncio.timeout(WAIT_S):
                async for _ in socket:
                    pass
            return socket

    with running("kraken", Fault("half_open", 1.0)) as (_, port), pytest.raises(ConnectionClosed) as closed:
        asyncio.run(unanswered(port))
    assert closed.value.sent.code == 1011


def test_a_claim_of_64_megabytes_is_refused_by_a_client_with_a_limit():
    with running("okx", Fault("hostile", 1.0, text="claim")) as (_, port), pytest.raises(ConnectionClosed) as closed:
        asyncio.run(listen(port, "okx", 10_000, max_size=1 << 20))
    assert closed.value.sent.code == 1009


def test_invalid_utf8_reaches_the_client_as_it_is():
    with running("okx", Fault("hostile", 1.0, text="utf8")) as (_, port), pytest.raises(ConnectionClosed) as closed:
        asyncio.run(listen(port, "okx", 10_000))
    assert closed.value.sent.code == 1007


def test_pings_of_the_venue_are_answered_and_pings_of_the_client_counted():
    async def ping(port):
        async with connect(f"ws://127.0.0.1:{port}/ws", proxy=None) as socket, asyncio.timeout(WAIT_S):
            for _ in range(8):
                await socket.ping()
            async for _ in socket:
                pass

    with running("binance-spot") as (desk, port), pytest.raises(ConnectionClosed) as closed:
        asyncio.run(ping(port))
    assert closed.value.rcvd.code == 1008
    assert desk.ledger.counts()["messages"] >= 1
