"""What a ClickHouse server answers, the store answers: statements, bodies, formats, encodings, exceptions."""

import gzip
import json
import zlib
from typing import Any

import lz4.frame
import pytest
import zstandard
from store_process import StoreProcess

ENCODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.compress,
}
DECODERS = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "lz4": lz4.frame.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def test_a_get_with_a_query_parameter_answers(store: StoreProcess) -> None:
    answer = store.ask("SELECT 1", method="GET")
    assert (answer.status, answer.data) == (200, b"1\n")
    assert answer.headers["Content-Type"].startswith("text/tab-separated-values")


@pytest.mark.parametrize("path", ["/", "/ping", "/replicas_status"])
def test_a_store_that_lives_says_ok(store: StoreProcess, path: str) -> None:
    answer = store.pool.request("GET", f"http://127.0.0.1:{store.port}{path}")
    assert (answer.status, answer.data) == (200, b"Ok.\n")


def test_other_pages_do_not_exist(store: StoreProcess) -> None:
    assert store.pool.request("GET", f"http://127.0.0.1:{store.port}/dashboard?query=SELECT+1").status == 404


def test_the_statement_may_be_the_body(store: StoreProcess) -> None:
    assert store.ask(body=b"SELECT 'body'").data == b"body\n"


def test_parameter_and_body_are_one_statement(store: StoreProcess) -> None:
    assert store.ask("SELECT", body=b"2 + 3").data == b"5\n"


@pytest.mark.parametrize(
    ("statement", "data"),
    [
        ("INSERT INTO scratch.t FORMAT CSV", b'1,"x"\n2,"y"\n'),
        ("INSERT INTO scratch.t (s, a) FORMAT TSV", b"x\t1\ny\t2\n"),
        ("INSERT INTO scratch.t VALUES", b"(1, 'x'), (2, 'y')"),
        ("insert into scratch.t format JSONEachRow", b'{"a":1,"s":"x"}\n{"a":2,"s":"y"}'),
        ("INSERT INTO `scratch`.`t` -- FORMAT TSV\nFORMAT CSV", b"1,x\n2,y\n"),
        ("INSERT INTO scratch.t SETTINGS async_insert=0 FORMAT CSV", b"1,x\n2,y\n"),
    ],
)
@pytest.mark.parametrize("place", ["parameter", "body"])
def test_insert_data_follows_its_statement(
    store: StoreProcess, table: str, statement: str, data: bytes, place: str
) -> None:
    if place == "parameter":
        answer = store.ask(statement, body=data)
    else:
        answer = store.ask(body=statement.encode() + b"\n" + data)
    assert answer.status == 200, answer.data
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "2"
    assert store.text("SELECT a, s FROM scratch.t ORDER BY a") == "1\tx\n2\ty\n"


def test_insert_select_writes(store: StoreProcess, table: str) -> None:
    store.text("INSERT INTO scratch.t SELECT number, 'n' FROM numbers(3)")
    assert store.text("SELECT sum(a) FROM scratch.t") == "3\n"


def test_bad_insert_data_writes_nothing(store: StoreProcess, table: str) -> None:
    answer = store.ask("INSERT INTO scratch.t FORMAT TSV", body=b"1\tx\nrubbish\ty\n")
    assert answer.status == 400
    assert answer.headers["X-ClickHouse-Exception-Code"] == "27"
    assert store.text("SELECT count() FROM scratch.t") == "0\n"


