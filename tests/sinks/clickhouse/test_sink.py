"""The sink against a real store: whatever is killed, the tables hold every row once and equal an uninterrupted run."""

import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from flow_items import MILLISECOND, SHARD, START, batch, signals
from store_process import StoreProcess, start

from market.batch import Batch
from market.clock import ManualClock
from market.seal import unseal
from sinks.clickhouse.blocks import Block
from sinks.clickhouse.client import connect
from sinks.clickhouse.inserter import insert
from sinks.clickhouse.latency import LatencyRecorder, quantiles
from sinks.clickhouse.loads import load_of
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.schema import tables
from sinks.clickhouse.sink import ClickHousePartition, ClickHouseSink
from sinks.clickhouse.tables import part_of, rows_of

ITEMS = [batch(offset, step_ms=90) for offset in range(1, 50)] + [batch(49, step_ms=90, last=True)]
TABLES = ("quotes", "trades", "features", "gaps")


def made(store: StoreProcess, database: str) -> str:
    """DSN of a new database with the tables that these tests write to."""
    store.text(f"drop database if exists {database} sync")
    client = connect(store.dsn.replace("barograph", database))
    for name in (*TABLES, "signals", "latency", "commits"):
        client.command(tables()[name].statement)
    client.close()
    return store.dsn.replace("barograph", database)


@pytest.fixture
def database(store: StoreProcess) -> str:
    return made(store, "sink")


def part(dsn: str, state: bytes | None = None, **options: object) -> ClickHousePartition:
    return ClickHouseSink(dsn, **{"block_ns": 250 * MILLISECOND, "close_s": 20, **options}).build_part(
        "tables", "tables", state
    )  # type: ignore[arg-type]


def contents(dsn: str) -> dict[str, list]:
    client = connect(dsn)
    rows = {name: sorted(map(repr, client.query(f"select * from {name}").result_rows)) for name in TABLES}
    client.close()
    return rows


@pytest.fixture(scope="module")
def uninterrupted(store: StoreProcess) -> dict[str, list]:
    dsn = made(store, "whole")
    sink = part(dsn)
    sink.write_batch(ITEMS)
    sink.finish()
    found = contents(dsn)
    assert {name: len(rows) for name, rows in found.items()} == {
        "quotes": 147,
        "trades": 98,
        "features": 49,
        "gaps": 16,
    }
    return found


def test_two_runs_over_one_store_leave_one_copy(database: str, uninterrupted: dict[str, list]) -> None:
    for _ in range(2):
        sink = part(database)
        sink.write_batch(ITEMS)
        sink.finish()
    assert contents(database) == uninterrupted


@pytest.mark.parametrize("at", [1, 10, 33])
def test_a_crash_after_a_snapshot_loses_and_doubles_nothing(
    database: str, uninterrupted: dict[str, list], at: int
) -> None:
    first = part(database)
    first.write_batch(ITEMS[:at])
    state = first.snapshot()
    first.write_batch(ITEMS[at : at + 9])  # some of it inserted, none of it in the snapshot
    del first
    again = part(database, state)
    again.write_batch(ITEMS[at:])
    again.finish()
    assert contents(database) == uninterrupted


def test_a_death_around_the_last_snapshot_of_a_stopped_flow_doubles_nothing(
    database: str, uninterrupted: dict[str, list]
) -> None:
    stopped = part(database)
    stopped.write_batch([*ITEMS[:21], batch(21, step_ms=90, last=True)])
    stopped.close()  # a death here has inserted nothing of the block that the stop cut
    whole_blocks = contents(database)
    state = stopped.snapshot()
    stopped.finish()
    assert len(contents(database)["quotes"]) > len(whole_blocks["quotes"])
    again = part(database, state)  # a death before it was confirmed sends it again, under its token
    again.write_batch(ITEMS[21:])
    again.finish()
    assert contents(database) == uninterrupted


def test_a_snapshot_holds_what_the_store_never_confirmed(database: str, uninterrupted: dict[str, list]) -> None:
    nowhere = part("http://127.0.0.1:9/barograph", close_s=0.05)
    nowhere.write_batch(ITEMS)
    state = nowhere.snapshot()
    nowhere.finish()
    again = part(database, state)
    again.finish()
    assert contents(database) == uninterrupted


