"""Drift: fields added, removed and retyped, by name; and nothing where a message is as its table says."""

import json
from typing import Any

import pytest

import venues
from operators.analysis.drift import MOST_NAMES, OTHERS, Drift

BOOK = (
    '{"channel":"book","type":"update","data":[{"symbol":"MATIC/USD","bids":[{"price":0.5657,"qty":1098.3947558}],'
    '"asks":[],"checksum":2114181697,"timestamp":"2023-10-06T17:35:55.440295Z"}]}'
)
OKX = (
    '{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["8476.98","415","0","13"]],'
    '"bids":[],"ts":"1597026383085","checksum":0,"prevSeqId":123456,"seqId":123457}]}'
)
DEPTH = (
    '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":157,"u":160,"pu":149,'
    '"b":[["0.0024","10"]],"a":[]}}'
)
FRAMES = {"kraken": BOOK, "okx": OKX, "binance-usdm": DEPTH}


def judged(venue: str, message: Any) -> Drift:
    drift = Drift(venues.get(venue).keys)
    drift.take(json.dumps(message).encode())
    return drift


@pytest.mark.parametrize("venue", FRAMES)
def test_a_message_as_its_table_says_is_no_drift(venue: str) -> None:
    drift = judged(venue, json.loads(FRAMES[venue]))
    assert (drift.judged, bool(drift)) == (1, False)


def test_an_added_field_is_named_with_its_message_and_path() -> None:
    message = json.loads(BOOK)
    message["data"][0]["bids"][0]["orders"] = 3
    message["sequence"] = 7
    assert dict(judged("kraken", message).added) == {"book: data.bids.orders": 1, "book: sequence": 1}


def test_a_removed_field_counts_only_if_it_is_required() -> None:
    message = json.loads(BOOK)
    del message["data"][0]["checksum"], message["data"][0]["timestamp"]
    assert dict(judged("kraken", message).removed) == {"book: data.checksum": 1}


@pytest.mark.parametrize(
    ("venue", "path", "value", "name"),
    [
        ("kraken", ("data", 0, "bids", 0, "price"), "0.5657", "book: data.bids.price"),
        ("kraken", ("data", 0, "checksum"), 1.5, "book: data.checksum"),
        ("kraken", ("data", 0, "bids"), {}, "book: data.bids"),
        ("okx", ("data", 0, "seqId"), "123457", "books: data.seqId"),
        ("okx", ("data", 0, "ts"), 1597026383085, "books: data.ts"),
        ("okx", ("data", 0, "asks", 0), ["8476.98", "415"], "books: data.asks"),
        ("okx", ("data", 0, "asks", 0, 0), 8476.98, "books: data.asks"),
        ("binance-usdm", ("data", "u"), True, "depth: data.u"),
    ],
)
def test_a_retyped_field_is_named(venue: str, path: tuple[Any, ...], value: Any, name: str) -> None:
    message = json.loads(FRAMES[venue])
    holder = message
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    assert dict(judged(venue, message).retyped) == {name: 1}


@pytest.mark.parametrize("frame", [b"", b"{", b"[1]", b"7", b'{"channel":"unknown"}', b'{"a":"\xff"}'])
def test_what_has_no_table_or_is_no_json_is_not_judged(frame: bytes) -> None:
    drift = Drift(venues.get("kraken").keys)
    drift.take(frame)
    assert (drift.judged, bool(drift)) == (0, False)


def test_names_are_bounded() -> None:
    drift = judged("kraken", {**json.loads(BOOK), **{f"key{number}": 1 for number in range(MOST_NAMES + 50)}})
    assert len(drift.added) == MOST_NAMES + 1
    assert drift.added[OTHERS] == 50
