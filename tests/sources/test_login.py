"""Logging in, being refused for good, and what a close code or a status means."""

import asyncio

import pytest

from market import record
from market.clock import SECOND_NS
from sources.transport import LostError
from sources.verdict import LoginError, RefusedError, Verdict, verdict
from tests.fed import fed
from tests.plain_venue import PlainVenue
from tests.virtual import VirtualClock, run

PRIVATE = PlainVenue(secrets=("plain_key",))
RIGHT, WRONG = {"plain_key": "right"}, {"plain_key": "wr0ng-s3cret"}


def test_the_login_comes_first_and_its_answer_before_any_subscription() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, PRIVATE, secrets=RIGHT) as one:
            await asyncio.sleep(5)
            assert one.live() == set(one.keeper.route.streams)
            assert b"login" in one.server.wires[0].heard[0]
            assert one.server.violations == []

    run(body)


def test_a_refused_login_stops_all_tries_for_an_hour_and_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    async def body(clock: VirtualClock) -> None:
        venue = PlainVenue(secrets=("plain_key",), symbols_per_route=1).but(connections=2, connections_per_s=10)
        async with fed(clock, venue, secrets=WRONG) as one:
            await asyncio.sleep(3590)
            assert {keeper.state for keeper in one.feed.keepers} == {"refused"}
            assert "no such key" in one.keeper.reason
            assert len(one.server.attempts_ns) == 1, "the other route does not try the same secret"
            await asyncio.sleep(2 * 3600)
            assert len(one.server.attempts_ns) <= 3
            assert one.said(record.Connected) == []
            frames = [frame for _, frame in one.frames if not record.is_record(frame)]
            assert any(b"no such key" in frame for frame in frames), "what the venue said is recorded"

    run(body)
    assert caplog.text.count("refused for good") <= 2, "once for a route"
    assert "wr0ng-s3cret" not in caplog.text


def test_a_login_is_right_again_after_the_hour() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, PRIVATE, secrets=WRONG) as one:
            await asyncio.sleep(10)
            one.server.key = WRONG["plain_key"]
            await asyncio.sleep(3610)
            assert one.live()
            assert one.keeper.state == "open"

    run(body)


def test_a_login_without_an_answer_is_tried_again_slowly() -> None:
    class Deaf(PlainVenue):
        def login(self, secrets, time_ns):  # type: ignore[no-untyped-def]
            return (b"ping",)

    async def body(clock: VirtualClock) -> None:
        async with fed(clock, Deaf(), silent_to_pings=True) as one:
            await asyncio.sleep(120)
            assert 3 <= len(one.server.attempts_ns) <= 7
            assert "no answer to the login" in one.keeper.reason

    run(body)


@pytest.mark.parametrize(("status", "most"), [(451, 1), (401, 1), (404, 60)])
def test_a_permanent_status_costs_at_most_one_try_a_minute(status: int, most: int) -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, status=status) as one:
            await asyncio.sleep(3590)
            assert 1 <= len(one.server.attempts_ns) <= most
            assert one.keeper.state == ("waiting" if most > 1 else "refused")
            assert f"HTTP {status}" in one.keeper.reason

    run(body)


def test_metadata_that_are_refused_for_good_stop_the_tries_too() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock, rest_status=401) as one:
            await asyncio.sleep(3590)
            assert len(one.server.gets) == 1
            assert one.keeper.state == "refused"
            one.server.rest_status = 200
            await asyncio.sleep(30)
            assert one.live()

    run(body)


VENUE = PlainVenue(refusals=(451, 4007))


@pytest.mark.parametrize(
    ("error", "had_data", "expected"),
    [
        (OSError("unreachable"), False, Verdict("retry")),
        (LostError("cut"), True, Verdict("retry")),
        (LostError("1011", 1011), True, Verdict("retry")),
        (LostError("slow", 4005), True, Verdict("retry")),
        (LostError("1012", 1012), True, Verdict("retry")),
        (LostError("1013", 1013), True, Verdict("retry", 5.0)),
        (LostError("1009", 1009), True, Verdict("retry", 30.0)),
        (LostError("1008", 1008), True, Verdict("retry", 5.0)),
        (LostError("1008", 1008), False, Verdict("banned")),
        (LostError("key deleted", 4007), True, Verdict("refused")),
        (LostError("451", 451), False, Verdict("refused")),
        (LostError("401", 401), False, Verdict("refused")),
        (LostError("404", 404), False, Verdict("retry", 60.0)),
        (LostError("503", 503, "", 20.0), False, Verdict("retry", 20.0)),
        (LostError("502", 502), False, Verdict("retry")),
        (LostError("429", 429, "", 7.0), False, Verdict("banned", named_s=7.0)),
        (LostError("418", 418), False, Verdict("banned")),
        (LostError("403", 403), False, Verdict("banned")),
        (LoginError("one session too many"), False, Verdict("retry", 10.0)),
        (RefusedError("no such key"), False, Verdict("refused")),
    ],
)
def test_every_end_of_a_connection_has_a_meaning(error: Exception, had_data: bool, expected: Verdict) -> None:
    assert verdict(VENUE, error, had_data=had_data) == expected  # type: ignore[arg-type]


def test_close_codes_are_shown_with_their_reason() -> None:
    async def body(clock: VirtualClock) -> None:
        async with fed(clock) as one:
            await asyncio.sleep(40)
            one.server.wires[0].close(4005, "write buffer full")
            await asyncio.sleep(10)
            assert one.said(record.Disconnected)[0].reason == "received 4005 write buffer full"
            one.server.wires[0].close(1009, "too big")
            lost_ns = clock.monotonic_ns()
            await asyncio.sleep(20)
            assert one.keeper.reason.endswith("received 1009 too big")
            await asyncio.sleep(20)
            assert one.server.attempts_ns[-1] - lost_ns >= 30 * SECOND_NS

    run(body)
