"""The spool: what is on disk is whole or refused, bounded, in order, and what a restart makes of it."""

import errno
import random
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from flow_items import MILLISECOND, SHARD, batch

from market.errors import StoreError
from sinks.clickhouse.blocks import Block, Blocks
from sinks.clickhouse.disk import LocalDisk
from sinks.clickhouse.line import DISK_SPACE, THE_STORE, Line, Proof, Waiting
from sinks.clickhouse.loads import load_of
from sinks.clickhouse.spool import DAMAGED, SUFFIX, Spool, SpoolFullError

BLOCK_NS = 250 * MILLISECOND
PLENTY = 1 << 30
BLOCKS = [
    block for blocks in [Blocks(SHARD, BLOCK_NS)] for offset in range(1, 60) for block in blocks.add(batch(offset))
]


class Failing(LocalDisk):
    """A disk that fails at the write of a number, before or after the bytes are there."""

    def __init__(self) -> None:
        self.full = False
        self.free = PLENTY

    def write(self, path: Path, data: Sequence[bytes]) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "no space left on device")
        super().write(path, data)

    def free_bytes(self, folder: Path) -> int:
        return self.free


def spool(folder: Path, **options: object) -> Spool:
    return Spool(folder, **{"limit_bytes": PLENTY, **options})  # type: ignore[arg-type]


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*" + SUFFIX))


def line(folder: Path, waiting: Waiting | None = None, **options: object) -> Line:
    return Line(spool(folder, **options), waiting, memory_blocks=2)


def filled(folder: Path, blocks: Sequence[Block] = BLOCKS[:6]) -> Line:
    """Two blocks in memory, the rest on disk."""
    made = line(folder, Waiting())
    assert [made.offer(block) for block in blocks] == [""] * len(blocks)
    return made


def drained(made: Line) -> list[int]:
    """The first rows of all blocks in their order, which are let go of."""
    found = []
    while (first := made.first()) is not None:
        assert not isinstance(first, Proof)
        found.append(made.load(first).first_offset)
        made.done()
    return found


def test_a_block_comes_back_as_it_was(tmp_path: Path) -> None:
    wanted = load_of(BLOCKS[0])
    found = spool(tmp_path)
    load = found.read(found.write(wanted))
    assert load._replace(insertions=()) == wanted._replace(insertions=())
    for one, other in zip(load.insertions, wanted.insertions, strict=True):
        assert (one.table, one.token) == (other.table, other.token)
        assert one.rows.schema == other.rows.schema
        assert repr(one.rows.to_pylist()) == repr(other.rows.to_pylist())  # as text, in which NaN equals NaN


def test_a_block_that_is_cut_again_replaces_itself(tmp_path: Path) -> None:
    found = spool(tmp_path)
    for _ in range(2):
        found.write(load_of(BLOCKS[0]))
    assert len(files(tmp_path)) == 1
    assert found.nbytes == files(tmp_path)[0].stat().st_size


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_never_read(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    found = spool(tmp_path)
    spooled = found.write(load_of(BLOCKS[0]))
    path = found.path(spooled)
    data = bytearray(path.read_bytes())
    if seed % 2:
        data = data[: chance.randrange(len(data))]
    else:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="cannot be read"):
        found.read(spooled)


def test_the_limit_of_bytes_is_kept(tmp_path: Path) -> None:
    size = spool(tmp_path / "one").write(load_of(BLOCKS[0])).nbytes
    found = spool(tmp_path / "two", limit_bytes=3 * size)
    taken = 0
    with suppress(SpoolFullError):
        for block in BLOCKS:
            found.write(load_of(block))
            taken += 1
    assert 1 <= taken < len(BLOCKS)
    assert size < sum(path.stat().st_size for path in files(tmp_path / "two")) <= 3 * size


def test_blocks_beyond_memory_go_to_disk_and_come_in_order(tmp_path: Path) -> None:
    made = filled(tmp_path)
    assert len(files(tmp_path)) == 4
    assert drained(made) == [block.first_offset for block in BLOCKS[:6]]
    assert files(tmp_path) == []


def test_nothing_overtakes_what_is_on_disk(tmp_path: Path) -> None:
    made = filled(tmp_path)
    made.done()
    made.done()
    assert made.offer(BLOCKS[6]) == ""  # memory is empty, and yet it goes to disk
    assert len(files(tmp_path)) == 5
    assert drained(made) == [block.first_offset for block in BLOCKS[2:7]]
    assert made.offer(BLOCKS[7]) == ""
    assert files(tmp_path) == []


def test_large_blocks_fill_memory_before_their_number_does(tmp_path: Path) -> None:
    made = Line(spool(tmp_path), Waiting(), memory_blocks=64, memory_bytes=BLOCKS[0].nbytes)
    assert [made.offer(block) for block in BLOCKS[:3]] == ["", "", ""]
    assert len(files(tmp_path)) == 2