def test_the_same_rows_in_other_chunks_are_the_same_insert(database: str) -> None:
    rows = dict(rows_of([part_of(batch(1))]))["quotes"]
    client = connect(database)
    for cut in (rows, pa.concat_tables([rows.slice(0, 1), rows.slice(1)])):
        insert(client, "quotes", cut, "one token")
    assert client.query("select count() from quotes").result_rows == [(rows.num_rows,)]
    client.close()


def test_a_snapshot_is_plain_bytes(database: str) -> None:
    sink = part(database)
    sink.write_batch(ITEMS[:5])
    state = sink.snapshot()
    assert isinstance(state, bytes)
    assert list(unseal(state).opened) == [SHARD]
    sink.finish()


def test_a_store_killed_midway_gets_everything_once(tmp_path: Path, uninterrupted: dict[str, list]) -> None:
    running = start(tmp_path)
    migrate(connect(running.dsn))
    sink = part(running.dsn)
    sink.write_batch(ITEMS[:20])
    running.end(signal.SIGKILL)
    sink.write_batch(ITEMS[20:])
    again = start(tmp_path, port=running.port)
    sink.finish()
    assert contents(again.dsn) == uninterrupted
    again.end()


def test_maps_and_low_rate_tables_reach_the_store(database: str) -> None:
    item = Batch(SHARD, 1, batch(1).receive_times).with_table("signals", signals(START))
    sink = part(database)
    sink.write_batch([item, batch(2, last=True)])
    sink.finish()
    client: Client = connect(database)
    rows = client.query("select evidence, venue, shard, frame from signals order by frame").result_rows
    assert rows == [({"imbalance": 0.25, "ofi_10": -1.0}, "binance-usdm", SHARD, 1), ({}, "binance-usdm", SHARD, 2)]
    client.close()


def test_latencies_are_measured_only_with_a_recorder(database: str) -> None:
    clock = ManualClock(START + 10**10)
    sink = part(database, latency=LatencyRecorder(clock))
    for item in ITEMS:
        clock.advance(200 * MILLISECOND)
        sink.write_batch([item])
    sink.finish()
    client = connect(database)
    stages = dict(client.query("select stage, sum(count) from latency group by stage").result_rows)
    assert 0 < stages["sink"] <= 49
    assert set(stages) <= {"sink", "store"}
    client.close()


def test_latency_is_now_minus_receive_time() -> None:
    item = batch(1)
    clock = ManualClock(item.receive_time + 7)
    recorder = LatencyRecorder(clock)
    recorder.reached("sink", item)
    assert recorder.due() is None
    clock.advance(10**9)
    recorder.reached("sink", batch(2, last=True))
    block = recorder.due()
    assert block is not None
    (row,) = block.parts[0].tables["latency"].to_dicts()
    assert (row["stage"], row["count"], row["p50_ns"], row["max_ns"], row["venue"]) == ("sink", 1, 7, 7, "binance-usdm")


def test_history_has_no_latency() -> None:
    item = batch(1)
    item = item._replace(ticks=item.ticks[:0], past=(0,))
    clock = ManualClock(START)
    recorder = LatencyRecorder(clock)
    recorder.reached("features", item)
    recorder.stored(load_of(Block(SHARD, 1, 1, (part_of(item),))))
    clock.advance(10**9)
    assert recorder.due() is None


def test_every_message_of_a_batch_counts() -> None:
    item = batch(1)._replace(receive_times=np.array([START, START + 30, START + 40]))
    clock = ManualClock(START + 50)
    recorder = LatencyRecorder(clock)
    recorder.reached("features", item)
    clock.advance(10**9)
    block = recorder.due()
    assert block is not None
    (row,) = block.parts[0].tables["latency"].to_dicts()
    assert (row["stage"], row["count"], row["p50_ns"], row["max_ns"]) == ("features", 3, 20, 50)


@pytest.mark.parametrize("count", [1, 2, 100, 101, 5_000])
def test_quantiles_are_values_that_occurred(count: int) -> None:
    found = quantiles(np.arange(count, 0, -1))
    assert found == [-(-count // 2), -(-count * 99 // 100), -(-count * 999 // 1000), count]
