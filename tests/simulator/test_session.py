"""A connection's control messages, as the venue answers them."""

import json

import numpy as np
import pytest

from simulator.exchange import Exchange
from simulator.session import Session, buffer_for, gather, route

STREAMS = ("btcusdt@depth@100ms", "btcusdt@bookTicker", "btcusdt@aggTrade", "btcusdt@markPrice@1s")


def session(path):
    return Session(route(path), STREAMS)


@pytest.mark.parametrize("path", ["/", "/private/ws", "/fapi/v1/depth"])
def test_other_paths_are_no_route(path):
    assert route(path) is None


def test_streams_in_the_url_are_subscribed():
    asked = session("/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker")
    assert asked.mask.tolist() == [True, True, False, False]
    assert session("/public/ws/btcusdt@bookTicker").mask.tolist() == [False, True, False, False]


def test_subscriptions_are_acknowledged_listed_and_taken_back():
    asked = session("/public/stream")
    answer = asked.control(b'{"method":"SUBSCRIBE","params":["btcusdt@bookTicker","nonsense@x"],"id":7}')
    assert json.loads(answer) == {"result": None, "id": 7}
    assert json.loads(asked.control('{"method":"LIST_SUBSCRIPTIONS","id":"a"}')) == {
        "result": ["btcusdt@bookTicker", "nonsense@x"],
        "id": "a",
    }
    asked.control('{"method":"UNSUBSCRIBE","params":["btcusdt@bookTicker"],"id":8}')
    assert not asked.mask.any()


@pytest.mark.parametrize("path", ["/public/ws", "/ws", "/stream"])
def test_market_streams_stay_silent_on_public_routes(path):
    asked = session(path)
    assert b'"result":null' in asked.control(json.dumps({"method": "SUBSCRIBE", "params": list(STREAMS), "id": 1}))
    assert asked.mask.tolist() == [True, True, False, False]


def test_public_streams_stay_silent_on_the_market_route():
    asked = session("/market/stream")
    asked.subscribe(STREAMS)
    assert asked.mask.tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"{", 3),
        (b"[]", 2),
        (b'{"id":1}', 2),
        (b'{"method":"DANCE","id":1}', 2),
        (b'{"method":"SUBSCRIBE","params":"x","id":1}', 2),
    ],
)
def test_nonsense_is_answered_with_an_error_object(text, code):
    assert json.loads(session("/ws").control(text))["error"]["code"] == code


def test_the_eleventh_message_within_a_second_is_too_fast():
    asked = session("/ws")
    assert [asked.too_fast(0.05 * number) for number in range(11)] == [False] * 10 + [True]
    assert not asked.too_fast(10.0)


@pytest.mark.parametrize("combined", [True, False])
def test_gathered_bytes_are_the_frames_behind_websocket_headers(combined):
    exchange = Exchange(instruments=["BTCUSDT"], rate=500, seed=1)
    frames = next(iter(exchange.run(400_000_000, epoch_ns=0, sent_ns=0)))
    into = buffer_for(frames)
    left = into[: gather(frames, np.array([True, True, False, False]), combined, into)].tobytes()
    found = []
    while left:
        assert left[0] == 0x81
        size, at = left[1], 2
        if size == 126:
            size, at = int.from_bytes(left[2:4], "big"), 4
        found.append(json.loads(left[at : at + size]))
        left = left[at + size :]
    assert len(found) > 50
    kinds = {frame["data"]["e"] if combined else frame["e"] for frame in found}
    assert kinds == {"depthUpdate", "bookTicker"}
