"""What orders and their parents cost: the views against a plain computation on made-up rows."""

import math
import random
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
CONTRACTS = {"A": (1.0, False), "B": (0.1, False), "C": (100.0, True), "D": (1.0, False)}
FIRST = {"A": 20_000.0, "B": 50.0, "C": 3_000.0}
VENUE, ACCOUNT = "made-up", "paper"
UNSEEN: dict[str, Any] = {  # an order half of which filled, in an instrument of which no mid and no trade is stored
    "name": "D", "offset": 999, "way": 1, "size": 4.0, "held": 0.0, "price": 50.0, "decided": 5,
    "orders": [{"id": "unseen", "size": 4.0, "made": 6, "ends": 9, "mid": 50.5, "touch": 50.6, "fee": 0.1,
                "fills": [(2.0, 50.7)]}],
}  # fmt: skip


class Market:
    """Mids and trades by second, with seconds of which nothing is known; parents, their orders and fills."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.mids: dict[str, dict[int, float]] = defaultdict(dict)
        self.trades: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
        for name, price in FIRST.items():
            mid = price
            for second in range(600):
                mid *= 1 + self.rng.gauss(0, 1e-4)
                if self.rng.random() < 0.8:
                    self.mids[name][second] = mid
                for _ in range(self.rng.choice([0, 0, 1, 3])):
                    self.trades[name].append((second, mid * (1 + self.rng.gauss(0, 1e-4)), self.rng.uniform(0.1, 5)))
        self.parents = [self.parent(number) for number in range(60)]

    def mid_before(self, name: str, second: int) -> float:
        known = [at for at in self.mids[name] if at < second]
        return self.mids[name][max(known)] if known else math.nan

    def parent(self, number: int) -> dict[str, Any]:
        name = self.rng.choice(list(FIRST))
        way, size = self.rng.choice([1, -1]), round(self.rng.uniform(1, 20), 1)
        second = self.rng.randrange(5, 500)
        price = self.mid_before(name, second)
        held, decided, left = round(self.rng.uniform(-5, 5), 1), second, size
        orders = []
        for child in range(self.rng.choice([1, 1, 3, 6])):
            second += self.rng.choice([0, 1, 4])
            mid = self.mid_before(name, second)
            touch = mid * (1 + way * 1e-4)
            wants = left if self.rng.random() < 0.3 else round(left * 0.4, 1)
            if wants <= 0:
                break
            ends = second + self.rng.choice([0, 1, 9])
            done = self.rng.choice([0.0, wants, round(wants / 2, 1)])
            fills = (
                [(done, touch * (1 + way * 1e-5))] if child % 2 else [(done / 4, touch), (done * 3 / 4, touch * 1.0001)]
            )
            fills = [(size, price) for size, price in fills if size > 0]
            orders.append({"id": f"o-{number}-{child}", "size": wants, "made": second, "ends": ends, "mid": mid,
                           "touch": touch, "fills": fills, "fee": 0.01 * len(fills) * way})  # fmt: skip
            left = round(left - sum(size for size, _ in fills), 6)
        return {"name": name, "offset": 1_000 + number, "way": way, "size": size, "held": held, "price": price,
                "decided": decided, "orders": orders}  # fmt: skip

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for parent in self.parents:
            for order in parent["orders"]:
                self.order_rows(found, parent, order)
        for name, mids in self.mids.items():
            for second, mid in mids.items():
                row = {"venue": VENUE, "instrument": name, "source": "book", "time": at(second), "updates": 2}
                found["quotes_1s"].append(row | {"valid_updates": 1, "mid_close": mid})
            found["quotes_1s"].append(row | {"time": at(601), "valid_updates": 0, "mid_close": math.nan})
            found["quotes_1s"].append(row | {"source": "ticker", "valid_updates": 1, "mid_close": 1.0})
            by_second: dict[int, list[tuple[float, float]]] = defaultdict(list)
            for second, price, size in self.trades[name]:
                by_second[second].append((price, size))
            for second, done in by_second.items():
                row = {"venue": VENUE, "instrument": name, "kind": "trade", "time": at(second), "rows": len(done)}
                volume, worth = sum(size for _, size in done), sum(price * size for price, size in done)
                found["trades_1s"].append(row | {"volume": volume, "price_volume": worth})
        self.order_rows(found, UNSEEN, UNSEEN["orders"][0])
        return found

    def order_rows(self, found: dict[str, list[dict[str, Any]]], parent: dict[str, Any], order: dict[str, Any]) -> None:
        unit, inverse = CONTRACTS[parent["name"]]
        number = 2 * len(found["intents"])
        whose = {"account": ACCOUNT, "venue": VENUE, "instrument": parent["name"], "client_order_id": order["id"]}
        made, ends = at(order["made"], 300), at(order["ends"], 700)
        bid, ask = sorted((order["touch"], 2 * order["mid"] - order["touch"]))
        intent = {
            **whose, "time": made, "receive_time": made, "side": parent["way"], "size": order["size"], "refused": "",
            "target_offset": parent["offset"], "schedule": "twap", "decision_time": at(parent["decided"]),
            "wanted_size": parent["held"] + parent["way"] * parent["size"], "position_size": parent["held"],
            "decision_price": parent["price"], "bid_price": bid, "ask_price": ask, "contract_size": unit,
            "inverse": inverse, "offset": number, "row": 0,
        }  # fmt: skip
        found["intents"] += [intent, intent | {"client_order_id": f"r-{order['id']}", "refused": "leverage"}]
        state = {**whose, "side": parent["way"], "size": order["size"]}
        found["orders"].append(
            state | {"time": made, "receive_time": made, "state": "submitted", "offset": number, "row": 0}
        )
        word = "filled" if sum(size for size, _ in order["fills"]) == order["size"] else "cancelled"
        found["orders"].append(
            state | {"time": ends, "receive_time": ends, "state": word, "offset": number + 1, "row": 1}
        )
        for fill_number, (size, price) in enumerate(order["fills"]):
            fill = {"fill_id": f"{order['id']}-{fill_number}", "side": parent["way"], "price": price, "size": size}
            found["fills"].append(
                {
                    **whose,
                    **fill,
                    "fee": order["fee"] / len(order["fills"]),
                    "time": ends,
                    "receive_time": ends,
                    "offset": 9,
                }
            )

    # The same numbers, the long way.

    def cost(self, parent: dict[str, Any], order: dict[str, Any]) -> dict[str, float]:
        unit, inverse = CONTRACTS[parent["name"]]
        price = parent["price"]

        def lost(size: float, at_price: float, against: float) -> float:
            """Quote currency that a size is worse off by; an inverse one is so many quote units at the decision."""
            worth = size * unit / price if inverse else size * unit
            return parent["way"] * worth * (at_price - against)

        done = sum(size for size, _ in order["fills"])
        end = self.mid_before(parent["name"], order["ends"])
        seen = [(p, s) for at_s, p, s in self.trades[parent["name"]] if order["made"] <= at_s <= order["ends"]]
        found = {
            "delay": lost(done, order["mid"], price),
            "spread": lost(done, order["touch"], order["mid"]),
            "impact": sum(lost(size, paid, order["touch"]) for size, paid in order["fills"]),
            "fees": order["fee"] if order["fills"] else 0.0,
            "opportunity": lost(order["size"] - done, end, price) if done < order["size"] else 0.0,
            "vwap": sum(p * s for p, s in seen) / sum(s for _, s in seen) if seen else math.nan,
            "notional": order["size"] * unit * (1.0 if inverse else price),
        }
        found["shortfall"] = sum(found[name] for name in ("delay", "spread", "impact", "fees", "opportunity"))
        return found


def at(second: int, ms: int = 0) -> datetime:
    return datetime.fromtimestamp(START // SECOND + second + ms / 1000, UTC)


PARTS = ("delay", "spread", "impact", "fees", "opportunity", "shortfall")


@pytest.fixture(scope="module")
def market(store: Client) -> Market:
    made = Market(3)
    for table, rows in made.rows().items():
        for token in ("once", "again"):  # rows that are there twice count once
            names = sorted({name for row in rows for name in row})
            store.insert(table, [[row.get(name) for name in names] for row in rows], column_names=names,
                         settings={"insert_deduplication_token": f"{table}{token}"})  # fmt: skip
    return made


def named(store: Client, view: str, key: str) -> dict[Any, dict[str, Any]]:
    return {row[key]: row for row in store.query(f"select * from {view}").named_results()}


def test_an_order_costs_what_the_long_way_says(store: Client, market: Market) -> None:
    rows = named(store, "order_costs", "client_order_id")
    rows.pop("unseen")
    assert len(rows) == sum(len(parent["orders"]) for parent in market.parents) > 60
    for parent in market.parents:
        for order in parent["orders"]:
            row, cost = rows[order["id"]], market.cost(parent, order)
            for name in PARTS:
                assert row[name] == pytest.approx(cost[name], abs=1e-6), (name, row, cost)
                assert row[f"{name}_bps"] == pytest.approx(1e4 * cost[name] / cost["notional"], abs=1e-6)
            assert row["vwap"] == pytest.approx(cost["vwap"], nan_ok=True, rel=1e-9)
            assert row["notional"] == pytest.approx(cost["notional"])
            assert row["filled_size"] == pytest.approx(sum(size for size, _ in order["fills"]))
    assert any(math.isnan(row["vwap"]) for row in rows.values())
    assert {row["state"] for row in rows.values()} == {"filled", "cancelled"}


def test_a_parent_costs_its_orders_and_what_never_filled(store: Client, market: Market) -> None:
    rows = named(store, "parent_costs", "target_offset")
    for parent in market.parents:
        row, orders = rows[parent["offset"]], parent["orders"]
        costs = [market.cost(parent, order) for order in orders]
        unit, inverse = CONTRACTS[parent["name"]]
        done = sum(size for order in orders for size, _ in order["fills"])
        last = max(orders, key=lambda order: order["ends"])
        end = market.mid_before(parent["name"], last["ends"])
        worth = (parent["size"] - done) * (unit / parent["price"] if inverse else unit)
        missed = parent["way"] * worth * (end - parent["price"]) if parent["size"] - done > 1e-9 else 0.0
        expected = {name: sum(cost[name] for cost in costs) for name in ("delay", "spread", "impact", "fees")}
        expected["opportunity"] = missed
        expected["shortfall"] = sum(expected.values())
        notional = parent["size"] * unit * (1.0 if inverse else parent["price"])
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, abs=1e-6), (name, row)
            assert row[f"{name}_bps"] == pytest.approx(1e4 * value / notional, abs=1e-6)
        assert row["filled_size"] == pytest.approx(parent["way"] * done)
        assert row["parent_size"] == pytest.approx(parent["way"] * parent["size"])
        assert row["orders"] == len(orders)


def test_the_shortfall_is_what_the_paper_portfolio_made_more(store: Client, market: Market) -> None:
    """Perold: what holding the whole parent from the decision on made, less what the account made; linear contracts."""
    rows = named(store, "parent_costs", "target_offset")
    for parent in market.parents:
        unit, inverse = CONTRACTS[parent["name"]]
        if inverse:
            continue
        last = max(parent["orders"], key=lambda order: order["ends"])
        end = market.mid_before(parent["name"], last["ends"])
        paper = parent["way"] * parent["size"] * unit * (end - parent["price"])
        fills = [fill for order in parent["orders"] for fill in order["fills"]]
        fees = sum(order["fee"] for order in parent["orders"] if order["fills"])
        account = sum(parent["way"] * size * unit * (end - paid) for size, paid in fills) - fees
        assert rows[parent["offset"]]["shortfall"] == pytest.approx(paper - account, abs=1e-6)


def test_where_no_mid_is_known_what_did_not_fill_has_no_price(store: Client, market: Market) -> None:
    order = named(store, "order_costs", "client_order_id")["unseen"]
    parent = named(store, "parent_costs", "target_offset")[999]
    for row in (order, parent):
        assert (row["delay"], row["fees"]) == (pytest.approx(1.0), pytest.approx(0.1))
        assert (row["spread"], row["impact"]) == (pytest.approx(0.2), pytest.approx(0.2))
        assert math.isnan(row["end_price"])
        assert math.isnan(row["opportunity"])
        assert math.isnan(row["shortfall"])
    assert math.isnan(order["vwap"])