@pytest.mark.parametrize("encoding", ENCODERS)
def test_a_request_body_may_be_compressed(store: StoreProcess, table: str, encoding: str) -> None:
    rows = b"".join(b"%d\tline\n" % number for number in range(50_000))
    encode: Any = ENCODERS[encoding]
    halves = encode(rows[: len(rows) // 2]) + (encode(rows[len(rows) // 2 :]) if encoding != "deflate" else b"")
    body = halves if encoding != "deflate" else encode(rows)
    answer = store.ask("INSERT INTO scratch.t FORMAT TSV", body=body, headers={"Content-Encoding": encoding})
    assert answer.status == 200, answer.data
    assert store.text("SELECT count(), sum(a) FROM scratch.t") == "50000\t1249975000\n"


@pytest.mark.parametrize("encoding", ENCODERS)
def test_a_cut_compressed_body_is_refused(store: StoreProcess, table: str, encoding: str) -> None:
    encode: Any = ENCODERS[encoding]
    body = encode(b"1\tx\n" * 1000)[:-6]
    answer = store.ask("INSERT INTO scratch.t FORMAT TSV", body=body, headers={"Content-Encoding": encoding})
    assert answer.status == 400
    assert store.text("SELECT count() FROM scratch.t") == "0\n"


def test_a_chunked_body_is_read_whole(store: StoreProcess, table: str) -> None:
    pieces = (b"%d\tx\n" % number for number in range(5000))
    answer = store.ask("INSERT INTO scratch.t FORMAT TSV", body=pieces, headers={"Transfer-Encoding": "chunked"})
    assert answer.status == 200, answer.data
    assert store.text("SELECT count() FROM scratch.t") == "5000\n"


def test_an_unknown_encoding_is_refused_by_name(store: StoreProcess) -> None:
    answer = store.ask(body=b"SELECT 1", headers={"Content-Encoding": "rot13"})
    assert b"rot13" in answer.data
    assert answer.headers["X-ClickHouse-Exception-Code"] == "89"


@pytest.mark.parametrize("waits", [0, 1])
@pytest.mark.parametrize("encoding", DECODERS)
def test_an_answer_is_compressed_as_asked(store: StoreProcess, encoding: str, waits: int) -> None:
    query = "SELECT number FROM numbers(200000)"
    answer = store.ask(query, headers={"Accept-Encoding": encoding}, wait_end_of_query=waits)
    assert answer.headers["Content-Encoding"] == encoding
    decode: Any = DECODERS[encoding]
    assert decode(answer.data).split() == [b"%d" % number for number in range(200_000)]


def test_compression_can_be_turned_off(store: StoreProcess) -> None:
    answer = store.ask("SELECT 1", headers={"Accept-Encoding": "gzip"}, enable_http_compression=0)
    assert "Content-Encoding" not in answer.headers
    assert answer.data == b"1\n"


def test_typed_parameters_are_bound_not_pasted(store: StoreProcess) -> None:
    answer = store.ask(
        "SELECT {n:UInt8} + 1, {text:String}, {list:Array(String)}, {missing:Nullable(String)}",
        param_n=41, param_text="'; DROP TABLE t --\\n", param_list="['a','b']", param_missing="\\N",
    )  # fmt: skip
    assert answer.data == b"42\t\\'; DROP TABLE t --\\n\t['a','b']\t\\N\n"


def test_identifier_parameters_are_bound(store: StoreProcess, table: str) -> None:
    store.text("INSERT INTO scratch.t VALUES (7, 'x')")
    assert store.text("SELECT a FROM scratch.{name:Identifier}", param_name="t") == "7\n"


def test_a_missing_parameter_is_an_error(store: StoreProcess) -> None:
    assert store.ask("SELECT {n:UInt8}").headers["X-ClickHouse-Exception-Code"] == "456"


def test_parameters_of_a_form_are_bound(store: StoreProcess) -> None:
    answer = store.pool.request(
        "POST", f"http://127.0.0.1:{store.port}/", fields={"query": "SELECT {s:String}", "param_s": "formed"}
    )
    assert answer.data == b"formed\n"


def test_settings_hold_for_one_request(store: StoreProcess) -> None:
    query = "SELECT getSetting('max_threads'), currentDatabase()"
    assert store.text(query, max_threads=3, database="barograph") == "3\tbarograph\n"
    assert not store.text(query).endswith("barograph\n")
    assert not store.text(query).startswith("3\t")


def test_an_unknown_setting_is_clickhouse_s_own_error(store: StoreProcess) -> None:
    answer = store.ask("SELECT 1", no_such_setting=1)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (404, "115")
    assert b"UNKNOWN_SETTING" in answer.data


def test_an_unknown_database_is_an_error(store: StoreProcess) -> None:
    assert store.ask("SELECT 1", database="nowhere").headers["X-ClickHouse-Exception-Code"] == "81"


@pytest.mark.parametrize(
    ("query", "given", "said", "body"),
    [
        ("SELECT 1 AS a", {}, "TabSeparated", b"1\n"),
        ("SELECT 1 AS a", {"default_format": "JSONEachRow"}, "JSONEachRow", b'{"a":1}\n'),
        ("SELECT 1 AS a FORMAT CSV", {"default_format": "JSONEachRow"}, "CSV", b"1\n"),
        ("SELECT 'FORMAT CSV' AS a", {}, "TabSeparated", b"FORMAT CSV\n"),
        ("SELECT 1 AS a FORMAT TSVWithNames", {}, "TSVWithNames", b"a\n1\n"),
    ],
)
def test_the_format_is_the_statement_s_or_the_default(
    store: StoreProcess, query: str, given: dict[str, str], said: str, body: bytes
) -> None:
    answer = store.ask(query, **given)
    assert (answer.headers["X-ClickHouse-Format"], answer.data) == (said, body)


@pytest.mark.parametrize(
    "result_format", ["JSON", "JSONCompact", "CSVWithNames", "Arrow", "Parquet", "ORC", "XML", "Markdown"]
)
def test_a_format_with_head_and_foot_is_one_document(store: StoreProcess, result_format: str) -> None:
    query = f"SELECT number FROM numbers(150000) FORMAT {result_format}"
    whole = store.ask(query, wait_end_of_query=1)
    assert whole.status == 200
    if result_format == "JSON":
        assert json.loads(whole.data)["rows"] == 150_000
    if result_format == "CSVWithNames":
        assert whole.data.count(b"number") == 1


def test_a_long_result_is_streamed_in_order(store: StoreProcess) -> None:
    lines = store.text("SELECT number FROM numbers(1000000)").split()
    assert lines == [str(number) for number in range(1_000_000)]


def test_an_empty_result_has_an_empty_body(store: StoreProcess) -> None:
    assert store.ask("SELECT 1 WHERE 0").data == b""


def test_totals_are_part_of_the_result(store: StoreProcess) -> None:
    query = "SELECT number % 2 AS k, count() FROM numbers(10) GROUP BY k WITH TOTALS ORDER BY k"
    assert store.text(query) == "0\t5\n1\t5\n\n0\t10\n"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("SELECT nothing_like_it", 404, 47),
        ("SELECT * FROM no_table", 404, 60),
        ("SELEC 1", 400, 62),
        ("SELECT 1; SELECT 2", 400, 62),
        ("SELECT toUInt8('x')", 400, 6),
        ("SELECT throwIf(1)", 500, 395),
        ("SELECT sleep(2) SETTINGS max_execution_time = 0.1", 408, 159),
        ("SELECT groupArray(number) FROM numbers(100000000) SETTINGS max_memory_usage = 10000000", 500, 241),
        ("SELECT 1 INTO OUTFILE 'x'", 500, 358),
        ("SELECT 1 FORMAT NoSuchFormat", 404, 73),
    ],
)
def test_exceptions_have_clickhouse_s_code_status_and_text(
    store: StoreProcess, query: str, status: int, code: int
) -> None:
    answer = store.ask(query)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert answer.data.startswith(f"Code: {code}. DB::Exception: ".encode())
    assert answer.data.endswith(b")\n")


