"""Where the market flow reads: the journal of this machine, or a Kafka topic that other machines forward theirs to."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bytewax.inputs import FixedPartitionedSource
from bytewax.operators import KeyedStream

from flows.cluster import Member
from flows.engine import block_ns
from flows.kafka_settings import kafka_options
from flows.settings import Settings
from market.batch import Batch
from market.beat import Beat
from market.errors import JournalError
from market.journal import partition_path
from market.shards import shard_name
from sources.journal import JournalSource, Stop
from sources.partitions import resumable

STEP = "journal"
RECOVERED_STEP = f"market.{STEP}"  # as Bytewax calls it in a recovery store


class Reading(NamedTuple):
    """A source and what belongs to it."""

    source: FixedPartitionedSource[Any, Any]
    arriving: Callable[[str, Any], KeyedStream[Batch]] | None  # the step that makes batches of its items, if any


def reading(
    settings: Settings, recovery: Path, *, follow: bool, stop: Stop, speed: float | None, beat: Beat, member: Member
) -> Reading:
    """What the settings say; to be made when the recovery store is as it will be resumed from."""
    if settings.kafka.read:
        return _topic(settings, follow=follow, stop=stop, beat=beat, member=member)
    source = JournalSource(
        settings.data,
        topic="market",
        follow=follow,
        stop=stop,
        speed=speed,
        beat=beat,
        expected=_expected(settings, recovery),
        worker=member.number,
        workers=member.members,
    )
    return Reading(source, None)


def choices_of(settings: Settings) -> str:
    """What makes a recovery store of one place to read useless for another."""
    return f"|{settings.kafka.topic}" if settings.kafka.read else ""


def block_intervals(settings: Settings) -> Callable[[str], int]:
    """The insert-block interval of each shard, which its journal was begun with."""
    if not settings.kafka.read:
        return partial(block_ns, settings.data, "market")
    return lambda shard: _noted(_note_path(settings.data, shard))


def _topic(settings: Settings, *, follow: bool, stop: Stop, beat: Beat, member: Member) -> Reading:
    options = kafka_options(settings)
    from sources.arrivals import arrivals
    from sources.kafka import TopicSource

    source = TopicSource(
        settings.kafka.brokers,
        settings.kafka.topic,
        options,
        follow=follow,
        stop=stop,
        begun=partial(_note, settings.data),
        beat=beat,
        worker=member.number,
        workers=member.members,
    )
    return Reading(source, arrivals)


def _expected(settings: Settings, recovery: Path) -> set[str]:
    """Partitions to be read whether or not their file is there: of shards that capture will write, and of those that
    the recovery store knows.
    """
    shards = [shard_name(settings.venue, number) for number in range(settings.capture.shards)]
    captured = {partition_path(settings.data, "market", shard).stem for shard in shards}
    return captured | resumable(recovery, RECOVERED_STEP)


def _note(data: Path, shard: str, interval_ns: int) -> None:
    """Keep the insert-block interval of a shard, which must be known again before its first message is."""
    path = _note_path(data, shard)
    if path.exists():
        if (kept := _noted(path)) != interval_ns:
            raise JournalError(
                f"{shard} comes with insert blocks of {interval_ns} ns and had {kept} ns before; a journal of the same"
                " name was begun elsewhere: give the forwarders shards, or topics, of their own"
            )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_suffix(f".{os.getpid()}.partial")
    partial_path.write_text(str(interval_ns))
    partial_path.replace(path)


def _noted(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        raise JournalError(
            f"{path} does not say the insert-block interval of its shard; write it there (1000000000 for a live one)"
        ) from None


def _note_path(data: Path, shard: str) -> Path:
    return data / "kafka" / f"{shard.replace('/', '-')}.block_ns"
