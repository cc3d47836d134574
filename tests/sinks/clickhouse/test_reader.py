"""The reader reads, and nothing it can write lifts that: not in a statement, a setting, a parameter or a comment."""

from base64 import b64encode
from pathlib import Path

import pytest
from store_process import StoreProcess

READER = {"X-ClickHouse-User": "reader"}
READONLY, OUTFILE = "164", "358"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count() FROM barograph.quotes",
        "WITH 1 AS one SELECT one",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "SHOW TABLES FROM barograph",
        "DESCRIBE TABLE barograph.quotes",
        "EXPLAIN SELECT 1",
        "EXISTS TABLE barograph.quotes",
        "SELECT name FROM system.columns WHERE database = 'barograph' AND table = 'quotes'",
        "SELECT format('{} {}', 'file(', 'url(')",
        "SELECT 'into outfile', number AS file FROM numbers(2)",
        "SELECT * FROM merge('barograph', 'quotes') LIMIT 1",
    ],
)
def test_a_reader_reads(store: StoreProcess, query: str) -> None:
    assert store.ask(query, headers=READER).status == 200


def test_a_reader_may_send_settings_beside_the_statement(store: StoreProcess) -> None:
    answer = store.ask("SELECT getSetting('max_threads')", headers=READER, max_threads=3, default_format="JSONEachRow")
    assert b":3}" in answer.data or b':"3"}' in answer.data


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO barograph.dead_letters (reason) VALUES ('x')",
        "INSERT INTO FUNCTION file('x.csv', 'CSV', 'a Int8') VALUES (1)",
        "CREATE TABLE barograph.x (a Int8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE x (a Int8)",
        "CREATE VIEW barograph.v AS SELECT 1",
        "DROP TABLE barograph.quotes",
        "TRUNCATE TABLE barograph.quotes",
        "ALTER TABLE barograph.quotes DELETE WHERE 1",
        "OPTIMIZE TABLE barograph.quotes",
        "DELETE FROM barograph.quotes WHERE 1",
        "RENAME TABLE barograph.quotes TO barograph.q",
        "SYSTEM STOP MERGES",
        "KILL QUERY WHERE 1",
        "BACKUP TABLE barograph.quotes TO File('x')",
        "SET readonly = 0",
        "SET max_threads = 1",
        "USE system",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_memory_usage = 0",
        "SELECT * FROM file('{secret}', 'LineAsString')",
        "SELECT * FROM `file`('{secret}', 'LineAsString')",
        "SELECT file('{secret}')",
        "SELECT FILE/* */('{secret}')",
        "SELECT `file`\n-- )\n('{secret}')",
        "SELECT \"file\"('{secret}')",
        "EXPLAIN SELECT file('{secret}')",
        "WITH x AS (SELECT file('{secret}') AS f) SELECT f FROM x",
        "SELECT arrayMap(x -> file(x), ['{secret}'])",
        "SELECT * FROM view(SELECT file('{secret}'))",
        "SELECT * FROM eval('SELECT file(''{secret}'')')",
        "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT file('{secret}')))",
        "DESCRIBE file('{secret}', 'LineAsString')",
        "DESC TABLE file('{secret}', 'LineAsString')",
        "SELECT * FROM fileCluster('default', '{secret}', 'LineAsString')",
        "SELECT * FROM filesystem('{secret}')",
        "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')",
        "SELECT * FROM urlCluster('default', 'http://127.0.0.1:9/', 'LineAsString')",
        "SELECT * FROM s3('http://127.0.0.1:9/bucket/x', 'CSV', 'a Int8')",
        "SELECT * FROM remote('127.0.0.1:9', 'system.one')",
        "SELECT * FROM remoteSecure('127.0.0.1:9', 'system.one')",
        "SELECT * FROM cluster('default', system.one)",
        "SELECT * FROM mysql('127.0.0.1:9', 'a', 'b', 'c', 'd')",
        "SELECT * FROM postgresql('127.0.0.1:9', 'a', 'b', 'c', 'd')",
        "SELECT * FROM sqlite('{secret}', 't')",
        "SELECT * FROM executable('x.sh', 'TSV', 'a String')",
        "SELECT * FROM python('threading')",
        "SELECT * FROM Python(stop)",
        "SELECT * FROM hdfs('hdfs://127.0.0.1:9/x', 'CSV')",
        "SELECT * FROM loop('barograph', 'quotes')",
        "SELECT * FROM fuzzJSON('{}') LIMIT 1",
        "EXECUTE AS default SELECT 1",
    ],
)
def test_a_reader_reaches_nothing_else(store: StoreProcess, query: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret line")
    before = store.text("SELECT count() FROM system.tables WHERE database = 'barograph'")
    for given in (query.replace("{secret}", str(secret)), query.replace("{secret}", str(secret)).lower()):
        answer = store.ask(given, headers=READER)
        assert answer.status >= 400, answer.data
        assert b"the secret line" not in answer.data
    assert store.ask(query.replace("{secret}", str(secret)), headers=READER).headers["X-ClickHouse-Exception-Code"] in (
        READONLY, "62",
    )  # fmt: skip
    assert store.text("SELECT count() FROM system.tables WHERE database = 'barograph'") == before


@pytest.mark.parametrize("query", ["SELECT 1 INTO OUTFILE '{path}'", "select 1 into/**/outfile '{path}' format CSV"])
@pytest.mark.parametrize("user", ["reader", "default"])
def test_nobody_writes_a_file_by_into_outfile(store: StoreProcess, query: str, user: str, tmp_path: Path) -> None:
    path = tmp_path / "written"
    answer = store.ask(query.replace("{path}", str(path)), headers={"X-ClickHouse-User": user})
    assert answer.headers["X-ClickHouse-Exception-Code"] == OUTFILE
    assert not path.exists()


def test_several_statements_are_refused(store: StoreProcess) -> None:
    answer = store.ask("SELECT 1; SET readonly = 0; DROP TABLE barograph.quotes", headers=READER)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "62"


@pytest.mark.parametrize("setting", ["readonly", "allow_ddl"])
def test_a_setting_cannot_lift_it(store: StoreProcess, setting: str) -> None:
    value = {"readonly": 0, "allow_ddl": 1}[setting]
    answer = store.ask("CREATE TABLE barograph.x (a Int8) ENGINE = Memory", headers=READER, **{setting: value})
    assert answer.headers["X-ClickHouse-Exception-Code"] == READONLY
    assert store.ask("SELECT getSetting('readonly')", headers=READER, **{setting: value}).data == b"1\n"


@pytest.mark.parametrize("setting", ["max_memory_usage", "max_execution_time"])
def test_a_reader_cannot_raise_its_limits(store: StoreProcess, setting: str) -> None:
    query = f"SELECT toFloat64(getSetting('{setting}'))"
    own = float(store.ask(query, headers=READER).data)
    assert own > 0
    for value in (0, 10**15):
        assert float(store.ask(query, headers=READER, **{setting: value}).data) == own
    assert float(store.ask(query, headers=READER, **{setting: 7}).data) == 7


def test_a_parameter_cannot_become_a_statement(store: StoreProcess) -> None:
    answer = store.ask("SELECT {a:String}", headers=READER, param_a="x'; SET readonly = 0; SELECT '")
    assert answer.data == b"x\\'; SET readonly = 0; SELECT \\'\n"
    assert store.ask("SELECT getSetting('readonly')", headers=READER, **{"param_a`='x', readonly": "0"}).data != b"0\n"


@pytest.mark.parametrize(
    ("headers", "parameters"),
    [
        ({"X-ClickHouse-User": "root"}, {}),
        ({"X-ClickHouse-User": "default", "X-ClickHouse-Key": "wrong"}, {}),
        ({"Authorization": "Basic " + b64encode(b"default:wrong").decode()}, {}),
        ({"Authorization": "Basic ???"}, {}),
        ({"Authorization": "Bearer token"}, {}),
        ({}, {"user": "nobody"}),
        ({}, {"user": "default", "password": "wrong"}),
    ],
)
def test_wrong_credentials_are_refused(
    store: StoreProcess, headers: dict[str, str], parameters: dict[str, str]
) -> None:
    answer = store.ask("SELECT 1", headers=headers, **parameters)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")


@pytest.mark.parametrize("headers", [READER, {"Authorization": "Basic " + b64encode(b"reader:").decode()}])
def test_a_user_is_known_by_header(store: StoreProcess, headers: dict[str, str]) -> None:
    assert store.ask("SELECT getSetting('readonly')", headers=headers).data == b"1\n"


def test_a_user_is_known_by_parameter(store: StoreProcess) -> None:
    assert store.ask("SELECT getSetting('readonly')", user="reader").data == b"1\n"


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example:8123"}]
)
def test_a_web_page_of_somebody_else_is_refused(store: StoreProcess, headers: dict[str, str]) -> None:
    assert store.ask("SELECT 1", headers=headers).status == 403
