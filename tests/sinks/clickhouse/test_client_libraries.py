"""clickhouse-connect works unchanged; the Native revision that Grafana's client reads differs only by what it adds."""

import datetime as dt
from collections.abc import Iterator

import clickhouse_connect
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from store_process import StoreProcess

from sinks.clickhouse.native import BLOCK_INFO

NOW = dt.datetime(2026, 11, 22, 10, 0, 0, 123456, dt.UTC)
TYPES = [
    "toUInt8(number)",
    "'x'",
    "repeat('long', number * 100)",
    "toNullable(number)",
    "[number, 2]",
    "CAST([], 'Array(String)')",
    "map('a', number)",
    "toLowCardinality(toString(number % 3))",
    "CAST(if(number % 2 = 0, NULL, 'z'), 'LowCardinality(Nullable(String))')",
    "[toLowCardinality('a'), 'b']",
    "CAST((1, 'a'), 'Tuple(a UInt8, `b c` String)')",
    "toDecimal64(1.5, 3)",
    "toDecimal128(1, 30)",
    "toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')",
    "now64(9, 'UTC')",
    "toFixedString('ab', 3)",
    "CAST('a', 'Enum8(''a'' = 1, ''b,('' = 2)')",
    "toIPv6('::1')",
    "tuple()",
    "NULL",
    "[[1], [2, 3]]",
    "CAST([(1, 'a')], 'Nested(a UInt8, b String)')",
    "toInt256(1)",
    "true",
    "CAST(map(), 'Map(String, LowCardinality(String))')",
    "CAST(('a', ['b']), 'Tuple(LowCardinality(String), Array(LowCardinality(String)))')",
    "toIntervalDay(1)",
    "CAST((1., 2.), 'Point')",
]


@pytest.fixture(scope="module")
def plain(store: StoreProcess) -> Iterator[Client]:
    """As anybody would make it."""
    client = clickhouse_connect.get_client(host="127.0.0.1", port=store.port)
    yield client
    client.close()


def test_it_learns_version_time_zone_and_settings(plain: Client) -> None:
    assert plain.server_version.startswith("26.")
    assert str(plain.server_tz) == "UTC"
    assert len(plain.server_settings) > 500


def test_rows_of_many_types_come_back(plain: Client) -> None:
    query = (
        "SELECT 1 a, 'x' b, toDateTime64('2026-11-22 10:00:00.123456', 9, 'UTC') c, [1, 2] d, map('k', 1.5) e, NULL f"
    )
    assert plain.query(query).result_rows == [(1, "x", NOW.replace(tzinfo=None), [1, 2], {"k": 1.5}, None)]


def test_commands_answer(plain: Client) -> None:
    assert plain.command("SELECT 40 + 2") == 42
    assert plain.ping()


def test_inserted_rows_come_back(plain: Client, table: str) -> None:
    plain.insert(table, [[1, "x"], [2, "y"]], column_names=["a", "s"])
    plain.insert_df(table, pd.DataFrame({"a": [3], "s": ["df"]}))
    plain.insert_arrow(table, pa.table({"a": pa.array([4], pa.uint64()), "s": ["arrow"]}))
    plain.insert_df_arrow(table, pl.DataFrame({"a": [5], "s": ["polars"]}, schema={"a": pl.UInt64, "s": pl.String}))
    assert plain.raw_insert(table, ["a", "s"], b"6,raw\n", fmt="CSV").written_rows == 1
    rows = plain.query(f"SELECT a, s FROM {table} ORDER BY a").result_rows
    assert rows == [(1, "x"), (2, "y"), (3, "df"), (4, "arrow"), (5, "polars"), (6, "raw")]


@pytest.mark.parametrize("compress", [True, False, "gzip", "zstd", "lz4"])
def test_every_compression_of_it_works(store: StoreProcess, table: str, compress: bool | str) -> None:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=store.port, compress=compress)
    rows = [[number, f"row {number}"] for number in range(20_000)]
    client.insert(table, rows, column_names=["a", "s"])
    assert client.query(f"SELECT a, s FROM {table} ORDER BY a").result_rows == [tuple(row) for row in rows]
    client.close()


def test_frames_come_back(plain: Client) -> None:
    query = "SELECT number, toString(number) AS s FROM numbers(3)"
    expected = {"number": [0, 1, 2], "s": ["0", "1", "2"]}
    assert plain.query_df(query).to_dict("list") == expected
    assert plain.query_arrow(query).to_pydict() == expected


