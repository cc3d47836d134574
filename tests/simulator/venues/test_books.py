"""A slow client that knows only the venue's published rules ends with the true book, and no rule is broken."""

import json
from itertools import pairwise
from zlib import crc32

import pytest

from simulator.venues import EXAMPLES
from simulator.venues.desk import Desk
from simulator.venues.kraken import Kraken
from simulator.venues.okx import Okx
from tests.captures import real
from tests.simulator.venues.asking import PATHS, START_NS, opened, requests, run
from tests.simulator.venues.clients import Client, held, loads, told, truth
from tests.simulator.venues.scripted import Scripted

IN_BAND = ["coinbase", "kraken", "bybit-linear", "bybit-spot", "okx", "alpaca-crypto", "massive-crypto"]
PINGS = {"okx": b"ping"}
DEPTHS = {"kraken": 10, "bybit-linear": 50, "bybit-spot": 50}


@pytest.mark.parametrize("venue", IN_BAND)
def test_a_client_of_the_published_rules_ends_with_the_true_book(venue):
    desk, session = opened(venue, seed=3)
    client = Client(venue, 10 if venue == "kraken" else None)
    frames, close = run(desk, session, 300, keepalive=PINGS.get(venue, b""))
    for frame in frames:
        client.take(frame.data)
    assert close is None
    assert client.wrong == []
    for symbol in EXAMPLES[venue]:
        assert held(client, symbol) == truth(desk, symbol, DEPTHS.get(venue))


@pytest.mark.parametrize("venue", ["binance-spot", "binance-usdm"])
def test_binance_continues_its_rest_book(venue):
    desk, session = opened(venue, seed=3)
    early, _ = run(desk, session, 20)
    path = desk.dialect.books(desk)[0]
    answer = desk.get(path, {}, desk.now_ns)
    late, _ = run(desk, session, 40)
    client, snapshot = Client(venue), loads(answer.body)
    for frame in [*early, *late]:
        client.take(frame.data) if frame.opcode == "text" else None
    assert client.wrong == []
    spliced = Client(venue)
    spliced.books["BTCUSDT"] = ({}, {})
    messages = [one for frame in [*early, *late] if frame.opcode == "text" for one in told(venue, frame.data)]
    spliced.apply(messages[0]._replace(symbol="BTCUSDT", snapshot=True, bids=snapshot["bids"], asks=snapshot["asks"]))
    spliced.last.clear()
    for one in messages:
        if one.symbol == "BTCUSDT" and int(one.facts["u"]) > int(snapshot["lastUpdateId"]):
            spliced.apply(one)
    assert spliced.wrong == []
    assert held(spliced, "BTCUSDT") == truth(desk, "BTCUSDT")


def test_kraken_writes_the_checksum_of_the_documentation():
    listing = Kraken().listed("BTC/USD")
    asks = """45285.2/0.00100000 45286.4/1.54571953 45286.6/1.54571109 45289.6/1.54560911 45290.2/0.15890660
    45291.8/1.54553491 45294.7/0.04454749 45296.1/0.35380000 45297.5/0.09945542 45299.5/0.18772827"""
    bids = """45283.5/0.10000000 45283.4/1.54582015 45282.1/0.10000000 45281.0/0.10000000 45280.3/1.54592586
    45279.0/0.07990000 45277.6/0.03310103 45277.5/0.30000000 45277.3/1.54602737 45276.6/0.15445238"""
    sides = [
        [
            (round(float(price) * 10), round(float(size) * 1e8))
            for price, size in (one.split("/") for one in side.split())
        ]
        for side in (bids, asks)
    ]
    desk = Desk(Kraken(), Scripted(listing, *sides))
    session = desk.connect("/v2", {}, 0)
    session.receive(json.dumps(requests("kraken", ["BTC/USD"])[2]).encode(), 0)
    (snapshot,) = [one for frame in session.due(0).frames for one in told("kraken", frame.data)]
    assert snapshot.facts["checksum"] == "3310070434"
    assert snapshot.asks[0] == ("45285.2", "0.00100000")


def test_the_slow_client_agrees_with_recorded_checksums():
    path = real.folder().parent / "03_l2_fixtures" / "kraken_orderbook-v2.first250.json"
    found = loads(path.read_bytes())
    client = Client("kraken", 10)
    for message in [found["init"], *found["updates"]]:
        for row in message["data"]:  # the fixture was written anew, without zeros at the end
            for side in ("bids", "asks"):
                row[side] = [
                    {"price": f"{float(one['price']):.1f}", "qty": f"{float(one['qty']):.8f}"} for one in row[side]
                ]
        client.take(json.dumps(message).encode())
    assert client.wrong == []


def test_kraken_does_not_tell_of_levels_that_better_ones_push_out():
    desk = Desk(Kraken(), market := Scripted(Kraken().listed("BTC/USD"), [(100 - k, 5) for k in range(10)], [(200, 1)]))
    session = desk.connect("/v2", {}, 0)
    session.receive(json.dumps(requests("kraken", ["BTC/USD"])[2]).encode(), 0)
    session.due(0)
    market.add(1000, (1, 101, 7))
    (update,) = [one for frame in session.due(1000).frames for one in told("kraken", frame.data)]
    assert update.bids == [("10.1", "0.00000007")]


