"""Each fault does what it says, to the stream that it names, and is recorded."""

import json
from itertools import pairwise

import pytest

from simulator.venues import EXAMPLES
from simulator.venues.faults import Faults
from simulator.venues.frame import Answer, Close
from simulator.venues.script import KINDS, NOTICES, Fault, draw_script, read_script
from simulator.venues.spoil import HOSTILE
from tests.simulator.venues.asking import PATHS, SECOND_NS, START_NS, opened, requests, run
from tests.simulator.venues.clients import Client, told

BOOK = "book:BTC/USD:10"


def faulty(venue, *script, seconds=30, **options):
    """Frames of a clean run and of one with faults, the desk and connection of the latter, and its close."""
    clean = run(*opened(venue, seed=5, **options), seconds)[0]
    desk, session = opened(venue, seed=5, faults=Faults(script, seed=1), **options)
    frames, close = run(desk, session, seconds)
    return clean, frames, desk, close


def book(frames, stream=BOOK):
    return [frame.data for frame in frames if frame.stream == stream]


def injected(desk, kind):
    return [one for one in desk.faults.injected if one.kind == kind]


def test_without_a_script_nothing_changes():
    clean, frames, desk, _ = faulty("kraken")
    assert clean == frames
    assert desk.faults.injected == []


@pytest.mark.parametrize(("kind", "count", "missing"), [("drop", 2, 2), ("gap", 0, 10), ("gap", 3, 3)])
def test_frames_are_dropped(kind, count, missing):
    clean, frames, desk, _ = faulty("kraken", Fault(kind, 5.0, stream=BOOK, count=count))
    assert len(book(clean)) - len(book(frames)) == missing == len(injected(desk, kind))
    assert all(one.time_ns >= START_NS + 5 * SECOND_NS and one.stream == BOOK for one in injected(desk, kind))
    others = [[frame for frame in found if frame.stream != BOOK] for found in (clean, frames)]
    assert others[0] == others[1]


def test_frames_come_twice():
    clean, frames, _, _ = faulty("kraken", Fault("duplicate", 5.0, stream=BOOK, count=2))
    assert list(dict.fromkeys(book(frames))) == book(clean)
    assert len(book(frames)) - len(book(clean)) == 2


def test_frames_come_after_the_next():
    clean, frames, desk, _ = faulty("kraken", Fault("reorder", 5.0, stream=BOOK))
    moved = [place for place, pair in enumerate(zip(book(clean), book(frames), strict=True)) if pair[0] != pair[1]]
    assert len(moved) == 2
    assert moved[1] == moved[0] + 1
    assert sorted(book(clean)) == sorted(book(frames))
    assert len(injected(desk, "reorder")) == 1


@pytest.mark.parametrize("venue", ["kraken", "okx", "bybit-linear", "binance-usdm", "coinbase"])
@pytest.mark.parametrize("kind", ["drop", "reorder"])
def test_what_is_lost_shows_to_a_client_that_checks(venue, kind):
    streams = {
        "kraken": "book:*",
        "okx": "books:*",
        "bybit-linear": "orderbook*",
        "binance-usdm": "*@depth*",
        "coinbase": "level2*",
    }
    _, frames, desk, _ = faulty(venue, Fault(kind, 5.0, stream=streams[venue]))
    assert len(injected(desk, kind)) == 1
    if venue == "coinbase":
        numbers = [json.loads(frame.data)["sequence_num"] for frame in frames]
        assert any(after != before + 1 for before, after in pairwise(numbers))
        return
    client = Client(venue, 10 if venue == "kraken" else None)
    for frame in frames:
        client.take(frame.data)
    assert client.wrong != []


def test_a_ghost_stays_in_the_book_of_a_client():
    _, frames, desk, _ = faulty("kraken", Fault("ghost", 3.0, stream=BOOK, count=1))
    client = Client("kraken", 10)
    for frame in frames:
        client.take(frame.data)
    assert client.wrong != []
    assert len(injected(desk, "ghost")) == 1


