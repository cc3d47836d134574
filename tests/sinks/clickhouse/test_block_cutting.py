"""Blocks are cut by recorded time alone: whatever restarts in between, the same rows go under the same tokens."""

import pickle
import random

import pytest
from flow_items import MILLISECOND, SHARD, START, batch, gap

from market.accounts import Accounts
from market.source import source_digest
from sinks.clickhouse.blocks import Block, Blocks, Open
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
    assert blocks.opened() == Open(previous_offset=len(first_bucket) + 1, bucket=-1)


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
    blocks.add(ITEMS[1])
    assert len(opened.parts) == 1


def test_a_block_without_rows_is_a_block_too() -> None:
    empty = ITEMS[1]._replace(ticks=ITEMS[1].ticks[:0], tables={})
    (block,) = cut([empty, batch(2, last=True)])
    assert (block.parts, block.first_offset, block.last_offset, block.journal_rows) == ((), 2, 2, 1)
    (block,) = cut([ITEMS[0], empty, batch(2, last=True)])
    assert block.token("quotes") == f"quotes|{SHARD}|1|2|{ITEMS[0].receive_time}|{source_digest()[:16]}"


def test_the_blocks_of_a_shard_are_a_chain_without_a_hole() -> None:
    blocks = cut([item._replace(offset=item.offset * 3) for item in ITEMS])  # as after a journal was pruned
    assert blocks[0].previous_offset == 0
    assert [block.previous_offset for block in blocks[1:]] == [block.last_offset for block in blocks[:-1]]
    assert sum(block.journal_rows for block in blocks) == 59


def test_what_became_of_the_frames_of_a_block_is_summed() -> None:
    counted = [item._replace(accounts=Accounts(received=3, applied=2, duplicate=1)) for item in ITEMS[:2]]
    (block,) = cut([*counted, batch(2, last=True)])
    assert block.accounts == Accounts(received=6, applied=4, duplicate=2)


def test_a_closing_batch_alone_is_no_block_unless_it_has_rows() -> None:
    blocks = Blocks(SHARD, BLOCK_NS)
    (block,) = cut([ITEMS[0], batch(1, last=True)], blocks)
    assert cut([batch(1, last=True)], blocks) == []
    (addition,) = cut([batch(1, last=True).with_table("gaps", gap(START))], blocks)
    assert (addition.journal_rows, addition.previous_offset, addition.last_offset) == (0, 1, 1)
    assert addition.token("gaps") != block.token("gaps")


def test_rows_of_a_journal_that_was_begun_anew_are_other_rows() -> None:
    later = [item._replace(receive_times=item.receive_times + 1_000 * BLOCK_NS) for item in ITEMS[:1]]
    (block,), (other,) = cut([ITEMS[0], batch(1, last=True)]), cut([*later, batch(1, last=True)])
    assert (block.first_offset, block.last_offset) == (other.first_offset, other.last_offset)
    assert block.token("quotes") != other.token("quotes")


def test_rows_of_other_choices_are_other_rows() -> None:
    blocks = Blocks(SHARD, BLOCK_NS, choices="|short=15m")
    (block,) = [done for item in (ITEMS[0], batch(2, last=True)) for done in blocks.add(item)]
    assert block.token("quotes") == f"quotes|{SHARD}|1|2|{ITEMS[0].receive_time}|{source_digest()[:16]}|short=15m"


def test_raw_frames_are_not_held() -> None:
    blocks = Blocks(SHARD, BLOCK_NS)
    blocks.add(ITEMS[0]._replace(frames=(b"needle in the hay",)))
    assert b"needle" not in pickle.dumps(blocks.opened())


@pytest.mark.parametrize("block_ns", [0, -1])
def test_an_interval_without_length_is_refused(block_ns: int) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Blocks(SHARD, block_ns)