def test_long_results_stream(plain: Client) -> None:
    with plain.query_row_block_stream("SELECT number FROM numbers(300000)") as stream:
        assert sum(len(block) for block in stream) == 300_000
    with plain.query_arrow_stream("SELECT number FROM numbers(300000)") as stream:
        assert sum(batch.num_rows for batch in stream) == 300_000


def test_a_stream_that_fails_raises_what_clickhouse_said(plain: Client) -> None:
    query = "SELECT throwIf(number = 2900000) FROM numbers(3000000)"
    with (
        pytest.raises(StreamFailureError, match="Code: 395"),
        plain.query_row_block_stream(query, settings={"max_threads": 1}) as stream,
    ):
        list(stream)


def test_parameters_are_bound(plain: Client) -> None:
    parameters = {"a": [1, 2], "s": "it's\\ \t x", "d": dt.date(2020, 1, 1)}
    rows = plain.query("SELECT {a:Array(UInt32)}, {s:String}, {d:Date}", parameters=parameters).result_rows
    assert rows == [([1, 2], "it's\\ \t x", dt.date(2020, 1, 1))]


def test_parameters_too_long_for_a_url_are_bound(plain: Client) -> None:
    numbers = list(range(30_000))
    assert plain.query("SELECT length({a:Array(UInt64)})", parameters={"a": numbers}).result_rows == [(30_000,)]


def test_settings_reach_the_query(plain: Client) -> None:
    assert plain.command("SELECT getSetting('max_threads')", settings={"max_threads": 2}) == 2


def test_errors_carry_their_code(plain: Client) -> None:
    with pytest.raises(DatabaseError) as caught:
        plain.query("SELECT * FROM no_table")
    assert caught.value.code == 60


def test_many_threads_share_a_client(client: Client, table: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def work(number: int) -> int:
        client.insert(table, [[number, "x"]], column_names=["a", "s"], database="scratch")
        return int(client.command(f"SELECT {number}"))

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(work, range(60))) == list(range(60))
    assert client.command(f"SELECT sum(a) FROM {table}") == sum(range(60))


def test_the_reader_works_with_it(store: StoreProcess) -> None:
    reader = clickhouse_connect.get_client(host="127.0.0.1", port=store.port, username="reader", database="barograph")
    assert reader.query("SELECT count() FROM quotes").result_rows == [(0,)]
    with pytest.raises(DatabaseError) as caught:
        reader.command("DROP TABLE quotes")
    assert caught.value.code == 164
    reader.close()


def native(store: StoreProcess, query: str, version: int) -> bytes:
    answer = store.ask(
        body=query.encode(), default_format="Native", client_protocol_version=version, database="barograph"
    )
    assert answer.status == 200, answer.data
    return bytes(answer.data)


@pytest.mark.parametrize("expression", TYPES)
def test_the_wire_revision_adds_block_info_and_flags(store: StoreProcess, expression: str) -> None:
    query = f"SELECT {expression} AS c, 7 AS after FROM numbers(5)"
    old, new = native(store, query, 0), native(store, query, 54460)
    assert new.startswith(BLOCK_INFO)
    rest = new[len(BLOCK_INFO) :]
    assert len(rest) == len(old) + 2  # one flag per column
    tail = b"\x05after\x05UInt8"
    assert rest.endswith(tail + b"\x00" + old[old.rindex(tail) + len(tail) :])
    after_type = next(at for at in range(len(old)) if rest[at] != old[at] or rest[at:] == b"")
    assert rest[after_type] == 0 or rest[:after_type] == old[:after_type]


def test_every_block_of_a_long_result_has_its_info(store: StoreProcess) -> None:
    query = "SELECT number, toString(number) AS s FROM numbers(200000)"
    old, new = native(store, query, 0), native(store, query, 54460)
    blocks = new.count(BLOCK_INFO + b"\x02")
    assert blocks > 1
    assert len(new) == len(old) + blocks * (len(BLOCK_INFO) + 2)


def test_what_grafana_asks_first_is_answered(store: StoreProcess) -> None:
    assert len(native(store, "SELECT displayName(), version(), revision(), timezone()", 54460)) > 20
    native(store, "SELECT name FROM system.databases", 54460)
    native(store, "SELECT name, type, comment FROM system.columns WHERE database = 'barograph'", 54460)
    native(store, "SELECT name, engine FROM system.tables WHERE database = 'barograph'", 54460)


def test_a_type_without_known_size_is_refused_not_garbled(store: StoreProcess) -> None:
    answer = store.ask(
        "SELECT sumState(1)", default_format="Native", client_protocol_version=54460, wait_end_of_query=1
    )
    assert answer.headers["X-ClickHouse-Exception-Code"] == "48"
