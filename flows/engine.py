"""Running a dataflow: one worker, recovery on, epochs as long as the work we are willing to repeat after a crash."""

import fcntl
import logging
import shutil
import sys
from datetime import timedelta
from pathlib import Path

from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from flows.runfile import write_run_file
from market.errors import JournalError, SettingsError
from market.journal import partition_path
from market.source import source_digest
from sources.journal_reader import JournalReader

log = logging.getLogger(__name__)
SWITCH_S = 0.0005  # a flow shares its interpreter with the thread that writes, which Python would let run for 5 ms
LIVE_CLOSE_S = 1.0  # a stopping flow waits so long for the store to confirm; what is left goes on after the next start
REPLAY_CLOSE_S = 600.0  # a replay is done when the store has everything


def run(flow: Dataflow, *, recovery: Path, snapshot_interval_s: float, choices: str = "") -> None:
    """Run a flow until its sources end, resuming from `recovery` if it holds a snapshot.

    choices: of the settings, those that decide what its states mean; with others it begins anew.
    """
    recovery.mkdir(parents=True, exist_ok=True)
    with (recovery.parent / f"{recovery.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"a {recovery.name} flow runs on {recovery.parent.parent} already; stop it first"
            ) from None
        write_run_file(recovery.parent.parent, recovery.name)
        _begin_anew_if_changed(recovery, choices)
        sys.setswitchinterval(SWITCH_S)
        if not any(recovery.iterdir()):
            _begin(recovery)
        cli_main(
            flow,
            epoch_interval=timedelta(seconds=snapshot_interval_s),
            recovery_config=RecoveryConfig(str(recovery), timedelta(0)),
        )


def _begin(recovery: Path) -> None:
    """Make an empty recovery store beside its place and put it there in one step: half of one cannot be resumed."""
    fresh = recovery.with_name(f"{recovery.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    init_db_dir(fresh, 1)
    fresh.replace(recovery)


def _begin_anew_if_changed(recovery: Path, choices: str = "") -> None:
    """Set aside a recovery store that other source or choices wrote: its states may have other shapes, or mean other
    things.

    The flow then starts at the beginning of its journal. Insert blocks of others have other tokens, so what the tables
    hold of that journal is written again, and replaced where it has the same key. One older store is kept.
    """
    mark, now = recovery.with_name(f"{recovery.name}.source"), source_digest() + choices
    if any(recovery.iterdir()) and (not mark.exists() or mark.read_text() != now):
        aside = recovery.with_name(f"{recovery.name}.older")
        shutil.rmtree(aside, ignore_errors=True)
        recovery.rename(aside)
        recovery.mkdir()
        log.warning(
            "the source or the settings of the %s flow have changed: it begins anew at the start of its journal",
            recovery.name,
        )
    mark.write_text(now)


def block_ns(data: Path, topic: str, shard: str) -> int:
    """The insert-block interval that the journal of a shard was begun with."""
    path = partition_path(data, topic, shard)
    with JournalReader(path) as journal:
        try:
            return int(journal.meta()["block_ns"])
        except (KeyError, ValueError):
            raise JournalError(f"{path} does not say its block_ns; restore it from a copy") from None
