"""Blocks are cut by recorded time alone: whatever restarts in between, the same rows go under the same tokens."""

import pickle
import random

import pytest
from flow_items import MILLISECOND, SHARD, batch

from market.source import source_digest
from sinks.clickhouse.blocks import Block, Blocks
from sinks.clickhouse.tables import rows_of

BLOCK_NS = 250 * MILLISECOND
ITEMS = [batch(offset) for offset in range(1, 60)] + [batch(59, last=True)]


def cut(items: list, blocks: Blocks | None = None) -> list[Block]:
    blocks = blocks or Blocks(SHARD, BLOCK_NS)
    return [block for item in items for block in blocks.add(item)]


def told(blocks: list[Block]) -> list[str]:
    """As text, in which NaN equals NaN."""
    return [
        repr((block.token("t"), {name: rows.to_pylist() for name, rows in rows_of(block.parts)})) for block in blocks
    ]


def test_a_block_is_one_bucket_of_recorded_time() -> None:
    blocks = cut(ITEMS)
    for block in blocks:
        assert len({part.receive_time // BLOCK_NS for part in block.parts}) == 1
    assert [part.offset for block in blocks for part in block.parts] == list(range(1, 60))
    assert len(blocks) == len({item.receive_time // BLOCK_NS for item in ITEMS})


def test_a_block_is_complete_only_when_the_next_bucket_or_the_end_comes() -> None:
    blocks = Blocks(SHARD, BLOCK_NS)
    first_bucket = [item for item in ITEMS[:-1] if item.receive_time // BLOCK_NS == ITEMS[0].receive_time // BLOCK_NS]
    assert cut(first_bucket, blocks) == []
    assert len(blocks.add(ITEMS[len(first_bucket)])) == 1
    assert len(blocks.add(batch(len(first_bucket) + 1, last=True))) == 1
    assert blocks.opened() is None


@pytest.mark.parametrize("seed", range(20))
def test_restarts_anywhere_change_nothing(seed: int) -> None:
    chance = random.Random(seed)
    blocks, cuts = Blocks(SHARD, BLOCK_NS), []
    for item in ITEMS:
        cuts += blocks.add(item)
        if chance.random() < 0.3:
            blocks = Blocks(SHARD, BLOCK_NS, pickle.loads(pickle.dumps(blocks.opened())))
    assert told(cuts) == told(cut(ITEMS))


@pytest.mark.parametrize("kept", [1, 7, 23, 40])
def test_what_is_read_again_after_a_crash_goes_under_the_tokens_it_had(kept: int) -> None:
    blocks = Blocks(SHARD, BLOCK_NS)
    before = cut(ITEMS[:kept], blocks)
    snapshot = pickle.dumps(blocks.opened())
    lost = cut(ITEMS[kept:50], blocks)  # inserted, and then the process died
    after = cut(ITEMS[kept:], Blocks(SHARD, BLOCK_NS, pickle.loads(snapshot)))
    assert told(before + after) == told(cut(ITEMS))
    assert told(lost) == told(after)[: len(lost)]


def test_a_snapshot_is_not_changed_by_later_batches() -> None:
    blocks = Blocks(SHARD, BLOCK_NS)
    blocks.add(ITEMS[0])
    opened = blocks.opened()
    assert opened is not None
    blocks.add(ITEMS[1])
    assert len(opened.parts) == 1


def test_batches_without_rows_make_no_block_but_count_in_its_token() -> None:
    empty = ITEMS[1]._replace(ticks=ITEMS[1].ticks[:0], tables={})
    assert cut([empty, batch(2, last=True)]) == []
    (block,) = cut([ITEMS[0], empty, batch(2, last=True)])
    assert block.token("quotes") == f"quotes|{SHARD}|1|2|{source_digest()[:16]}"


def test_rows_of_other_choices_are_other_rows() -> None:
    blocks = Blocks(SHARD, BLOCK_NS, choices="|short=15m")
    (block,) = [done for item in (ITEMS[0], batch(2, last=True)) for done in blocks.add(item)]
    assert block.token("quotes") == f"quotes|{SHARD}|1|2|{source_digest()[:16]}|short=15m"


def test_raw_frames_are_not_held() -> None:
    blocks = Blocks(SHARD, BLOCK_NS)
    blocks.add(ITEMS[0]._replace(frames=(b"needle in the hay",)))
    assert b"needle" not in pickle.dumps(blocks.opened())


@pytest.mark.parametrize("block_ns", [0, -1])
def test_an_interval_without_length_is_refused(block_ns: int) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Blocks(SHARD, block_ns)