def test_okx_writes_the_checksum_of_older_days():
    listing = Okx().listed("BTC-USDT")
    desk = Desk(Okx(checksums=True), Scripted(listing, [(33661, 7)], [(33669, 9), (33670, 15)]))
    session = desk.connect(PATHS["okx"], {}, 0)
    session.receive(json.dumps(requests("okx", ["BTC-USDT"])[0]).encode(), 0)
    (snapshot,) = [one for frame in session.due(0).frames for one in told("okx", frame.data)]
    signed = int(snapshot.facts["checksum"])
    assert signed & 0xFFFFFFFF == crc32(b"3366.1:0.00000007:3366.9:0.00000009:3367:0.00000015")
    assert -(2**31) <= signed < 2**31


def test_coinbase_numbers_every_frame_of_a_connection_by_one_from_0():
    desk, session = opened("coinbase", seed=2)
    frames, _ = run(desk, session, 60)
    numbers = [json.loads(frame.data)["sequence_num"] for frame in frames]
    assert numbers == list(range(len(frames)))
    assert len({json.loads(frame.data)["channel"] for frame in frames}) == 5


def test_coinbase_trades_are_newest_first_and_name_the_makers_side():
    desk, session = opened("coinbase", seed=2)
    frames, _ = run(desk, session, 60)
    sides = {}
    for time, trade in desk.recent[0]:
        sides[str(trade.number)] = "SELL" if trade.side == 1 else "BUY"
        assert time >= START_NS
    batches = [
        json.loads(frame.data)["events"][0]["trades"] for frame in frames if frame.stream == "market_trades:BTC-USD"
    ]
    assert any(len(batch) > 1 for batch in batches)
    for batch in batches:
        numbers = [int(one["trade_id"]) for one in batch]
        assert numbers == sorted(numbers, reverse=True)
        assert all(one["side"] == sides[one["trade_id"]] for one in batch)


def test_okx_repeats_an_unchanged_book_and_lets_ids_begin_anew_after_maintenance():
    desk = Desk(Okx(), market := Scripted(Okx().listed("BTC-USDT"), [(10, 1)], [(11, 1)]))
    session = desk.connect(PATHS["okx"], {}, 0)
    session.receive(json.dumps(requests("okx", ["BTC-USDT"])[0]).encode(), 0)
    frames, _ = run(desk, session, 70, keepalive=b"ping")
    first, again = [one for frame in frames for one in told("okx", frame.data)]
    assert again.facts["prevSeqId"] == again.facts["seqId"] == first.facts["seqId"]
    assert (again.bids, again.asks) == ([], [])
    assert desk.dialect.notice(desk, "back")
    market.add(71 * 10**9, (1, 10, 5))
    frames, _ = run(desk, session, 5)
    (reset,) = [one for frame in frames for one in told("okx", frame.data)]
    assert int(reset.facts["seqId"]) < int(reset.facts["prevSeqId"]) == int(first.facts["seqId"])


def test_bybit_begins_anew_with_1_after_maintenance():
    desk, session = opened("bybit-linear", seed=2)
    run(desk, session, 5)
    assert desk.dialect.notice(desk, "maintenance")
    frames, _ = run(desk, session, 5)
    rows = [one for frame in frames for one in told("bybit-linear", frame.data) if one.symbol == "BTCUSDT"]
    assert (rows[0].snapshot, rows[0].facts["u"]) == (True, "1")
    assert [int(one.facts["u"]) for one in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("venue", IN_BAND[:5])  # the others allow one connection at a time
def test_a_second_connection_gets_a_snapshot_that_its_updates_continue(venue):
    desk, first = opened(venue, seed=8)
    run(desk, first, 10)
    second = desk.connect(PATHS[venue], {}, desk.now_ns)
    for message in requests(venue, EXAMPLES[venue]):
        second.receive(json.dumps(message).encode(), desk.now_ns)
    client = Client(venue, 10 if venue == "kraken" else None)
    frames, _ = run(desk, second, 20)
    for frame in frames:
        client.take(frame.data)
    assert client.wrong == []
    assert held(client, EXAMPLES[venue][0]) == truth(desk, EXAMPLES[venue][0], DEPTHS.get(venue))


def test_usdm_ids_have_holes_and_chain_while_spot_ids_have_none():
    for venue, dense in (("binance-spot", True), ("binance-usdm", False)):
        desk, session = opened(venue, seed=1)
        frames, _ = run(desk, session, 30)
        rows = [one.facts for frame in frames if frame.opcode == "text" for one in told(venue, frame.data)]
        rows = [row for row in rows if row["s"] == "BTCUSDT"]
        gaps = [int(after["U"]) - int(before["u"]) for before, after in pairwise(rows)]
        assert (set(gaps) == {1}) is dense
