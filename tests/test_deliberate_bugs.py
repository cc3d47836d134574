"""The tests of a full disk, a failed one, a second process and a jumping clock can fail.

Each rule with the bug that breaks it, and the test that must notice. More such bugs: of a dead store in
tests/sinks/clickhouse/test_outages.py, of everything in tests/simulation/test_mutations.py and tests/kill/sabotage.
"""

import gc
import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from market.steady_clock import SteadyClock
from sinks import journal, journal_faults
from sinks.journal_faults import HeldError
from sinks.journal_sink import JournalSink
from tests.flows import test_capture_faults
from tests.sinks import test_journal_faults, test_journal_sink

HOUR_NS = 3600 * 10**9
# A test that ends in the middle leaves files open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "barograph")


def noticed(test: Callable[..., None], *arguments: object) -> None:
    """The test fails."""
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(*arguments)
    gc.collect()  # what it has left open is closed here, not in another test


def test_a_sink_that_lets_go_of_what_a_full_disk_does_not_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lets_go(_: JournalSink, write: Callable[[], object]) -> None:
        with suppress(HeldError):
            write()

    monkeypatch.setattr(JournalSink, "persist", lets_go)
    noticed(
        test_journal_sink.test_while_the_disk_is_full_depth_is_shed_first_then_quotes_then_the_reader_waits_and_no_trade_is_lost,
        tmp_path,
    )


def test_a_failed_sync_that_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(journal_faults._WAITS, sqlite3.SQLITE_IOERR_FSYNC, "it may get better")
    noticed(test_journal_sink.test_a_failed_disk_is_tried_no_second_time, tmp_path)


def test_a_second_process_that_is_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "Fence", lambda path: (tmp_path / "no.lock").open("ab"))
    noticed(test_journal_faults.test_a_second_process_that_records_by_accident_is_refused, tmp_path)


@pytest.mark.parametrize("jump_ns", [HOUR_NS, -24 * HOUR_NS])
def test_a_clock_that_follows_the_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump_ns: int) -> None:
    monkeypatch.setattr(SteadyClock, "now_ns", lambda clock: clock._wall_ns())
    noticed(
        test_capture_faults.test_a_jump_of_the_machines_clock_is_recorded_shown_and_not_followed,
        tmp_path,
        monkeypatch,
        jump_ns,
    )


def test_retention_by_the_wall_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_journal_sink.Jumping, "monotonic_ns", test_journal_sink.Jumping.now_ns)
    noticed(test_journal_sink.test_a_clock_that_jumps_prunes_nothing_that_is_not_old, tmp_path, 27_000 * 24 * HOUR_NS)
