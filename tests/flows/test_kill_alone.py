"""The kill switch while other things are broken: the disk, the clock, the venue in parts, settings, another module."""

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

import flows.kill.kill
from flows.execute import run_execute
from flows.intents import ORDERS, orders_path
from flows.kill.kill import Kill
from flows.kill.seat import executor_ended
from flows.kill.target import Target, find_target, folder_of
from flows.kill.terms import Outcome, Terms
from flows.order_venues import kill_venue, order_venue
from flows.runfile import write_run_file
from flows.settings import Settings
from flows.settings_text import save_settings
from flows.settings_trading import ExecutionSettings
from market.clock import SystemClock
from market.errors import SettingsError
from market.journal import LIVE_BLOCK_NS
from simulator.orders.keys import stale
from sinks.journal import JournalWriter
from sinks.orders import halt
from sinks.orders.halt import halt_path, is_halted, read_halt
from sinks.orders.http import NoAnswerError, Pool
from sinks.orders.pending import NOTE, Note, Standing, host_of
from sinks.orders.terms import Terms as Wires
from sinks.outbox import VENUE
from tests.flows.kill_roles import settings
from tests.sinks.orders.rig import Intended
from tests.sinks.orders.stub_exchange import StubExchange, StubOrder
from tests.sinks.orders.stub_venue import StubVenue, approved, patient, venue_of
from venues.orders import OrderRequest, Verb

QUICK = Terms(within_s=6.0, settle_s=0.1, unstamped_s=0.4, margin_s=0.1, round_s=0.02)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def exchange() -> Iterator[StubExchange]:
    """With an order that stands."""
    with StubExchange(stale_s=0.5) as running:
        running.orders.append(StubOrder("one", "X", 1, 1.0, "new", 1, time.monotonic()))
        yield running


def kill(
    data: Path, venue: StubVenue | None, *, unknown: str = "", terms: Terms = QUICK, flatten: bool = False
) -> Outcome:
    target = Target(venue and patient(venue), unknown)
    made = Kill(data, lambda: target, terms, SystemClock(), reason="a test", flatten=flatten, say=lambda _: None)
    return asyncio.run(made.run())


@pytest.mark.parametrize("broken", ["suspend", "cancel_all"])
@pytest.mark.parametrize("how", ["no", "refuse", "lost"])
def test_a_step_that_never_succeeds_keeps_no_other_from_it(
    tmp_path: Path, exchange: StubExchange, broken: str, how: str
) -> None:
    exchange.fault = lambda verb, _: how if verb == broken else ""
    assert kill(tmp_path, venue_of(exchange, suspends=True)).acknowledged
    assert exchange.open == []
    assert exchange.suspended is (broken != "suspend")


@pytest.mark.parametrize("silent", ["open_orders", "query"])
def test_what_nobody_saw_is_not_acknowledged(tmp_path: Path, exchange: StubExchange, silent: str) -> None:
    Intended(tmp_path).write(approved("two"))
    exchange.fault = lambda verb, _: "no" if verb == silent else ""
    outcome = kill(tmp_path, venue_of(exchange, suspends=True), terms=Terms(within_s=1.5, settle_s=0.1, round_s=0.02))
    assert not outcome.acknowledged
    assert exchange.open == []
    assert any("answered 500" in problem or "is not known" in problem for problem in outcome.problems)
    assert read_halt(tmp_path)[-1]["action"] == "not acknowledged"


def test_a_kill_asks_after_no_more_intents_than_the_venue_answers(tmp_path: Path, exchange: StubExchange) -> None:
    Intended(tmp_path).write(*(approved(f"o{number}") for number in range(60)))
    outcome = kill(tmp_path, venue_of(exchange, requests_per_minute=200))
    assert (outcome.acknowledged, outcome.asked) == (True, 50)
    assert "10 older intents are looked for in the list of open orders only" in outcome.done
    assert exchange.asked.count("query") <= 3 * 50


