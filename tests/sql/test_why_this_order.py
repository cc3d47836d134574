"""The one question of why an order was made: everything it rests on, nothing of others, nothing that came later."""

import json
from collections import defaultdict
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.schema import sql_files

QUESTION = sql_files("cookbook")["30_why_this_order"]
NEWEST = "(select argMax(client_order_id, receive_time) from fills) as order_id"
WHERE = {"venue": "v", "instrument": "x"}
MINE = {"account": "a", **WHERE}
SECOND = 1_000_000_000
MINUTE_S, DAY_S = 60, 86_400
OLDEST = {"ultra_short": 20 - MINUTE_S, "medium": 20 - 2 * DAY_S}  # that is told where the target moved at 20 s
START = 1_700_000_000 * SECOND


def at(second: float, offset: int) -> dict[str, int]:
    time = START + round(second * SECOND)
    return {"time": time, "receive_time": time, "offset": offset}


def ahead(second: float) -> dict[str, int]:
    """What is heard at 8 s is stamped by a clock that is ahead of ours."""
    return {"time": START + 22 * SECOND} if second == 8 else {}


def rows() -> dict[str, list[dict[str, Any]]]:
    """A problem is asked at 10 s, answered at 20 s, and an order made of it at 30 s; much else goes on."""
    order = {**MINE, "client_order_id": "o"}
    bar = {**WHERE, "timeframe": "short", "shard": "v/0", "frame": 7}
    old, aged = ([{**bar, **at(oldest + s, 1), "timeframe": of} for of, oldest in OLDEST.items()] for s in (-1, 1))
    limit = {**MINE, "fixed": 10.0, "limit": "max_order_notional"}
    return {
        "signals": [
            {**bar, **at(second, row), **ahead(second), "direction": way, "evidence": {"ofi": way}}
            for second, row, way in ((4, 4, 0.1), (8, 8, 0.2), (25, 25, 0.3))
        ]
        + [{**bar, **at(9, 9), "instrument": "y", "direction": 0.9, "evidence": {}}]
        + [{**row, "direction": 0.5, "evidence": {}} for row in old],
        "regimes": [
            {**bar, **at(second, second), **ahead(second), "regime": f"r{second}", "evidence": {"z": 1.0}}
            for second in (4, 8, 25)
        ]
        + [{**row, "regime": row["timeframe"]} for row in aged],
        "rebalances": [{"account": "a", **at(10, row), "trigger": f"t{row}"} for row in (100, 101)],
        "problems": [{"account": "a", **at(10, row), "request": row, "regime": f"p{row}"} for row in (100, 101)],
        "solutions": [
            {"account": account, **at(20, row), "request": asked, "weights": {f"v|{of}": 0.5}, "duals": {"gross": 0.25},
             "rung": "relaxed"}
            for account, row, asked, of in (("a", 200, 100, "x"), ("b", 200, 999, "x"), ("a", 210, 101, "x"))
        ],
        "targets": [{**MINE, **at(20, row), "notional": float(row), "reason": "solved"} for row in (200, 210)],
        "limits": [
            {**limit, **at(1, 10), "value": 5.0, "reason": "regime"},
            {**limit, **at(2, 20), "value": 4.0, "reason": "depth"},
            {**limit, **at(3, 30), "value": 1.0, "reason": "depth", "instrument": "y"},
            {**limit, **at(3, 30), "value": 10.0, "limit": "max_leverage", "venue": "", "instrument": ""},
            {**limit, **at(40, 400), "value": 2.0, "reason": "later"},
        ],
        "risk": [{"account": "a", **at(second, 10 * second), "equity": float(second)} for second in (20, 28, 31)],
        "intents": [
            {**order, **at(30, 300), "target_offset": 200, "schedule": "twap"},
            {**order, **at(30, 300), "client_order_id": "other", "target_offset": 210, "row": 1},
            {**order, **at(50, 500), "client_order_id": "closing", "target_offset": 0},
        ],
        "orders": [
            {**order, **at(30 + row, 300 + row), "state": state, "row": row, "checks": checks}
            for row, state, checks in ((0, "submitted", {"leverage": 0.5}), (1, "filled", {}))
        ]
        + [{**order, **at(30, 300), "client_order_id": "other", "state": "submitted", "row": 2, "checks": {}}],
        "fills": [
            {**order, **at(31, 301), "fill_id": "f1", "price": 2.0},
            {**order, **at(31, 301), "fill_id": "f2", "client_order_id": "other", "price": 3.0},
            {**order, **at(51, 501), "fill_id": "f3", "client_order_id": "closing", "price": 3.0},
        ],
        "risk_events": [
            {**order, **at(31, 301), "event": "contradiction", "row": 0},
            {**order, **at(31, 301), "event": "missing_order", "row": 1, "client_order_id": "other"},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def told(store: Client) -> Client:
    for table, of in rows().items():
        names = sorted({name for row in of for name in row})
        for row in of:
            given = {name: row[name] for name in names if name in row}
            store.insert(table, [list(given.values())], column_names=list(given), settings={"insert_deduplicate": 0})
    return store


def asked(client: Client, order_id: str = "") -> dict[str, list[dict[str, Any]]]:
    assert NEWEST in QUESTION
    text = QUESTION.replace(NEWEST, f"'{order_id}' as order_id") if order_id else QUESTION
    found = defaultdict(list)
    for part, _, row in client.query(text).result_rows:
        found[part].append(json.loads(row))
    return found


def test_an_order_is_told_with_all_it_rests_on(told: Client) -> None:
    found = asked(told, "o")
    assert [row["schedule"] for row in found["intent"]] == ["twap"]
    assert [(row["notional"], row["reason"]) for row in found["target"]] == [(200.0, "solved")]
    assert [(row["direction"], row["evidence"]) for row in found["signal"]] == [(0.2, {"ofi": 0.2})]
    assert [(row["shard"], int(row["offset"]), row["frame"]) for row in found["signal"]] == [("v/0", 8, 7)]
    (regime,) = (row for row in found["regime"] if row["timeframe"] == "short")
    assert (regime["regime"], regime["evidence"]) == ("r8", {"z": 1.0})
    assert [row["trigger"] for row in found["rebalance"]] == ["t100"]
    assert [row["regime"] for row in found["problem"]] == ["p100"]
    assert [(row["rung"], row["duals"]) for row in found["solution"]] == [("relaxed", {"gross": 0.25})]
    assert [(row["limit"], row["value"], row["reason"]) for row in found["limit"]] == [
        ("max_order_notional", 4.0, "depth")
    ]
    assert [row["equity"] for row in found["risk"]] == [28.0]
    assert [(row["state"], row["checks"]) for row in found["state"]] == [
        ("submitted", {"leverage": 0.5}),
        ("filled", {}),
    ]
    assert [(row["fill_id"], row["price"]) for row in found["fill"]] == [("f1", 2.0)]
    assert [row["event"] for row in found["event"]] == ["contradiction"]


def test_what_is_too_old_to_have_counted_is_not_told(told: Client) -> None:
    found = asked(told, "o")
    assert {row["timeframe"] for row in found["signal"]} == {"short"}
    assert {row["timeframe"] for row in found["regime"]} == {"short", *OLDEST}


def test_an_order_that_closes_while_reducing_rests_on_no_target(told: Client) -> None:
    found = asked(told, "closing")
    assert set(found) == {"intent", "signal", "regime", "limit", "risk", "fill"}
    assert [row["direction"] for row in found["signal"]] == [0.3]  # what was known when it was made
    assert [row["value"] for row in found["limit"]] == [2.0]


def test_the_newest_filled_order_is_asked_about_and_an_unknown_one_is_nothing(told: Client) -> None:
    assert [row["client_order_id"] for row in asked(told)["intent"]] == ["closing"]
    assert asked(told, "nobody") == {}
