"""One budget per venue: attempts, bans, Retry-After, over REST and sockets alike, across restarts and in storms."""

import asyncio
import random
from pathlib import Path

import pytest

from market import record
from market.clock import SECOND_NS
from sources.budget import UNNAMED_BAN_MOST_S, UNNAMED_BAN_S, Budget
from sources.budget_file import BudgetFile
from sources.shared import Shared
from tests.fed import fed
from tests.plain_venue import PlainServer, PlainVenue
from tests.virtual import START_NS, Network, RefusedHandshakeError, VirtualClock, Wire, run

ADDRESS = "plain.test"


def test_attempts_keep_to_half_of_the_venues_window() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, PlainVenue().but(connections=20, connections_per_s=60), status=500) as one:
            await asyncio.sleep(1800)
            assert one.server.violations == []
            assert 5 < len(one.server.attempts_ns) <= 10 * 30
            for first, eleventh in zip(one.server.attempts_ns, one.server.attempts_ns[10:], strict=False):
                assert eleventh - first >= 60 * SECOND_NS
            one.server.status = 200
            await asyncio.sleep(120)
            assert one.live()

    run(body)


@pytest.mark.parametrize("status", [403, 418, 429])
def test_a_ban_of_a_handshake_stops_requests_too_for_as_long_as_it_says(status: int) -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, status=status, retry_after_s=500) as one:
            await asyncio.sleep(450)
            assert len(one.server.attempts_ns) == 1
            assert one.keeper.state == "waiting"
            assert f"HTTP {status}" in one.keeper.reason
            assert "banned until 2026-09-21 14:21:" in one.keeper.reason
            assert one.feed.budget.wait_s(1, clock.monotonic_ns()) > 40
            one.server.status = 200
            await asyncio.sleep(60)
            assert one.live()
            assert one.server.violations == []

    run(body)


def test_a_ban_over_rest_stops_attempts_to_connect() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock) as one:
            await asyncio.sleep(5)
            one.feed.budget.banned(300, clock.monotonic_ns(), "GET answered 429")
            one.server.wires[0].cut()
            await asyncio.sleep(250)
            assert len(one.server.attempts_ns) == 1
            await asyncio.sleep(60)
            assert one.live()
            assert one.keeper.generation == 2

    run(body)


def test_rest_says_the_ban_to_the_budget() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, rest_status=429, retry_after_s=200) as one:
            await asyncio.sleep(190)
            assert [len(one.server.gets), one.server.attempts_ns] == [1, []]
            one.server.rest_status = 200
            await asyncio.sleep(20)
            assert one.live()
            assert one.server.violations == []

    run(body)


def test_refusal_by_policy_right_after_the_handshake_is_a_ban_and_later_it_is_not() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock) as one:
            await asyncio.sleep(40)
            one.server.wires[0].close(1008, "too many messages")
            await asyncio.sleep(10)
            assert one.keeper.generation == 2
            one.server.beat_s = 1e9
            one.server.muted |= set(one.keeper.route.streams)
            one.server.wires[0].cut()
            await asyncio.sleep(3)
            one.server.wires[0].close(1008, "too many connections")
            await asyncio.sleep(UNNAMED_BAN_S - 5)
            assert one.keeper.generation == 3
            assert "banned until" in one.keeper.reason
            await asyncio.sleep(10)
            assert one.keeper.generation == 4

    run(body)


def test_bans_without_an_end_grow_and_begin_small_again_after_a_welcome() -> None:
    budget = Budget(100)
    waits = []
    now_ns = 0
    for _ in range(6):
        waits.append(budget.banned(None, now_ns))
        now_ns = budget.banned_until_ns
    assert waits == [UNNAMED_BAN_S, 2 * UNNAMED_BAN_S, 4 * UNNAMED_BAN_S, 8 * UNNAMED_BAN_S, *[UNNAMED_BAN_MOST_S] * 2]
    assert budget.banned(None, now_ns - SECOND_NS) == 1, "of an attempt that was under way"
    budget.welcomed()
    assert budget.banned(None, now_ns) == UNNAMED_BAN_S


