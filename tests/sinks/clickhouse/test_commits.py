"""Commits against a real store: a block is there whole before it is committed, once, in one partition per insert."""

import random
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from clickhouse_connect.driver.client import Client
from flow_items import MILLISECOND, SHARD, batch
from store_process import StoreProcess

from market.batch import Batch
from market.clock import SECOND_NS
from sinks.clickhouse.blocks import Block
from sinks.clickhouse.client import connect
from sinks.clickhouse.inserter import Inserter
from sinks.clickhouse.loads import COMMITS, load_of
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.partitions import by_partition, partition_key
from sinks.clickhouse.schema import tables
from sinks.clickhouse.sink import ClickHouseSink
from sinks.clickhouse.tables import part_of, rows_of

DAY_NS = 86_400 * SECOND_NS
ITEMS = [batch(offset, step_ms=90, names=()) for offset in range(1, 60)]
LAST = batch(59, step_ms=90, names=(), last=True)
DUPLICATES = "select count() from (select 1 from {} group by instrument, receive_time, sequence having count() > 1)"


@pytest.fixture
def dsn(store: StoreProcess) -> Iterator[str]:
    """A database of its own with all tables and views."""
    store.text("drop database if exists commits sync")
    dsn = store.dsn.replace("barograph", "commits")
    client = connect(dsn)
    migrate(client)
    client.close()
    yield dsn
    store.text("drop database commits sync")


@pytest.fixture
def asked(dsn: str) -> Iterator[Client]:
    client = connect(dsn)
    yield client
    client.close()


def write(dsn: str, items: list[Batch]) -> None:
    sink = ClickHouseSink(dsn, block_ns=250 * MILLISECOND, close_s=60).build_part("tables", SHARD, None)
    sink.write_batch(items)
    sink.finish()


def moved(item: Batch, to_ns: int) -> Batch:
    """A batch of another time."""
    ticks = item.ticks.copy()
    shift = to_ns - item.receive_time
    ticks["receive_time"] += shift
    tables = {
        name: frame.with_columns(receive_time=frame["receive_time"] + shift) for name, frame in item.tables.items()
    }
    return item._replace(ticks=ticks, receive_times=item.receive_times + shift, tables=tables)


@pytest.mark.parametrize("table", tables())
def test_every_table_is_partitioned_by_a_day_or_month_of_its_own(table: str) -> None:
    column, unit = partition_key(table)
    assert unit in "DM"
    assert tables()[table].columns[column] == "DateTime64(9, 'UTC')"


@pytest.mark.parametrize(
    ("around_ns", "wanted"),
    [
        (1_700_006_400 * SECOND_NS, {"quotes": 2, "trades": 2, "gaps": 1}),  # midnight of a day
        (1_701_388_800 * SECOND_NS, {"quotes": 2, "trades": 2, "gaps": 1}),  # midnight of the first of a month
    ],
)
def test_a_block_around_midnight_goes_as_one_insert_per_partition(around_ns: int, wanted: dict[str, int]) -> None:
    items = [moved(batch(3, names=()), around_ns - 10), moved(batch(4, names=()), around_ns + 10)]
    load = load_of(Block(SHARD, 3, 4, tuple(part_of(item) for item in items)))
    names = [insertion.table for insertion in load.insertions]
    assert {table: names.count(table) for table in wanted} == wanted
    assert len({insertion.token for insertion in load.insertions}) == len(load.insertions)
    for insertion in load.insertions:
        assert len(list(by_partition(insertion.table, insertion.rows))) == 1
    whole = dict(rows_of([part_of(item) for item in items]))
    for table, rows in whole.items():
        assert sum(one.rows.num_rows for one in load.insertions if one.table == table) == rows.num_rows


def test_the_commit_is_the_last_insert_of_every_block_and_counts_its_rows() -> None:
    load = load_of(Block(SHARD, 3, 3, (part_of(batch(3)),)))
    assert [insertion.table for insertion in load.insertions] == ["quotes", "trades", "features", "gaps", COMMITS]
    (row,) = load.insertions[-1].rows.to_pylist()
    assert dict(row["rows"]) == {"quotes": 3, "trades": 2, "features": 1, "gaps": 1}
    (empty,) = load_of(Block(SHARD, 4, 9, ())).insertions
    assert empty.table == COMMITS


def test_years_of_history_in_one_block_are_stored(dsn: str, asked: Client) -> None:
    days = [
        moved(item, 1_500_000_000 * SECOND_NS + number * 20 * DAY_NS) for number, item in enumerate((ITEMS * 2)[:105])
    ]
    block = Block(SHARD, 1, 999, tuple(part_of(item) for item in days))
    inserter = Inserter(dsn)
    for insertion in load_of(block).insertions:
        if insertion.table == "trades":
            inserter(insertion.table, insertion.rows, insertion.token)
    inserter.close()
    found = asked.query("select count(), uniqExact(_partition_id) from trades").result_rows
    assert found == [(2 * 105, 105)]  # more than a store takes in one insert


