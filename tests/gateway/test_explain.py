"""Why there is a signal: back to the bytes that the venue sent, and forth to what trading made of it."""

import pytest

from gateway.app import app
from gateway.keys import Keys
from market.clock import SECOND_NS, ManualClock
from market.journal import partition_path
from sinks.clickhouse.client import connect
from sinks.journal import JournalWriter
from tests.gateway.client import Client
from tests.gateway.small_market import COLUMNS, NOW_NS, START_NS

LONG_BEFORE_NS = START_NS - 3 * 86_400 * SECOND_NS
SHARD = "explained/0"
FRAMES = {1: [b'{"u":1}'], 2: [b'{"u":2}', b'{"u":3}', b"\xff\x00"], 3: [b'{"u":4}' * 20_000]}
PLACE = {"venue": "explained", "instrument": "BTCUSDT", "shard": SHARD, "receive_time": LONG_BEFORE_NS}
WHERE = {"account": "a", "venue": "explained", "instrument": "BTCUSDT", "time": LONG_BEFORE_NS}


def rows() -> dict[str, list[dict]]:
    at = {**PLACE, "timeframe": "short", "time": LONG_BEFORE_NS, "regime": "calm/bull/trending"}
    nan = dict.fromkeys((name for name, kind in COLUMNS["regimes"].items() if kind == "Float64"), 0.5)
    decided = {**WHERE, "receive_time": LONG_BEFORE_NS}
    return {
        "signals": [
            {**at, "offset": 2, "frame": 1, "direction": 0.5, "evidence": {"probability_bull": 0.75}},
            {**at, "offset": 3, "frame": 0, "time": LONG_BEFORE_NS + 60 * SECOND_NS, "evidence": {}},
            {**at, "offset": 9, "frame": 0, "time": LONG_BEFORE_NS + 120 * SECOND_NS, "evidence": {}},
        ],
        "regimes": [{**nan, **at, "offset": 2, "frame": 1}, {**nan, **at, "offset": 3, "frame": 0}],
        "features": [
            {**PLACE, "offset": 2, "frame": 0, "sequence": 1, "mid_price": 100.0},
            {**PLACE, "offset": 2, "frame": 2, "sequence": 2, "mid_price": 777.0},
        ],
        "targets": [
            {**decided, "notional": 9.0, "reason": "before", "offset": 4},
            {**decided, "notional": 10.0, "reason": "short +0.1", "offset": 5},
            {**decided, "notional": 11.0, "reason": "later", "offset": 8},
        ],
        "orders": [
            {**decided, "client_order_id": name, "offset": offset, "row": 0, "state": "filled"}
            for name, offset in (("of the target before", 4), ("own", 5), ("own", 7), ("of the next target", 8))
        ],
        "risk_events": [{**decided, "instrument": "", "event": "refused", "reason": "gross", "offset": 6, "row": 0}],
    }


@pytest.fixture(scope="module")
def data(store_dsn, tmp_path_factory):
    data = tmp_path_factory.mktemp("explained")
    client = connect(store_dsn)
    for table, made in rows().items():
        for row in made:
            client.insert(table, [list(row.values())], column_names=list(row))
    client.close()
    market = JournalWriter(partition_path(data, "market", SHARD), venue="explained", shard=SHARD, block_ns=SECOND_NS)
    for offset, frames in FRAMES.items():
        assert market.append([LONG_BEFORE_NS + n for n in range(len(frames))], frames) == offset
    market.close()
    trading = JournalWriter(
        partition_path(data, "trading", "trading/0"), venue="b", shard="trading/0", block_ns=SECOND_NS
    )
    for offset in range(1, 9):
        trading.append([LONG_BEFORE_NS], [b"{}"], source=SHARD if offset in (5, 6) else "x/0", source_offset=offset - 3)
    trading.close()
    return data


@pytest.fixture
def api(store_dsn, data):
    return Client(app(dsn=store_dsn, data=data, clock=ManualClock(NOW_NS)))


def explained(api, minute=0, **options):
    asked = f"venue=explained&instrument=BTCUSDT&timeframe=short&time=2023-11-11T22:1{3 + minute}:20Z"
    answer = api.get(f"/api/v1/signals/explanation?{asked}", **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_signal_is_told_with_all_it_rests_on_and_nothing_that_came_later(api):
    told = explained(api)
    assert told["signal"]["evidence"] == {"probability_bull": 0.75}
    assert (told["regime"]["offset"], told["regime"]["probability_bull"]) == (2, 0.5)
    assert told["features"]["mid_price"] == 100
    lineage = told["lineage"]
    assert (lineage["text"], lineage["trouble"], lineage["cut"]) == ('{"u":3}', "", False)
    assert lineage["receive_time"] == "2023-11-11T22:13:20.000000001Z"
    assert told["features_lineage"]["text"] == '{"u":2}'


def test_what_trading_made_of_it_ends_where_the_target_moved_again(api):
    trading = explained(api)["trading"]
    assert (trading["offset"], trading["moved"], trading["target"]["reason"]) == (5, True, "short +0.1")
    assert [(order["client_order_id"], order["offset"]) for order in trading["orders"]] == [("own", 5), ("own", 7)]
    assert [event["reason"] for event in trading["risk_events"]] == ["gross"]


def test_a_signal_that_moved_nothing_has_the_target_that_stood_and_no_orders_of_others(api):
    told = explained(api, minute=1)
    assert (told["trading"]["offset"], told["trading"]["moved"]) == (6, False)
    assert told["trading"]["target"]["reason"] == "short +0.1"
    assert told["trading"]["orders"] == []
    assert (len(told["lineage"]["text"]), told["lineage"]["cut"]) == (65_536, True)
    assert told["features"]["mid_price"] == 777


def test_what_is_not_there_any_more_is_said(api, data, store_dsn):
    told = explained(api, minute=2)
    assert told["regime"] is None
    assert told["trading"] is None
    assert "does not hold this row" in told["lineage"]["trouble"]
    elsewhere = Client(app(dsn=store_dsn, data=data / "none", clock=ManualClock(NOW_NS)))
    assert "is not here" in explained(elsewhere)["lineage"]["trouble"]
    assert str(data) not in explained(elsewhere)["lineage"]["trouble"]


def test_the_account_is_told_only_to_who_may_see_it(data, store_dsn, tmp_path):
    (tmp_path / "journal").symlink_to(data / "journal")
    keys = Keys(tmp_path, ManualClock(NOW_NS))
    api = Client(app(dsn=store_dsn, data=tmp_path, clock=ManualClock(NOW_NS)))
    for scopes, tenant, seen in ((["read"], "default", False), (["read", "account"], "b", False),
                                 (["read", "account"], "default", True)):  # fmt: skip
        shown = {"x-api-key": keys.add(name="k", scopes=scopes, tenant=tenant, rate_per_s=99).text}
        assert (explained(api, headers=shown)["trading"] is not None) == seen
        overview = api.get("/api/v1/overview", headers=shown).json()
        assert any(one["position"] is not None for one in overview["instruments"]) == seen
        assert (overview["accounts"] != []) <= seen
