"""Migrations are applied once, add columns, and refuse every other difference between store and files."""

import pytest
from clickhouse_connect.driver.client import Client
from store_process import StoreProcess

from market.errors import StoreError
from sinks.clickhouse import migrate as module
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rollups import TOUCHED, derived, families
from sinks.clickhouse.schema import Table, sql_files, tables


@pytest.fixture
def fresh(store: StoreProcess) -> Client:
    store.text("drop database if exists migrating sync")
    return connect(store.dsn.replace("barograph", "migrating"))


def test_all_tables_and_views_are_made_once(fresh: Client) -> None:
    assert set(migrate(fresh)) == {*tables(), *derived()} - {TOUCHED}
    assert migrate(fresh) == []
    rows = fresh.query("select version, name, checksum from migrations order by version").result_rows
    assert rows == [(table.version, table.name, table.checksum) for table in tables().values()]
    made = {name for (name,) in fresh.query("show tables").result_rows}
    notes = {f"{TOUCHED}_{name}" for name in families()}
    assert made == {*tables(), *derived(), *notes, *sql_files("views"), "migrations"}
    assert fresh.command("select engine from system.databases where name = 'migrating'") == "Atomic"


def outgrown(monkeypatch: pytest.MonkeyPatch, before: str, after: str, **columns: str) -> None:
    """Have the file of table marks say something else."""
    marks = tables()["marks"]
    assert before in marks.statement
    changed = marks._replace(statement=marks.statement.replace(before, after, 1), columns={**marks.columns, **columns})
    monkeypatch.setattr(module, "tables", lambda: {**tables(), "marks": changed})