def test_muted_streams_say_nothing_and_their_numbers_are_missing():
    clean, frames, desk, _ = faulty("coinbase", Fault("mute", 5.0, for_s=10.0, stream="level2:BTC-USD"))
    numbers = [json.loads(frame.data)["sequence_num"] for frame in frames]
    assert set(range(len(clean))) - set(numbers) == {
        json.loads(frame.data)["sequence_num"] for frame in clean if frame not in frames
    }
    assert len(frames) < len(clean)
    mute = [frame for frame in frames if frame.stream == "level2:BTC-USD"]
    times = [json.loads(frame.data)["timestamp"] for frame in mute]
    assert not [time for time in times if "00:00:05." <= time[11:] < "00:00:15"]
    assert [time for time in times if time[11:] >= "00:00:15"]
    assert len(injected(desk, "mute")) == 1


def test_a_half_open_connection_says_and_hears_nothing_more():
    _, frames, desk, close = faulty("kraken", Fault("half_open", 5.0))
    (session,) = desk.sessions
    assert close is None
    assert max(json.loads(data)["data"][0]["timestamp"] for data in book(frames)) < "2026-01-01T00:00:05"
    session.receive(b'{"method":"ping"}', desk.now_ns)
    assert session.due(desk.now_ns).frames == []
    fresh = desk.connect(PATHS["kraken"], {}, desk.now_ns)
    assert fresh.due(desk.now_ns).frames != []


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1008, 1011, 4005])
def test_connections_are_closed_with_a_code(code):
    _, _, desk, close = faulty("okx", Fault("close", 5.0, value=float(code), text="bye"))
    assert close == Close(code, "bye")
    assert desk.sessions == []
    assert desk.now_ns == START_NS + 5 * SECOND_NS


def test_connections_and_requests_are_refused_for_a_time():
    _, _, desk, _ = faulty("kraken", Fault("refuse", 5.0, for_s=10.0, text="connect"), seconds=7)
    refused = desk.connect("/v2", {}, desk.now_ns)
    assert (refused.status, dict(refused.headers)["Retry-After"]) == (429, "8")
    assert desk.get("/0/public/Time", {}, desk.now_ns).status == 200
    assert not isinstance(desk.connect("/v2", {}, desk.now_ns + 9 * SECOND_NS), Answer)


def test_a_ban_cuts_connections_and_may_be_of_one_address():
    _, _, desk, close = faulty("binance-spot", Fault("ban", 5.0, for_s=60.0, address="10.0.0.1"), seconds=7)
    assert close is None
    assert desk.connect("/ws", {}, desk.now_ns, "10.0.0.1").status == 418
    assert not isinstance(desk.connect("/ws", {}, desk.now_ns), Answer)
    _, _, desk, close = faulty("binance-spot", Fault("ban", 5.0, for_s=60.0), seconds=7)
    assert close == Close(1006, "")
    assert desk.get("/api/v3/ping", {}, desk.now_ns).status == 418


def test_a_stale_book_is_as_it_was_when_it_began():
    _, _, desk, _ = faulty("binance-usdm", Fault("stale", 5.0, for_s=10.0), seconds=4)
    path = desk.dialect.books(desk)[0]
    ids = [
        json.loads(desk.get(path, {}, START_NS + second * SECOND_NS).body)["lastUpdateId"] for second in (5, 8, 14, 16)
    ]
    assert ids[0] == ids[1] == ids[2] < ids[3]
    assert len(injected(desk, "stale")) == 3


def test_a_skewed_clock_shows_in_stamps_and_heals():
    _, frames, desk, _ = faulty("binance-usdm", Fault("skew", 5.0, for_s=10.0, value=-3.0))
    _, clean, _, _ = faulty("binance-usdm")
    stamps = [
        [one.facts["E"] for frame in found for one in told("binance-usdm", frame.data)] for found in (clean, frames)
    ]
    shifts = {int(before) - int(after) for before, after in zip(*stamps, strict=True)}
    assert shifts == {0, 3000}
    assert len(injected(desk, "skew")) == 1


