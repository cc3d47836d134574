"""Statements are taken apart as ClickHouse would: data begins where it says; texts and comments hold no words."""

import pytest

from sinks.clickhouse.statement import parse

INSERTS = {
    b"INSERT INTO t FORMAT CSV\n1,2": (b"1,2", "CSV"),
    b"INSERT INTO t FORMAT CSV\r\n1,2": (b"1,2", "CSV"),
    b"INSERT INTO t FORMAT CSV 1,2": (b"1,2", "CSV"),
    b"INSERT INTO t FORMAT TSV\n\n\t": (b"\n\t", "TSV"),
    b"insert into t(a,`format csv`) values (1)": (b" (1)", "Values"),
    b"INSERT INTO t /* FORMAT TSV */ FORMAT Native\n\x00\xff": (b"\x00\xff", "Native"),
    b"INSERT INTO t SETTINGS a='FORMAT x', b=1 FORMAT Arrow\nARROW1": (b"ARROW1", "Arrow"),
    b"INSERT INTO values VALUES (1)": (b" (1)", "Values"),
    b"INSERT INTO d.values FORMAT CSV\n1": (b"1", "CSV"),
    b"INSERT INTO FUNCTION file('x', 'CSV') FORMAT TSV\n1": (b"1", "TSV"),
    b"INSERT INTO t": (b"", None),
}


@pytest.mark.parametrize("text", INSERTS)
def test_insert_data_begins_where_clickhouse_says(text: bytes) -> None:
    data, form = INSERTS[text]
    statement = parse(text)
    assert statement.data_start is not None
    assert (text[statement.data_start :], statement.format) == (data, form)
    assert "FORMAT" not in statement.text.upper().replace("'FORMAT X'", "").replace("`FORMAT CSV`", "").replace(
        "/* FORMAT", ""
    )


@pytest.mark.parametrize(
    "text", [b"INSERT INTO t SELECT 1", b"INSERT INTO t (a) WITH 1 AS x SELECT x", b"INSERT INTO t (SELECT 1)"]
)
def test_an_insert_of_a_query_takes_no_data(text: bytes) -> None:
    statement = parse(text)
    assert (statement.verb, statement.data_start) == ("INSERT", None)


@pytest.mark.parametrize(
    ("text", "verb", "form"),
    [
        (b"select 1", "SELECT", None),
        (b" -- c\n/* x */ ( select 1 ) format JSON ;", "SELECT", "JSON"),
        (b"SELECT 'FORMAT CSV'", "SELECT", None),
        (b"SELECT format('{}', 1)", "SELECT", None),
        (b"SELECT 1 FORMAT CSV SETTINGS max_threads = 1", "SELECT", "CSV"),
        (b'SELECT 1 AS "a FORMAT TSV" # FORMAT JSON\n', "SELECT", None),
        (b"SELECT (SELECT 1) FORMAT Native", "SELECT", "Native"),
        (b"", "", None),
        (b"-- only a comment", "", None),
        (b";;", "", None),
    ],
)
def test_verb_and_format_are_found(text: bytes, verb: str, form: str | None) -> None:
    statement = parse(text)
    assert (statement.verb, statement.format) == (verb, form)


@pytest.mark.parametrize(
    ("text", "ends"),
    [(b"SELECT 1;", 0), (b"SELECT 1; ; ", 0), (b"SELECT ';'", 0), (b"SELECT 1; SELECT 2", 1), (b"A; B; C;", 2)],
)
def test_only_semicolons_before_the_end_count(text: bytes, ends: int) -> None:
    assert parse(text).ends == ends


def test_an_unfinished_text_or_comment_does_not_hang_or_raise() -> None:
    for text in (b"SELECT '", b"SELECT /* ", b'SELECT "', b"SELECT `", b"INSERT INTO t VALUES ('", b"SELECT \\"):
        parse(text)
