"""Deliveries in virtual time: the schedule over three days, patience, and what a receiver may do to others."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from market.clock import SECOND_NS
from sinks.webhook import limits, sender
from sinks.webhook.address import Rules, Target
from sinks.webhook.attempt import FAILING_REASON, GONE_REASON, Attempt
from sinks.webhook.database import transaction
from sinks.webhook.desk import Desk
from sinks.webhook.egress import Answer
from sinks.webhook.endpoints import Endpoint
from sinks.webhook.errors import DeliveryError
from sinks.webhook.filters import Filters
from sinks.webhook.outbox import Delivery, delivery_of
from sinks.webhook.payload import Event, body
from sinks.webhook.schedule import DELAYS_S, next_due_ns, retry_after_s
from sinks.webhook.sender import Sender
from sinks.webhook.signing import verify
from tests import virtual
from tests.virtual import VirtualClock

DAY_S = 86_400


@dataclass
class World:
    """Receivers by host name, and what each of them heard and when."""

    desk: Desk
    clock: VirtualClock
    answers: dict[str, Callable[[], Awaitable[Answer]]] = field(default_factory=dict)
    heard: dict[str, list[tuple[float, Mapping[str, str], bytes]]] = field(default_factory=dict)
    flying: int = 0
    most: int = 0

    def endpoint(self, host: str, answer: Callable[[], Awaitable[Answer]], tenant: str = "default") -> Endpoint:
        self.answers[host] = answer
        return self.desk.add(f"https://{host}/", Filters(), tenant)[0]

    def queue(self, endpoint: Endpoint, number: int = 1) -> list[Delivery]:
        now_ns = self.clock.now_ns()
        events = [Event("s", n + 1, 0, "signal", now_ns, {"instrument": "BTCUSDT"}) for n in range(number)]
        made = [delivery_of(event, endpoint.id, body(event), now_ns) for event in events]
        with transaction(self.desk._database):
            for one in made:
                self.desk.outbox._insert(one)
        return made

    async def post(self, target: Target, headers: Mapping[str, str], sent: bytes) -> Answer:
        self.heard.setdefault(target.host, []).append((asyncio.get_running_loop().time(), headers, sent))
        self.flying += 1
        self.most = max(self.most, self.flying)
        try:
            async with asyncio.timeout(limits.ATTEMPT_S):
                return await self.answers[target.host]()
        except TimeoutError:
            raise DeliveryError("no answer within 15 s") from None
        finally:
            self.flying -= 1

    async def run(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        sending = Sender(self.desk.outbox, self.desk.endpoints, post=self.post, clock=self.clock)
        await sending.run(lambda: loop.time() >= ends)

    def attempts(self, endpoint: Endpoint) -> list[Attempt]:
        return self.desk.outbox.attempts(endpoint.id)[::-1]


def says(status: int, retry_after: str = "", after_s: float = 0.01) -> Callable[[], Awaitable[Answer]]:
    async def answer() -> Answer:
        await asyncio.sleep(after_s)
        return Answer(status, retry_after)

    return answer


async def hangs() -> Answer:
    await asyncio.sleep(1e6)
    raise AssertionError


Body = Callable[[World], Awaitable[None]]


@pytest.fixture
def world(tmp_path: Path) -> Callable[[Body], None]:
    def run(body_: Body) -> None:
        async def inside(clock: VirtualClock) -> None:
            with Desk(tmp_path, clock, Rules()) as desk:
                await body_(World(desk, clock))

        virtual.run(inside)

    return run


def test_what_fails_is_tried_ten_times_over_three_days_then_dead_and_its_webhook_disabled(
    world: Callable[[Body], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "POLL_S", 120.0)  # a loop that looks four times a second for three days takes a minute

    async def body_(at: World) -> None:
        endpoint = at.endpoint("down.example", says(500))
        (made,) = at.queue(endpoint)
        secrets = at.desk.endpoints.secrets(endpoint.id)
        await at.run(3 * DAY_S)
        assert at.desk.endpoints.get(endpoint.id).state == "enabled"
        await at.run(2 * DAY_S)
        tried = at.attempts(endpoint)
        assert [one.state for one in tried] == ["failed"] * 9 + ["dead"]
        assert [one.attempt for one in tried] == list(range(1, 11))
        for one, later, delay_s in zip(tried, tried[1:], DELAYS_S[1:], strict=False):
            assert one.next_ns is not None
            pause_s = (one.next_ns - one.started_ns - one.duration_ns) / SECOND_NS
            assert delay_s <= pause_s <= 1.1 * delay_s
            assert 0 <= later.started_ns - one.next_ns <= 121 * SECOND_NS
        heard = at.heard["down.example"]
        assert {headers["webhook-id"] for _, headers, _ in heard} == {made.webhook_id}
        assert len({headers["webhook-timestamp"] for _, headers, _ in heard}) == 10
        assert {sent for _, _, sent in heard} == {made.payload}
        for _, headers, sent in heard:
            assert verify(secrets[0], headers, sent, now_s=int(headers["webhook-timestamp"]))
        found = at.desk.endpoints.get(endpoint.id)
        assert (found.state, found.reason) == ("disabled", FAILING_REASON)

    world(body_)


def test_the_pauses_of_a_delivery_are_its_own() -> None:
    pauses = [[next_due_ns(name, failed, 0) for failed in range(1, 10)] for name in ("msg_a", "msg_b", "msg_a")]
    assert pauses[0] == pauses[2] != pauses[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("7", 7), ("999999999", DAY_S), ("-5", 0), ("1e9", 0), ("", 0), ("soon", 0), ("٣", 3), ("9" * 400, 0),
     ("Thu, 01 Jan 1970 00:02:00 GMT", 120), ("Thu, 01 Jan 1960 00:00:00 GMT", 0),
     ("Fri, 31 Dec 9999 23:59:59 GMT", DAY_S)],
)  # fmt: skip
def test_retry_after_is_understood_or_passed_over_and_never_more_than_a_day(text: str, expected: float) -> None:
    assert retry_after_s(text, 0) == expected


def test_a_receiver_that_asks_for_patience_gets_it(world: Callable[[Body], None]) -> None:
    async def body_(at: World) -> None:
        endpoint = at.endpoint("busy.example", says(503, "200"))
        at.queue(endpoint, 3)
        await at.run(150)
        assert len(at.heard["busy.example"]) == 3  # what was under way when it said so
        at.answers["busy.example"] = says(200)
        await at.run(100)
        assert [one.state for one in at.attempts(endpoint)] == ["failed"] * 3 + ["delivered"] * 3
        assert min(time for time, *_ in at.heard["busy.example"][3:]) >= 200

    world(body_)


def test_410_disables_a_webhook_and_nothing_more_is_sent(world: Callable[[Body], None]) -> None:
    async def body_(at: World) -> None:
        endpoint = at.endpoint("gone.example", says(410))
        at.queue(endpoint, 9)
        await at.run(60)
        found = at.desk.endpoints.get(endpoint.id)
        assert (found.state, found.reason) == ("disabled", GONE_REASON)
        assert len(at.heard["gone.example"]) == limits.CONCURRENT_PER_ENDPOINT
        at.answers["gone.example"] = says(200)
        at.desk.endpoints.enable(endpoint.id)
        await at.run(1)
        states = [one.state for one in at.desk.outbox.deliveries(endpoint.id)]
        assert (states.count("delivered"), states.count("dead")) == (5, 4)

    world(body_)


@pytest.mark.parametrize("answer", [hangs, says(500), says(200, after_s=14.0)], ids=["hangs", "fails", "slow"])
def test_receivers_that_hang_fail_or_are_slow_stall_nobody(
    world: Callable[[Body], None], answer: Callable[[], Awaitable[Answer]]
) -> None:
    async def body_(at: World) -> None:
        for number in range(70):
            at.queue(at.endpoint(f"bad{number}.example", answer, f"tenant{number // 20}"), 6)
        good = at.endpoint("good.example", says(204), "good")
        at.queue(good, 200)
        await at.run(10)
        assert len(at.heard["good.example"]) == 200
        assert max(time for time, *_ in at.heard["good.example"]) < 5.0
        assert at.most <= 71 + limits.CONCURRENT_SHARED
        assert {len(at.heard[f"bad{number}.example"]) > 0 for number in range(70)} == {True}

    world(body_)


def test_one_that_fails_time_and_again_is_tried_gently_and_all_is_delivered_once_it_is_well(
    world: Callable[[Body], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "POLL_S", 2.0)

    async def body_(at: World) -> None:
        endpoint = at.endpoint("down.example", says(502))
        at.queue(endpoint, 100)
        await at.run(3600)
        assert len(at.heard["down.example"]) < 40, "and not 400, as the schedule of each alone would have it"
        assert {one.attempts for one in at.desk.outbox.deliveries(endpoint.id)} <= {0, 1, 2, 3, 4}
        at.answers["down.example"] = says(200)
        await at.run(3 * 3600)
        assert {one.state for one in at.desk.outbox.deliveries(endpoint.id)} == {"delivered"}

    world(body_)


def test_what_waited_for_four_days_is_a_dead_letter(world: Callable[[Body], None]) -> None:
    async def body_(at: World) -> None:
        endpoint = at.endpoint("off.example", says(200))
        at.queue(endpoint, 2)
        at.desk.endpoints.disable(endpoint.id)
        at.clock.skew_ns = limits.LIFETIME_S * SECOND_NS
        await at.run(1)
        assert {one.state for one in at.desk.outbox.deliveries(endpoint.id)} == {"pending"}
        at.clock.skew_ns += SECOND_NS
        await at.run(1)
        assert [one.state for one in at.attempts(endpoint)] == ["dead", "dead"]
        at.desk.endpoints.enable(endpoint.id)
        assert at.desk.replay_dead(endpoint.id, None) == 2
        await at.run(1)
        assert {one.state for one in at.desk.outbox.deliveries(endpoint.id)} == {"delivered"}

    world(body_)


def test_what_was_sent_and_not_written_down_is_sent_again_with_the_same_id(world: Callable[[Body], None]) -> None:
    async def body_(at: World) -> None:
        endpoint = at.endpoint("slow.example", hangs)
        (made,) = at.queue(endpoint)
        await at.run(5)  # ends in the middle of the attempt
        assert at.attempts(endpoint) == []
        at.answers["slow.example"] = says(200)
        await at.run(1)
        assert [headers["webhook-id"] for _, headers, _ in at.heard["slow.example"]] == [made.webhook_id] * 2
        assert [one.state for one in at.attempts(endpoint)] == ["delivered"]

    world(body_)


def test_a_bug_in_one_attempt_is_told_and_stops_no_other(
    world: Callable[[Body], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks() -> Answer:
        raise ZeroDivisionError

    async def body_(at: World) -> None:
        bad, good = at.endpoint("bug.example", breaks), at.endpoint("good.example", says(200))
        at.queue(bad)
        at.queue(good)
        await at.run(1)
        assert [one.state for one in at.attempts(good)] == ["delivered"]
        assert [(one.state, one.error) for one in at.attempts(bad)] == [
            ("failed", "a bug of ours: ZeroDivisionError()")
        ]

    world(body_)
    assert "a bug in the attempt" in caplog.text


def test_a_webhook_removed_in_the_middle_of_an_attempt_leaves_nothing(world: Callable[[Body], None]) -> None:
    async def body_(at: World) -> None:
        endpoint = at.endpoint("slow.example", says(200, after_s=3.0))
        at.queue(endpoint)
        running = asyncio.create_task(at.run(6))
        await asyncio.sleep(1)
        at.desk.endpoints.remove(endpoint.id)
        await running
        assert at.attempts(endpoint) == []

    world(body_)
