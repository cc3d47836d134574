"""Capture against a venue on loopback: what it records, what it survives, and that it stops."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, get_args

import pytest

import venues
from flows.capture import capture
from market import messages, record
from market.clock import SECOND_NS, SystemClock
from market.errors import VenueError
from market.journal import partition_path
from operators import decode
from sinks.journal import JournalWriter
from sources import keeper, watchdog
from sources.budget import Budget
from sources.budget_file import BudgetFile
from sources.journal import JournalSource
from sources.journal_reader import JournalReader
from sources.transport import Library
from tests.sources.parts import Parts
from tests.tiny_venue import TinyVenue
from venues.venue import Channel

WAIT_S = 20.0
DEPTH = "btcusdt@depth@100ms"


class Capturing:
    """Capture in a thread of the test."""

    library: Library = "websockets"

    def __init__(self, venue: TinyVenue, data: Path) -> None:
        self.stop, self.data, self.error = threading.Event(), data, None
        self._venue = venues.get("binance-usdm").at(**venue.urls)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            capture(
                venue=self._venue,
                instruments=["BTCUSDT"],
                data=self.data,
                stop=self.stop,
                transport=self.library,
            )
        except VenueError as error:
            self.error = error

    def end(self) -> float:
        """Stop it; seconds that took."""
        started_s = time.monotonic()
        self.stop.set()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        return time.monotonic() - started_s

    def start(self) -> None:
        self._thread.start()

    def records(self, kind: type) -> list[Any]:
        said = [record.decode(frame) for frame in self.frames() if record.is_record(frame)]
        return [one for one in said if isinstance(one, kind)]

    def frames(self) -> list[bytes]:
        path = partition_path(self.data, "market", "binance-usdm/0")
        if not path.exists():
            return []
        with JournalReader(path) as journal:
            return [frame for row in journal.read(0, 100_000) for frame in row.frames]

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "run" / "capture.json").read_bytes())
        return found


@pytest.fixture(params=get_args(Library))
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with every WebSocket library."""
    monkeypatch.setattr(Capturing, "library", request.param)


def until(fact: Callable[[], Any]) -> None:
    """Wait for something of another thread."""
    deadline_s = time.monotonic() + WAIT_S
    while not fact():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.02)


@contextmanager
def capturing(data: Path, *symbols: str) -> Iterator[tuple[TinyVenue, Capturing]]:
    with TinyVenue(*(symbols or ("BTCUSDT",))) as venue:
        running = Capturing(venue, data)
        running.start()
        try:
            yield venue, running
        finally:
            running.end()


@pytest.mark.usefixtures("library")
def test_it_records_definitions_first_then_everything_with_a_snapshot_and_decodes_without_dead_letters(
    tmp_path: Path,
) -> None:
    with capturing(tmp_path) as (_, running):
        until(lambda: running.records(record.Snapshot) and len(running.frames()) > 50)
    assert isinstance(record.decode(running.frames()[0]), record.InstrumentDefined)
    source = Parts(JournalSource(tmp_path, follow=False, stop=threading.Event()))
    stage = decode.stage()
    batches = stage.run(source.drained()[:-1])
    assert not any("dead_letters" in batch.tables for batch in batches)
    depth_before = [frame for frame in running.frames()[: _position(running)] if b"depthUpdate" in frame]
    assert depth_before, "the snapshot was asked for before depth flowed"


def _position(running: Capturing) -> int:
    return next(number for number, frame in enumerate(running.frames()) if b'"record":"snapshot"' in frame)


def test_both_routes_are_open_and_the_status_file_says_so(tmp_path: Path) -> None:
    with capturing(tmp_path) as (_, running):
        until(lambda: (tmp_path / "run" / "capture.json").exists() and running.status()["frames"] > 0)
        found = running.status()
        assert {one["route"]: one["state"] for one in found["connections"]} == {"public": "open", "market": "open"}
    assert {one["state"] for one in running.status()["connections"]} == {"closed"}
    assert DEPTH in running.status()["last_data_ns"]


@pytest.mark.usefixtures("library")
def test_it_stops_within_two_seconds_and_loses_nothing_that_was_received(tmp_path: Path) -> None:
    with capturing(tmp_path) as (_, running):
        until(lambda: len(running.frames()) > 20)
        assert running.end() < 2.0
        assert len([frame for frame in running.frames() if not record.is_record(frame)]) == running.status()["frames"]


@pytest.mark.usefixtures("library")
def test_lost_connection_is_recorded_and_connected_again_with_a_new_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "Backoff", keeper_backoff)
    with capturing(tmp_path) as (venue, running):
        until(lambda: running.records(record.Snapshot))
        venue.cut()
        until(lambda: len(running.records(record.Snapshot)) == 2)
        lost = running.records(record.Disconnected)
        assert sorted(one.route for one in lost) == ["market", "public"]
        again = [one for one in running.records(record.Connected) if one.generation == 2]
        assert not any(one.overlap for one in again)


