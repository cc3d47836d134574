"""A dead peer is noticed, a quiet market is not taken for one: pings, half-open sockets, maintenance, sessions."""

import asyncio
from dataclasses import replace

import pytest

from market import record
from market.clock import SECOND_NS
from sources import transport
from sources.hours import Hours
from sources.pulse import ANSWER_NS
from sources.watchdog import LIMITS_NS
from tests.fed import fed, look_seldom
from tests.plain_venue import PlainVenue
from tests.virtual import VirtualClock, run
from venues.venue import Channel, Keepalive

DEPTH_S = LIMITS_NS[Channel.DEPTH] / SECOND_NS
NEW_YORK = "XNYS"
SUNDAY_NS = 1_789_934_400 * SECOND_NS  # 2026-09-20 20:00 UTC; the exchange opens on Monday at 13:30
OPENING_S = 8 * 3600


def pings(one: object) -> int:
    return one.server.wires[0].heard.count(b"ping")  # type: ignore[attr-defined]


@pytest.mark.parametrize(("only_idle", "beat_s", "expected"), [(False, 1.0, 5), (True, 1.0, 0), (True, 1e9, 5)])
def test_pings_go_out_as_the_venue_wants_them(only_idle: bool, beat_s: float, expected: int) -> None:
    async def body(clock: VirtualClock) -> None:
        venue = PlainVenue(keepalive=Keepalive(b"ping", 20.0, only_idle))
        async with fed(clock, venue, beat_s=beat_s) as one:
            one.keeper.watchdog.acknowledged = lambda *_: None  # type: ignore[method-assign]
            await asyncio.sleep(101)
            assert pings(one) == expected
            assert one.keeper.generation == 1
            assert one.server.violations == []

    run(body)


def test_a_ping_without_an_answer_ends_the_connection() -> None:
    async def body(clock: VirtualClock) -> None:
        venue = PlainVenue(keepalive=Keepalive(b"ping", 25.0, only_idle=True))
        async with fed(clock, venue, beat_s=1e9, silent_to_pings=True) as one:
            one.keeper.watchdog.acknowledged = lambda *_: None  # type: ignore[method-assign]
            await asyncio.sleep(25 + ANSWER_NS / SECOND_NS + 1)
            assert one.said(record.Disconnected)[0].reason == "no answer to a ping within 10 s"

    run(body)


@pytest.mark.parametrize("keepalive", [None, Keepalive(b"ping", 20.0)])
def test_a_half_open_connection_is_noticed_and_replaced(keepalive: Keepalive | None) -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, PlainVenue(keepalive=keepalive, channels=("trade",))) as one:
            await asyncio.sleep(30)
            one.server.wires[0].half_open = True
            deadline_s = transport.PING_INTERVAL_S + transport.PING_TIMEOUT_S
            await asyncio.sleep((deadline_s if keepalive is None else 31) + 3)
            assert one.keeper.generation == 2
            assert one.keeper.state == "open"

    run(body)


def test_maintenance_is_shown_and_silences_alarms_until_it_is_over() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock) as one:
            await asyncio.sleep(5)
            one.server.say({"kind": "maintenance", "text": "trading engine, about an hour"})
            one.server.muted |= set(one.keeper.route.streams)
            await asyncio.sleep(3600)
            assert (one.keeper.state, one.keeper.reason) == ("maintenance", "trading engine, about an hour")
            assert one.said(record.Silent) == []
            assert one.keeper.generation == 1
            one.server.say({"kind": "maintenance", "back": True})
            await asyncio.sleep(DEPTH_S - 1)
            assert one.keeper.state == "open"
            assert one.said(record.Silent) == []
            await asyncio.sleep(4)
            assert len(one.said(record.Silent)) == 2

    run(body)


def test_a_notice_whose_end_never_comes_silences_alarms_for_some_hours_only() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock) as one:
            await asyncio.sleep(5)
            one.server.say({"kind": "maintenance", "text": "soon back"})
            one.server.muted |= set(one.keeper.route.streams)
            await asyncio.sleep(4 * 3600 + 60)
            assert one.said(record.Silent)

    run(body)


def test_a_closed_market_raises_no_alarm_for_a_night_and_an_open_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    look_seldom(monkeypatch, 2.0)

    async def body(clock: VirtualClock) -> None:
        async with fed(clock, PlainVenue(calendar=NEW_YORK), beat_s=1e9) as one:
            await asyncio.sleep(OPENING_S)
            assert one.said(record.Silent) == []
            assert one.keeper.generation == 1
            await asyncio.sleep(DEPTH_S + 4)
            assert {said.stream for said in one.said(record.Silent)} == {"depth:A", "depth:B"}

    run(body, SUNDAY_NS + 34_200 * SECOND_NS)


def test_hours_know_weekends_and_are_asked_cheaply() -> None:
    hours = Hours(NEW_YORK)
    found = [hours.are_open(SUNDAY_NS + hour * 3600 * SECOND_NS) for hour in range(48)]
    assert [hour for hour, is_open in enumerate(found) if is_open] == [18, 19, 20, 21, 22, 23, 42, 43, 44, 45, 46, 47]
    assert not hours.are_open(SUNDAY_NS), "also when asked for what was before"
    assert Hours("24/7").are_open(SUNDAY_NS)


def test_capabilities_with_books_over_rest_still_fetch_them() -> None:
    async def body(clock: VirtualClock) -> None:
        plain = PlainVenue()
        venue = replace(plain, capability=replace(plain.capability, snapshot="rest"))
        async with fed(clock, venue) as one:
            await asyncio.sleep(10)
            assert sorted(said.symbol for said in one.said(record.Snapshot)) == ["A", "B"]

    run(body)
