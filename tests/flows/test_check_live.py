"""`check-live` against mock venues on loopback: every venue, every verdict, and no limit of a venue exceeded."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import venues
from flows.check_live import LiveCheck, check_live
from flows.check_live_card import live_card, live_outcome
from market.errors import VenueError
from operators.analysis.verification import Verification
from simulator.venues import EXAMPLES, make_desk
from simulator.venues.desk import Desk
from simulator.venues.faults import Faults
from simulator.venues.script import Fault
from simulator.venues.server import serve
from sources.hours import Hours

SECONDS = 2.5
SECRETS = dict.fromkeys(("alpaca_key", "alpaca_secret", "massive_key"), "key")


@dataclass
class Checked:
    """One check and the mock that it ran against."""

    check: LiveCheck
    desk: Desk

    def word(self) -> str:
        return live_outcome(self.check, first_data_s=1.0).word

    def reasons(self) -> str:
        return "; ".join(live_outcome(self.check, first_data_s=1.0).reasons)


@contextmanager
def mock(venue: str, faults: Sequence[Fault] = ()) -> Iterator[tuple[Desk, int]]:
    """A mock venue and its port."""
    desk = make_desk(venue, EXAMPLES[venue], rate=20.0, start_ns=time.time_ns(), faults=Faults(faults))
    stop, ready, ports = threading.Event(), threading.Event(), list[int]()

    def begun(port: int) -> None:
        ports.append(port)
        ready.set()

    thread = threading.Thread(target=serve, args=(desk,), kwargs={"ready": begun, "stop": stop})
    thread.start()
    try:
        assert ready.wait(10)
        yield desk, ports[0]
    finally:
        stop.set()
        thread.join(10)


def run(venue: str, data: Path, first: Sequence[Fault] = (), later: Sequence[Fault] = ()) -> Checked:
    """Check a mock with faults from the first moment on, or from when every book is valid."""
    with mock(venue, first) as (desk, port):
        waiting = list(later)

        def strike(_: float, found: Verification) -> None:
            if waiting and all(found.valid[symbol] for symbol in EXAMPLES[venue]):
                faults = Faults([waiting.pop()])
                faults.begin(desk.now_ns)
                desk.faults = faults

        at = venues.get(venue).at(stream_url=f"ws://127.0.0.1:{port}", rest_url=f"http://127.0.0.1:{port}")
        check = check_live(
            venue=at,
            instruments=EXAMPLES[venue],
            data=data,
            duration_s=SECONDS,
            stop=threading.Event(),
            secrets=SECRETS,
            progress=strike,
        )
        return Checked(check, desk)


FROM_THE_FIRST_MOMENT = {
    "mute": ("kraken", Fault("mute", stream="book:*")),
    "snapshot": ("kraken", Fault("drop", stream="book:*", count=2)),
    "refused": ("okx", Fault("bad_symbol", stream="ETH-USDT-SWAP")),
    "skew": ("kraken", Fault("skew", value=2.0)),
}
LATER = {
    "dropped": ("kraken", Fault("drop", stream="book:*", count=3)),
    "counter": ("coinbase", Fault("gap")),
    "chain": ("okx", Fault("drop", stream="books:*", count=2)),
    "range": ("binance-spot", Fault("drop", stream="*@depth*", count=2)),
    "added": ("kraken", Fault("field_added", stream="ticker:*", count=2)),
    "hostile": ("bybit-linear", Fault("hostile", count=1)),
    "cut": ("kraken", Fault("close")),
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checked]:
    """All checks side by side, as most of their time is waiting."""
    Hours("XNYS").are_open(time.time_ns())  # read once, as threads share what it does to warnings
    jobs: dict[str, tuple[str, list[Fault], list[Fault]]] = {venue: (venue, [], []) for venue in EXAMPLES}
    jobs |= {name: (venue, [fault], []) for name, (venue, fault) in FROM_THE_FIRST_MOMENT.items()}
    jobs |= {name: (venue, [], [fault]) for name, (venue, fault) in LATER.items()}
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = {
            name: pool.submit(run, venue, tmp_path_factory.mktemp("data"), first, later)
            for name, (venue, first, later) in jobs.items()
        }
        return {name: future.result() for name, future in running.items()}


@pytest.mark.parametrize("venue", EXAMPLES)
def test_a_healthy_venue_is_verified_or_honestly_unverifiable(venue: str, checked: dict[str, Checked]) -> None:
    rule = venues.get(venue).capability.detection
    one = checked[venue]
    assert one.word() == ("unverifiable" if rule == "none" else "verified"), one.reasons()
    assert one.check.found.book_messages.total() > 10


@pytest.mark.parametrize("venue", EXAMPLES)
def test_no_limit_of_the_venue_is_exceeded(venue: str, checked: dict[str, Checked]) -> None:
    assert checked[venue].desk.violations == []


def test_a_mute_stream_is_contradicted(checked: dict[str, Checked]) -> None:
    assert checked["mute"].word() == "contradicted"
    assert "no data of book:BTC/USD, book:ETH/USD" in checked["mute"].reasons()
    assert live_outcome(checked["mute"].check).word == "unseen"  # a moment is too short to tell


def test_a_lost_book_message_shows_in_the_checksum(checked: dict[str, Checked]) -> None:
    assert checked["dropped"].word() == "contradicted", checked["dropped"].reasons()
    assert "gaps of depth: checksum" in checked["dropped"].reasons()


def test_a_lost_full_book_is_contradicted(checked: dict[str, Checked]) -> None:
    assert checked["snapshot"].word() == "contradicted"
    assert "book messages came before a full book" in checked["snapshot"].reasons()


@pytest.mark.parametrize(
    ("name", "cause"),
    [("counter", "sequence"), ("chain", "sequence"), ("range", "sequence"), ("cut", "disconnected")],
)
def test_a_gap_is_contradicted_with_its_cause(name: str, cause: str, checked: dict[str, Checked]) -> None:
    assert checked[name].word() == "contradicted"
    assert f": {cause}" in checked[name].reasons()


def test_a_field_that_nobody_knows_is_drift(checked: dict[str, Checked]) -> None:
    assert checked["added"].word() == "drifted"
    assert checked["added"].check.found.drift.added.total() == 2


def test_a_frame_that_cannot_be_read_is_contradicted(checked: dict[str, Checked]) -> None:
    assert checked["hostile"].word() == "contradicted"
    assert "1 frames could not be read" in checked["hostile"].reasons()


def test_a_refused_stream_is_named_with_the_reason(checked: dict[str, Checked]) -> None:
    assert checked["refused"].word() == "contradicted"
    assert "books:ETH-USDT-SWAP is refused" in checked["refused"].reasons()


def test_the_clock_offset_is_the_least_of_receipt_after_stamp(checked: dict[str, Checked]) -> None:
    assert -2000 <= min(checked["skew"].check.found.latencies_ms) < -1900
    assert 0 <= min(checked["kraken"].check.found.latencies_ms) < 100


def test_a_venue_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    at = venues.get("kraken").at(stream_url="ws://127.0.0.1:9", rest_url="http://127.0.0.1:9")
    begun = time.monotonic()
    with pytest.raises(VenueError, match=r"kraken cannot be reached: .*127\.0\.0\.1:9"):
        check_live(
            venue=at,
            instruments=["BTC/USD"],
            data=tmp_path,
            duration_s=60,
            stop=threading.Event(),
            patience_s=0.5,
        )
    assert time.monotonic() - begun < 5


def test_the_card_says_what_was_seen(checked: dict[str, Checked]) -> None:
    console = Console(file=StringIO(), width=200, highlight=False)
    console.print(live_card(checked["kraken"].check))
    said = console.file.getvalue()  # type: ignore[attr-defined]
    for words in (
        "7 streams asked for, 7 acknowledged, 7 gave data",
        "connections 1 of 150 in 600 s; messages 4, at most ",
        "our clock is at most",
        "every field is known",
        "the venue's checksum of our book",
        "on the fast path",
    ):
        assert words in said
    assert said.rstrip().endswith("verified")


def test_missing_secrets_are_named_in_one_sentence(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BAROGRAPH_")}
    command = [sys.executable, "-m", "flows", "check-live", "--venue", "alpaca-iex", "--data", str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert answer.returncode == 1
    assert "BAROGRAPH_ALPACA_KEY and BAROGRAPH_ALPACA_SECRET" in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
