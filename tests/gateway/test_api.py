"""The API over a real embedded store that holds `small_market`."""

import pytest

from gateway.app import app
from gateway.status import Partition
from market.clock import ManualClock
from tests.gateway.client import Client
from tests.gateway.small_market import NOW_NS


@pytest.fixture(scope="module")
def api(store_dsn, tmp_path_factory):
    journal = (Partition(topic="market", shard="simulated/0", last_offset=8),)
    told = {"data": tmp_path_factory.mktemp("data"), "clock": ManualClock(NOW_NS), "journal": lambda: journal}
    return Client(app(dsn=store_dsn, **told))


def rows(api, path):
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_it_is_ready(api):
    assert rows(api, "/readyz") == {"status": "ready"}


def test_instruments_are_listed_or_picked(api):
    assert {row["instrument"] for row in rows(api, "/api/v1/instruments")} == {"BTCUSDT", "ETHUSDT"}
    (ether,) = rows(api, "/api/v1/instruments?instrument=ETHUSDT")
    assert (ether["tick_size"], ether["inverse"]) == (0.1, False)
    assert rows(api, "/api/v1/instruments?instrument=NONE") == []


def test_the_newest_quote_of_each_source_with_all_its_digits(api):
    book, ticker = sorted(rows(api, "/api/v1/quotes/latest"), key=lambda row: row["source"])
    assert (book["source"], ticker["source"]) == ("book", "ticker")
    assert book["receive_time"] == "2023-11-14T22:13:23.000000007Z"
    assert book["sequence"] == 9_000_000_000_003
    assert book["valid"] is True
    assert book["exchange_time"] is None
    assert book["ask_size"] is None


def test_the_newest_features(api):
    (row,) = rows(api, "/api/v1/features/latest")
    assert (row["mid_price"], row["ofi_50"], row["realised_volatility"]) == (103.0, -3.0, None)


def test_a_bar_is_shown_in_its_last_revision(api):
    bars = rows(api, "/api/v1/bars?timeframe=1s")
    assert [(bar["revision"], bar["mid_close"]) for bar in bars] == [(0, None), (1, 101.5), (0, 100.0)]
    assert rows(api, "/api/v1/bars?timeframe=1h") == []
    assert len(rows(api, "/api/v1/bars?timeframe=1s&limit=1")) == 1


def test_the_newest_regime_of_each_timeframe(api):
    by_timeframe = {row["timeframe"]: row for row in rows(api, "/api/v1/regimes/latest")}
    now = by_timeframe["ultra_short"]
    assert now["regime"] == now["raw_regime"] == "stressed/bear/trending"
    assert (now["confidence"], now["probability_trending"], now["agreement"]) == (0.7, 0.7, 0.5)
    assert now["evidence"] == {"anomaly_tail": 0.25, "weight": None}
    assert by_timeframe["short"]["probability_bull"] is None
    assert [row["timeframe"] for row in rows(api, "/api/v1/regimes/latest?timeframe=short")] == ["short"]


def test_changes_of_held_states_newest_first_and_by_view(api):
    last, first = rows(api, "/api/v1/regimes/changes")
    assert (last["view"], last["previous"], last["regime"], last["held_bars"]) == ("direction", "bull", "bear", 9)
    assert last["evidence"] == {"probability_bull": 0.1}
    assert rows(api, "/api/v1/regimes/changes?view=volatility") == [first]
    assert rows(api, "/api/v1/regimes/changes?timeframe=long") == []
    assert rows(api, "/api/v1/regimes/changes?limit=1") == [last]


def test_the_newest_forecast_of_each_horizon(api):
    near, far = rows(api, "/api/v1/regimes/forecasts")
    assert [row["horizon_bars"] for row in (near, far)] == [1, 50]
    assert (far["scored"], far["brier_dynamics"], far["baseline_log_loss_direction"]) == (3, None, 0.25)
    assert rows(api, "/api/v1/regimes/forecasts?horizon_bars=50") == [far]
    assert rows(api, "/api/v1/regimes/forecasts?timeframe=short") == []


def test_the_newest_signal_with_its_evidence(api):
    (row,) = rows(api, "/api/v1/signals/latest")
    assert row["time"] == "2023-11-14T22:13:23.000000000Z"
    assert row["evidence"] == {"ofi_50": -3.0}


def test_what_each_account_holds(api):
    held = {row["account"]: row["size"] for row in rows(api, "/api/v1/positions")}
    assert held == {"a": 2.0, "b": -0.5}
    assert [row["account"] for row in rows(api, "/api/v1/positions?account=b")] == ["b"]


