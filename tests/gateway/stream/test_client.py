"""What a client of the stream gets: everything it asked for, once, in order; or a word about what it does not get."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from gateway.caller import Caller
from gateway.keys.buckets import BURST_S
from gateway.limits import LOOKED_AT_ONCE, REQUESTS_PER_S, STALLED_S, SUBSCRIBE_WITHIN_S
from gateway.stream import client as client_module
from gateway.stream.hub import Hub
from gateway.stream.ring import Ring, Row
from market.broadcast import Event, Filter, broadcast_path
from market.clock import SECOND_NS, ManualClock, SystemClock
from market.metrics import Metrics
from tests.gateway.stream.listening import client, hub, tell, teller, unbroken, until

Test = Callable[..., Coroutine[Any, Any, None]]
STRANGER = Caller("another", frozenset({"stream", "account"}), "0123456789abcdef", False)


def in_a_loop(test: Test) -> Callable[..., None]:
    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(test(*arguments, **named))

    return run


def offsets(events: list[dict[str, Any]], kind: str = "quote", instrument: str = "I0") -> list[int]:
    return [event["offset"] for event in events if (event["kind"], event["instrument"]) == (kind, instrument)]


@in_a_loop
async def test_it_hears_everything_from_now_on_and_can_prove_it(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        tell(part, 1, 3)
        async with hub(tmp_path) as listened, client(listened, kinds=["quote"]) as socket:
            assert socket.sent[0] == {"type": "hello", "stream": listened.stream, "sequence": 3, "oldest": 1}
            for last in range(4, 60):
                tell(part, last, last)
                if last % 7 == 0:
                    await asyncio.sleep(0.02)
            await socket.reached(59)
        assert offsets(socket.events()) == list(range(4, 60))
        assert len(unbroken(socket)) > 3


@in_a_loop
async def test_it_goes_on_from_a_sequence_without_loss_or_repetition(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        tell(part, 1, 300)
        async with hub(tmp_path, rows=50) as listened:  # most of it is in the journal alone
            begin = {"stream": listened.stream, "kinds": ["quote", "signal"]}
            for start in (0, 7, 249, 290, 300):
                async with client(listened, **begin, **{"from": start}) as socket:
                    tell(part, listened.ring.newest + 1, listened.ring.newest + 1)
                    await until(lambda: socket.of("events"))
                    await socket.reached(listened.ring.newest)
                assert offsets(socket.events()) == list(range(start + 1, listened.ring.newest + 1))
                unbroken(socket)


@pytest.mark.parametrize(
    ("asked", "close"),
    [
        ({"from": 4}, 4410),
        ({"from": 1, "stream": "another"}, 4410),
        ({"from": -1}, 4400),
        ({"kinds": ["quotes"]}, 4400),
        ({"colour": "red"}, 4400),
        ({"slow": "never"}, 4400),
        ({"instruments": ["x" * 65]}, 4400),
        ({"op": "sing"}, 4400),
    ],
)
@in_a_loop
async def test_what_cannot_be_is_refused_with_the_reason(tmp_path: Path, asked: dict[str, Any], close: int) -> None:
    with teller(tmp_path) as part:
        tell(part, 1, 3)
    async with hub(tmp_path) as listened, client(listened, **asked) as socket:
        await until(lambda: socket.closed)
    assert socket.closed is not None
    assert socket.closed[0] == close
    assert socket.sent[-1]["type"] == "error"


@in_a_loop
async def test_a_sequence_that_is_no_longer_kept_is_refused_with_the_oldest(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        tell(part, 1, 300)
        async with hub(tmp_path, rows=50) as listened:
            part._writer.prune(100, most_rows=1_000, with_sources=True)
            async with client(listened, **{"from": 99}) as socket:
                await until(lambda: socket.closed)
            assert socket.closed == (4410, socket.sent[-1]["detail"])
            assert "from 101 to 300" in socket.sent[-1]["detail"]
            async with client(listened, **{"from": 100}) as socket:
                await socket.reached(300)
            assert offsets(socket.events()) == list(range(101, 301))


@in_a_loop
async def test_a_filter_takes_what_it_names_and_the_sequence_goes_on(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        async with hub(tmp_path) as listened, client(listened, kinds=["signal"], timeframes=["short"]) as socket:
            tell(part, 1, 12)
            await socket.reached(10)
            async with client(listened, instruments=["I1"], **{"from": 0}) as other:
                await other.reached(12)
        assert {event["kind"] for event in socket.events()} == {"signal"}
        assert offsets(socket.events(), "signal") == [5, 10]
        assert {event["instrument"] for event in other.events()} == {"I1"}
        unbroken(socket)


@in_a_loop
async def test_who_may_not_see_the_account_hears_nothing_of_it(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        tell(part, 1, 20)
    async with hub(tmp_path) as listened:
        async with client(listened, STRANGER, **{"from": 0}) as socket:
            await socket.reached(20)
        assert {event["kind"] for event in socket.events()} == {"quote", "signal"}
        async with client(listened, STRANGER, snapshot=True) as socket:
            (snapshot,) = await socket.has("snapshot")
        assert {event["kind"] for event in snapshot["events"]} == {"quote", "signal"}
        async with client(listened, STRANGER, kinds=["order"]) as socket:
            await until(lambda: socket.closed)
        assert socket.closed is not None
        assert socket.closed[0] == 4403
        async with client(listened, kinds=["order"], **{"from": 0}) as socket:
            await socket.reached(20)
        assert offsets(socket.events(), "order") == [10, 20]


@in_a_loop
async def test_a_snapshot_is_the_newest_of_everything_and_events_go_on_from_it(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        tell(part, 1, 12)
        async with hub(tmp_path) as listened, client(listened, snapshot=True, kinds=["quote", "signal"]) as socket:
            (snapshot,) = await socket.has("snapshot")
            tell(part, 13, 13)
            await socket.reached(13)
        newest = {(event["kind"], event["instrument"]): event["offset"] for event in snapshot["events"]}
        assert newest == {("quote", "I0"): 12, ("quote", "I1"): 12, ("signal", "I0"): 10}
        assert (snapshot["sequence"], snapshot["more"], unbroken(socket)) == (12, False, [13])


@in_a_loop
async def test_who_falls_behind_and_asked_for_it_misses_nothing(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        async with hub(tmp_path, rows=20) as listened, client(listened, kinds=["quote"], slow="replay") as socket:
            socket.open.clear()
            tell(part, 1, 400)
            await until(lambda: listened.ring.newest == 400)
            assert not listened.ring.reaches(300)
            socket.open.set()
            await socket.reached(400)
        assert offsets(socket.events()) == list(range(1, 401))
        unbroken(socket)


@in_a_loop
async def test_who_falls_behind_and_conflates_gets_the_newest_and_is_told(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        async with hub(tmp_path, rows=20) as listened, client(listened, kinds=["quote"], slow="conflate") as socket:
            socket.open.clear()
            tell(part, 1, 1)
            await until(lambda: listened.ring.newest == 1)
            await asyncio.sleep(0.02)
            tell(part, 2, 400)
            await until(lambda: listened.ring.newest == 400)
            socket.open.set()
            (skipped,) = await socket.has("conflated")
            (snapshot,) = await socket.has("snapshot")
            tell(part, 401, 401)
            await until(lambda: 401 in offsets(socket.events()))
        assert (skipped["to"], skipped["skipped"]) == (400, 400 - skipped["from"])
        assert {event["offset"] for event in snapshot["events"]} == {400}
        assert socket.of("events")[-1]["previous"] == 400


@in_a_loop
async def test_who_is_a_second_behind_and_conflates_is_skipped_though_the_ring_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CONFLATE_AFTER_S", 0.05)
    with teller(tmp_path) as part:
        async with hub(tmp_path) as listened, client(listened, kinds=["quote"], slow="conflate") as socket:
            socket.open.clear()
            tell(part, 1, 1)
            await until(lambda: listened.ring.newest == 1)
            await asyncio.sleep(0.02)
            tell(part, 2, 100)
            await asyncio.sleep(0.1)
            socket.open.set()
            (skipped,) = await socket.has("conflated")
        assert skipped["to"] == 100


@in_a_loop
async def test_who_falls_behind_and_asked_for_it_is_closed_with_the_last_sequence(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        async with hub(tmp_path, rows=20) as listened, client(listened, kinds=["quote"], slow="disconnect") as socket:
            tell(part, 1, 3)
            await socket.reached(3)
            socket.open.clear()
            tell(part, 4, 4)
            await until(lambda: listened.ring.newest == 4)
            await asyncio.sleep(0.02)
            assert len(listened) == 1
            tell(part, 5, 400)
            await until(lambda: not len(listened))  # it takes nothing, so it is not told
        async with hub(tmp_path, rows=20) as listened, client(listened, slow="disconnect", **{"from": 0}) as socket:
            await socket.reached(400)  # on the way from where it asked to begin, it is served


@in_a_loop
async def test_who_takes_nothing_for_long_is_cut_off(tmp_path: Path) -> None:
    clock = ManualClock()
    with teller(tmp_path) as part:
        async with hub(tmp_path, clock=clock) as listened, client(listened, kinds=["quote"]) as socket:
            socket.open.clear()
            tell(part, 1, 1)
            await until(lambda: listened.ring.newest == 1)
            clock.advance(SECOND_NS)
            await asyncio.sleep(0.05)
            assert len(listened) == 1
            clock.advance(int((STALLED_S + 1) * SECOND_NS))
            await until(lambda: not len(listened))


@in_a_loop
async def test_silence_is_told_with_the_newest_sequence(tmp_path: Path) -> None:
    clock = ManualClock()
    with teller(tmp_path) as part:
        async with hub(tmp_path, clock=clock) as listened, client(listened, kinds=["signal"]) as socket:
            tell(part, 1, 4)
            await until(lambda: listened.ring.newest == 4)
            clock.advance(SECOND_NS)
            (heartbeat,) = await socket.has("heartbeat")
        assert heartbeat == {"type": "heartbeat", "sequence": 4, "receive_time": "1970-01-01T00:00:04.000000000Z"}


@in_a_loop
async def test_who_subscribes_to_nothing_is_closed(tmp_path: Path) -> None:
    clock = ManualClock()
    async with hub(tmp_path, clock=clock) as listened, client(listened) as socket:
        await socket.has("hello")
        clock.advance(int((SUBSCRIBE_WITHIN_S + 1) * SECOND_NS))
        await until(lambda: socket.closed)
    assert socket.closed is not None
    assert socket.closed[0] == 4400


@in_a_loop
async def test_who_asks_too_often_is_closed(tmp_path: Path) -> None:
    async with hub(tmp_path) as listened, client(listened) as socket:
        for _ in range(REQUESTS_PER_S):
            socket.ask(op="ping")
        await socket.has("pong", REQUESTS_PER_S)
        socket.ask(op="ping")
        await until(lambda: socket.closed)
    assert socket.closed is not None
    assert socket.closed[0] == 4429


@in_a_loop
async def test_a_second_subscription_replaces_the_first(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        tell(part, 1, 5)
        async with hub(tmp_path) as listened, client(listened, kinds=["quote"], **{"from": 0}) as socket:
            await socket.reached(5)
            socket.ask(kinds=["signal"])
            await socket.has("subscribed", 2)
            tell(part, 6, 10)
            await socket.reached(10)
        assert [message["previous"] for message in socket.of("events")][-1] == 5
        assert offsets(socket.events()) == [1, 2, 3, 4, 5]
        assert offsets(socket.events(), "signal") == [10]


@in_a_loop
async def test_who_comes_while_the_journal_cannot_be_read_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "READY_S", 0.1)
    broadcast_path(tmp_path).parent.mkdir(parents=True)
    broadcast_path(tmp_path).write_bytes(b"no journal" * 1_000)
    listened = Hub(tmp_path, SystemClock())
    listened.start()
    async with client(listened) as socket:
        await until(lambda: socket.closed)
    await listened.stop()
    assert socket.closed is not None
    assert (socket.closed[0], socket.sent[-1]["code"]) == (1013, "not_ready")


@in_a_loop
async def test_a_stream_that_was_begun_anew_ends_everybodys(tmp_path: Path) -> None:
    with teller(tmp_path) as part:
        tell(part, 1, 5)
    async with hub(tmp_path) as listened, client(listened) as socket:
        first = listened.stream
        for path in broadcast_path(tmp_path).parent.iterdir():
            path.unlink()
        with teller(tmp_path) as part:
            tell(part, 1, 2)
            await until(lambda: socket.closed)
            assert socket.closed is not None
            assert socket.closed[0] == 4410
            async with client(listened, **{"from": 0}) as other:
                await other.reached(2)
        assert listened.stream not in ("", first)


def test_what_nobody_tells_is_looked_for_a_little_at_a_time() -> None:
    events = tuple(Event("quote", "v", "I0", "", "v/0", n, 0) for n in range(100))
    ring, wanted = Ring(), Filter(instruments=frozenset({"another"}))
    for sequence in range(1, 101):
        ring.append(Row(sequence, events, (b"{}",) * len(events)))
    looks, last = 0, 0
    while last < ring.newest:
        batch = ring.next(wanted, 0, last)
        assert (batch.text, 0 < (batch.last - last) * len(events) < LOOKED_AT_ONCE + len(events)) == ("", True)
        looks, last = looks + 1, batch.last
    assert looks > 5
    assert ring.next(wanted, 0, last).last == last


@in_a_loop
async def test_who_looks_for_what_nobody_tells_leaves_others_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.limits.LOOKED_AT_ONCE", 10)
    with teller(tmp_path) as part:
        tell(part, 1, 300)
        async with hub(tmp_path) as listened, client(listened) as socket:
            turns, seen, look = 0, [], listened.ring.next

            def counted(*told: Any) -> Any:
                seen.append(turns)
                return look(*told)

            monkeypatch.setattr(listened.ring, "next", counted)
            socket.ask(instruments=["I9"], **{"from": 0})
            while len(seen) < 60 and turns < 50_000:
                await asyncio.sleep(0)
                turns += 1
            assert len(set(seen)) > 50
            tell(part, 301, 301)
            heartbeat = (await socket.has("heartbeat"))[0]
            assert heartbeat["sequence"] >= 300


@in_a_loop
async def test_a_key_may_subscribe_anew_only_so_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.stream.hub.RESUBSCRIBES_PER_S", 2)
    begin = {"kinds": ["quote"]}
    async with (
        hub(tmp_path, clock=ManualClock()) as listened,
        client(listened, STRANGER, **begin) as one,
        client(listened, STRANGER, **begin) as two,
    ):
        for number in range(BURST_S):
            for socket in (one, two):
                socket.ask(kinds=["signal"])
                await socket.has("subscribed", number + 2)
        two.ask(kinds=["quote"])
        await until(lambda: two.closed)
        assert two.closed is not None
        assert (two.closed[0], one.closed) == (4429, None)


@in_a_loop
async def test_who_is_cut_off_is_counted(tmp_path: Path) -> None:
    clock, metrics = ManualClock(), Metrics()
    with teller(tmp_path) as part:
        async with hub(tmp_path, clock=clock, metrics=metrics) as listened, client(listened, kinds=["quote"]) as socket:
            socket.open.clear()
            tell(part, 1, 1)
            await until(lambda: listened.ring.newest == 1)
            await asyncio.sleep(0.05)
            clock.advance(int((STALLED_S + 1) * SECOND_NS))
            await until(lambda: not len(listened))
    told = {(one.metric.name, *one.labels): one.value for one in metrics.told()}
    assert told["barograph_stream_closed_clients_total", "too_slow"] == 1