def test_what_was_decided_after_the_halt_is_not_asked_after(tmp_path: Path, exchange: StubExchange) -> None:
    halt.write_halt(tmp_path, action="kill", time_ns=time.time_ns())
    intended = Intended(tmp_path)
    intended.write(approved("before"), age_s=1.0)
    intended.write(approved("after"), age_s=-10.0)
    assert kill(tmp_path, venue_of(exchange)).asked == 1


def test_a_bug_in_one_step_keeps_no_other_from_it(
    tmp_path: Path, exchange: StubExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = venue_of(exchange, suspends=True)
    monkeypatch.setattr(type(venue), "suspend", lambda *_: 1 / 0)
    assert kill(tmp_path, venue).acknowledged
    assert exchange.open == []


def test_a_full_disk_takes_a_halt_without_words(
    tmp_path: Path, exchange: StubExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(halt.os, "write", full)
    outcome = kill(tmp_path, venue_of(exchange))
    assert outcome.acknowledged
    assert is_halted(tmp_path)
    assert exchange.open == []
    assert sum("No space left" in line for line in outcome.done) == 2


def test_where_no_halt_can_be_made_orders_are_cancelled_and_nothing_is_acknowledged(
    tmp_path: Path, exchange: StubExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def readonly(*_: object, **__: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(flows.kill.kill, "write_halt", readonly)
    outcome = kill(tmp_path, venue_of(exchange), terms=Terms(within_s=1.0, settle_s=0.1, round_s=0.02))
    assert not outcome.acknowledged
    assert exchange.open == []
    assert any("HALT cannot be written" in problem for problem in outcome.problems)


def test_halt_that_is_there_already_hinders_nothing(tmp_path: Path, exchange: StubExchange) -> None:
    halt_path(tmp_path).write_text("flatten")
    assert kill(tmp_path, venue_of(exchange)).acknowledged
    assert [line["action"] for line in read_halt(tmp_path)] == ["kill", "kill", "acknowledged"]


@pytest.mark.parametrize("off_s", [-28.0, 0.0, 28.0])
def test_a_clock_that_is_off_keeps_no_cancellation_from_being_taken(tmp_path: Path, off_s: float) -> None:
    chosen, now_ms = settings(tmp_path, 1), time.time_ns() // 1_000_000
    patient, usual = kill_venue(chosen), order_venue(chosen)
    assert patient is not None
    theirs_ms = now_ms + round(off_s * 1000)
    assert stale(params(patient.query("BTCUSDT", "one", now_ms)), theirs_ms) is None
    assert (stale(params(usual.query("BTCUSDT", "one", now_ms)), theirs_ms) is None) is (off_s == 0.0)
    assert patient.capability.stale_s == usual.capability.stale_s  # what the executor sent is refused as early as ever


def params(request: OrderRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query))


def test_a_kill_asks_whom_the_executor_sent_to(tmp_path: Path) -> None:
    assert find_target(tmp_path, None) == (None, "", "paper")
    chosen = settings(tmp_path, 5)
    save_settings(chosen, "execute")
    write_run_file(tmp_path, "execute", account="main", venue="simulated")
    target = find_target(tmp_path, None)
    assert target.venue is not None
    assert (target.venue.name, target.account, target.unknown) == ("simulated", "main", "")
    other = save_settings(chosen.model_copy(update={"execution": ExecutionSettings()}), "other")
    assert "an executor sent to simulated, account main, but" in find_target(tmp_path, other).unknown
    (tmp_path / "run" / "execute.toml").write_text("nonsense")
    assert "cannot be read as TOML" in find_target(tmp_path, None).unknown
    (tmp_path / "run" / "execute.toml").unlink()
    (tmp_path / "run" / "other.toml").unlink()
    assert "its settings are gone" in find_target(tmp_path, None).unknown


def test_an_executor_of_another_account_that_may_not_begin_is_not_whom_a_kill_asks(tmp_path: Path) -> None:
    first = settings(tmp_path, 5)
    second = first.model_copy(update={"execution": first.execution.model_copy(update={"account": "other"})})
    save_settings(first, "execute")
    write_run_file(tmp_path, "execute", account="main", venue="simulated")
    with JournalWriter(orders_path(tmp_path), venue=VENUE, shard=ORDERS, block_ns=LIVE_BLOCK_NS) as journal:
        note = Note(standing=(Standing("one", "BTCUSDT"),), venue="simulated", account="main")
        journal.note(NOTE, msgspec.json.encode(note).decode())
    with pytest.raises(SettingsError, match="orders at simulated, account main, may still work"):
        run_execute(second, order_venue(second), Wires(), threading.Event())
    assert find_target(tmp_path, None).account == "main"


def test_the_paper_account_is_not_taken_for_the_one_with_money_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BAROGRAPH_ALPACA_KEY", "BAROGRAPH_ALPACA_SECRET"):
        monkeypatch.setenv(name, "x")
    live = ExecutionSettings(outside=True, account="main", live=True)
    with_money = Settings(data=tmp_path, venue="alpaca-iex", instruments=["AAPL"], execution=live)
    on_paper = with_money.model_copy(update={"execution": live.model_copy(update={"live": False})})
    ours = kill_venue(with_money)
    assert ours is not None
    save_settings(with_money, "execute")
    write_run_file(tmp_path, "execute", account="main", venue="alpaca-iex", host=host_of(ours))
    assert find_target(tmp_path, None).unknown == ""
    unknown = find_target(tmp_path, save_settings(on_paper, "other")).unknown
    assert "an executor sent to alpaca-iex, account main, at api.alpaca.markets, but" in unknown
    note = Note(standing=(Standing("one", "AAPL"),), venue="alpaca-iex", account="main", host=host_of(ours))
    with JournalWriter(orders_path(tmp_path), venue=VENUE, shard=ORDERS, block_ns=LIVE_BLOCK_NS) as journal:
        journal.note(NOTE, msgspec.json.encode(note).decode())
    with pytest.raises(SettingsError, match=r"at api\.alpaca\.markets, may still work"):
        run_execute(on_paper, order_venue(on_paper), Wires(), threading.Event())
    assert find_target(tmp_path, None).unknown == ""


def test_a_position_that_comes_after_all_looked_flat_is_closed_before_the_acknowledgement(
    tmp_path: Path, exchange: StubExchange
) -> None:
    looks = 0

    def fault(verb: str, _number: int) -> str:
        nonlocal looks
        looks += verb == "account"
        if looks == 2 and not exchange.positions:
            exchange.positions["BTCUSDT"] = 14.0  # a fill that the venue tells of late
        return ""

    exchange.fault = fault
    assert kill(tmp_path, venue_of(exchange), flatten=True).acknowledged
    assert looks > 2
    assert not any(exchange.positions.values())


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not tell who has a lock")
def test_an_executor_that_hangs_before_it_says_who_it_is_is_killed_too(tmp_path: Path) -> None:
    code = (
        "from flows.execute import only_executor; kept = only_executor(Path(sys.argv[1])); print('has it', flush=True)"
    )
    told = [sys.executable, "-c", f"import sys, time; from pathlib import Path; {code}; time.sleep(60)", str(tmp_path)]
    with subprocess.Popen(told, stdout=subprocess.PIPE, text=True) as hanging:
        assert hanging.stdout is not None
        assert hanging.stdout.readline() == "has it\n"
        assert asyncio.run(executor_ended(tmp_path, 30.0))
        assert hanging.wait(10) == -signal.SIGKILL


def test_a_folder_that_is_not_there_is_not_halted(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="name the one of the running system"):
        folder_of(tmp_path / "none", None)
    assert not (tmp_path / "none").exists()


def test_a_kill_loads_nothing_of_a_flow() -> None:
    heavy = ("numba", "bytewax.dataflow", "chdb", "scipy", "sklearn", "fastapi", "alpaca")
    code = f"import sys, flows.kill.__main__, flows.kill.run; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def command(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BAROGRAPH_ALPACA")}
    return subprocess.run(
        [sys.executable, "-m", "flows.kill", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=kept | environment,
        check=False,
    )


def test_what_a_person_is_told(tmp_path: Path) -> None:
    told = command("kill", "--data", str(tmp_path / "none"))
    assert (told.returncode, told.stdout) == (1, "")
    assert "there is no data folder" in told.stderr

    told = command("kill", "--data", str(tmp_path), "--reason", "a test")
    assert told.returncode == 0
    assert "acknowledged: no executor ever ran on" in told.stdout

    told = command("release", "--data", str(tmp_path), "--reason", " ")
    assert (told.returncode, "say who releases and why" in told.stderr) == (1, True)
    assert is_halted(tmp_path)
    told = command("release", "--data", str(tmp_path), "--reason", "a test")
    assert (told.returncode, "it trades again after `barograph account resume" in told.stdout) == (0, True)
    assert not is_halted(tmp_path)


def test_without_its_keys_the_venue_is_named_and_this_machine_stilled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BAROGRAPH_ALPACA_KEY", "BAROGRAPH_ALPACA_SECRET"):
        monkeypatch.delenv(name, raising=False)
    outside = ExecutionSettings(outside=True, account="main", live=True)
    save_settings(Settings(data=tmp_path, venue="alpaca-iex", instruments=["AAPL"], execution=outside), "execute")
    target = find_target(tmp_path, None)
    assert "BAROGRAPH_ALPACA_KEY" in target.unknown
    outcome = kill(tmp_path, None, unknown=target.unknown, terms=Terms(within_s=0.2, round_s=0.05))
    assert not outcome.acknowledged
    assert "end the orders there by its own means" in outcome.problems[0]
    assert is_halted(tmp_path)


def test_what_the_venue_has_not_received_dies_with_the_executor() -> None:
    """A request that is larger than what the venue's machine takes in, of a process that ends: its rest never comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        child = os.fork()
        if child == 0:
            _send(server.getsockname()[1])
        taken, _ = server.accept()
        with taken:
            taken.settimeout(10)
            taken.recv(1)
            time.sleep(0.5)  # it has written what its system takes
            os.kill(child, 9)
            os.waitpid(child, 0)
            received = _drained(taken)
    assert received < SENT_BYTES / 8  # without SO_LINGER it is all that the two systems hold, more than half


SENT_BYTES = 4 << 20


def _send(port: int) -> None:
    """In the child; it ends by SIGKILL."""

    async def send() -> None:
        body = b"x" * SENT_BYTES
        request = OrderRequest(Verb.PLACE, "POST", f"http://127.0.0.1:{port}/", {}, body)
        await Pool(SystemClock(), Wires(answer_s=60.0)).ask(request)

    try:
        asyncio.run(send())
    except NoAnswerError:
        pass
    finally:
        os._exit(0)


def _drained(taken: socket.socket) -> int:
    count = 1
    try:
        while data := taken.recv(1 << 16):
            count += len(data)
    except ConnectionResetError:
        pass
    return count


def test_who_waits_without_end_ends_when_the_venue_is_back(tmp_path: Path, exchange: StubExchange) -> None:
    exchange.fault = lambda _verb, _number: "no"
    target = Target(patient(venue_of(exchange)))
    made = Kill(tmp_path, lambda: target, Terms(within_s=0.1, settle_s=0.1, round_s=0.02, margin_s=0.1), SystemClock(),
                reason="a test", flatten=False, say=lambda _: None)  # fmt: skip

    def mend() -> None:
        exchange.fault = lambda _verb, _number: ""

    threading.Timer(1.0, mend).start()
    assert asyncio.run(made.run(wait=True)).acknowledged
    assert exchange.open == []
