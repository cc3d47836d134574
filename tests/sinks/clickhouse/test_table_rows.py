"""What rows batches become: every tick in its table once, with names, provenance and types as the schema says."""

import polars as pl
import pytest
from flow_items import FEATURES, SHARD, START, batch, signals

from market.batch import Batch
from market.decisions import Decisions
from sinks.clickhouse.schema import tables
from sinks.clickhouse.tables import TIME, part_of, rows_of


def rows(*items: Batch | Decisions) -> dict[str, list[dict]]:
    return {name: table.to_pylist() for name, table in rows_of([part_of(item) for item in items])}


def test_every_kind_of_tick_goes_to_its_table() -> None:
    made = rows(batch(1), batch(2))
    assert [(row["source"], row["valid"], row["offset"]) for row in made["quotes"]] == [
        ("book", False, 1), ("book", True, 1), ("ticker", True, 1),
        ("book", False, 2), ("book", True, 2), ("ticker", True, 2),
    ]  # fmt: skip
    assert [(row["kind"], row["off_book"], row["trade_id"]) for row in made["trades"]] == [
        ("trade", True, 103), ("aggregate", False, 104), ("trade", True, 203), ("aggregate", False, 204),
    ]  # fmt: skip
    assert [(row["sequence"], row["ofi_25"]) for row in made["features"]] == [(101, 1.0), (201, 2.0)]


def test_rows_carry_names_and_provenance() -> None:
    row = rows(batch(4))["quotes"][1]
    assert {key: row[key] for key in ("venue", "instrument", "shard", "offset", "frame", "sequence")} == {
        "venue": "binance-usdm", "instrument": "ETHUSDT", "shard": SHARD, "offset": 4, "frame": 1, "sequence": 401,
    }  # fmt: skip


@pytest.mark.parametrize("table", ["quotes", "trades", "features"])
def test_tick_rows_have_exactly_the_columns_of_their_table(table: str) -> None:
    made = dict(rows_of([part_of(batch(1))]))
    assert made[table].column_names == list(tables()[table].columns)


def test_times_are_utc_nanoseconds_and_none_where_the_venue_gives_none() -> None:
    made = dict(rows_of([part_of(batch(1))]))["quotes"]
    assert made.column("receive_time").type == TIME
    assert made.column("receive_time").cast("int64").to_pylist()[0] == START + 40_000_000
    assert made.column("exchange_time").null_count == 1


def test_features_that_nobody_computes_make_no_table() -> None:
    assert set(rows(batch(1, names=[]))) == {"quotes", "trades"}
    assert "features" not in rows(batch(1, names=FEATURES[:-1]))


def test_low_rate_rows_get_venue_and_provenance() -> None:
    (row,) = rows(batch(3))["gaps"]
    assert (row["venue"], row["shard"], row["offset"], row["start_time"]) == ("binance-usdm", SHARD, 3, None)


def test_pairs_become_a_map() -> None:
    item = Batch(SHARD, 1, batch(1).receive_times).with_table("signals", signals(START))
    made = dict(rows_of([part_of(item)]))["signals"]
    assert made.column("evidence").to_pylist() == [[("imbalance", 0.25), ("ofi_10", -1.0)], []]


def test_pairs_of_a_sliced_frame_become_their_own_map() -> None:
    item = Batch(SHARD, 1, batch(1).receive_times).with_table("signals", pl.concat([signals(START)] * 3).slice(3, 3))
    made = dict(rows_of([part_of(item)]))["signals"]
    assert made.column("evidence").to_pylist() == [[], [("imbalance", 0.25), ("ofi_10", -1.0)], []]


def test_rows_of_the_trading_flow_keep_their_own_venue_and_offset() -> None:
    target = pl.DataFrame(
        {"account": ["paper"], "venue": ["simulated"], "instrument": ["BTCUSDT"], "time": [START],
         "receive_time": [START], "notional": [5.0], "reason": ["x"], "offset": [9]}
    )  # fmt: skip
    (row,) = rows(Decisions("trading/0", 9, START, (), {"targets": target}))["targets"]
    assert (row["venue"], row["offset"]) == ("simulated", 9)
    assert "shard" not in row


def test_tables_that_the_store_has_not_are_left_to_others() -> None:
    item = batch(1).with_table("control", pl.DataFrame({"instrument": ["BTCUSDT"]}))
    assert "control" not in rows(item)


def test_an_empty_batch_gives_nothing() -> None:
    assert part_of(batch(1, last=True)).empty
    assert rows(batch(1, last=True)) == {}
