"""The kill switch, against a real executor process and the stub exchange."""

import asyncio
import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from flows.kill.door import door
from flows.kill.guard import Guard, asked
from flows.kill.kill import Kill
from flows.kill.release import release
from flows.kill.target import Target
from flows.kill.terms import Outcome, Terms
from flows.kill.under_way import under_way
from market.beat import unheard
from market.clock import SystemClock
from market.errors import SettingsError
from market.messages import Command
from sinks.orders.halt import ASIDE, halt_path, is_halted, read_halt, write_halt
from tests.sinks.orders.nursery import Nursery, lives
from tests.sinks.orders.rig import Intended, Rig, told
from tests.sinks.orders.stub_exchange import StubExchange
from tests.sinks.orders.stub_venue import StubVenue, approved, patient, venue_of

QUICK = Terms(within_s=8.0, settle_s=0.1, unstamped_s=0.4, margin_s=0.1, round_s=0.02)
TOKEN = "a token of some length"


@pytest.fixture
def exchange() -> Iterator[StubExchange]:
    with StubExchange(stale_s=0.5) as running:
        yield running


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as running:
        yield running


def kill(
    data: Path, venue: StubVenue | None, *, flatten: bool = False, terms: Terms = QUICK, unknown: str = ""
) -> Outcome:
    target = Target(venue and patient(venue), unknown, "main")
    made = Kill(data, lambda: target, terms, SystemClock(), reason="a test", flatten=flatten, say=lambda _: None)
    return asyncio.run(made.run())


def executor(nursery: Nursery, data: Path, exchange: StubExchange) -> int:
    pid = nursery.start(data, port=exchange.port, stream_port=exchange.stream_port)
    until(lambda: any(getattr(message, "state", "") == "up" for message in told(data)))
    return pid


def until(condition: Callable[[], object], within_s: float = 10.0) -> None:
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_a_kill_ends_executor_orders_and_account(tmp_path: Path, exchange: StubExchange, nursery: Nursery) -> None:
    pid, intended = executor(nursery, tmp_path, exchange), Intended(tmp_path)
    intended.write(approved("rests"), approved("fills", price=200.0))
    until(lambda: len(exchange.taken) == 2)
    outcome = kill(tmp_path, venue_of(exchange))
    intended.write(approved("after"))
    assert outcome.acknowledged
    assert not lives(pid)
    assert exchange.open == []
    assert "suspend" not in exchange.asked
    assert [line["action"] for line in read_halt(tmp_path)] == ["kill", "acknowledged"]
    assert read_halt(tmp_path)[0]["reason"] == "a test"
    last = told(tmp_path)[-1]
    assert isinstance(last, Command)
    assert (last.action, last.account) == ("halt", "main")
    second = nursery.start(tmp_path, port=exchange.port, stream_port=exchange.stream_port)
    until(lambda: not lives(second))
    assert "is halted: a test" in (tmp_path / "executor.log").read_text()
    assert sorted(exchange.taken) == ["fills", "rests"]


def test_a_stopped_executor_is_killed_as_well(tmp_path: Path, exchange: StubExchange, nursery: Nursery) -> None:
    pid = executor(nursery, tmp_path, exchange)
    os.kill(pid, signal.SIGSTOP)
    Intended(tmp_path).write(approved("one"))
    assert kill(tmp_path, venue_of(exchange)).acknowledged
    assert not lives(pid)
    assert exchange.taken == []


def test_the_venue_is_suspended_where_it_can_and_lifted_by_release(tmp_path: Path, exchange: StubExchange) -> None:
    venue = venue_of(exchange, suspends=True)
    assert kill(tmp_path, venue).acknowledged
    assert exchange.suspended
    where = asyncio.run(release(tmp_path, Target(venue), SystemClock(), reason="it was a test"))
    assert not exchange.suspended
    assert not is_halted(tmp_path)
    assert where.parent == tmp_path / ASIDE
    assert '"it was a test"' in where.read_text()
    with pytest.raises(SettingsError, match="is not halted"):
        asyncio.run(release(tmp_path, Target(venue), SystemClock(), reason="again"))


