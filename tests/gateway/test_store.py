"""What the gateway says when the store does not do its part; the store is a stand-in that fails on demand."""

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from gateway import store as gateway_store
from gateway.app import app
from gateway.overview import signal_latency
from gateway.rows import Latency, time_ns, time_text
from gateway.store import Store, statement
from market.errors import StoreError
from tests.gateway.client import Client

LISTS = "instruments quotes_latest features_latest regimes_latest signals_latest mids_recent positions_latest "
LISTS += "regime_forecasts_latest gaps_recent gaps_open latency_latest offsets tables"


class Failing:
    """A client whose every query ends the same way, and that keeps what it was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def raw_query(self, sql, **options):
        self.asked.append((sql, options["parameters"]))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self):
        self.asked.append("closed")


@pytest.fixture
def api(tmp_path, monkeypatch):
    def make(answer):
        failing = Failing(answer)
        monkeypatch.setattr(gateway_store, "connect", lambda *_, **__: failing)
        return Client(app(dsn="http://127.0.0.1:9/barograph", data=tmp_path)), failing

    return make


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        (OperationalError("Error connecting: connection refused"), 503, "barograph store"),
        (DatabaseError("Code: 60. DB::Exception: Unknown table"), 503, "no tables yet"),
        (DatabaseError("Code: 81. DB::Exception: Database barograph does not exist"), 503, "no tables yet"),
        (DatabaseError("Code: 159. DB::Exception: Timeout exceeded"), 504, "shorter window"),
        (OperationalError("Read timed out."), 504, "shorter window"),
        (DatabaseError("Code: 62. DB::Exception: Syntax error near secret"), 503, "refused a query"),
    ],
)
def test_every_failure_of_the_store_is_a_problem_with_the_way_out(api, failure, status, words):
    client, _ = api(failure)
    answer = client.get("/api/v1/positions")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert "secret" not in answer.text
    assert "Exception" not in answer.text
    assert answer.json()["detail"].endswith(".")
    assert answer.headers["retry-after"]


def test_not_ready_while_the_store_is_down_but_alive_and_with_a_status(api):
    client, _ = api(OperationalError("connection refused"))
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    state = client.get("/api/v1/status")
    assert state.status_code == 200
    assert "does not answer" in state.json()["store"]["trouble"]


@pytest.mark.parametrize(
    "query",
    [
        "instrument=BTC' or 1=1 --",
        "instrument=" + "A" * 65,
        "instrument=BTC%00",
        "instrument=BTC;drop table quotes",
        "instrument={x:String}",
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=1e3",
        "limit=99999999999999999999",
        "window_s=3601",
        "window_s=0",
        "instument=BTCUSDT",
        "limit=1&limit=2",
    ],
)
def test_hostile_values_are_refused_before_the_store_is_asked(api, query):
    client, store = api(b"")
    answer = client.get(f"/api/v1/quotes/latest?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(".")
    assert store.asked == []


def test_values_reach_the_store_bound_and_never_in_the_statement(api):
    client, store = api(b"")
    assert client.get("/api/v1/quotes/latest?instrument=X-1.a&limit=7").json() == []
    assert store.asked == [(statement("quotes_latest"), {"instrument": "X-1.a", "window_s": 60, "limit": 7})]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/bars?timeframe=2m",
        "/api/v1/gaps?state=x",
        "/api/v1/regimes/latest?timeframe=1s",
        "/api/v1/regimes/changes?view=trend",
        "/api/v1/regimes/forecasts?horizon_bars=-1",
    ],
)
def test_unknown_choices_are_refused(api, path):
    assert api(b"")[0].get(path).status_code == 400


def test_an_unknown_path_is_a_problem_that_says_where_to_look(api):
    answer = api(b"")[0].get("/api/v2")
    assert answer.status_code == 404
    assert "/openapi.json" in answer.json()["detail"]


def test_a_bug_shows_no_traceback(api):
    answer = api(b"this is not json")[0].get("/api/v1/positions")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", LISTS.split())
def test_every_query_that_lists_says_what_it_asks_and_has_a_limit(name):
    assert statement(name).startswith("-- ")
    assert statement(name).rstrip().endswith("limit {limit:UInt32}")


def test_a_busy_store_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(gateway_store, "QUERY_TIMEOUT_S", 0.01)
    monkeypatch.setattr(gateway_store, "CONCURRENT_QUERIES", 1)
    store = Store("http://127.0.0.1:9/barograph")
    assert store._turns.acquire()
    with pytest.raises(StoreError, match="busy"):
        store.rows("latency_latest", Latency, limit=1)


def test_the_connection_is_made_once_and_let_go():
    store = Store("unused")
    store._client = failing = Failing(b"")  # type: ignore[assignment]
    store.rows("latency_latest", Latency, limit=1)
    store.close()
    assert failing.asked[-1] == "closed"
    assert store._client is None


def latency(shard: str, stage: str, p99_ns: int) -> Latency:
    told = {"venue": "v", "receive_time": "2026-01-01T00:00:00Z", "count": 1, "p50_ns": 1, "p999_ns": 1, "max_ns": 1}
    return Latency(shard=shard, stage=stage, p99_ns=p99_ns, **told)


def test_the_latency_shown_is_that_of_signals_of_the_slowest_shard():
    others = [latency("v/0", "store", 99), latency("trading/0", "sink", 98)]
    assert signal_latency([*others, latency("v/0", "sink", 3), latency("v/1", "sink", 5)]).p99_ns == 5
    assert signal_latency(others) is None


@pytest.mark.parametrize("time", [0, 1_700_000_000_000_000_005, 4_102_444_799_999_999_999])
def test_times_keep_their_nanoseconds(time):
    assert time_ns(time_text(time)) == time
