"""Running a dataflow: recovery on, epochs as long as the work we are willing to repeat after a crash; in one process,
or as a member of a cluster of processes with one worker each.
"""

import gc
import logging
import shutil
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from flows.checkpoints import USUAL, Copies, forget_copies, make_ready, note_death
from flows.cluster import ALONE, Member, MemberGoneError, held, one_at_a_time
from flows.copying import copied
from flows.runfile import write_run_file
from flows.settings import Settings
from market.errors import BarographError, JournalError, StateError
from market.journal import partition_path
from market.source import source_digest
from sources.journal_reader import JournalReader

log = logging.getLogger(__name__)
SWITCH_S = 0.0005  # a flow shares its interpreter with the thread that writes, which Python would let run for 5 ms
YOUNG_OBJECTS = 20_000  # between two looks for garbage in cycles; Python's 700 take a sixth of the trading flow's time
LIVE_CLOSE_S = 1.0  # a stopping flow waits so long for the store to confirm; what is left goes on after the next start
REPLAY_CLOSE_S = 600.0  # a replay is done when the store has everything


def run(
    flow: Callable[[], Dataflow],
    *,
    recovery: Path,
    snapshot_interval_s: float,
    choices: str = "",
    copies: Copies = USUAL,
    member: Member = ALONE,
) -> None:
    """Run a flow until its sources end, resuming from `recovery` if it holds a snapshot, or from a copy of it.

    flow: makes it, once the recovery store is as it will be resumed from.
    choices: of the settings, those that decide what its states mean; with others it begins anew.
    """
    with held(recovery, member):
        write_run_file(recovery.parent.parent, member.name(recovery.name))
        with one_at_a_time(recovery):
            recovery.mkdir(parents=True, exist_ok=True)
            mark = _begin_anew_if_changed(recovery, choices)
            if not make_ready(recovery, mark):
                _begin(recovery)
            made = flow()
        sys.setswitchinterval(SWITCH_S)
        gc.freeze()  # modules and kernels stay: nobody need look through them while orders wait
        gc.set_threshold(YOUNG_OBJECTS)
        with copied(recovery, mark, copies) if member.number == 0 else nullcontext():
            _run(made, recovery, snapshot_interval_s, member)


def _run(flow: Dataflow, recovery: Path, snapshot_interval_s: float, member: Member) -> None:
    """Returns when all members are done; raises MemberGoneError as soon as one is gone."""
    cluster = {"process_id": member.number, "addresses": list(member.addresses)} if member.members > 1 else {}
    try:
        cli_main(
            flow,
            epoch_interval=timedelta(seconds=snapshot_interval_s),
            recovery_config=RecoveryConfig(str(recovery), timedelta(0)),
            **cluster,
        )
    except BaseException as error:
        # A Rust panic is no Exception; with one process it is a fault of ours and goes its way.
        if member.members > 1 and type(error).__name__ == "PanicException":
            raise MemberGoneError(f"another process of the cluster is gone ({error}); start all of it again") from None
        if not _is_named(error):
            note_death(recovery)
        raise


def _is_named(error: BaseException | None) -> bool:
    """Whether something is said to be at fault that another recovery store would not mend."""
    if isinstance(error, StateError):
        return False
    if isinstance(error, BarographError | OSError | KeyboardInterrupt | SystemExit):
        return True
    return error is not None and _is_named(error.__cause__ or error.__context__)


def _begin(recovery: Path) -> None:
    """Make an empty recovery store beside its place and put it there in one step: half of one cannot be resumed."""
    fresh = recovery.with_name(f"{recovery.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    init_db_dir(fresh, 1)
    fresh.replace(recovery)


def _begin_anew_if_changed(recovery: Path, choices: str = "") -> str:
    """Set aside a recovery store that other source or choices wrote: its states may have other shapes, or mean other
    things. The mark of the present ones.

    The flow then starts at the beginning of its journal. Insert blocks of others have other tokens, so what the tables
    hold of that journal is written again, and replaced where it has the same key. One older store is kept.
    """
    mark, now = recovery.with_name(f"{recovery.name}.source"), source_digest() + choices
    if any(recovery.iterdir()) and (not mark.exists() or mark.read_text() != now):
        aside = recovery.with_name(f"{recovery.name}.older")
        shutil.rmtree(aside, ignore_errors=True)
        recovery.rename(aside)
        recovery.mkdir()
        forget_copies(recovery)
        log.warning(
            "the source or the settings of the %s flow have changed: it begins anew at the start of its journal",
            recovery.name,
        )
    mark.write_text(now)
    return now


def copies_of(settings: Settings) -> Copies:
    """How the recovery store of a flow is copied."""
    flow = settings.flow
    return Copies(flow.checkpoint_every_s, flow.checkpoints, flow.checkpoint_bytes)


def block_ns(data: Path, topic: str, shard: str) -> int:
    """The insert-block interval that the journal of a shard was begun with."""
    path = partition_path(data, topic, shard)
    with JournalReader(path) as journal:
        try:
            return int(journal.meta()["block_ns"])
        except (KeyError, ValueError):
            raise JournalError(f"{path} does not say its block_ns; restore it from a copy") from None
