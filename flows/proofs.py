"""`Proof`: whether every frame of a stretch of a journal is accounted for in the tables. Pure: counts in, verdict out.

A stretch is proven where its blocks follow one another without a hole, the journal itself holds as many rows and frames
as the blocks say, received = applied + duplicate + dead_lettered + control, and the tables hold as many rows as the
blocks wrote. Frames that were shed never came into the journal; records in it tell how many, and they stand beside.
It is unproven where the journal no longer holds all of it, or where the tables also hold rows of the same journal rows
that another version of the source wrote and this one does not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from market.accounts import Accounts

PROVEN, UNPROVEN, FAILED = "proven", "unproven", "failed"
RANGE_BLOCKS = 3600  # of one proof: an hour of live data


class Commit(NamedTuple):
    """A row of table `commits`."""

    source: str
    previous_offset: int
    first_offset: int
    last_offset: int
    receive_ns: int
    journal_rows: int
    accounts: Accounts
    rows: Mapping[str, int]  # by table


class Journal(NamedTuple):
    """What a journal holds of a stretch."""

    rows: int
    frames: int


class Proof(NamedTuple):
    """A row of table `reconciliations`, less shard and time."""

    source: str
    first_offset: int
    last_offset: int
    receive_ns: int
    verdict: str
    reason: str
    blocks: int
    holes: int
    overlaps: int
    frames: int
    accounts: Accounts
    rows_committed: int
    rows_found: int


class Stretch(NamedTuple):
    """Blocks of one shard and source, in order of their rows of the journal."""

    previous_offset: int
    chain: tuple[Commit, ...]  # each begins where the one before ends, as far as there are such
    overlaps: int  # other blocks of the same rows: cut otherwise, when a flow began anew after a stop
    broken: tuple[str, ...]  # where a block does not follow the one before

    @property
    def last_offset(self) -> int:
        """The last row of the journal in it; what the end of a flow added comes last in the chain, but lies before."""
        return max(commit.last_offset for commit in self.chain)

    def written(self) -> Counter[str]:
        """Rows by table."""
        total = Counter[str]()
        for commit in self.chain:
            total.update(commit.rows)
        return total


def newest_source(commits: Sequence[Commit], present: str) -> str:
    """Whose blocks are to be proven: those of the present source, if there are any, or of what reached furthest."""
    ours = [commit for commit in commits if commit.source.startswith(present)]
    return max(ours or commits, key=lambda commit: commit.last_offset).source


def settled(told: Iterable[tuple[int, int, str]]) -> int:
    """Up to which row of the journal nothing is to be asked again. told: first row, last row and verdict of every
    proof of a shard, oldest first. A range that failed is asked again, with all after it, until a proof holds it whole.
    """
    failed, proven = set[tuple[int, int]](), set[tuple[int, int]]()
    for first, last, verdict in told:
        if verdict == FAILED:
            failed.add((first, last))
            proven.discard((first, last))
        elif verdict == PROVEN:
            failed = {one for one in failed if not (first <= one[0] and one[1] <= last)}
            proven.add((first, last))
    until = min((first for first, _ in failed), default=None)
    return max((last for _, last in proven if until is None or last < until), default=0)


def stretches(commits: Sequence[Commit], after: int, blocks: int = RANGE_BLOCKS) -> Iterator[Stretch]:
    """The blocks of one source that come after a row of the journal, cut into stretches of so many."""
    chain: list[Commit] = []
    broken: list[str] = []
    at, began, overlaps = after, after, 0
    for commit in sorted(commits, key=lambda commit: (commit.previous_offset, -commit.last_offset)):
        if commit.last_offset <= at and commit.journal_rows:
            overlaps += 0 if commit.last_offset <= after else 1
            continue
        if not commit.journal_rows and commit.last_offset <= after:
            continue
        if commit.previous_offset > at:
            broken.append(f"rows {at + 1} to {commit.previous_offset} of the journal are in no block")
        if len(chain) >= blocks and commit.journal_rows:
            yield _stretch(began, chain, overlaps, broken)
            chain, broken, overlaps, began = [], [], 0, at
        chain.append(commit)
        at = max(at, commit.last_offset)
    if chain:
        yield _stretch(began, chain, overlaps, broken)


def _stretch(began: int, chain: Sequence[Commit], overlaps: int, broken: Sequence[str]) -> Stretch:
    """It begins earlier where its first block does: that one was cut shorter when the rows before were proven."""
    return Stretch(min(began, chain[0].previous_offset), tuple(chain), overlaps, tuple(broken))


def proof_of(stretch: Stretch, journal: Journal, found: Mapping[str, int], *, mixed: bool = False) -> Proof:
    """The verdict. journal: of the rows after the stretch's previous one, to its last. found: rows by table. mixed:
    another version wrote blocks of the same rows, so that there may be more rows than these blocks wrote.
    """
    accounts = Accounts()
    for commit in stretch.chain:
        accounts = accounts.plus(commit.accounts)
    committed_rows = sum(commit.journal_rows for commit in stretch.chain)
    written = stretch.written()
    wrong, unknown = list(stretch.broken), list[str]()
    if journal.rows > committed_rows:
        wrong.append(f"the journal holds {journal.rows} rows, the blocks {committed_rows}")
    elif journal.rows < committed_rows:
        unknown.append(f"the journal holds only {journal.rows} of these {committed_rows} rows now")
    elif accounts.received == 0 and journal.frames:
        wrong.append(f"none of {journal.frames} frames was ever accounted for")
    elif accounts.received != journal.frames:
        wrong.append(f"{journal.frames} frames stand in the journal, {accounts.received} were accounted for")
    if not accounts.balanced:
        became = accounts.applied + accounts.duplicate + accounts.dead_lettered + accounts.control
        wrong.append(f"{accounts.received} frames were received, {became} became something")
    for table, rows in sorted(written.items()):
        there = found.get(table, 0)
        if mixed and there > rows:
            unknown.append(f"{there} rows of {table} are there, {rows} were written; others may be of another version")
        elif there != rows:
            wrong.append(f"{there} rows of {table} are there, {rows} were written")
    return Proof(
        source=stretch.chain[0].source,
        first_offset=stretch.chain[0].first_offset,
        last_offset=stretch.last_offset,
        receive_ns=max(commit.receive_ns for commit in stretch.chain),
        verdict=FAILED if wrong else UNPROVEN if unknown else PROVEN,
        reason="; ".join([*wrong, *unknown]),
        blocks=len(stretch.chain),
        holes=max(0, journal.rows - committed_rows),
        overlaps=stretch.overlaps,
        frames=-1 if journal.rows < committed_rows else journal.frames,
        accounts=accounts,
        rows_committed=sum(written.values()),
        rows_found=sum(found.get(table, 0) for table in written),
    )