def test_a_field_is_added_removed_or_retyped_and_the_rest_stays():
    changes = {}
    for kind in ("field_added", "field_removed", "field_retyped"):
        clean, frames, desk, _ = faulty("kraken", Fault(kind, 5.0, stream="book:*", count=1))
        pairs = [(a.data, b.data) for a, b in zip(clean, frames, strict=True) if a != b]
        assert len(pairs) == 1 == len(injected(desk, kind))
        changes[kind] = [json.loads(data, parse_float=str, parse_int=str) for data in pairs[0]]
    flat = {kind: [json.dumps(one, sort_keys=True) for one in pair] for kind, pair in changes.items()}
    assert "novelty" in flat["field_added"][1]
    assert len(flat["field_removed"][1]) < len(flat["field_removed"][0])
    assert flat["field_retyped"][0] == flat["field_retyped"][1]  # a text in place of a number, or the other way round


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_frames_come_between_good_ones(name):
    clean, frames, desk, _ = faulty("okx", Fault("hostile", 5.0, text=name))
    extra = [frame for frame in frames if frame not in clean]
    assert len(extra) == 1
    assert [frame for frame in frames if frame in clean] == clean
    assert [one.detail.split()[-1] for one in injected(desk, "hostile")] == [name]


def test_an_oversized_frame_has_its_size():
    _, frames, _, _ = faulty("okx", Fault("oversized", 5.0, value=5_000_000.0))
    assert max(len(frame.data) for frame in frames) == 5_000_000


def test_late_snapshots_come_after_the_first_changes():
    _, frames, _, _ = faulty("bybit-linear", Fault("late", 0.0, value=4.0, stream="orderbook*"))
    kinds = [json.loads(frame.data)["type"] for frame in frames if frame.stream == "orderbook.50.BTCUSDT"]
    assert kinds.index("snapshot") > 2
    assert kinds.count("snapshot") == 1


def test_a_drip_delays_and_keeps_the_order():
    clean, frames, desk, _ = faulty("kraken", Fault("drip", 5.0, for_s=5.0, value=2.0))
    assert frames == clean[: len(frames)]
    assert len(injected(desk, "drip")) == 1
    desk, session = opened("kraken", seed=5, faults=Faults([Fault("drip", 5.0, for_s=5.0, value=2.0)]))
    run(desk, session, 5)
    assert [frame for frame in run(desk, session, 1.9)[0] if frame.stream] == []


@pytest.mark.parametrize("venue", ["binance-spot", "kraken", "coinbase", "okx", "bybit-linear", "alpaca-iex"])
def test_acknowledgements_are_of_something_else_or_lost(venue):
    for kind in ("wrong_ack", "no_ack"):
        clean, frames, desk, _ = faulty(venue, Fault(kind), seconds=3)
        answers = [[frame.data for frame in found if frame.role == "answer"] for found in (clean, frames)]
        assert len(answers[1]) == len(answers[0]) - (kind == "no_ack")
        assert len(set(answers[0]) - set(answers[1])) == 1
        assert len(injected(desk, kind)) == 1


def test_a_stream_is_acknowledged_and_silent_until_it_is_asked_for_again():
    script = [Fault("ack_silence", 0.0)]
    desk, session = opened("bybit-linear", seed=5, faults=Faults(script))
    frames, _ = run(desk, session, 10)
    assert [frame.role for frame in frames] == ["answer"]
    (ask,) = requests("bybit-linear", EXAMPLES["bybit-linear"])
    for operation in ("unsubscribe", "subscribe"):
        session.receive(json.dumps({**ask, "op": operation}).encode(), desk.now_ns)
    assert len(run(desk, session, 10)[0]) > 20


