"""Desired, acknowledged and data-seen streams agree, whatever way a venue answers."""

import asyncio

import pytest

from market import record
from sources.control import Wish
from sources.quarantine import FACTOR, FIRST_NS
from sources.resyncs import CHECKSUMS_PER_HOUR
from sources.watchdog import LIMITS_NS
from tests.fed import fed
from tests.plain_venue import PlainVenue
from tests.virtual import VirtualClock, run
from venues.venue import Channel

HUNDRED = tuple(f"S{number}" for number in range(100))
BAD = "depth:S37"
DEPTH_S = LIMITS_NS[Channel.DEPTH] / 1e9


@pytest.mark.parametrize("answers", ["id", "streams", "whole", "none"])
def test_every_way_of_answering_leads_to_all_streams_live(answers: str) -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, symbols=HUNDRED, answers=answers) as one:
            await asyncio.sleep(30)
            assert len(one.live()) == 200
            assert one.keeper.live is not None
            assert one.keeper.live.ledger.acknowledged == set(one.keeper.route.streams)
            assert set(one.server.subscribed.values()) == {1}, "nothing was asked for twice"
            assert one.server.violations == []

    run(body)


@pytest.mark.parametrize("answers", ["id", "streams", "whole"])
def test_one_bad_stream_of_two_hundred_is_found_and_the_others_live(
    answers: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, symbols=HUNDRED, answers=answers, unknown={BAD}) as one:
            await asyncio.sleep(30)
            assert one.live() == set(one.keeper.route.streams) - {BAD}
            assert [(said.stream, said.symbol) for said in one.said(record.Silent)] == [(BAD, "S37")]
            assert one.keeper.state == "open"
            assert one.keeper.reason == f"left out: {BAD} (no such stream)"
            assert f"refuses {BAD}: no such stream" in caplog.text
            assert len(one.server.wires[0].heard) <= 2 * 8 + 2, "two requests a halving"
            assert one.server.violations == []

    run(body)


def test_quarantine_is_tried_again_later_every_time_and_left_when_the_venue_takes_the_stream() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, unknown={"depth:A"}) as one:
            await asyncio.sleep(5)
            asked = one.server.subscribed["depth:A"]
            await asyncio.sleep(FIRST_NS / 1e9)
            assert one.server.subscribed["depth:A"] == asked + 1
            await asyncio.sleep(FIRST_NS * (FACTOR - 1) / 1e9)
            assert one.server.subscribed["depth:A"] == asked + 1
            one.server.unknown.clear()
            await asyncio.sleep(FIRST_NS * 2 / 1e9)
            assert one.server.subscribed["depth:A"] == asked + 2
            assert "depth:A" in one.live()
            assert one.keeper.quarantine.kept == {}
            assert one.keeper.reason == ""
            assert len(one.said(record.Silent)) == 1

    run(body)


def test_a_stream_left_out_is_told_again_after_a_reconnect_and_not_asked_for() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, unknown={"depth:A"}) as one:
            await asyncio.sleep(40)
            asked = one.server.subscribed["depth:A"]
            one.server.wires[0].cut()
            await asyncio.sleep(10)
            assert one.keeper.generation == 2
            assert one.server.subscribed["depth:A"] == asked
            assert [said.stream for said in one.said(record.Silent)] == ["depth:A"] * 2

    run(body)


def test_streams_missing_from_an_answer_are_asked_for_again_and_only_they() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, answers="streams", ignored={"trade:B"}) as one:
            await asyncio.sleep(5)
            one.server.ignored.clear()
            await asyncio.sleep(10)
            assert one.live() == set(one.keeper.route.streams)
            assert one.server.subscribed == {"depth:A": 1, "trade:A": 1, "depth:B": 1, "trade:B": 2}

    run(body)


def test_a_stream_that_the_whole_set_never_has_counts_as_refused() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, answers="whole", ignored={"trade:B"}) as one:
            await asyncio.sleep(50)
            assert set(one.keeper.quarantine.kept) == {"trade:B"}
            assert one.live() == set(one.keeper.route.streams) - {"trade:B"}

    run(body)


def test_a_stream_that_is_never_answered_for_is_told_and_the_others_live() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, answers="streams", ignored={"trade:B"}) as one:
            await asyncio.sleep(60)
            assert [said.stream for said in one.said(record.Silent)] == ["trade:B"]
            assert one.keeper.generation == 1

    run(body)


def test_acknowledged_and_silent_is_subscribed_to_anew_then_connected_anew_but_never_in_a_loop() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, muted={"depth:A"}) as one:
            await asyncio.sleep(DEPTH_S + 3)
            assert one.server.subscribed["depth:A"] == 2
            assert [said.stream for said in one.said(record.Silent)] == ["depth:A"]
            await asyncio.sleep(DEPTH_S + 3)
            assert one.keeper.generation == 2
            assert one.said(record.Disconnected)[0].reason.startswith("depth:A stayed silent")
            await asyncio.sleep(3600)
            assert one.keeper.generation <= 8
            one.server.muted.clear()
            await asyncio.sleep(3600)
            assert one.live() == set(one.keeper.route.streams)

    run(body)


def test_a_book_that_comes_in_band_is_asked_for_by_subscribing_anew_and_not_after_a_reconnect() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock) as one:
            await asyncio.sleep(1)
            one.wishes.append(Wish("A", "disconnected"))
            await asyncio.sleep(3)
            assert one.server.subscribed["depth:A"] == 1, "its book is on the way"
            await asyncio.sleep(10)
            one.wishes.append(Wish("A", "sequence"))
            await asyncio.sleep(3)
            assert one.server.subscribed == {"depth:A": 2, "trade:A": 1, "depth:B": 1, "trade:B": 1}
            assert one.said(record.Snapshot) == []

    run(body)


def test_a_checksum_that_is_always_wrong_costs_six_subscriptions_an_hour() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock) as one:
            await asyncio.sleep(10)
            for _ in range(3 * 3600):
                one.wishes.append(Wish("A", "checksum"))
                await asyncio.sleep(1)
            assert 3 * CHECKSUMS_PER_HOUR - 3 <= one.server.subscribed["depth:A"] - 1 <= 3 * CHECKSUMS_PER_HOUR
            assert one.keeper.generation == 1

    run(body)


def test_gaps_without_end_keep_to_the_hours_budget_of_subscriptions() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, PlainVenue().but(requests_per_hour=60), symbols=HUNDRED[:20]) as one:
            for second in range(3600):
                one.wishes.append(Wish(HUNDRED[second % 20], "sequence"))
                await asyncio.sleep(1)
            assert one.server.violations == []
            lost = one.said(record.Disconnected)
            assert "hour's budget" in lost[0].reason, "another connection has an hour of its own"
            assert one.live() == set(one.keeper.route.streams)

    run(body)
