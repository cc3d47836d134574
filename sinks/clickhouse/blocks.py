"""Cutting the stream of a shard into insert blocks, by recorded time alone.

A block is everything of one shard whose batches fall in the same `floor(receive_time / block_ns)`. It ends when a
batch of another bucket comes, or the last batch: never by wall clock or memory, so a replay of a journal cuts alike,
and its insert_deduplication_token, which names the first and last offset, is the same.

Every block is committed, also one without rows: what became of its frames is told all the same.
"""

from typing import NamedTuple

from market.accounts import Accounts
from market.batch import Batch
from market.decisions import Decisions
from market.source import source_digest
from sinks.clickhouse.tables import Part, part_of

NOTHING = 0  # the offset before the first row of a journal
CLOSING = "|end"  # in the tokens of a block of nothing but a closing batch: it has the last offset of another block


class Block(NamedTuple):
    """Batches that are inserted together."""

    shard: str
    first_offset: int
    last_offset: int
    parts: tuple[Part, ...]  # without those that give no row
    choices: str = ""  # of the settings, those that decide what the rows say
    previous_offset: int = NOTHING  # the row of the journal that was read before the first
    first_receive_ns: int = 0
    last_receive_ns: int = 0
    journal_rows: int = 1  # 0: a closing batch alone
    accounts: Accounts = Accounts()
    measured: bool = False  # measurements of a run: no offsets, no commit, and not kept while the store is in trouble

    @property
    def source(self) -> str:
        """What computes the rows: our source and the user's choices. Another version's rows are other rows."""
        return source_of(self.choices)

    @property
    def heard_ns(self) -> int:
        """Receive time of its newest batch with rows; 0 where that says nothing of the present."""
        return self.parts[-1].receive_time if self.parts else 0

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return sum(part.nbytes for part in self.parts)

    def token(self, table: str) -> str:
        """The insert_deduplication_token of this block's rows of one table: a function of position, never a counter.

        And of the time of its first row: a journal that was begun anew has other rows at the same offsets.
        """
        closing = "" if self.journal_rows else CLOSING
        rows = f"{self.first_offset}|{self.last_offset}|{self.first_receive_ns}"
        return f"{table}|{self.shard}|{rows}|{self.source}{closing}"


def source_of(choices: str) -> str:
    """What computes rows now, with these choices of the settings."""
    return source_digest()[:16] + choices


class Open(NamedTuple):
    """A block that may still grow, of no bucket until a batch with a time comes.

    One without a row of the journal only remembers where the next begins.
    """

    bucket: int = -1
    previous_offset: int = NOTHING
    first_offset: int = NOTHING
    last_offset: int = NOTHING
    first_receive_ns: int = 0
    last_receive_ns: int = 0
    journal_rows: int = 0
    accounts: Accounts = Accounts()
    parts: tuple[Part, ...] = ()


class Blocks:
    """The cutting of one shard.

    An empty batch belongs to the open block, whatever its time: it has none.
    """

    def __init__(self, shard: str, block_ns: int, opened: Open | None = None, *, choices: str = "") -> None:
        if block_ns <= 0:
            raise ValueError(f"block_ns is {block_ns}; it must be above 0")
        self._shard, self._choices = shard, choices
        self._block_ns = block_ns
        self._open = opened or Open()
        self._parts = list(self._open.parts)

    def add(self, item: Batch | Decisions) -> list[Block]:
        """Take an item; the blocks that it completes, none or one."""
        done: list[Block] = []
        now = self._open
        bucket = item.receive_time // self._block_ns if item.receive_time else now.bucket
        if now.journal_rows and now.bucket >= 0 and bucket != now.bucket and not item.last:
            done.append(self._cut())
        self._grow(item, bucket)
        if item.last:
            last = self._cut()
            done += [last] if last.journal_rows or last.parts else []
        return done

    def opened(self) -> Open:
        """A copy of the open block for a snapshot."""
        return self._open._replace(parts=tuple(self._parts))

    def _grow(self, item: Batch | Decisions, bucket: int) -> None:
        now = self._open
        begins = not now.journal_rows
        self._open = Open(
            bucket=bucket if now.bucket < 0 else now.bucket,
            previous_offset=now.previous_offset,
            first_offset=item.offset if begins else now.first_offset,
            last_offset=item.offset,
            first_receive_ns=now.first_receive_ns or item.receive_time,
            last_receive_ns=item.receive_time or now.last_receive_ns,
            journal_rows=now.journal_rows + (not item.last),
            accounts=now.accounts.plus(item.accounts),
        )
        part = part_of(item)
        if not part.empty:
            self._parts.append(part)

    def _cut(self) -> Block:
        now = self._open
        block = Block(
            self._shard, now.first_offset, now.last_offset, tuple(self._parts), self._choices, now.previous_offset,
            now.first_receive_ns, now.last_receive_ns, now.journal_rows, now.accounts,
        )  # fmt: skip
        self._open, self._parts = Open(previous_offset=now.last_offset), []
        return block