def test_an_empty_statement_is_refused(store: StoreProcess) -> None:
    assert store.ask(body=b"  -- nothing\n").headers["X-ClickHouse-Exception-Code"] == "62"


def test_a_trailing_semicolon_is_fine(store: StoreProcess) -> None:
    assert store.text("SELECT ';' ; ") == ";\n"


def test_a_result_that_fails_midway_is_marked_and_cut(store: StoreProcess) -> None:
    from http.client import HTTPConnection, IncompleteRead

    connection = HTTPConnection("127.0.0.1", store.port)
    query = "SELECT throwIf(number = 2900000) FROM numbers(3000000)"
    connection.request("POST", "/?max_threads=1", body=query)
    answer = connection.getresponse()
    tag = answer.headers["X-ClickHouse-Exception-Tag"].encode()
    with pytest.raises(IncompleteRead) as caught:
        answer.read()
    assert b"\r\n__exception__\r\n" + tag + b"\r\nCode: 395." in caught.value.partial
    assert caught.value.partial.endswith(tag + b"\r\n__exception__\r\n")
    connection.close()


def test_a_waited_result_that_fails_has_a_clean_status(store: StoreProcess) -> None:
    answer = store.ask("SELECT throwIf(number = 400000) FROM numbers(1000000)", wait_end_of_query=1)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "395")


def test_the_query_id_is_the_client_s(store: StoreProcess) -> None:
    assert store.ask("SELECT 1", query_id="mine").headers["X-ClickHouse-Query-Id"] == "mine"
    assert len(store.ask("SELECT 1").headers["X-ClickHouse-Query-Id"]) == 36


def test_a_get_may_not_write(store: StoreProcess, table: str) -> None:
    answer = store.ask("INSERT INTO scratch.t VALUES (1, 'x')", method="GET")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"


def test_a_head_has_headers_and_no_body(store: StoreProcess) -> None:
    answer = store.ask("SELECT 1", method="HEAD")
    assert (answer.status, answer.data) == (200, b"")


def test_a_body_in_native_compression_is_refused_clearly(store: StoreProcess) -> None:
    answer = store.ask("SELECT 1", compress=1)
    assert answer.status == 501
    assert b"Accept-Encoding" in answer.data


def test_a_statement_beyond_its_limit_is_refused(store: StoreProcess) -> None:
    assert store.ask(body=b"SELECT '" + b"x" * (1 << 20) + b"'").status == 413


def test_a_token_inserts_once(store: StoreProcess, table: str) -> None:
    for rows in (b"1\tx\n", b"1\tx\n", b"2\tother rows, same token\n"):
        store.ask("INSERT INTO scratch.t FORMAT TSV", body=rows, insert_deduplication_token="t|1")
    assert store.text("SELECT a, s FROM scratch.t") == "1\tx\n"
    store.ask("INSERT INTO scratch.t FORMAT TSV", body=b"1\tx\n", insert_deduplication_token="t|2")
    assert store.text("SELECT count() FROM scratch.t") == "2\n"


def test_clients_do_not_wait_for_each_other(store: StoreProcess) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as clients:
        slow = clients.submit(store.text, "SELECT sleep(1.5)")
        quick = [clients.submit(store.text, f"SELECT {number}") for number in range(40)]
        assert [int(answer.result()) for answer in quick] == list(range(40))
        assert not slow.done()
