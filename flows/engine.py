"""Running a dataflow: one worker, recovery on, epochs as long as the work we are willing to repeat after a crash."""

import fcntl
from datetime import timedelta
from pathlib import Path

from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from flows.runfile import write_run_file
from market.errors import JournalError, SettingsError
from market.journal import partition_path
from sources.journal_reader import JournalReader

LIVE_CLOSE_S = 1.0  # a stopping flow waits so long for the store to confirm; what is left goes on after the next start
REPLAY_CLOSE_S = 600.0  # a replay is done when the store has everything


def run(flow: Dataflow, *, recovery: Path, snapshot_interval_s: float) -> None:
    """Run a flow until its sources end, resuming from `recovery` if it holds a snapshot."""
    recovery.mkdir(parents=True, exist_ok=True)
    with (recovery.parent / f"{recovery.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"a {recovery.name} flow runs on {recovery.parent.parent} already; stop it first"
            ) from None
        write_run_file(recovery.parent.parent, recovery.name)
        if not any(recovery.iterdir()):
            init_db_dir(recovery, 1)
        cli_main(
            flow,
            epoch_interval=timedelta(seconds=snapshot_interval_s),
            recovery_config=RecoveryConfig(str(recovery), timedelta(0)),
        )


def block_ns(data: Path, topic: str, shard: str) -> int:
    """The insert-block interval that the journal of a shard was begun with."""
    path = partition_path(data, topic, shard)
    with JournalReader(path) as journal:
        try:
            return int(journal.meta()["block_ns"])
        except (KeyError, ValueError):
            raise JournalError(f"{path} does not say its block_ns; restore it from a copy") from None
