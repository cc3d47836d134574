"""Running a dataflow: one worker, recovery on, epochs as long as the work we are willing to repeat after a crash."""

from datetime import timedelta
from pathlib import Path

from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main


def run(flow: Dataflow, *, recovery: Path, snapshot_interval_s: float) -> None:
    """Run a flow until its sources end, resuming from `recovery` if it holds a snapshot."""
    recovery.mkdir(parents=True, exist_ok=True)
    if not any(recovery.iterdir()):
        init_db_dir(recovery, 1)
    cli_main(
        flow,
        epoch_interval=timedelta(seconds=snapshot_interval_s),
        recovery_config=RecoveryConfig(str(recovery), timedelta(0)),
    )
