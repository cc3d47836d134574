"""`check-live` against mock venues on loopback: every venue, every verdict, and no limit of a venue exceeded."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import venues
from flows.check_live import LiveCheck, check_live
from flows.check_live_card import live_outcome
from market.errors import VenueError
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


def run(venue: str, data: Path, *faults: Fault, symbols: Sequence[str] = ()) -> Checked:
    with mock(venue, faults) as (desk, port):
        at = venues.get(venue).at(stream_url=f"ws://127.0.0.1:{port}", rest_url=f"http://127.0.0.1:{port}")
        check = check_live(
            venue=at,
            instruments=symbols or EXAMPLES[venue],
            data=data,
            duration_s=SECONDS,
            stop=threading.Event(),
            secrets=SECRETS,
        )
        return Checked(check, desk)


CASES: dict[str, tuple[str, tuple[Fault, ...]]] = {
    "mute": ("kraken", (Fault("mute", stream="book:*"),)),
    "dropped": ("kraken", (Fault("drop", 1.0, stream="book:*", count=3),)),
    "gap": ("coinbase", (Fault("gap", 1.0),)),
    "chain": ("okx", (Fault("drop", 1.0, stream="books:*", count=2),)),
    "added": ("kraken", (Fault("field_added", 1.0, stream="ticker:*", count=2),)),
    "hostile": ("bybit-linear", (Fault("hostile", 1.0, count=1),)),
    "refused": ("okx", (Fault("bad_symbol", stream="ETH-USDT-SWAP"),)),
    "cut": ("kraken", (Fault("close", 1.2),)),
    "skew": ("kraken", (Fault("skew", value=2.0),)),
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checked]:
    """All checks side by side, as most of their time is waiting."""
    Hours("XNYS").are_open(time.time_ns())  # read once, as threads share what it does to warnings
    jobs = {**{venue: (venue, ()) for venue in EXAMPLES}, **CASES}
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = {
            name: pool.submit(run, venue, tmp_path_factory.mktemp("data"), *faults)
            for name, (venue, faults) in jobs.items()
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


@pytest.mark.parametrize(("name", "cause"), [("gap", "sequence"), ("chain", "sequence"), ("cut", "disconnected")])
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