def test_gaps_newest_first_and_by_state(api):
    assert len(rows(api, "/api/v1/gaps")) == 4
    assert {row["cause"] for row in rows(api, "/api/v1/gaps?state=healed")} == {"duplicate", "sequence"}
    assert len(rows(api, "/api/v1/gaps?limit=1")) == 1


def test_the_last_latency_of_each_stage(api):
    measured = {row["stage"]: row["p99_ns"] for row in rows(api, "/api/v1/latency")}
    assert measured == {"store": 9_000_000, "sink": 5_000_000}


def test_the_session_under_way_is_covered_as_of_its_last_row(api):
    (row,) = rows(api, "/api/v1/coverage")
    assert (row["session"], row["share"], row["ended"]) == ("2023-11-14", 0.75, False)


def test_budgets_of_a_day_and_of_thirty_with_what_used_them(api):
    month, day = sorted(rows(api, "/api/v1/availability"), key=lambda row: row["window"])
    assert (month["window"], day["window"], day["chief_cause"]) == ("30 days", "day", "sequence")
    assert (day["counted_s"], day["used_s"], day["share_up"]) == (3_604.0, 4.0, 3_600 / 3_604)
    assert day["left_999_s"] == pytest.approx(3.604 - 4.0)
    assert day["as_of"] == "2023-11-14T23:13:24.000000000Z"
    assert rows(api, "/api/v1/availability?instrument=ETHUSDT") == []
    assert rows(api, "/api/v1/availability?window=day") == [day]


def test_the_overview_has_it_all(api):
    seen = rows(api, "/api/v1/overview")
    assert (seen["data_time"], seen["latency_p99_ns"]) == ("2023-11-14T22:13:23.000000007Z", 5_000_000)
    assert (seen["gaps_open"], seen["dead_letters"], seen["frames_per_s"]) == (1, 1, 0.7)
    assert [(one["account"], one["state"]) for one in seen["accounts"]] == [("a", "active"), ("b", "halted")]
    assert [(one["equity"], one["drawdown"]) for one in seen["accounts"]] == [(99_000.5, 0.0125), (None, None)]
    assert seen["accounts"][1]["since"] == "2023-11-14T22:13:23.000000000Z"
    bitcoin, ether = seen["instruments"]
    assert (bitcoin["mid_price"], bitcoin["position"], bitcoin["pnl"]) == (103.0, 1.5, 3.5)
    assert bitcoin["mid_prices"] == [100.0, 101.5, None]
    assert set(bitcoin["regimes"]) == {"ultra_short", "short"}
    assert bitcoin["regimes"]["ultra_short"] == {
        "regime": "stressed/bear/trending", "confidence": 0.7, "agreement": 0.5, "anomaly": 0.7,
        "time": "2023-11-14T22:13:23.000000000Z",
    }  # fmt: skip
    assert ether["mid_price"] is None
    assert ether["position"] is None
    assert ether["regimes"] == {}


def test_an_open_gap_stays_open_through_a_duplicate_and_is_healed_by_its_own_word(api):
    (gap,) = rows(api, "/api/v1/status")["store"]["gaps_open"]
    assert (gap["instrument"], gap["cause"], gap["channel"]) == ("BTCUSDT", "sequence", "depth")


def test_the_status_counts_rows_and_lag(api):
    state = rows(api, "/api/v1/status")
    sizes = {row["table"]: row["rows"] for row in state["store"]["tables"]}
    assert sizes["quotes"] == 6
    assert sizes["fills"] == 0
    assert state["journal"] == [
        {"topic": "market", "shard": "simulated/0", "last_offset": 8, "stored_offset": 5, "lag_rows": 3}
    ]
    assert state["store"]["trouble"] == ""


def test_answers_keep_to_what_the_api_description_promises(api):
    described = rows(api, "/openapi.json")
    for path in (
        *("quotes/latest", "positions", "gaps", "latency", "instruments", "signals/latest"),
        *("regimes/latest", "regimes/forecasts"),
    ):
        schema = described["paths"][f"/api/v1/{path}"]["get"]["responses"]["200"]["content"]["application/json"][
            "schema"
        ]
        row = described["components"]["schemas"][schema["items"]["$ref"].rsplit("/", 1)[1]]
        assert set(rows(api, f"/api/v1/{path}")[0]) == set(row["properties"])