def test_a_column_that_a_file_has_gained_is_added_and_rows_stay(fresh: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(fresh)
    fresh.command("insert into marks (instrument, mark_price) values ('BTCUSDT', 1.5)")
    frame = "    frame Int32"
    outgrown(monkeypatch, frame, f"    basis Float64 comment 'mark less index',\n{frame}", basis="Float64")
    assert migrate(fresh) == ["marks"]
    assert migrate(fresh) == []
    assert fresh.query("select instrument, mark_price, basis from marks").result_rows == [("BTCUSDT", 1.5, 0.0)]


def test_an_index_that_a_file_has_gained_is_added_and_holds_for_the_rows_that_are_there(
    fresh: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "select table, name from system.data_skipping_indices where database = 'migrating' order by table"
    migrate(fresh)
    assert fresh.query(asked).result_rows == [
        ("fills", "of_order"),
        ("orders", "of_order"),
        ("risk_events", "of_order"),
    ]
    fresh.command("insert into marks (instrument, mark_price) select 'BTCUSDT', number from numbers(100000)")
    outgrown(monkeypatch, "\n)\nengine", ",\n    index near mark_price type minmax granularity 1\n)\nengine")
    assert migrate(fresh) == ["marks"]
    assert migrate(fresh) == []
    assert ("marks", "near") in fresh.query(asked).result_rows
    fresh.command("alter table marks materialize index near settings mutations_sync = 1")  # wait for the one under way
    plan = fresh.query("explain indexes = 1 select * from marks where mark_price = 5").result_rows
    assert any("near" in line for (line,) in plan)


def test_a_view_of_every_column_has_the_columns_that_its_table_gained(
    fresh: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = "create or replace view every_mark as\nselect * from marks\n"
    monkeypatch.setattr(module, "sql_files", lambda folder: {**sql_files(folder), "every_mark": every})
    migrate(fresh)
    frame = "    frame Int32"
    outgrown(monkeypatch, frame, f"    basis Float64 comment 'mark less index',\n{frame}", basis="Float64")
    migrate(fresh)
    assert fresh.query("select basis from every_mark").row_count == 0


def test_changed_codecs_and_comments_are_those_of_the_table_from_then_on(
    fresh: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(fresh)
    fresh.command("insert into marks (instrument, mark_price) values ('BTCUSDT', 1.5)")
    outgrown(
        monkeypatch,
        "    mark_price Float64 codec(ZSTD(1)) comment '",
        "    mark_price Float64 codec(LZ4) comment 'indeed: ",
    )
    assert migrate(fresh) == ["marks"]
    assert migrate(fresh) == []
    asked = "select compression_codec, comment from system.columns where database = 'migrating' and table = 'marks'"
    codec, comment = fresh.query(f"{asked} and name = 'mark_price'").first_row
    assert codec == "CODEC(LZ4)"
    assert comment.startswith("indeed: ")
    assert fresh.command("select mark_price from marks") == "1.5"
    others = fresh.query(f"{asked} and name != 'mark_price'").result_rows
    fresh.command("drop table marks sync")
    monkeypatch.undo()
    fresh.command(tables()["marks"].statement)
    assert fresh.query(f"{asked} and name != 'mark_price'").result_rows == others


@pytest.mark.parametrize(
    ("before", "after", "columns"),
    [
        ("    mark_price Float64", "    mark_price Float32", {"mark_price": "Float32"}),
        ("order by (venue, ", "order by (", {}),
        ("partition by toYYYYMMDD", "partition by toYYYYMM", {}),
    ],
)
def test_any_other_change_of_a_table_is_refused(
    fresh: Client, monkeypatch: pytest.MonkeyPatch, before: str, after: str, columns: dict[str, str]
) -> None:
    migrate(fresh)
    outgrown(monkeypatch, before, after, **columns)
    with pytest.raises(StoreError, match=r"table marks of the store differs from 004_marks\.sql"):
        migrate(fresh)


def test_a_new_schema_file_is_applied(fresh: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(fresh)
    added = Table(900, "extra", "create table extra (a Int8) engine = MergeTree order by a", {"a": "Int8"})
    monkeypatch.setattr(module, "tables", lambda: {**tables(), "extra": added})
    assert migrate(fresh) == ["extra"]


def test_a_changed_view_is_written_anew(fresh: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(fresh)
    changed = "create or replace view open_gaps as\nselect 'changed' as word\n"
    monkeypatch.setattr(module, "sql_files", lambda folder: {**sql_files(folder), "open_gaps": changed})
    migrate(fresh)
    assert fresh.command("select word from open_gaps") == "changed"


def test_a_store_of_a_newer_version_is_refused(fresh: Client) -> None:
    migrate(fresh)
    fresh.command("insert into migrations (version, name, checksum) values (999, 'future', 'x')")
    with pytest.raises(StoreError, match="upgrade"):
        migrate(fresh)


def test_processes_may_migrate_at_once(store: StoreProcess) -> None:
    from concurrent.futures import ThreadPoolExecutor

    store.text("drop database if exists migrating sync")
    clients = [connect(store.dsn.replace("barograph", "migrating")) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(migrate, clients))
    assert clients[0].command("select count(), uniqExact(version) from migrations final") == [str(len(tables()))] * 2


def test_the_columns_read_from_the_files_are_those_of_the_tables(client: Client) -> None:
    rows = client.query(
        "select table, name, type from system.columns where database = 'barograph' order by table, position"
    )
    found: dict[str, dict[str, str]] = {}
    for table, name, kind in rows.result_rows:
        found.setdefault(table, {})[name] = kind
    assert {name: found[name] for name in tables()} == {name: table.columns for name, table in tables().items()}


def test_an_unreachable_store_is_one_sentence() -> None:
    with pytest.raises(StoreError, match=r"no store answers at http://default:…@127.0.0.1:9/barograph") as caught:
        connect("http://default:hunter2@127.0.0.1:9/barograph")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("dsn", ["", "clickhouse://h", "h:8123", "http://"])
def test_what_is_no_dsn_is_told_so(dsn: str) -> None:
    with pytest.raises(StoreError, match="write it as"):
        connect(dsn)


def test_a_wrong_user_is_told_so(store: StoreProcess) -> None:
    with pytest.raises(StoreError, match="refuses this user or password"):
        connect(store.dsn.replace("default@", "default:wrong@"))
