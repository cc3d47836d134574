"""Frames have the keys, the order of keys and the types of recorded frames, or of the vendor's own samples."""

import io
import json
from functools import cache
from itertools import pairwise

import msgspec
import pytest
import zstandard

from simulator.venues import make_desk
from tests.captures import real
from tests.simulator.venues.asking import EXAMPLES, PATHS, START_NS, opened, requests, run

NEWER = {  # fields that the venue has added since, as its documentation says
    "binance-usdm": {"nq", "ap", "ps"},
    "binance-spot": {"M"},
    "kraken": {"timestamp"},
    "okx": {"connId", "id", "source", "seqId", "count", "prevSeqId", "method", "instType", "maxFundingRate"}
    | {"minFundingRate", "premium", "settFundingRate", "settState"},
    "massive-stocks": {"ds"},
    "massive-crypto": {"lp", "ls"},
    "alpaca-iex": {"n", "vw"},
}


def shape(value):
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, bool) or value is None:
        return str(type(value).__name__)
    return "text" if isinstance(value, str) else "number"


def differences(mine, theirs, newer, place=""):
    """What a reader of theirs would stumble over in mine."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        found = [f"{place}.{key} is missing" for key in theirs if key not in mine]
        found += [f"{place}.{key} is invented" for key in mine if key not in theirs and key not in newer]
        if not found and [key for key in mine if key in theirs] != list(theirs):
            found.append(f"{place}: order {list(mine)}, theirs {list(theirs)}")
        return found + [
            line
            for key in mine
            if key in theirs
            for line in differences(mine[key], theirs[key], newer, f"{place}.{key}")
        ]
    if isinstance(mine, list) and isinstance(theirs, list):
        return differences(mine[0], theirs[0], newer, f"{place}[]") if mine and theirs else []
    return [] if mine == theirs else [f"{place} is {mine}, theirs is {theirs}"]


def kind(message):
    """What a frame is, in any venue's words."""
    if isinstance(message, list):
        row = message[0]
        return row.get("ev") or row.get("T"), "r" in row
    data = message.get("data", message)
    event = data.get("e", "") if isinstance(data, dict) else ""
    channel = message.get("channel", "") or message.get("topic", "").partition(".")[0]
    argument = message["arg"]["channel"] if isinstance(message.get("arg"), dict) else ""
    word = message.get("type") or message.get("action") or message.get("op") or message.get("event")
    return event, channel, argument, word


@cache
def mine(venue):
    desk, session = opened(venue, seed=6)
    frames, _ = run(desk, session, 70, keepalive=b"ping" if venue == "okx" else b"")
    return [json.loads(frame.data) for frame in frames if frame.opcode == "text" and frame.data != b"pong"]


@cache
def recorded(name):
    path = real.folder().parent / "02_ws_multivenue_cryptofeed" / f"{name}.jsonl.zst"
    lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True))
    rows = [json.loads(line) for line in lines]
    return [json.loads(row["data"]) for row in rows if row["t"] == "recv"]


def single(folder, *names):
    return [
        json.loads((real.folder().parent / "04_single_frames" / folder / f"{name}.json").read_text()) for name in names
    ]


def jsonl(name):
    path = real.folder().parent / "05_ws_equity_frames" / name
    return [json.loads(line) for line in path.read_text().splitlines()]


def compared(venue, theirs, *, unordered=False):
    """The kinds that both have, after checking that their shapes are the same."""
    ours = {}
    for message in mine(venue):
        ours.setdefault(kind(message), {})[json.dumps(shape(message))] = shape(message)
    found = {(kind(message), json.dumps(shape(message))): shape(message) for message in theirs}
    for (name, _), one in found.items():
        lines = [differences(known, one, NEWER.get(venue, set())) for known in ours.get(name, {}).values()]
        if unordered:
            lines = [[line for line in some if ": order " not in line] for some in lines]
        assert not lines or min(lines, key=len) == [], name
    return {name for name, _ in found if name in ours}


def test_coinbase_is_as_recorded():
    frames = recorded("COINBASE.first_half")
    kinds = compared("coinbase", [one for one in frames if one["channel"] not in ("candles", "subscriptions")])
    assert {one[1] for one in kinds} == {"market_trades", "ticker", "l2_data", "heartbeats"}


def test_coinbase_acknowledgements_hold_the_whole_set_by_channel():
    acks = [one for one in recorded("COINBASE.first_half") if one["channel"] == "subscriptions"]
    ours = [one for one in mine("coinbase") if one["channel"] == "subscriptions"]
    for found in (acks, ours):
        sets = [set(one["events"][0]["subscriptions"]) for one in found]
        assert all(before < after for before, after in pairwise(sets))
    assert ours[-1]["events"][0]["subscriptions"]["heartbeats"] == ["heartbeats"]