def test_nothing_is_released_while_a_kill_is_under_way_or_the_venue_is_gone(tmp_path: Path) -> None:
    write_halt(tmp_path, reason="a test")
    with under_way(tmp_path), pytest.raises(SettingsError, match="under way"):
        asyncio.run(release(tmp_path, Target(None), SystemClock(), reason="too soon"))
    with StubExchange() as exchange:
        venue = venue_of(exchange, suspends=True)
    with pytest.raises(SettingsError, match="could not be lifted"):
        asyncio.run(release(tmp_path, Target(venue), SystemClock(), reason="blind"))
    assert is_halted(tmp_path)


@pytest.mark.parametrize("suspends", [False, True])
def test_positions_are_closed_where_wanted(tmp_path: Path, exchange: StubExchange, suspends: bool) -> None:
    exchange.positions.update(X=2.0, Y=-3.0)
    outcome = kill(tmp_path, venue_of(exchange, suspends=suspends), flatten=True)
    assert outcome.acknowledged
    assert outcome.closed == {"X": 2.0, "Y": -3.0}
    assert {name: size for name, size in exchange.positions.items() if size} == {}
    assert len(exchange.taken) == 2
    assert exchange.suspended is suspends


def test_a_close_that_got_no_answer_is_looked_after_and_not_doubled(tmp_path: Path, exchange: StubExchange) -> None:
    exchange.positions["X"] = 2.0
    exchange.fault = lambda verb, _: "drop" if verb == "close" else ""
    outcome = kill(tmp_path, venue_of(exchange), flatten=True)
    assert outcome.acknowledged
    assert exchange.positions["X"] == 0.0
    assert len(exchange.taken) == 1


def test_an_unreachable_venue_is_never_acknowledged(tmp_path: Path, nursery: Nursery) -> None:
    with StubExchange() as exchange:
        pid, venue = executor(nursery, tmp_path, exchange), venue_of(exchange)
    outcome = kill(tmp_path, venue, terms=Terms(within_s=0.5, settle_s=0.1, round_s=0.02))
    assert not outcome.acknowledged
    assert "no connection" in outcome.problems[0]
    assert is_halted(tmp_path)
    assert not lives(pid)


def test_a_venue_that_cannot_be_asked_still_stills_this_machine(
    tmp_path: Path, exchange: StubExchange, nursery: Nursery
) -> None:
    pid = executor(nursery, tmp_path, exchange)
    outcome = kill(tmp_path, None, terms=Terms(within_s=0.3, settle_s=0.05, round_s=0.02), unknown="there is no key")
    assert not outcome.acknowledged
    assert "there is no key" in outcome.problems[0]
    assert is_halted(tmp_path)
    assert not lives(pid)


def test_a_kill_that_fails_in_parts_tries_them_again(tmp_path: Path, exchange: StubExchange, nursery: Nursery) -> None:
    executor(nursery, tmp_path, exchange)
    Intended(tmp_path).write(*(approved(f"o{number}") for number in range(5)))
    until(lambda: len(exchange.open) == 5)
    exchange.fault = lambda verb, number: "no" if number % 3 else ""
    assert kill(tmp_path, venue_of(exchange)).acknowledged
    assert exchange.open == []


def test_an_order_that_is_taken_late_is_found_before_the_acknowledgement(
    tmp_path: Path, exchange: StubExchange, nursery: Nursery
) -> None:
    exchange.fault = lambda verb, _: "slow" if verb == "place" else ""
    exchange.late_s = 0.4
    executor(nursery, tmp_path, exchange)
    Intended(tmp_path).write(approved("late"))
    until(lambda: "place" in exchange.asked)
    outcome = kill(tmp_path, venue_of(exchange))
    acknowledged_s = time.monotonic()
    assert outcome.acknowledged
    assert exchange.taken == ["late"]
    assert exchange.orders[0].taken_s < acknowledged_s
    assert exchange.open == []


def test_halt_that_somebody_removes_during_a_kill_is_written_again(tmp_path: Path, exchange: StubExchange) -> None:
    exchange.delay_s = 0.1
    thread = threading.Timer(0.2, lambda: halt_path(tmp_path).unlink())
    thread.start()
    assert kill(tmp_path, venue_of(exchange)).acknowledged
    thread.join()
    assert is_halted(tmp_path)


def test_a_damaged_orders_journal_does_not_stop_a_kill(tmp_path: Path, exchange: StubExchange) -> None:
    with Rig(tmp_path, venue_of(exchange)):
        Intended(tmp_path).write(approved("one"))
        until(lambda: exchange.open == ["one"])
    path = tmp_path / "journal" / "orders" / "orders-0.db"
    path.with_name("orders-0.db-wal").unlink(missing_ok=True)
    path.write_bytes(b"nonsense" * 1000)
    outcome = kill(tmp_path, venue_of(exchange))
    assert outcome.acknowledged
    assert any("cannot be read" in line for line in outcome.done)
    assert exchange.open == []


