"""The broadcast journal: every item once, whatever is told again; bounded; read in order or with a refusal."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from market.broadcast import GoneError, broadcast_path
from market.clock import SECOND_NS, ManualClock
from sinks.broadcast import BroadcastPartition, BroadcastSink
from sinks.journal_bounds import HOUR_NS, Bounds
from sources.broadcast import Broadcast, Span, Told, follow


class Item(NamedTuple):
    """What the sink asks of an item."""

    shard: str
    offset: int
    receive_time: int
    frames: tuple[bytes, ...]


def item(offset: int, *frames: bytes, shard: str = "a/0") -> tuple[str, Item]:
    return shard, Item(shard, offset, offset * SECOND_NS, frames or (f'{{"n":{offset}}}'.encode(),))


def started(data: Path, bounds: Bounds | None = None, clock: ManualClock | None = None) -> BroadcastPartition:
    sink = BroadcastSink(broadcast_path(data), frames=lambda i: i.frames, clock=clock or ManualClock(), bounds=bounds)
    return sink.build("", 0, 1)


@pytest.fixture
def part(tmp_path: Path) -> Iterator[BroadcastPartition]:
    with closing(started(tmp_path)) as part:
        yield part


def rows(data: Path, after: int = 0) -> list[Told]:
    with closing(Broadcast(data)) as reader:
        return reader.read(after, limit=10_000)


def test_what_is_told_again_is_there_once_and_what_says_nothing_never(tmp_path: Path, part: BroadcastPartition) -> None:
    part.write_batch([item(1), item(2, b"x", b"y"), ("a/0", Item("a/0", 3, 0, ())), item(1, shard="b/0")])
    part.close()
    with closing(started(tmp_path)) as again:
        again.write_batch([item(1), item(2, b"other"), item(4), item(1, shard="b/0"), item(2, shard="b/0")])
    assert [told.sequence for told in rows(tmp_path)] == [1, 2, 3, 4, 5]
    assert rows(tmp_path)[1] == Told(2, (b"x", b"y"))


def test_it_stays_within_its_bytes_and_what_was_pruned_is_not_told_again(tmp_path: Path) -> None:
    bounds = Bounds(retention_bytes=300_000)
    with closing(started(tmp_path, bounds)) as part:
        part.write_batch([item(offset, b"x" * 1_000) for offset in range(1, 3_001)])
    with closing(Broadcast(tmp_path)) as reader:
        span = reader.span()
    assert 2_600 < span.oldest < span.newest == 3_000
    assert broadcast_path(tmp_path).stat().st_size < 1_000_000
    with closing(started(tmp_path, bounds)) as again:
        again.write_batch([item(offset, b"x" * 1_000) for offset in range(1, 3_002)])
    assert rows(tmp_path, 3_000) == [Told(3_001, (b"x" * 1_000,))]


def test_it_remembers_what_it_told_of_a_shard_of_which_all_is_pruned(tmp_path: Path) -> None:
    clock = ManualClock()
    bounds = Bounds(retention_hours=1)
    with closing(started(tmp_path, bounds, clock)) as part:
        part.write_batch([item(7, shard="b/0")])
        for offset in range(1, 200):
            clock.advance(HOUR_NS // 30)
            part.write_batch([item(offset)])
    assert rows(tmp_path, rows_oldest(tmp_path) - 1)[0].sequence > 100
    with closing(started(tmp_path, bounds, clock)) as again:
        again.write_batch([item(7, shard="b/0"), item(8, shard="b/0"), item(199)])
    assert rows(tmp_path, 200) == [Told(201, (b'{"n":8}',))]


def rows_oldest(data: Path) -> int:
    with closing(Broadcast(data)) as reader:
        return reader.span().oldest


def test_a_reader_is_refused_what_is_no_longer_kept(tmp_path: Path) -> None:
    with closing(started(tmp_path, Bounds(retention_bytes=300_000))) as part, closing(Broadcast(tmp_path)) as reader:
        part.write_batch([item(1), item(2)])
        assert [told.sequence for told in reader.read(0)] == [1, 2]
        part.write_batch([item(offset, b"x" * 1_000) for offset in range(3, 2_000)])
        span = reader.span()
        with pytest.raises(GoneError, match="no longer kept") as refused:
            reader.read(2)
        assert (refused.value.oldest, refused.value.newest) == (span.oldest, span.newest)
        with pytest.raises(GoneError, match="no longer kept"):
            reader.read(0)
        assert reader.read(span.oldest - 1, limit=1)[0].sequence == span.oldest


def test_a_reader_is_refused_a_sequence_or_stream_that_never_was(tmp_path: Path, part: BroadcastPartition) -> None:
    part.write_batch([item(1)])
    with closing(Broadcast(tmp_path)) as reader:
        stream = reader.span().stream
        assert reader.read(1, stream=stream) == []
        with pytest.raises(GoneError, match="not given yet"):
            reader.read(2)
        with pytest.raises(GoneError, match="another stream"):
            reader.read(0, stream="another")


def test_a_journal_that_was_begun_anew_is_another_stream(tmp_path: Path) -> None:
    with closing(started(tmp_path)) as part:
        part.write_batch([item(1), item(2)])
    with closing(Broadcast(tmp_path)) as reader:
        stream = reader.span().stream
        reader.read(0, stream=stream)
        broadcast_path(tmp_path).unlink()
        with closing(started(tmp_path)) as part:
            part.write_batch([item(1, b"other"), item(2), item(3)])
        with pytest.raises(GoneError):
            reader.read(2, stream=stream)
        assert reader.span().stream != stream
        assert reader.read(0)[0] == Told(1, (b"other",))


def test_a_reader_may_come_before_the_journal(tmp_path: Path) -> None:
    with closing(Broadcast(tmp_path)) as reader:
        assert (reader.span(), reader.read(0)) == (Span("", 0, 0), [])
        with closing(started(tmp_path)) as part:
            part.write_batch([item(1)])
        assert [told.sequence for told in reader.read(0)] == [1]
        assert len(reader.span().stream) == 16


def test_a_follower_goes_on_with_what_comes(tmp_path: Path, part: BroadcastPartition) -> None:
    part.write_batch([item(1), item(2)])
    stop, more = threading.Event(), iter([item(3), item(4)])

    def wait(_: float) -> None:
        offered = next(more, None)
        stop.set() if offered is None else part.write_batch([offered])

    assert [told.sequence for told in follow(tmp_path, after=None, stop=stop, wait=wait)] == [3, 4]
    stop.clear()
    assert [told.sequence for told in follow(tmp_path, after=1, stop=stop, wait=lambda _: stop.set())] == [2, 3, 4]
