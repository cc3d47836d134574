"""Why there is an order: everything it rests on as it was known then, and nothing that came later."""

import pytest

from gateway.app import app
from gateway.keys import Keys
from market.clock import SECOND_NS, ManualClock
from sinks.clickhouse.client import connect
from tests.gateway.client import Client
from tests.gateway.small_market import COLUMNS, NOW_NS, START_NS, of_account

EARLY_NS = START_NS - 20 * 86_400 * SECOND_NS
MINUTE_S = 60
NAME = "desk|X"
WHERE = {"account": "order", "venue": "desk", "instrument": "X"}


def at(second: int, offset: int, **values) -> dict:
    """A moment of the trading journal."""
    time_ns = EARLY_NS + second * SECOND_NS
    return {"time": time_ns, "receive_time": time_ns, "offset": offset, **values}


def whole(table: str, *parts: dict) -> dict:
    """A row of a table with something in every column, and these values where it has them."""
    given = {name: value for part in parts for name, value in part.items() if name in COLUMNS[table]}
    return of_account(table) | given


def tables() -> dict[str, list[dict]]:
    seen = {"venue": "desk", "instrument": "X", "timeframe": "short"}
    measured = dict.fromkeys((name for name, kind in COLUMNS["regimes"].items() if kind == "Float64"), 0.5)
    made = {**at(30, 300), **WHERE, "client_order_id": "o-1", "target_offset": 200, "refused": "", "row": 0}
    return {
        "rebalances": [
            whole("rebalances", at(10, 100, reason="drift"), WHERE),
            whole("rebalances", at(40, 400), WHERE),
        ],
        "problems": [whole("problems", at(10, 100, request=100, regime="calm"), WHERE)],
        "solutions": [
            whole(
                "solutions", at(20, 200, request=100, rung="relaxed", weights={NAME: 0.5}, duals={"gross": 0.1}), WHERE
            ),
            whole("solutions", at(35, 350, request=300, weights={NAME: 0.7}), WHERE),
        ],
        "targets": [
            {**at(offset // 10, offset), **WHERE, "notional": float(offset), "reason": "r"}
            for offset in (100, 200, 310)
        ],
        "signals": [
            {**seen, **at(second, 1), "direction": direction, "evidence": {"ofi": 1.0}, "shard": "d/0", "frame": 0}
            for second, direction in ((15, 0.5), (25, -0.5))
        ]
        + [{**seen, **at(20 - MINUTE_S, 1), "timeframe": "ultra_short", "direction": 0.9, "evidence": {}}],
        "regimes": [{**measured, **seen, **at(second, 1), "regime": name} for second, name in ((15, "a"), (25, "b"))]
        + [{**measured, **seen, **at(20 - MINUTE_S, 1), "timeframe": "ultra_short", "regime": "too old"}],
        "risk": [whole("risk", at(second, 10 * second, equity=float(second)), WHERE) for second in (20, 29, 31)],
        "limits": [
            whole(
                "limits",
                at(second, 10 * second, limit=name, value=value, fixed=10.0, reason=reason),
                WHERE,
                {"instrument": of},
            )
            for second, name, value, reason, of in (
                (1, "max_order_notional", 5.0, "regime", "X"),
                (2, "max_order_notional", 4.0, "depth", "X"),
                (3, "max_order_notional", 1.0, "depth", "Y"),
                (4, "max_leverage", 10.0, "looser for long enough", ""),
                (39, "max_order_notional", 2.0, "too late", "X"),
            )
        ],
        "intents": [whole("intents", made), whole("intents", made, {"client_order_id": "o-2", "refused": "leverage"})],
        "orders": [
            {**at(30 + row, 300 + row), **WHERE, "client_order_id": "o-1", "state": state, "row": row, "checks": checks}
            for row, (state, checks) in enumerate((("submitted", {"leverage": 0.2}), ("filled", {})))
        ],
        "fills": [{**at(31, 301), **WHERE, "client_order_id": "o-1", "fill_id": "f", "price": 1.0, "size": 1.0}],
        "risk_events": [
            {
                **at(30, 300),
                **WHERE,
                "event": "refused",
                "reason": "leverage",
                "values": {},
                "client_order_id": "o-2",
                "row": 0,
            }
        ],
    }


@pytest.fixture(scope="module")
def store(store_dsn):
    client = connect(store_dsn)
    for table, rows in tables().items():
        for row in rows:
            client.insert(table, [list(row.values())], column_names=list(row))
    yield store_dsn
    for table in tables():
        client.command(f"alter table {table} delete where receive_time < '2023-11-01' settings mutations_sync = 2")
    client.close()


@pytest.fixture
def api(store, tmp_path):
    return Client(app(dsn=store, data=tmp_path, clock=ManualClock(NOW_NS)))


def explained(api, order="o-1", status=200, **options):
    answer = api.get(f"/api/v1/orders/{order}/explanation", **options)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_an_order_is_told_with_all_it_rests_on_and_nothing_that_came_later(api):
    told = explained(api)
    assert (told["intent"]["client_order_id"], told["target"]["notional"]) == ("o-1", 200.0)
    assert [(row["direction"], row["evidence"]) for row in told["signals"]] == [(0.5, {"ofi": 1.0})]
    assert [row["regime"] for row in told["regimes"]] == ["a"]
    assert (told["solution"]["rung"], told["solution"]["duals"]) == ("relaxed", {"gross": 0.1})
    assert (told["problem"]["regime"], told["rebalance"]["reason"]) == ("calm", "drift")
    assert told["risk"]["equity"] == 29.0
    assert [(row["limit"], row["value"], row["reason"]) for row in told["limits"]] == [
        ("max_order_notional", 4.0, "depth")
    ]


def test_what_became_of_it_is_told_to_the_end(api):
    told = explained(api)
    assert [(row["state"], row["checks"]) for row in told["states"]] == [
        ("submitted", {"leverage": 0.2}),
        ("filled", {}),
    ]
    assert [row["fill_id"] for row in told["fills"]] == ["f"]
    assert told["events"] == []


def test_a_refused_order_has_its_reason_and_no_states(api):
    told = explained(api, "o-2", params={"account": "order"})
    assert (told["intent"]["refused"], told["states"], told["fills"]) == ("leverage", [], [])
    assert [row["reason"] for row in told["events"]] == ["leverage"]


def test_an_order_of_nobody_or_of_another_account_is_not_there(api):
    for order, account in (("o-3", ""), ("o-1", "paper")):
        assert "No order of this id" in explained(api, order, 404, params={"account": account})["detail"]
    explained(api, "o'1", 400)


def test_only_who_may_see_the_account_is_told(store, tmp_path):
    keys = Keys(tmp_path, ManualClock(NOW_NS))
    closed = Client(app(dsn=store, data=tmp_path, clock=ManualClock(NOW_NS)))
    for scopes, tenant, status in ((["read"], "default", 403), (["account"], "b", 404), (["account"], "default", 200)):
        key = keys.add(name="k", scopes=scopes, tenant=tenant, rate_per_s=99).text
        explained(closed, status=status, headers={"x-api-key": key})
