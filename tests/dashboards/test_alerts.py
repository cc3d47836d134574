"""Alert rules: each fires when it should and not when it should not, and an alarm is what nothing is known of."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboards.macros import Range, expand
from simulator.tape import EPOCH_NS
from tests.dashboards.conftest import Market
from tests.replayed import SECONDS

FILE = Path(__file__).parents[2] / "dashboards" / "provisioning" / "alerting" / "rules.json"
GROUP: dict[str, Any] = json.loads(FILE.read_text("utf-8"))["groups"][0]
RULES = {rule["uid"].removeprefix("barograph-").replace("-", "_"): rule for rule in GROUP["rules"]}
SECOND_NS, END_NS = 1_000_000_000, EPOCH_NS + SECONDS * 1_000_000_000
LATER_NS = END_NS + 2_000 * SECOND_NS  # of the rows that make rules fire
AGO_NS = LATER_NS - 40 * SECOND_NS
QUIET_BEFORE = {"trading_stopped", "orders_unknown", "venue_differs"}  # rules of which live_rows has reasons to fire


def at(time_ns: int) -> Range:
    return Range(time_ns // 1_000_000 - 86_400_000, time_ns // 1_000_000)


def firing(market: Market, name: str, time_ns: int) -> bool | None:
    """Whether the rule's query and threshold say so at a time; None: no data, which alarms too."""
    rule = RULES[name]
    asked, compared = rule["data"]
    answer = market.client.query(expand(asked["model"]["rawSql"], at(time_ns)))
    if not answer.result_rows:
        return None
    kinds = [kind.name for kind in answer.column_types]
    assert kinds[-1] == "Float64", kinds
    assert set(kinds[:-1]) <= {"String", "LowCardinality(String)"}, "labels and one number"
    (bound,) = compared["model"]["conditions"][0]["evaluator"]["params"]
    assert compared["model"]["expression"] == asked["refId"]
    assert compared["refId"] == rule["condition"]
    keys = [row[:-1] for row in answer.result_rows]
    assert len(set(keys)) == len(keys)
    return any(row[-1] > bound for row in answer.result_rows)


@pytest.fixture(scope="module")
def loud(market: Market) -> Market:
    """The market, and later what should alarm."""
    origin = {"shard": "binance-usdm/0", "offset": 5, "frame": 0}
    gap = {
        "venue": "binance-usdm",
        "instrument": "BTCUSDT",
        "channel": "depth",
        "cause": "sequence",
        "state": "open",
        "start_time": None,
        "expected_sequence": 1,
        "received_sequence": 2,
    }
    paper = {
        "account": "paper",
        "venue": "binance-usdm",
        "instrument": "BTCUSDT",
        "time": LATER_NS,
        "receive_time": LATER_NS,
    }
    worth = {"state": "active", "equity": 1.0, "cash": 1.0, "drawdown": 0.2, "gross": 5.0, "link": 1, "offset": 10_000}
    posting = {"kind": "fill", "reference": "f", "book": "cash", "amount": Decimal("0.01"), "offset": 10_000, "row": 0}
    order = {"client_order_id": "lost", "time": AGO_NS, "receive_time": AGO_NS, "offset": 9_998}
    proof = dict.fromkeys(
        (
            "first_offset",
            "last_offset",
            "blocks",
            "holes",
            "overlaps",
            "frames",
            "received",
            "applied",
            "duplicate",
            "dead_lettered",
            "control",
            "shed",
            "rows_committed",
            "rows_found",
        ),
        1,
    )
    rows: dict[str, list[dict[str, Any]]] = {
        "gaps": [{**gap, **origin, "frame": number, "receive_time": LATER_NS - number} for number in range(6)],
        "accounts": [{"account": "paper", "time": LATER_NS, "receive_time": LATER_NS, **worth}],
        "ledger": [{**paper, **posting}],
        "orders": [
            {**paper, **order, "state": state, "row": row} for row, state in enumerate(("submitted", "unknown"))
        ],
        "latency": [
            {
                "venue": "binance-usdm",
                "shard": "binance-usdm/0",
                "stage": "sink",
                "receive_time": LATER_NS,
                "count": 9,
                "p50_ns": 1,
                "p99_ns": 150_000_000,
                "p999_ns": 1,
                "max_ns": 1,
            }
        ],
        "risk_events": [
            {
                **paper,
                "venue": "",
                "instrument": "",
                "event": "halted",
                "reason": "Ada",
                "values": {},
                "client_order_id": "",
                "offset": 10_000,
                "row": 0,
            },
            {
                **paper,
                "event": "adopted_cash",
                "reason": "the venue is right",
                "values": {},
                "client_order_id": "",
                "offset": 10_000,
                "row": 1,
            },
        ],
        "touched": [
            {
                "name": "quotes",
                "venue": "binance-usdm",
                "first_time": 1,
                "last_time": 2,
                "noted_at": LATER_NS // 1_000_000 - 300_000,
                "id": "00000000-0000-0000-0000-000000000001",
                "sign": 1,
            }
        ],
        "reconciliations": [
            {
                **proof,
                "shard": "binance-usdm/0",
                "source": "b",
                "receive_time": LATER_NS,
                "time": LATER_NS,
                "verdict": "failed",
                "reason": "rows are missing",
            }
        ],
    }
    for table, made in rows.items():
        names = list(made[0])
        market.client.insert(table, [[row[name] for name in names] for row in made], column_names=names)
    return market


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_quiet_while_all_is_well(loud: Market, name: str) -> None:
    quiet_ns = EPOCH_NS + SECOND_NS // 2 if name in QUIET_BEFORE else END_NS
    assert firing(loud, name, quiet_ns) is False


@pytest.mark.parametrize("name", RULES)
def test_a_rule_fires_when_it_should(loud: Market, name: str) -> None:
    assert firing(loud, name, LATER_NS) is True


def test_what_nothing_is_known_of_alarms(loud: Market) -> None:
    """A day after the last row feeds, latencies and shards have no rows: no data, and no data is an alarm."""
    silent = {name for name in RULES if firing(loud, name, LATER_NS + 3 * 86_400 * SECOND_NS) is None}
    assert silent == {"stale_feed", "gap_rate", "latency_p99", "store_behind"}
    assert all(rule["noDataState"] == rule["execErrState"] == "Alerting" for rule in RULES.values())


def test_rules_use_no_variable_and_no_name_of_the_environment() -> None:
    """Boards' variables do not exist for rules, and Grafana fills $NAME in files from its environment."""
    for name, rule in RULES.items():
        assert set(re.findall(r"\$\w+", str(rule))) <= {"$__toTime", "$__toTime_ms", "$__fromTime", "$__fromTime_ms"}, (
            name
        )
        labels = set(re.findall(r"\.Labels\.(\w+)", rule["annotations"]["summary"]))
        assert labels <= set(re.findall(r"as (\w+)", rule["data"][0]["model"]["rawSql"])), name
