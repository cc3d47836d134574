"""The protocol over a real socket: streams, acknowledgements, REST, and faults at run time."""

import asyncio
import http.client
import json
import time
from itertools import pairwise

import numba
import polars as pl
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from simulator.faults import Faults
from tests.simulator.serving import SYMBOLS, running

WAIT_S = 30
pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="too slow for real time without compiled kernels")


@pytest.fixture(scope="module")
def faults():
    return Faults()


@pytest.fixture(scope="module")
def port(faults):
    with running(WAIT_S, faults=faults) as number:
        yield number


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), dict(answer.getheaders())
    finally:
        connection.close()


async def receive(port, path, count, *sent):
    """The first `count` messages on a path, after sending some."""
    async with asyncio.timeout(WAIT_S), connect(f"ws://127.0.0.1:{port}{path}", proxy=None) as socket:
        for message in sent:
            await socket.send(json.dumps(message))
        return [json.loads(await socket.recv()) for _ in range(count)]


def test_streams_of_both_routes_speak(port):
    names = ["btcusdt@depth@100ms", "ethusdt@bookTicker", "ethusdt@aggTrade"]
    ask = {"method": "SUBSCRIBE", "params": names, "id": 1}
    public = asyncio.run(receive(port, "/public/stream", 300, ask))
    market = asyncio.run(receive(port, "/market/ws/ethusdt@aggTrade", 5))
    assert {"result": None, "id": 1} in public
    assert {frame["stream"] for frame in public if "stream" in frame} == set(names[:2])
    assert {frame["e"] for frame in market} == {"aggTrade"}


def test_stamps_are_the_wall_clock_and_never_descend(port):
    frames = asyncio.run(receive(port, "/public/ws/btcusdt@bookTicker", 100))
    stamps = [frame["E"] for frame in frames]
    assert stamps == sorted(stamps)
    assert abs(stamps[-1] - time.time() * 1000) < 2000
    assert all(frame["T"] <= frame["E"] for frame in frames)


def test_a_snapshot_over_rest_continues_the_stream(port):
    async def session():
        async with (
            asyncio.timeout(WAIT_S),
            connect(f"ws://127.0.0.1:{port}/public/ws/btcusdt@depth@100ms", proxy=None) as socket,
        ):
            frames = [json.loads(await socket.recv())]
            _, snapshot, _ = await asyncio.to_thread(get, port, "/fapi/v1/depth?symbol=BTCUSDT&limit=1000")
            while frames[-1]["u"] < snapshot["lastUpdateId"]:
                frames.append(json.loads(await socket.recv()))
            return frames, snapshot

    frames, snapshot = asyncio.run(session())
    assert frames[0]["U"] <= snapshot["lastUpdateId"] <= frames[-1]["u"]
    assert frames[-1]["pu"] <= snapshot["lastUpdateId"]
    assert float(snapshot["bids"][0][0]) < float(snapshot["asks"][0][0])
    assert min(len(snapshot["bids"]), len(snapshot["asks"])) >= 200


def test_metadata_names_steps_and_status(port):
    status, info, headers = get(port, "/fapi/v1/exchangeInfo")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert [row["symbol"] for row in info["symbols"]] == list(SYMBOLS)
    filters = {row["filterType"]: row for row in info["symbols"][0]["filters"]}
    assert (filters["PRICE_FILTER"]["tickSize"], filters["LOT_SIZE"]["stepSize"]) == ("0.1", "0.001")
    assert filters["MIN_NOTIONAL"]["notional"] == "5"
    assert (info["symbols"][0]["contractType"], info["symbols"][0]["status"]) == ("PERPETUAL", "TRADING")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/fapi/v1/depth?symbol=NONE", 400, -1121),
        ("/fapi/v1/depth", 400, -1102),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=7", 400, -4021),
        ("/nothing", 404, -5000),
    ],
)
def test_refusals_are_the_venues_error_objects(port, path, status, code):
    answer = get(port, path)
    assert (answer[0], answer[1]["code"]) == (status, code)


def test_ping_and_time_answer(port):
    assert get(port, "/fapi/v1/ping")[:2] == (200, {})
    assert abs(get(port, "/fapi/v1/time")[1]["serverTime"] - time.time() * 1000) < 2000