def test_bybit_is_as_recorded():
    frames = [one for one in recorded("BYBIT.first_half") if not one.get("topic", "").startswith("kline")]
    changes = [one for one in frames if one.get("topic", "").startswith("tickers") and one["type"] == "delta"]
    kinds = compared("bybit-linear", [one for one in frames if one not in changes])
    assert {one[1:] for one in kinds} == {
        ("orderbook", "", "snapshot"),
        ("orderbook", "", "delta"),
        ("publicTrade", "", "snapshot"),
        ("tickers", "", "snapshot"),
        ("", "", "subscribe"),
    }


def test_bybit_tickers_tell_only_what_changed_after_the_first():
    tickers = [one for one in mine("bybit-linear") if one.get("topic") == "tickers.BTCUSDT"]
    assert tickers[0]["type"] == "snapshot"
    assert {one["type"] for one in tickers[1:]} == {"delta"}
    assert all(1 < len(one["data"]) < 12 for one in tickers[1:])


def test_okx_is_as_recorded_and_as_sampled():
    assert {one[2] for one in compared("okx", recorded("OKX"))} == {"books", "trades", "tickers"}
    kinds = compared("okx", single("nautilus_okx", "ws_books_snapshot", "ws_books_update"))
    assert len(kinds) == 2
    assert compared("okx", single("nautilus_okx", "ws_funding_rate"), unordered=True)


def test_binance_is_as_sampled():
    names = ("depth_update_stream", "agg_trade_stream", "book_ticker_stream", "mark_price_stream", "trade_stream")
    samples = [{"stream": "x", "data": one} for one in single("nautilus_binance", *names)]
    market = make_desk("binance-usdm", EXAMPLES["binance-usdm"], start_ns=START_NS)
    assert market.connect("/market/stream", {}, START_NS).path == "/market/stream"
    found = compared("binance-usdm", samples, unordered=True)
    spot = compared("binance-spot", [one for one in samples if one["data"]["e"] == "trade"], unordered=True)
    assert {one[0] for one in found} == {"depthUpdate", "bookTicker"}
    assert {one[0] for one in spot} == {"trade"}


def test_binance_marks_and_trades_are_on_the_market_path():
    desk, session = opened("binance-usdm", path="/market/stream", seed=6)
    frames, _ = run(desk, session, 20)
    samples = single("nautilus_binance", "agg_trade_stream", "mark_price_stream")
    ours = {one["e"]: one for one in (json.loads(frame.data).get("data", {"e": ""}) for frame in frames)}
    for sample in samples:
        found = differences(shape(ours[sample["e"]]), shape(sample), NEWER["binance-usdm"])
        assert [line for line in found if ": order " not in line] == []


def test_kraken_is_as_recorded_and_as_sampled():
    fixture = json.loads((real.folder().parent / "03_l2_fixtures" / "kraken_orderbook-v2.first250.json").read_text())
    assert len(compared("kraken", [fixture["init"], *fixture["updates"]])) == 2
    samples = single("nautilus_kraken", "ws_book_update", "ws_trade_update", "ws_ticker_snapshot")
    assert len(compared("kraken", samples)) == 3


@pytest.mark.parametrize(
    ("venue", "file", "least"),
    [("alpaca-iex", "alpaca_stock_frames.jsonl", 5), ("alpaca-crypto", "alpaca_crypto_frames.jsonl", 5)],
)
def test_alpaca_is_as_documented(venue, file, least):
    # Acknowledgements, and old samples with another order of keys, are left out.
    theirs = [one for one in jsonl(file) if one[0]["T"] != "subscription"]
    assert len(compared(venue, theirs, unordered=True)) >= least


def test_alpaca_packs_the_same_message_as_msgpack():
    desk = make_desk("alpaca-crypto", ["BTC/USD"], start_ns=START_NS)
    session = desk.connect(PATHS["alpaca-crypto"], {"Content-Type": "application/msgpack"}, START_NS)
    for message in requests("alpaca-crypto", ["BTC/USD"]):
        session.receive(msgspec.msgpack.encode(message), START_NS, "binary")
    frames, _ = run(desk, session, 10)
    assert {frame.opcode for frame in frames} == {"binary"}
    rows = [row for frame in frames for row in msgspec.msgpack.decode(frame.data)]
    trade = next(row for row in rows if row["T"] == "t")
    assert trade["i"] > 2**53
    assert 0 <= trade["t"].timestamp() - START_NS / 1e9 < 10


@pytest.mark.parametrize(
    ("venue", "market", "least"), [("massive-stocks", "stocks", 4), ("massive-crypto", "crypto", 3)]
)
def test_massive_is_as_documented(venue, market, least):
    examples = [row for row in jsonl("massive_doc_examples.jsonl") if row["channel_path"].startswith(f"/{market}/")]
    assert len(compared(venue, [[row["example"]] for row in examples], unordered=True)) >= least