def test_a_full_spool_waits_for_the_store_and_a_full_disk_for_space(tmp_path: Path) -> None:
    disk = Failing()
    made = Line(spool(tmp_path, disk=disk), Waiting(), memory_blocks=2)
    disk.full = True
    assert [made.offer(block) for block in BLOCKS[:3]] == ["", "", DISK_SPACE]
    disk.full = False
    assert made.offer(BLOCKS[2]) == ""
    assert drained(made) == [block.first_offset for block in BLOCKS[:3]]
    bounded = Line(spool(tmp_path, limit_bytes=10), Waiting(), memory_blocks=2)
    assert [bounded.offer(block) for block in BLOCKS[:3]] == ["", "", THE_STORE]


def test_the_reserve_of_the_disk_is_left_free(tmp_path: Path) -> None:
    disk = Failing()
    made = Line(spool(tmp_path, disk=disk, reserve_bytes=PLENTY), Waiting(), memory_blocks=1)
    assert [made.offer(block) for block in BLOCKS[:2]] == ["", DISK_SPACE]
    assert files(tmp_path) == []


def test_a_failed_write_leaves_no_half_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failed(_number: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    made = Line(spool(tmp_path), Waiting(), memory_blocks=1)
    made.offer(BLOCKS[0])
    with monkeypatch.context() as patched:
        patched.setattr("sinks.clickhouse.disk.os.fsync", failed)
        assert made.offer(BLOCKS[1]) == DISK_SPACE
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert made.offer(BLOCKS[1]) == ""


def test_what_a_death_left_half_written_is_removed_at_the_start(tmp_path: Path) -> None:
    filled(tmp_path)
    half = files(tmp_path)[0].with_suffix(".block.partial")
    half.write_bytes(b"half")
    assert spool(tmp_path).nbytes == sum(path.stat().st_size for path in files(tmp_path))
    assert not half.exists()


def test_measurements_are_dropped_while_blocks_wait(tmp_path: Path) -> None:
    made = filled(tmp_path)
    assert made.offer(BLOCKS[0]._replace(measured=True, shard="latency")) == ""
    assert (len(made), made.dropped) == (6, 1)
    calm = line(tmp_path / "calm", Waiting())
    assert calm.offer(BLOCKS[0]._replace(measured=True, shard="latency")) == ""
    assert (len(calm), calm.waiting()) == (1, Waiting())


@pytest.mark.parametrize("done", range(7))
def test_a_restart_goes_on_with_all_that_waited(tmp_path: Path, done: int) -> None:
    made = filled(tmp_path)
    for _ in range(done):
        made.done()
    assert drained(line(tmp_path, made.waiting())) == [block.first_offset for block in BLOCKS[done:6]]


def test_what_was_spooled_after_the_snapshot_is_cut_again(tmp_path: Path) -> None:
    made = filled(tmp_path)
    waiting = made.waiting()
    made.offer(BLOCKS[6])
    again = line(tmp_path, waiting)
    assert len(files(tmp_path)) == 4
    again.offer(BLOCKS[6])
    assert drained(again) == [block.first_offset for block in BLOCKS[:7]]


@pytest.mark.parametrize("done", [3, 4, 6])
def test_what_was_confirmed_after_the_snapshot_must_be_in_the_store(tmp_path: Path, done: int) -> None:
    made = filled(tmp_path)
    waiting = made.waiting()
    for _ in range(done):
        made.done()
    again = line(tmp_path, waiting)
    again.done()
    again.done()  # those of memory are inserted again, under their tokens
    proof = again.first()
    assert isinstance(proof, Proof)
    assert (proof.previous_offset, proof.last_offset) == (BLOCKS[2].previous_offset, BLOCKS[done - 1].last_offset)
    assert again.waiting().stretches == waiting.stretches
    again.done()
    assert drained(again) == [block.first_offset for block in BLOCKS[done:6]]


def test_a_flow_that_begins_anew_hands_over_what_it_finds_and_sets_damage_aside(tmp_path: Path) -> None:
    filled(tmp_path)
    damaged = files(tmp_path)[1]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    again = Line(spool(tmp_path), None, source="a newer version", memory_blocks=2)
    assert [again.offer(block._replace(choices="|new")) for block in BLOCKS[:2]] == ["", ""]
    assert drained(Line(spool(tmp_path), again.waiting())) == [BLOCKS[n].first_offset for n in (2, 4, 5, 0, 1)]
    assert [path.name for path in tmp_path.rglob("*" + DAMAGED)] == [damaged.name + DAMAGED]


def test_a_flow_that_begins_anew_cuts_its_own_blocks_again(tmp_path: Path) -> None:
    filled(tmp_path)
    again = Line(spool(tmp_path), None, source=BLOCKS[0].source, memory_blocks=2)
    assert len(again) == 0
    assert files(tmp_path) == []


def test_a_spool_of_one_shard_sees_no_other(tmp_path: Path) -> None:
    filled(tmp_path)
    other = Line(Spool(tmp_path, limit_bytes=PLENTY, only="binance-usdm/1"), Waiting())
    assert len(other) == 0
    assert len(files(tmp_path)) == 4


def test_a_spool_without_bytes_only_hands_over(tmp_path: Path) -> None:
    waiting = filled(tmp_path).waiting()
    again = Line(Spool(tmp_path, limit_bytes=0), waiting, memory_blocks=2)
    assert again.offer(BLOCKS[6]) == THE_STORE
    assert drained(again) == [block.first_offset for block in BLOCKS[:6]]
