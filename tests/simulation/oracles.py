"""What must hold after every world, whatever befell it."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import polars as pl

from flows.shards import TRADING
from market import record
from market.batch import Batch
from market.journal import LIVE_BLOCK_NS, JournalBatch
from operators.signals.messages import trading_frames
from tests.faults.judge import allowed, complaints
from tests.faults.run import Run
from tests.simulation.clean import Clean, clean
from tests.simulation.whims import market_stages, trading_stages
from tests.simulation.world import World
from tests.sinks.clickhouse.model_store import ModelStore

COMMITS = "commits"
TOLD = 4  # complaints of a kind that are listed


class Verdict(NamedTuple):
    """What became of a world."""

    complaints: tuple[str, ...]
    trace: str  # digest of everything durable that happened
    counts: dict[tuple[str, str], int]
    facts: dict[str, int]


def judged(world: World, well: bool) -> Verdict:
    """All oracles.

    Where power was lost without `synchronous=FULL`, what had been made of the rows that are gone stays: only that the
    loss is told, that the books are true and that all is well again is asked for then.
    """
    store = ModelStore()
    stages, path = market_stages(whole=world.plan.whole), world.capture.path
    market = clean(path, world.capture.shard, stages, LIVE_BLOCK_NS, store, trading_frames)
    trading = clean(world.trading.journal, TRADING, trading_stages(), LIVE_BLOCK_NS, store)
    mine = world.shop.model.tables()
    found = [
        *([] if well else [f"not well in time: {what}" for what in world.ailing or ["it was not settled"]]),
        *([] if world.capture.lost else other_tables(mine, store.tables())),
        *([] if world.capture.lost else wrong_commits(world.shop.history)),
        *([] if world.capture.lost else other_messages(market, trading.journal)),
        *untold_losses(world, market.journal),
        *unbalanced(market.items),
        *_of_books(world, market),
    ]
    return Verdict(tuple(found), _trace(world, mine, market, trading), dict(world.cells.counts), _facts(world, market))


def other_tables(mine: dict[str, list[str]], wanted: dict[str, list[str]]) -> Iterator[str]:
    """O1: tables whose rows are not those of the clean run. What was committed together may differ."""
    for table in sorted((wanted.keys() | mine.keys()) - {COMMITS}):
        stored, wished = mine.get(table, []), wanted.get(table, [])
        if stored != wished:
            missing, more = len(set(wished) - set(stored)), len(set(stored) - set(wished))
            yield (
                f"table {table} has {len(stored)} rows, the clean run {len(wished)}:"
                f" {missing} missing, {more} of others, {len(stored) - len(set(stored))} twice"
            )


def wrong_commits(history: list[tuple[str, pl.DataFrame]]) -> Iterator[str]:
    """A8: commits continue each other without a hole, and whoever sees one sees all rows that it tells of."""
    there: Counter[str] = Counter()
    told: Counter[str] = Counter()
    last: dict[str, int] = defaultdict(int)
    for table, rows in history:
        if table != COMMITS:
            there[table] += len(rows)
            continue
        (row,) = rows.to_dicts()
        told.update(dict(row["rows"]))
        if row["previous_offset"] != last[row["shard"]] and row["journal_rows"]:
            ended = last[row["shard"]]
            yield f"{row['shard']}: a commit continues row {row['previous_offset']}, the one before ended at {ended}"
        last[row["shard"]] = row["last_offset"]
        for name, count in told.items():
            if there[name] < count:
                yield f"commits tell of {count} rows of {name} when {there[name]} are there"
    if there != told:
        yield f"commits tell of other rows than there are: {dict(told - there)} more, {dict(there - told)} less"


def other_messages(market: Clean, journal: list[JournalBatch]) -> Iterator[str]:
    """O1 between the flows: the trading journal is what the market flow has to say, in its order."""
    said = [frame for _, frame in market.messages]
    kept = [bytes(frame) for row in journal for frame in row.frames]
    if said != kept:
        first = next((n for n, pair in enumerate(zip(said, kept, strict=False)) if pair[0] != pair[1]), -1)
        yield f"the trading journal has {len(kept)} messages, the clean run {len(said)}; number {first} differs first"


def untold_losses(world: World, journal: list[JournalBatch]) -> Iterator[str]:
    """O7 and P2: offsets rise, and each time capture began again its first row says so, and since when."""
    told = 0
    for before, row in pairwise(journal):
        if row.offset <= before.offset:
            yield f"offset {row.offset} after {before.offset}"
        first = bytes(row.frames[0])
        if record.is_record(first) and isinstance(began := record.decode(first), record.Began):
            told += 1
            if began.since_ns != int(before.received_ns[-1]):
                yield f"row {row.offset} says that nothing was lost before {began.since_ns}"
    if told < world.capture.wrote_after_beginning:
        yield f"capture began again {world.capture.wrote_after_beginning} times and told {told} times"


def unbalanced(items: list[Batch]) -> Iterator[str]:
    """O4: batches whose frames are not all accounted for, once somebody counts them."""
    counted = [item for item in items if any(item.accounts)]
    wrong = [item.offset for item in counted if not item.accounts.balanced]
    if wrong:
        yield f"rows {wrong[:TOLD]} have frames that nobody accounts for"


def _of_books(world: World, market: Clean) -> list[str]:
    """O2, O3, O5 and O10 over the clean run, whose tables the world's were found equal to."""
    played = Run(world.plan.venue, world.desk, world.truth, batches=market.items, ended_ns=world.lately.ended_ns)
    played.open_gaps = world.lately.open_gaps
    played.frames = [
        (int(time), bytes(frame))
        for row in market.journal
        for time, frame in zip(row.received_ns, row.frames, strict=True)
    ]
    told = [what for what in complaints(played) if not what.startswith("not recovered")]
    if world.capture.began_wrong:  # its receive times are wrong, and nobody could know
        told = [what for what in told if not what.startswith("wrong book")]
    return [what for what in told if not allowed(world.plan.venue, world.plan.faults, what)][:TOLD]


def _trace(world: World, tables: dict[str, list[str]], market: Clean, trading: Clean) -> str:
    """A digest of everything durable that happened, and of when it was tried."""
    found = hashlib.sha256()
    for journal in (market.journal, trading.journal):
        for row in journal:
            found.update(f"{row.offset} {row.received_ns.tolist()} {list(map(bytes, row.frames))}".encode())
    for _, table, token in world.shop.model.inserts:
        found.update(f"{table} {token.split('|')[1:4]}".encode())
    for process in world.processes:
        found.update(f"{process.name} {process.starts} {sorted(process.fuse.deaths.items())}".encode())
    found.update(repr(sorted(tables.items())).encode())
    found.update(repr(sorted(world.cells.counts.items())).encode())
    return found.hexdigest()


def _facts(world: World, market: Clean) -> dict[str, int]:
    """Figures, so that a world in which nothing happened does not pass for a good one."""
    flows = (world.market, world.trading)
    return {
        "frames": sum(len(row.frames) for row in market.journal),
        "inserts": len(world.shop.model.inserts),
        "fills": len(world.shop.model.tables().get("fills", ())),
        "repeated inserts": world.shop.repeats,
        "refused inserts": world.shop.failures,
        "deaths": sum(sum(process.fuse.deaths.values()) for process in world.processes),
        "starts": sum(process.starts for process in world.processes),
        "epochs": sum(flow.epochs for flow in flows),
        "shed": world.capture.shed,
        "appends held": world.capture.held,
        "rows lost": world.capture.lost,
        "waits for the store": sum(flow.waits for flow in flows),
        "bytes spooled": sum(flow.spooled for flow in flows),
    }