def test_a_restart_forgets_neither_ban_nor_attempts_nor_weight(tmp_path: Path) -> None:
    path = tmp_path / "limits" / "plain.json"

    async def before(clock: VirtualClock) -> None:
        await asyncio.sleep(1000)
        budget = BudgetFile(path, ADDRESS, clock).restore(Budget(60, connections=3, window_s=300))
        assert [budget.connect_wait_s(clock.monotonic_ns()) for _ in range(3)] == [0, 0, 0]
        assert budget.wait_s(60, clock.monotonic_ns()) == 0
        budget.banned(500, clock.monotonic_ns(), "HTTP 418")

    async def after(clock: VirtualClock) -> None:
        await asyncio.sleep(5)  # another boot: its timers begin anew
        budget = BudgetFile(path, ADDRESS, clock).restore(Budget(60, connections=3, window_s=300))
        assert budget.connect_wait_s(clock.monotonic_ns()) == pytest.approx(470)
        assert budget.reason == "HTTP 418"
        assert budget.connect_wait_s(clock.monotonic_ns() + 470 * SECOND_NS) == 0

    async def attempts(clock: VirtualClock) -> None:
        kept = Budget(60, connections=3, window_s=300)
        BudgetFile(path, ADDRESS, clock).restore(kept)
        kept.banned_until_ns = 0
        assert kept.connect_wait_s(clock.monotonic_ns()) == pytest.approx(270)
        assert kept.wait_s(60, clock.monotonic_ns()) == pytest.approx(30)

    run(before)
    run(after, START_NS + 1025 * SECOND_NS)
    path.unlink()
    run(before)
    run(attempts, START_NS + 1030 * SECOND_NS)


def test_a_loop_of_crashes_keeps_to_the_budget(tmp_path: Path) -> None:
    venue = PlainVenue().but(connections=40, connections_per_s=300)
    made: list[int] = []

    async def life(clock: VirtualClock) -> None:
        shared = Shared.of(venue, clock, random.Random(3).random, None)  # type: ignore[arg-type]
        BudgetFile(tmp_path / "plain.json", ADDRESS, clock).restore(shared.budget)
        server = PlainServer(venue, clock)
        shared.opener = Network(server, clock).opener
        async with fed(clock, venue, shared=shared, server=server):
            await asyncio.sleep(2)
        made.extend(clock.start_ns + time_ns for time_ns in server.attempts_ns)

    for restart in range(200):
        run(life, START_NS + restart * 3 * SECOND_NS)
    assert len(made) >= 40
    for first, last in zip(made, made[20:], strict=False):
        assert last - first >= 295 * SECOND_NS


def test_what_was_used_of_another_address_does_not_count(tmp_path: Path) -> None:
    async def body(clock: VirtualClock) -> None:
        path = tmp_path / "plain.json"
        BudgetFile(path, "testnet", clock).restore(Budget(60)).banned(500, clock.monotonic_ns())
        assert BudgetFile(path, ADDRESS, clock).restore(Budget(60)).connect_wait_s(clock.monotonic_ns()) == 0

    run(body)


def test_a_torn_file_is_a_warning_and_a_clock_set_back_prolongs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(clock: VirtualClock) -> None:
        path = tmp_path / "plain.json"
        path.write_bytes(b"\x00\x00")
        file = BudgetFile(path, ADDRESS, clock)
        budget = file.restore(Budget(60, connections=1, window_s=300))
        assert "cannot be read" in caplog.text
        assert budget.connect_wait_s(clock.monotonic_ns()) == 0
        clock.skew_ns = -7200 * SECOND_NS
        again = file.restore(Budget(60, connections=1, window_s=300))
        assert again.connect_wait_s(clock.monotonic_ns()) == pytest.approx(300)

    run(body)


class Stormy(PlainServer):
    """Refuses half of the handshakes of a while, each in another way."""

    def connect(self, wire: Wire) -> None:
        super().connect(wire)
        if self.clock.monotonic_ns() < wire.facts.get("calm_ns", CALM_NS) and CHANCE.random() < 0.5:
            self.gone(wire)
            self.accepted_ns.pop()
            raise RefusedHandshakeError(CHANCE.choice([500, 502, 503, 400]))


CALM_NS = 240 * SECOND_NS
CHANCE = random.Random(5)


def test_a_storm_of_a_hundred_sockets_keeps_to_the_budget_and_spreads() -> None:
    venue = PlainVenue(symbols_per_route=1, channels=("depth",)).but(connections=1000, connections_per_s=300)
    symbols = [f"S{number}" for number in range(100)]

    async def body(clock: VirtualClock) -> None:
        server = Stormy(venue, clock, beat_s=10)
        async with fed(clock, venue, symbols, server=server) as one:
            for _ in range(4):
                await asyncio.sleep(60)
                for wire in list(server.wires):
                    wire.cut()
            await asyncio.sleep(120)
            assert server.violations == []
            assert all(keeper.state == "open" for keeper in one.feed.keepers)
            assert len(server.wires) == 100
            times = [time_ns for time_ns in server.attempts_ns if time_ns >= 5 * SECOND_NS]
            busiest = max(sum(0 <= other - time_ns < SECOND_NS for other in times) for time_ns in times)
            assert busiest <= 10, "a tenth of the sockets in any second"
            assert len(one.said(record.Connected)) == len(one.said(record.Disconnected)) + 100

    run(body)
