"""What a block says of itself besides its token: the times and sizes that others rely on."""

import numpy as np
from flow_items import MILLISECOND, SHARD, batch

from market.batch import Batch
from sinks.clickhouse.blocks import Block, Blocks

BLOCK_NS = 250 * MILLISECOND
ITEMS = [batch(offset) for offset in range(1, 60)] + [batch(59, last=True)]


def cut(items: list) -> list[Block]:
    blocks = Blocks(SHARD, BLOCK_NS)
    return [block for item in items for block in blocks.add(item)]


def silent(offset: int) -> Batch:
    """A row without a frame: it has no time."""
    return Batch(SHARD, offset, np.zeros(0, np.int64))


def test_a_block_says_when_its_rows_were_received() -> None:
    blocks = cut(ITEMS)
    times = {item.offset: item.receive_time for item in ITEMS}
    assert [(block.first_receive_ns, block.last_receive_ns) for block in blocks] == [
        (times[block.first_offset], times[block.last_offset]) for block in blocks
    ]
    assert len({block.first_receive_ns for block in blocks}) == len(blocks) > 1


def test_rows_without_a_time_take_none_from_a_block() -> None:
    (block,) = cut([silent(1), batch(2), silent(3), batch(3, last=True)])
    assert (block.first_offset, block.last_offset, block.journal_rows) == (1, 3, 3)
    assert block.first_receive_ns == block.heard_ns == batch(2).receive_time
    assert block.last_receive_ns == batch(3).receive_time


def test_a_block_knows_its_size_and_when_it_last_heard_something() -> None:
    (block,) = cut([batch(1), batch(1, last=True)])
    assert block.nbytes == sum(part.nbytes for part in block.parts) > 0
    assert block.heard_ns == batch(1).receive_time
    empty = Block(SHARD, 1, 1, ())
    assert (empty.nbytes, empty.heard_ns, empty.journal_rows, empty.measured) == (0, 0, 1, False)
    assert (empty.first_receive_ns, empty.last_receive_ns) == (0, 0)


def test_a_shard_begins_with_nothing_and_time_zero_is_a_time() -> None:
    opened = Blocks(SHARD, BLOCK_NS).opened()
    assert (opened.first_receive_ns, opened.last_receive_ns, opened.journal_rows, opened.bucket) == (0, 0, 0, -1)
    early = [batch(offset)._replace(receive_times=np.array([offset], np.int64)) for offset in (1, 2)]
    blocks = cut([*early, batch(3), batch(3, last=True)])
    assert [(block.first_offset, block.last_offset) for block in blocks] == [(1, 2), (3, 3)]


def test_blocks_of_one_nanosecond_are_possible() -> None:
    blocks = Blocks(SHARD, 1)
    assert len([block for item in ITEMS for block in blocks.add(item)]) == 59
