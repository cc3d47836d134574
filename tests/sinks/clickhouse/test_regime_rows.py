"""Rows of regimes, changes and forecasts as an operator makes them are rows of their tables, to the last column."""

from typing import Any

import polars as pl
import pytest
from clickhouse_connect.driver.client import Client
from flow_items import SHARD, START, batch

from market.batch import Batch
from market.regimes import STATES, UNKNOWN, VIEWS
from operators.regimes.tables import REGIME, REGIME_CHANGE, REGIME_FORECAST
from sinks.clickhouse.schema import tables
from sinks.clickhouse.sink import Inserter
from sinks.clickhouse.tables import part_of, rows_of

SCHEMAS = {"regimes": REGIME, "regime_changes": REGIME_CHANGE, "regime_forecasts": REGIME_FORECAST}
EVIDENCE = [{"key": "weight_garch", "value": 0.75}, {"key": "not_known", "value": float("nan")}]


def made(schema: dict[str, Any], **known: Any) -> pl.DataFrame:
    """One row: what is known, and 0.25, "x", 7 or the evidence where nothing is said."""
    plain = {pl.String: "x", pl.Int64: START, pl.Int32: 7, pl.Float64: 0.25}
    return pl.DataFrame({name: [known.get(name, plain.get(kind, EVIDENCE))] for name, kind in schema.items()}, schema)


def table_rows(name: str, frame: pl.DataFrame) -> Any:
    item = Batch(SHARD, 1, batch(1).receive_times).with_table(name, frame)
    return dict(rows_of([part_of(item)]))[name]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_row_has_every_column_of_its_table_in_the_order_of_the_table(name: str) -> None:
    given = {"venue", "shard", "offset"}
    assert [column for column in tables()[name].columns if column not in given] == list(SCHEMAS[name])
    assert set(table_rows(name, made(SCHEMAS[name])).column_names) == set(tables()[name].columns)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_row_comes_back_from_the_store_as_it_was_written(client: Client, store: Any, name: str) -> None:
    columns = list(SCHEMAS[name])
    Inserter(store.dsn)(name, table_rows(name, made(SCHEMAS[name], regime="calm/bull/trending")), f"{name}|made")
    (found,) = client.query(f"select * from {name}").named_results()
    client.command(f"truncate table {name}")
    assert found["time"].timestamp() == START / 1e9
    assert (found["shard"], found["offset"], found["frame"]) == (SHARD, 1, 7)
    assert {found[column] for column, kind in SCHEMAS[name].items() if kind == pl.Float64} == {0.25}
    if "evidence" in columns:
        assert found["evidence"]["weight_garch"] == 0.75
        assert set(found["evidence"]) == {"weight_garch", "not_known"}


def test_states_are_named_once_and_nothing_is_called_unknown() -> None:
    assert len(set(STATES)) == sum(map(len, VIEWS.values())) == 9
    assert UNKNOWN not in STATES