def keeper_backoff(random: Callable[[], float]) -> Any:
    from sources.backoff import Backoff

    return Backoff(random, base_s=0.01)


@pytest.mark.usefixtures("library")
def test_announced_shutdown_is_a_rotation_that_overlaps_and_resets_nothing(tmp_path: Path) -> None:
    with capturing(tmp_path) as (venue, running):
        until(lambda: running.records(record.Snapshot))
        venue.announce_shutdown()
        until(lambda: len(running.records(record.Connected)) == 4)
        assert [one.overlap for one in running.records(record.Connected)] == [False, False, True, True]
        assert running.records(record.Disconnected) == []
        until(lambda: len(venue.connections) == 2)
        count = len(running.frames())
        until(lambda: len(running.frames()) > count + 20)


@pytest.mark.usefixtures("library")
def test_silent_subscription_is_recorded_subscribed_to_again_then_the_socket_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {channel: SECOND_NS // 5 if channel is Channel.DEPTH else 60 * SECOND_NS for channel in Channel}
    monkeypatch.setattr(keeper, "Watchdog", lambda: watchdog.Watchdog(limits))
    with capturing(tmp_path) as (venue, running):
        until(lambda: running.records(record.Snapshot))
        venue.silenced.add(DEPTH)
        until(lambda: running.records(record.Silent))
        assert running.records(record.Silent)[0].stream == DEPTH
        until(lambda: venue.subscribed[DEPTH] >= 2)
        until(lambda: any("silent" in one.reason for one in running.records(record.Disconnected)))
        assert [one.route for one in running.records(record.Disconnected)] == ["public"]


def test_resync_request_gets_a_snapshot_and_an_old_one_does_not(tmp_path: Path) -> None:
    def ask(symbol: str) -> None:
        said = messages.encode(messages.Resync(venue="binance-usdm", instrument=symbol, time_ns=1, cause="sequence"))
        path = partition_path(tmp_path, "control", "control/0")
        with JournalWriter(path, venue="barograph", shard="control/0", block_ns=1) as journal:
            journal.append([1], [said])

    ask("BTCUSDT")
    with capturing(tmp_path) as (venue, running):
        until(lambda: running.records(record.Snapshot))
        ask("XYZ")
        time.sleep(0.3)
        assert len(running.records(record.Snapshot)) == 1
        ask("BTCUSDT")
        until(lambda: len(running.records(record.Snapshot)) == 2)
        assert not any("XYZ" in path for path in venue.requests)


def test_venue_that_is_away_is_no_error_and_is_tried_until_it_is_back(tmp_path: Path) -> None:
    with capturing(tmp_path) as (venue, running):
        venue.rest_status = HTTPStatus.SERVICE_UNAVAILABLE
        until(lambda: venue.requests)
        venue.rest_status = HTTPStatus.OK
        until(lambda: running.records(record.Snapshot))


@pytest.mark.usefixtures("library")
def test_no_network_is_one_sentence_and_a_quick_stop(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with TinyVenue("BTCUSDT") as gone:
        pass
    running = Capturing(gone, tmp_path)
    running.start()
    until(lambda: "retrying in" in caplog.text)
    assert running.end() < 2.0
    assert running.error is None
    assert "cannot reach http://127.0.0.1" in caplog.text


def test_unlisted_instrument_ends_capture_with_its_name(tmp_path: Path) -> None:
    with capturing(tmp_path, "ETHUSDT") as (_, running):
        until(lambda: running.error is not None)
    assert "does not list BTCUSDT" in str(running.error)


def test_a_ban_outlives_the_process_and_is_shown(tmp_path: Path) -> None:
    with capturing(tmp_path) as (venue, running):
        until(lambda: running.records(record.Connected))
        running.end()
        used = json.loads((tmp_path / "limits" / "binance-usdm.json").read_bytes())
        assert len(used["attempts_ns"]) == 2
        assert used["spent"] > 0
        kept = BudgetFile(tmp_path / "limits" / "binance-usdm.json", used["address"], SystemClock())
        kept.restore(Budget(1200)).banned(600, time.monotonic_ns(), "HTTP 418")
        asked, again = len(venue.requests), Capturing(venue, tmp_path)
        again.start()
        time.sleep(1.0)
        assert again.status()["limits"]["reason"] == "HTTP 418"
        assert again.status()["limits"]["banned_until_ns"] > time.time_ns() + 500 * SECOND_NS
        assert (len(venue.requests), venue.connections) == (asked, [])
        assert again.end() < 2.0