def test_blocks_are_committed_once_in_a_chain_and_can_be_asked_for(dsn: str, asked: Client) -> None:
    for _ in range(2):
        write(dsn, [*ITEMS, LAST])
    rows = asked.query(
        "select previous_offset, last_offset, journal_rows from commits order by last_offset"
    ).result_rows
    assert [row[0] for row in rows] == [0, *(row[1] for row in rows[:-1])]
    assert sum(row[2] for row in rows) == 59
    assert asked.query("select shard, last_offset from watermarks").result_rows == [(SHARD, 59)]
    inserter = Inserter(dsn)
    source = asked.query("select any(source) from commits").result_rows[0][0]
    assert inserter.committed(SHARD, source, 59)
    assert not inserter.committed(SHARD, source, 60)
    assert not inserter.committed(SHARD, "other", 59)
    inserter.close()


def test_what_is_not_committed_is_not_settled(dsn: str, asked: Client) -> None:
    write(dsn, [*ITEMS[:20], batch(20, step_ms=90, names=(), last=True)])
    settled = asked.query("select count() from settled_trades").result_rows[0][0]
    inserter = Inserter(dsn)
    load = load_of(Block(SHARD, 21, 21, (part_of(ITEMS[20]),)))
    for insertion in load.insertions[:-1]:
        inserter(insertion.table, insertion.rows, insertion.token)
    assert asked.query("select count() from trades").result_rows[0][0] == settled + 2
    assert asked.query("select count() from settled_trades").result_rows[0][0] == settled
    inserter(*[load.insertions[-1].table, load.insertions[-1].rows, load.insertions[-1].token])
    assert asked.query("select count() from settled_trades").result_rows[0][0] == settled + 2
    inserter.close()


def test_beyond_the_window_row_keys_keep_every_row_once(dsn: str, asked: Client) -> None:
    for table in ("quotes", "trades", "gaps", "commits"):
        asked.command(f"alter table {table} modify setting non_replicated_deduplication_window = 2")
        asked.command(f"system stop merges {table}")
    write(dsn, [*ITEMS, LAST])
    once = asked.query("select count() from trades").result_rows
    write(dsn, [*ITEMS, LAST])  # as after the recovery store was lost
    assert asked.query("select count() from trades").result_rows != once  # the window has forgotten
    assert asked.query("select count() from trades final").result_rows == once
    assert asked.query("select count() from settled_trades").result_rows == once
    asked.command("system start merges trades")
    asked.command("optimize table trades final")
    assert asked.query("select count() from trades").result_rows == once


def test_a_reader_during_crashes_sees_whole_blocks_once_and_never_goes_back(dsn: str) -> None:
    """Reads all the time while the writer dies and starts again; every batch gives two trades and three quotes."""
    ended, seen, wrong = threading.Event(), [], []

    def read() -> None:
        client, reached = connect(dsn), 0
        while not ended.is_set():
            watermark = client.query("select max(last_offset) from watermarks").result_rows[0][0]
            counted = {}
            for table, of_each in (("trades", 2), ("quotes", 3)):
                query = f"select `offset`, count() from settled_{table} group by 1 order by 1"
                rows = client.query(query).result_rows
                counted[table] = rows[-1][0] if rows else 0
                wrong.extend(row for row in rows if row[1] != of_each)
                wrong.extend([(table, "hole")] * ([row[0] for row in rows] != list(range(1, counted[table] + 1))))
                wrong.extend([(table, "less than committed", watermark)] * (counted[table] < watermark))
            wrong.extend([("back", reached, watermark)] * (watermark < reached))
            reached = watermark
            seen.append(watermark)
        client.close()

    reader = threading.Thread(target=read)
    reader.start()
    chance, state, since, at = random.Random(5), None, 0, 0
    sink = ClickHouseSink(dsn, block_ns=250 * MILLISECOND, close_s=60)
    part = sink.build_part("tables", SHARD, None)
    crashes = 0
    while at < len(ITEMS):
        part.write_batch(ITEMS[at : at + 4])
        at += 4
        if chance.random() < 0.3:
            state, since = part.snapshot(), at
        if chance.random() < 0.3 and crashes < 5:
            part = sink.build_part("tables", SHARD, state)
            at, crashes = since, crashes + 1
    part.write_batch([LAST])
    part.finish()
    ended.set()
    reader.join(60)
    assert wrong == []
    assert len(seen) > 3
    assert crashes
    assert np.all(np.diff(seen) >= 0)
