"""Cutting the stream of a shard into insert blocks, by recorded time alone.

A block is everything of one shard whose batches fall in the same `floor(receive_time / block_ns)`. It ends when a
batch of another bucket comes, or the last batch: never by wall clock or memory, so a replay of a journal cuts alike,
and its insert_deduplication_token, which names the first and last offset, is the same.
"""

from typing import NamedTuple

from market.batch import Batch
from market.decisions import Decisions
from market.source import source_digest
from sinks.clickhouse.tables import Part, part_of


class Block(NamedTuple):
    """Batches that are inserted together."""

    shard: str
    first_offset: int
    last_offset: int
    parts: tuple[Part, ...]  # without those that give no row
    choices: str = ""  # of the settings, those that decide what the rows say

    def token(self, table: str) -> str:
        """The insert_deduplication_token of this block's rows of one table: a function of position, never a counter.

        And of our source and the user's choices: another version's rows are other rows.
        """
        version = source_digest()[:16] + self.choices
        return f"{table}|{self.shard}|{self.first_offset}|{self.last_offset}|{version}"


class Open(NamedTuple):
    """A block that may still grow."""

    bucket: int
    first_offset: int
    last_offset: int
    parts: tuple[Part, ...]


class Blocks:
    """The cutting of one shard.

    An empty batch belongs to the open block, whatever its time: it has none.
    """

    def __init__(self, shard: str, block_ns: int, opened: Open | None = None, *, choices: str = "") -> None:
        if block_ns <= 0:
            raise ValueError(f"block_ns is {block_ns}; it must be above 0")
        self._shard, self._choices = shard, choices
        self._block_ns = block_ns
        self._parts: list[Part] = list(opened.parts) if opened else []
        self._bucket = opened.bucket if opened else -1
        self._first = opened.first_offset if opened else -1
        self._last = opened.last_offset if opened else -1

    def add(self, item: Batch | Decisions) -> list[Block]:
        """Take an item; the blocks that it completes, none, one or (with a last item) two."""
        done: list[Block] = []
        bucket = item.receive_time // self._block_ns if item.receive_time else self._bucket
        if self._first >= 0 and bucket != self._bucket:
            done += self._cut()
        if self._first < 0:
            self._bucket, self._first = bucket, item.offset
        self._last = item.offset
        part = part_of(item)
        if not part.empty:
            self._parts.append(part)
        if item.last:
            done += self._cut()
        return done

    def opened(self) -> Open | None:
        """A copy of the open block for a snapshot; None where nothing is open."""
        return Open(self._bucket, self._first, self._last, tuple(self._parts)) if self._first >= 0 else None

    def _cut(self) -> list[Block]:
        block = Block(self._shard, self._first, self._last, tuple(self._parts), self._choices)
        self._parts, self._bucket, self._first, self._last = [], -1, -1, -1
        return [block] if block.parts else []