def test_a_bad_symbol_spoils_its_batch_where_the_venue_does_so():
    desk, session = opened("bybit-linear", faults=Faults([Fault("bad_symbol", 0.0, for_s=5.0, stream="ETHUSDT")]))
    frames, _ = run(desk, session, 3)
    assert [json.loads(frame.data)["success"] for frame in frames] == [False]
    desk, session = opened("okx", faults=Faults([Fault("bad_symbol", 0.0, stream="ETH-USDT-SWAP")]))
    frames, _ = run(desk, session, 3)
    assert {frame.stream for frame in frames} >= {"books:BTC-USDT"}
    assert not any("ETH" in frame.stream for frame in frames)


def test_a_login_is_refused():
    desk, session = opened("alpaca-iex", faults=Faults([Fault("login_refused", 0.0, for_s=5.0)]))
    frames, close = run(desk, session, 3)
    assert json.loads(frames[1].data)[0]["code"] == 402
    assert close is not None
    assert len(injected(desk, "login_refused")) == 1


@pytest.mark.parametrize(
    ("venue", "word", "says"),
    [
        ("binance-spot", "shutdown", b"serverShutdown"),
        ("okx", "shutdown", b"64008"),
        ("kraken", "maintenance", b'"system":"maintenance"'),
        ("kraken", "back", b'"system":"online"'),
        ("alpaca-iex", "halt", b'"sc":"H"'),
        ("massive-stocks", "halt", b'"i":[17]'),
    ],
)
def test_notices_are_in_the_venues_words(venue, word, says):
    clean, frames, desk, _ = faulty(venue, Fault("notice", 5.0, text=word), seconds=6)
    assert not any(says in frame.data for frame in clean[5:])
    assert any(says in frame.data for frame in frames[1:])
    assert len(injected(desk, "notice")) == 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("venue", EXAMPLES)
def test_random_scripts_run_the_same_each_time_and_end_when_they_say(venue, seed):
    script = draw_script(seed, faults=8, until_s=20.0, streams=("", "*BTC*", "*AAPL*", "book*", "quotes*"))
    runs = []
    for _ in range(2):
        desk, session = opened(venue, seed=seed, faults=Faults(script, seed))
        runs.append((run(desk, session, 25), desk.faults.injected))
        assert desk.faults.healed_ns <= START_NS + 20.001 * SECOND_NS
    assert runs[0] == runs[1]


def test_a_script_is_read_from_toml_and_json(tmp_path):
    (tmp_path / "a.toml").write_text('[[fault]]\nkind = "drop"\nat_s = 3\nstream = "book:*"\ncount = 2\n')
    (tmp_path / "a.json").write_text('[{"kind":"drop","at_s":3,"stream":"book:*","count":2}]')
    expected = [Fault("drop", 3, stream="book:*", count=2)]
    assert read_script(tmp_path / "a.toml") == expected == read_script(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[fault]]\nkind = "melt"', "fault 1: fault kind 'melt' is unknown"),
        ('[[fault]]\nkind = "drop"\ncount = 1.5', "fault 1: count is 1.5, which is not a whole number"),
        ('[[fault]]\nkind = "drop"\n[[fault]]\nkind = "drop"\nstream = 3', "fault 2: stream is 3, which is not a text"),
        ('[[fault]]\nkind = "drop"\nwhen = 3', "fault 1 must name a kind and no other words"),
        ("[fault]\nkind = 3", "holds no list of faults"),
        ('[[fault]]\nkind = "notice"\ntext = "hello"', "fault 1: a notice is shutdown"),
        ('[[fault]]\nkind = "drop"\nat_s = -1', "fault 1: a fault of kind drop has a negative time"),
        ("kind = ", "Invalid"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused_with_its_number(tmp_path, text, says):
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ValueError, match=says):
        read_script(tmp_path / "a.toml")


def test_every_kind_is_drawn_or_needs_a_choice():
    drawn = {fault.kind for fault in draw_script(1, faults=2000, until_s=60.0)}
    assert set(KINDS) - drawn == {"ghost", "bad_symbol", "login_refused"}
    assert all(fault.at_s + fault.for_s <= 60.001 for fault in draw_script(2, faults=500, until_s=60.0))
    assert {fault.text for fault in draw_script(1, faults=2000, until_s=60.0) if fault.kind == "notice"} == set(NOTICES)