def test_unknown_streams_are_acknowledged_and_silent(port):
    async def session():
        async with connect(f"ws://127.0.0.1:{port}/market/stream", proxy=None) as socket:
            await socket.send('{"method":"SUBSCRIBE","params":["btcusdt@bookTicker","x@y"],"id":3}')
            answer = await asyncio.wait_for(socket.recv(), WAIT_S)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), 0.3)
            return json.loads(answer)

    assert asyncio.run(session()) == {"result": None, "id": 3}


def test_too_many_messages_close_the_connection(port):
    async def session():
        async with connect(f"ws://127.0.0.1:{port}/public/ws", proxy=None) as socket:
            try:
                for number in range(30):
                    await socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
                    await asyncio.wait_for(socket.recv(), WAIT_S)
            except ConnectionClosed as closed:
                return closed.rcvd.code

    assert asyncio.run(session()) == 1008


def test_a_dropped_frame_at_run_time_breaks_the_chain_once(port, faults):
    async def session():
        async with (
            asyncio.timeout(WAIT_S),
            connect(f"ws://127.0.0.1:{port}/public/ws/btcusdt@depth@100ms", proxy=None) as socket,
        ):
            first = json.loads(await socket.recv())
            faults.strike("drop", "BTCUSDT", after=2)
            return [first, *[json.loads(await socket.recv()) for _ in range(5)]]

    before = faults.injected["drop BTCUSDT"]
    frames = asyncio.run(session())
    broken = sum(after["pu"] != before["u"] for before, after in pairwise(frames))
    assert broken == faults.injected["drop BTCUSDT"] - before == 1


def test_a_stale_snapshot_is_older_than_the_stream_and_counted(port, faults):
    fresh = get(port, "/fapi/v1/depth?symbol=ETHUSDT")[1]["lastUpdateId"]
    faults.stale_snapshots = 1
    stale, again = (get(port, "/fapi/v1/depth?symbol=ETHUSDT")[1]["lastUpdateId"] for _ in range(2))
    assert stale < fresh <= again
    assert faults.injected["stale ETHUSDT"] == 1


def test_a_disconnect_cuts_every_connection_and_is_counted(port, faults):
    async def session():
        async with connect(f"ws://127.0.0.1:{port}/public/ws/btcusdt@bookTicker", proxy=None) as socket:
            await socket.recv()
            faults.disconnect()
            async with asyncio.timeout(WAIT_S):
                async for _ in socket:  # ends, or raises, once the connection is cut
                    pass

    before = faults.injected["disconnect"]
    with pytest.raises(ConnectionClosed):
        asyncio.run(session())
    assert faults.injected["disconnect"] == before + 1


def test_a_slow_consumer_is_cut_off(monkeypatch):
    monkeypatch.setattr("simulator.server.SEND_BUFFER_BYTES", 64 * 1024)

    async def session(port):
        streams = "/".join(
            f"{symbol.lower()}@{channel}" for symbol in SYMBOLS for channel in ("depth@100ms", "bookTicker")
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        key = "dGhlIHNhbXBsZSBub25jZQ=="
        writer.write(
            f"GET /public/stream?streams={streams} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        reader._transport.pause_reading()
        await asyncio.sleep(2)
        reader._transport.resume_reading()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1 << 30), WAIT_S)
        writer.close()

    with running(WAIT_S, rate=60_000) as port:
        asyncio.run(session(port))


def test_truth_is_complete_after_the_stop(tmp_path):
    path = tmp_path / "truth.parquet"
    with running(WAIT_S, truth=path) as port:
        asyncio.run(receive(port, "/public/ws/btcusdt@bookTicker", 50))
    assert set(pl.read_parquet(path)["instrument"]) == set(SYMBOLS)


def test_an_exchange_that_opens_again_repeats_no_id():
    seen = []
    for _ in range(2):
        with running(WAIT_S) as number:
            seen.append(get(number, "/fapi/v1/depth?symbol=BTCUSDT&limit=5")[1]["lastUpdateId"])
    assert seen[1] > seen[0]
