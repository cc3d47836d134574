"""History page by page: every row once, whatever is written meanwhile, in three forms that say the same."""

import io
import json
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs
import polars as pl
import pytest
from fastapi import HTTPException

from gateway import limits
from gateway.app import app
from gateway.history.pages import VALUES
from gateway.history.resources import RESOURCES
from gateway.keys import Keys
from gateway.rows import time_ns
from gateway.sending import Slots
from market.clock import ManualClock
from sinks.clickhouse.client import connect
from tests.gateway.client import Client
from tests.gateway.small_market import DECIDED, NOW_NS, START_NS

SECOND_NS = 1_000_000_000
DAY_BEFORE_NS = START_NS - 86_400 * SECOND_NS
ROWS = 120
COLUMNS = ["venue", "instrument", "receive_time", "trade_id", "price", "kind", "shard", "offset", "frame"]
COMMITS = ["shard", "receive_time", "previous_offset", "first_offset", "last_offset"]


def trade(number: int) -> list:
    """Four rows share a time, two a time and a shard."""
    shard, time = f"walk/{number % 2}", DAY_BEFORE_NS + number // 4 * 7 * SECOND_NS + 1
    return [
        "walk",
        "BTCUSDT",
        time,
        number,
        float("nan") if number % 5 == 0 else 1.5,
        "trade",
        shard,
        number,
        number % 3,
    ]