def test_without_a_venue_a_kill_halts_the_paper_account(tmp_path: Path) -> None:
    assert kill(tmp_path, None).acknowledged
    assert is_halted(tmp_path)


@pytest.mark.parametrize(
    ("text", "reason", "flatten"),
    [("", "the file HALT", False), ("flatten now please\n", "now please", True), ("why not", "why not", False)],
)
def test_the_file_triggers(tmp_path: Path, text: str, reason: str, flatten: bool) -> None:
    assert asked(tmp_path) is None
    halt_path(tmp_path).write_text(text)
    wish = asked(tmp_path)
    assert wish is not None
    assert (wish.reason, wish.flatten) == (reason, flatten)


def test_what_is_acknowledged_is_not_asked_for_again_and_what_came_meanwhile_is(tmp_path: Path) -> None:
    first = write_halt(tmp_path, action="kill", reason="first", flatten=False)
    with halt_path(tmp_path).open("a") as file:
        file.write("flatten too")  # and no end of the line
    write_halt(tmp_path, action="acknowledged", obeyed=[first])
    wish = asked(tmp_path)
    assert wish is not None
    assert (wish.reason, wish.flatten) == ("too", True)
    write_halt(tmp_path, action="acknowledged", obeyed=wish.lines)
    assert asked(tmp_path) is None
    with halt_path(tmp_path).open("a") as file:
        file.write("flatten too\n")
    assert asked(tmp_path) == wish


def test_words_that_come_late_to_a_file_are_obeyed(tmp_path: Path, exchange: StubExchange, guarded: int) -> None:
    """As of a shell that made the file, and wrote to its beginning only when the guard had."""
    exchange.positions["X"] = 2.0
    with halt_path(tmp_path).open("w") as file:
        until(lambda: read_halt(tmp_path) != [])
        file.write("flatten\n")
    until(lambda: exchange.positions["X"] == 0.0)
    until(lambda: asked(tmp_path) is None)


@pytest.fixture
def guarded(tmp_path: Path, exchange: StubExchange) -> Iterator[int]:
    """A guard that runs; the port of its door."""
    target, stop = Target(venue_of(exchange), account="main"), threading.Event()
    guard = Guard(tmp_path, lambda: target, QUICK, SystemClock())
    thread = threading.Thread(target=guard.run, args=(stop.is_set, unheard))
    thread.start()
    with door("127.0.0.1", 0, TOKEN, partial(guard.ask, within_s=10.0)) as port:
        yield port
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def post(port: int, *, token: str = TOKEN, path: str = "/kill", body: bytes = b"") -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    connection.request("POST", path, body, {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_the_guard_obeys_the_file(tmp_path: Path, exchange: StubExchange, guarded: int) -> None:
    exchange.positions["X"] = 2.0
    halt_path(tmp_path).write_text("flatten\n")
    until(lambda: read_halt(tmp_path)[-1]["action"] == "acknowledged")
    assert exchange.positions["X"] == 0.0
    size = halt_path(tmp_path).stat().st_size
    time.sleep(0.3)
    assert halt_path(tmp_path).stat().st_size == size


def test_the_guard_obeys_who_knows_the_token(tmp_path: Path, exchange: StubExchange, guarded: int) -> None:
    assert post(guarded, token="another token of it")[0] == 401
    assert post(guarded, path="/")[0] == 404
    assert post(guarded, body=b"x" * 5000)[0] == 413
    assert post(guarded, body=b'{"flaten": true}')[0] == 400
    assert not is_halted(tmp_path)
    status, said = post(guarded, body=b'{"reason": "by wire"}')
    assert (status, said["acknowledged"]) == (200, True)
    assert read_halt(tmp_path)[0]["reason"] == "by wire (POST /kill from 127.0.0.1)"


def test_no_door_opens_to_strangers() -> None:
    with pytest.raises(SettingsError, match="without a token"), door("0.0.0.0", 0, "", lambda _: Outcome()):
        pass
    with pytest.raises(SettingsError, match="16"), door("127.0.0.1", 0, "short", lambda _: Outcome()):
        pass
    with door("127.0.0.1", 0, "", lambda _: Outcome()) as port:
        assert port == 0
