"""Connections are replaced before the venue ends them: one after the other, overlapping where that is allowed."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from market import record
from market.clock import SECOND_NS
from sources.held import HANDOVER_NS, Held
from tests.fed import Fed, fed, look_seldom
from tests.plain_venue import PlainVenue
from tests.virtual import VirtualClock, run
from venues.venue import Capability

DAY_S = 24 * 3600
SHORT = PlainVenue().but(connection_life_s=2400)  # rotates after 2250 to 2350 s
FOUR = tuple("ABCD")


def numbers(one: Fed, stream: str) -> list[int]:
    """What a stream told, in order of the journal."""
    frames = [json.loads(frame) for _, frame in one.frames if frame.startswith(b'{"s"')]
    return [frame["n"] for frame in frames if frame["s"] == [stream] and "n" in frame]


def overlaps(one: Fed) -> list[bool]:
    return [said.overlap for said in one.said(record.Connected)]


def without_repeats(found: Sequence[int]) -> list[int]:
    return sorted(set(found))


@pytest.mark.parametrize("snapshot", ["stream", "rest"])
def test_a_day_passes_without_a_forced_disconnect_and_without_a_loss(
    snapshot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_seldom(monkeypatch)

    async def body(clock: VirtualClock) -> None:
        venue = replace(PlainVenue().but(connection_life_s=DAY_S), capability=Capability("counter", snapshot=snapshot))  # type: ignore[arg-type]
        async with fed(clock, venue, ("A",), beat_s=15.0, look_every_s=10.0) as one:
            await asyncio.sleep(DAY_S)
            assert overlaps(one) == [False, True]
            assert one.said(record.Disconnected) == []
            (rotated_s,) = one.at_s(record.Connected)[1:]
            assert 22.4 * 3600 <= rotated_s <= 23.6 * 3600
            for stream in ("depth:A", "trade:A"):
                found = without_repeats(numbers(one, stream))
                assert len(found) >= DAY_S / 15 - 3
                assert found == list(range(found[0], found[-1] + 1)), "nothing is lost"
            assert one.server.most_open == 2
            assert one.server.violations == []

    run(body)


def test_sockets_of_one_venue_rotate_one_after_the_other() -> None:
    async def body(clock: VirtualClock) -> None:
        venue = replace(SHORT, symbols_per_route=1)
        async with fed(clock, venue, FOUR, beat_s=5.0) as one:
            one.feed._common.random = lambda: 0.5  # all are due at once
            await asyncio.sleep(2400)
            assert overlaps(one) == [False] * 4 + [True] * 4
            assert one.server.most_open == 5

    run(body)


def test_where_no_two_connections_are_allowed_the_old_one_is_closed_first() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, SHORT.but(may_overlap=False)) as one:
            await asyncio.sleep(2400)
            assert overlaps(one) == [False, False]
            assert [said.reason for said in one.said(record.Disconnected)] == ["closed for a rotation"]
            (closed_s,), (_, opened_s) = one.at_s(record.Disconnected), one.at_s(record.Connected)
            assert opened_s - closed_s < 0.2, "no backoff"
            assert one.server.most_open == 1
            assert one.live() == set(one.keeper.route.streams)

    run(body)


def test_also_where_they_are_closed_first_sockets_rotate_one_after_the_other() -> None:
    async def body(clock: VirtualClock) -> None:
        venue = replace(SHORT, symbols_per_route=1).but(may_overlap=False)
        async with fed(clock, venue, FOUR, beat_s=5.0) as one:
            one.feed._common.random = lambda: 0.5  # all are due at once
            await asyncio.sleep(2400)
            said = one.said(record.Disconnected) + one.said(record.Connected)
            assert len(said) == 4 + 8
            both = [frame for _, frame in one.frames if b'onnected"' in frame and record.is_record(frame)]
            routes = [record.decode(frame).route for frame in both[4:]]
            assert routes[::2] == routes[1::2], "each is back before the next goes"

    run(body)


def test_a_venue_that_names_no_life_is_never_left() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, beat_s=15.0) as one:
            await asyncio.sleep(3 * 3600)
            assert overlaps(one) == [False]

    run(body)


def test_a_notice_of_shutdown_rotates_all_sockets_at_once() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, PlainVenue(symbols_per_route=1), FOUR) as one:
            await asyncio.sleep(5)
            one.server.say({"kind": "shutdown", "text": "service upgrade"})
            await asyncio.sleep(5)
            assert overlaps(one) == [False] * 4 + [True] * 4
            assert one.said(record.Disconnected) == []
            assert len(one.server.wires) == 4

    run(body)


def test_a_connection_that_dies_while_its_successor_starts_is_replaced_by_it() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, beat_s=3.0) as one:
            await asyncio.sleep(5)
            one.server.say({"kind": "shutdown"})
            one.server.answers = "none"
            while len(one.server.wires) < 2:
                await asyncio.sleep(0.01)
            one.server.wires[0].cut()
            await asyncio.sleep(10)
            assert overlaps(one) == [False, False]
            assert len(one.said(record.Disconnected)) == 1
            assert len(one.server.attempts_ns) == 2, "it was used, not thrown away"
            assert one.live() == set(one.keeper.route.streams)

    run(body)


def test_a_rotation_that_cannot_be_is_put_off_and_the_old_connection_stays() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, SHORT, beat_s=5.0) as one:
            await asyncio.sleep(2200)
            one.server.status = 503
            await asyncio.sleep(200)
            assert overlaps(one) == [False]
            assert one.keeper.state == "open"
            one.server.status = 200
            await asyncio.sleep(300)
            assert overlaps(one) == [False, True]

    run(body)


def test_a_stop_after_a_rotation_closes_the_connection_of_now_and_says_so() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock) as one:
            await asyncio.sleep(5)
            one.server.say({"kind": "shutdown"})
            await asyncio.sleep(5)
            assert overlaps(one) == [False, True]
        assert [said.reason for said in one.said(record.Disconnected)] == ["stopped"]
        assert one.server.wires == []

    run(body)


@pytest.mark.parametrize("after_s", [number / 50 for number in range(1, 60)])
def test_a_stop_at_any_moment_of_a_rotation_leaves_no_connection_behind(after_s: float) -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, beat_s=0.1) as one:
            await asyncio.sleep(5)
            one.server.say({"kind": "shutdown"})
            await asyncio.sleep(after_s)
        assert one.server.wires == []
        assert [said.reason for said in one.said(record.Disconnected)] == ["stopped"]

    run(body)


@pytest.mark.parametrize("channels", [("depth", "trade"), ("ticker",)])
def test_a_successor_that_gives_no_data_does_not_take_over(channels: tuple[str, ...]) -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, replace(SHORT, channels=channels), beat_s=5.0) as one:
            await asyncio.sleep(2200)
            wire = one.server.wires[0]
            one.server.muted |= set(one.keeper.route.streams)
            sending = asyncio.create_task(alone(one, wire))
            await asyncio.sleep(250)
            assert overlaps(one) == [False]
            assert one.keeper.state == "open"
            sending.cancel()

    async def alone(one: Fed, wire) -> None:  # type: ignore[no-untyped-def]
        while True:
            for stream in one.keeper.route.streams:
                wire.send(json.dumps({"s": [stream]}).encode())
            await asyncio.sleep(5)

    run(body)


def test_a_book_in_band_begins_anew_with_its_successor_before_any_of_its_changes() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, SHORT, ("A",), beat_s=5.0) as one:
            await asyncio.sleep(2400)
            taken = [number for number, (_, frame) in enumerate(one.frames) if b'"overlap":true' in frame]
            depth = [frame for _, frame in one.frames[taken[0] :] if b"depth:A" in frame and frame.startswith(b'{"s"')]
            assert b"snapshot" in depth[0]

    run(body)


@pytest.mark.parametrize(("everything", "expected"), [(True, [1, 2, 3]), (False, [2, 3])])
def test_held_frames_are_all_or_those_of_the_last_second(everything: bool, expected: list[int]) -> None:
    held, taken = Held(everything=everything), []
    for number, time_ns in ((1, 0), (2, HANDOVER_NS // 2), (3, HANDOVER_NS + 1)):
        held.hold((), time_ns, bytes([number]))
    held.hand_over(lambda _, __, frame: taken.append(frame[0]))
    assert taken == expected
    assert SECOND_NS == HANDOVER_NS