ORDER = {
    "account": "a", "venue": "walk", "instrument": "BTCUSDT", "time": DAY_BEFORE_NS, "receive_time": DAY_BEFORE_NS,
    "client_order_id": "one", "side": 1, "state": "submitted", "checks": {"gross": 1.0}, "offset": 3, "row": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def client(store_dsn):
    """The tables with rows of a day before: written twice, and more than is committed."""
    client = connect(store_dsn)
    for token in ("once", "again"):
        rows = [trade(number) for number in range(ROWS + 10)]
        client.insert("trades", rows, column_names=COLUMNS, settings={"insert_deduplication_token": token})
    commits = [[f"walk/{shard}", DAY_BEFORE_NS + 9, 0, 0, ROWS - 1] for shard in (0, 1)]
    client.insert("commits", [*commits, ["trading/0", DAY_BEFORE_NS, 0, 0, 3]], column_names=COMMITS)
    orders = [ORDER, {**ORDER, "client_order_id": "not yet there", "offset": 4}]
    client.insert("orders", [list(order.values()) for order in orders], column_names=list(ORDER))
    yield client
    client.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("history")


@pytest.fixture(scope="module")
def api(client, store_dsn, data):
    return Client(app(dsn=store_dsn, data=data, clock=ManualClock(NOW_NS)))


WALK = "/api/v1/trades?venue=walk&instrument=BTCUSDT&since=2023-11-13"


def get(api, url, status=200, **options):
    answer = api.get(url, **options)
    assert answer.status_code == status, answer.text
    return answer


def read(answer) -> list[dict]:
    kind = answer.headers["content-type"]
    if kind == "application/json":
        return answer.json()
    frame = pl.read_parquet(io.BytesIO(answer.content)) if "parquet" in kind else pl.read_ipc_stream(answer.content)
    return frame.to_dicts()


def walk(api, url, between=lambda: None) -> list[list[dict]]:
    pages = []
    while url:
        answer = get(api, url)
        pages.append(read(answer))
        link = answer.headers.get("link")
        url = link[1 : link.index(">")] if link else None
        assert len(pages) < 300
        between()
    return pages


@pytest.mark.parametrize("form", ["json", "arrow", "parquet"])
@pytest.mark.parametrize(("order", "limit"), [("newest", 7), ("oldest", 13), ("newest", 1000)])
def test_a_walk_tells_every_row_once_and_in_order(api, form, order, limit):
    pages = walk(api, f"{WALK}&order={order}&limit={limit}&format={form}")
    expected = sorted(range(ROWS), key=lambda n: (n // 4, n), reverse=order == "newest")
    assert [row["trade_id"] for page in pages for row in page] == expected
    assert sum(len(page) == limit for page in pages) >= ROWS // limit - 2


def test_a_walk_does_not_see_what_is_written_while_it_goes_on(api, client, data, store_dsn):
    late = iter(range(1, 100))

    def write():
        number = next(late)
        row = ["walk", "BTCUSDT", DAY_BEFORE_NS + number, 10_000 + number, 9.0, "trade", "walk/0", 200 + number, 0]
        client.insert("trades", [row], column_names=COLUMNS)
        commit = ["walk/0", DAY_BEFORE_NS + 10 + number, ROWS, ROWS, 200 + number]
        client.insert("commits", [commit], column_names=COMMITS)

    fresh = Client(app(dsn=store_dsn, data=data, clock=ManualClock(NOW_NS)))
    try:
        seen = [row["trade_id"] for page in walk(fresh, f"{WALK}&order=oldest&limit=40", write) for row in page]
        assert seen == list(range(ROWS))
        now = Client(app(dsn=store_dsn, data=data, clock=ManualClock(NOW_NS)))
        told = {row["trade_id"] for page in walk(now, f"{WALK}&limit=1000") for row in page}
        assert told >= {10_001, *range(ROWS), *range(ROWS, ROWS + 10, 2)}
        assert told.isdisjoint(range(ROWS + 1, ROWS + 10, 2)), "nobody committed these of the other shard"
    finally:
        client.command("alter table trades delete where trade_id >= 10000 settings mutations_sync = 2")
        client.command("alter table commits delete where last_offset > 200 settings mutations_sync = 2")


def test_a_cursor_fits_only_its_own_question_tenant_and_text(api, client, data, store_dsn):
    link = get(api, f"{WALK}&limit=5").headers["link"]
    cursor = parse_qs(urlsplit(link[1 : link.index(">")]).query)["cursor"][0]
    assert len(read(get(api, f"{WALK}&limit=3&cursor={cursor}&columns=price&format=arrow"))) == 3
    for other in (f"{WALK}&order=oldest", f"{WALK}&known_at=2024-01-01", WALK.replace("trades", "quotes"), f"{WALK}0"):
        get(api, f"{other}&cursor={cursor}", 400)
    for place in range(0, len(cursor), 11):
        changed = "A" if cursor[place] != "A" else "B"
        get(api, f"{WALK}&cursor={cursor[:place]}{changed}{cursor[place + 1 :]}", 400)
    restarted = Client(app(dsn=store_dsn, data=data, clock=ManualClock(NOW_NS)))
    get(restarted, f"{WALK}&cursor={cursor}")
    foreign = Keys(data / "b", ManualClock(NOW_NS)).add(name="b", scopes=["read"], tenant="b", rate_per_s=99)
    (data / "b" / "gateway" / "cursor.key").write_bytes((data / "gateway" / "cursor.key").read_bytes())
    other = Client(app(dsn=store_dsn, data=data / "b", clock=ManualClock(NOW_NS)))
    get(other, f"{WALK}&cursor={cursor}", 400, headers={"x-api-key": foreign.text})


def test_forms_say_the_same_and_keep_types(api):
    told = [read(get(api, f"{WALK}&limit=50&format={form}")) for form in ("json", "arrow", "parquet")]
    assert [row["trade_id"] for row in told[0]] == [row["trade_id"] for row in told[1]]
    assert [row["price"] for row in told[0]][:6].count(None) == 1
    frame = pl.read_ipc_stream(get(api, f"{WALK}&limit=50&format=arrow").content)
    assert frame.schema["receive_time"] == pl.Datetime("ns", "UTC")
    assert (frame.schema["side"], frame.schema["off_book"], frame.schema["frame"]) == (pl.Int8, pl.Boolean, pl.Int32)
    assert frame["price"].is_nan().sum() == 10
    assert frame.equals(pl.read_parquet(io.BytesIO(get(api, f"{WALK}&limit=50&format=parquet").content)))


def test_the_form_is_chosen_by_accept_too(api):
    arrow = "application/vnd.apache.arrow.stream"
    assert get(api, WALK, headers={"accept": f"text/html, {arrow};q=0.9"}).headers["content-type"] == arrow
    assert get(api, WALK, headers={"accept": "*/*"}).headers["content-type"] == "application/json"


def test_columns_are_chosen_and_stay_in_their_order(api):
    (row,) = read(get(api, f"{WALK}&limit=1&columns=price,receive_time"))
    assert list(row) == ["price", "receive_time"]
    get(api, f"{WALK}&columns=secret", 400)


def test_only_what_was_known_by_a_time(api):
    known = read(get(api, "/api/v1/bars?timeframe=1s&known_at=2023-11-14T22:13:22.9Z"))
    assert known == []
    bars = read(get(api, "/api/v1/bars?timeframe=1s&known_at=2023-11-14T22:13:23Z&columns=revision,mid_close"))
    assert bars == [
        {"revision": 0, "mid_close": None},
        {"revision": 1, "mid_close": 101.5},
        {"revision": 0, "mid_close": 100},
    ]


def test_rows_of_the_account_are_settled_too_and_belong_to_the_first_tenant(api, data, store_dsn, tmp_path):
    assert [row["client_order_id"] for row in read(get(api, "/api/v1/orders"))] == ["one"]
    keys = Keys(tmp_path, ManualClock(NOW_NS))
    shown = {
        tenant: {"x-api-key": keys.add(name="k", scopes=["account"], tenant=tenant, rate_per_s=99).text}
        for tenant in ("default", "b")
    }
    closed = Client(app(dsn=store_dsn, data=tmp_path, clock=ManualClock(NOW_NS)))
    assert len(read(get(closed, "/api/v1/orders", headers=shown["default"]))) == 1
    of_account = [resource.path for resource in RESOURCES if resource.scope == "account"]
    assert {resource.table for resource in RESOURCES} & {*DECIDED} == {*DECIDED}
    for path in ("positions", *of_account):
        assert read(get(closed, f"/api/v1/{path}", headers=shown["b"])) == []
    assert read(get(closed, "/api/v1/orders?format=arrow", headers=shown["b"])) == []


def test_a_known_content_is_not_sent_again(api):
    tags = {}
    for form in ("json", "arrow", "parquet"):
        answer = get(api, f"{WALK}&limit=9&format={form}")
        tags[form] = answer.headers["etag"]
        again = get(
            api, f"{WALK}&limit=9&format={form}", 304, headers={"if-none-match": f'"x", {answer.headers["etag"]}'}
        )
        assert again.content == b""
        assert again.headers["barograph-next"] == answer.headers["barograph-next"]
    assert len(set(tags.values())) == 3
    get(api, f"{WALK}&limit=8", headers={"if-none-match": tags["json"]})


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=100001", "since=yesterday", "since=2023-02-30", "order=up", "format=xml", "colums=price",
     "limit=1&limit=2", "instrument=a'b", "cursor=%00", "cursor=" + "A" * 9000, "known_at=1"],
)  # fmt: skip
def test_what_is_not_as_described_is_refused(api, query):
    answer = get(api, f"/api/v1/trades?{query}", 400)
    assert len(answer.json()["detail"]) < 300


def test_a_question_that_costs_too_much_is_told_so(api, monkeypatch):
    monkeypatch.setitem(__import__("gateway.history.pages").history.pages.SETTINGS, "max_rows_to_read", 3)
    assert "too much" in get(api, f"{WALK}", 422).json()["detail"]


def test_pages_of_wide_tables_are_shorter(api, monkeypatch):
    monkeypatch.setitem(__import__("gateway.history.pages").history.pages.VALUES, "json", 2 * 13)
    assert len(read(get(api, f"{WALK}&limit=50"))) == 2
    assert len(read(get(api, f"{WALK}&limit=50&columns=price"))) == 26


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_rows_keep_to_what_the_api_description_promises(api, resource):
    described = get(api, "/openapi.json").json()["paths"][f"/api/v1/{resource.path}"]["get"]
    row = described["responses"]["200"]["content"]["application/json"]["schema"]["items"]
    assert set(row["properties"]) == set(resource.columns)
    assert all(column["description"] for column in row["properties"].values())
    bars = "&timeframe=1s" if resource.table == "bars" else ""
    rows = read(get(api, f"/api/v1/{resource.path}?since=2023-11-01{bars}"))
    assert rows or resource.table in ("fills", "targets")
    for told in rows:
        assert list(told) == list(resource.columns), json.dumps(told)
        jsonschema_rs.validate(row, told)


def test_money_is_told_to_the_last_digit(api):
    (told,) = read(get(api, "/api/v1/ledger?since=2023-11-01&account=a"))
    assert told["amount"] == "-12345678901234567890.12345678"
    frame = pl.read_ipc_stream(get(api, "/api/v1/ledger?since=2023-11-01&format=arrow").content)
    assert frame["amount"].to_list() == [Decimal(told["amount"])]


def test_only_what_a_table_has_can_be_asked_for(api):
    assert read(get(api, "/api/v1/accounts?since=2023-11-01&account=nobody")) == []
    get(api, "/api/v1/accounts?instrument=BTCUSDT", 400)


def test_a_map_counts_as_many_values_and_a_large_page_of_json_takes_a_slot(api, monkeypatch):
    monkeypatch.setitem(VALUES, "json", limits.VALUES_OF_A_MAP + 1)
    signals = "/api/v1/signals?since=2023-11-01&limit=50&columns=venue"
    assert len(read(get(api, signals))) == 2
    assert len(read(get(api, f"{signals},evidence"))) == 1
    monkeypatch.setattr(Slots, "take", lambda *_: (_ for _ in ()).throw(HTTPException(503, "full")))
    get(api, f"{signals},evidence")
    get(api, f"{signals.replace('limit=50', 'limit=2000')},evidence", 503)


@pytest.mark.parametrize("text", ["2026-11-23T05:00:00+02:00", "2026-11-23T05:00:00.5+02:00", "2026-11-23T05:00:00.-5"])
def test_a_time_of_another_zone_is_refused(text):
    with pytest.raises(ValueError, match="no time in UTC"):
        time_ns(text)
