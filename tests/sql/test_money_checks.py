"""The checks of money and orders: they fire on what is broken, name it, and are silent on what is sound."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.schema import sql_files

CHECKS = sql_files("checks")
TABLES = ("ledger", "orders", "intents", "fills", "risk_events")
FILL = [("position", "100.5"), ("fees", "0.00000001"), ("cash", "-100.50000001")]


@pytest.fixture(autouse=True)
def _emptied(store: Client) -> Iterator[None]:
    yield
    for table in TABLES:
        store.command(f"truncate table {table}")


def put(store: Client, table: str, **values: object) -> None:
    """One row; one that is there already comes a second time."""
    settings = {"insert_deduplicate": 0}
    store.insert(table, [list(values.values())], column_names=list(values), settings=settings)


def posting(store: Client, offset: int, entries: list[tuple[str, str]], account: str = "a") -> None:
    for row, (book, amount) in enumerate(entries):
        put(
            store,
            "ledger",
            account=account,
            receive_time=offset,
            offset=offset,
            row=row,
            book=book,
            amount=Decimal(amount),
        )


def found(store: Client, check: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in store.query(CHECKS[check]).result_rows]


def test_books_in_balance_are_silent_also_where_rows_came_twice(store: Client) -> None:
    for offset in (1, 2):
        posting(store, offset, FILL)
    posting(store, 2, FILL)
    assert found(store, "ledger_unbalanced") == []


@pytest.mark.parametrize("lost", range(3))
def test_a_row_of_the_ledger_that_is_lost_is_found_with_its_amount(store: Client, lost: int) -> None:
    posting(store, 1, FILL)
    posting(store, 2, [entry for number, entry in enumerate(FILL) if number != lost])
    assert found(store, "ledger_unbalanced") == [("a", 2, -Decimal(FILL[lost][1]))]


def test_two_faults_that_cancel_each_other_are_found(store: Client) -> None:
    posting(store, 1, [("cash", "1"), ("fees", "-0.99999999")])
    posting(store, 2, [("cash", "-1"), ("fees", "0.99999999")])
    posting(store, 3, [("cash", "5")], account="b")
    posting(store, 3, [("cash", "-5")], account="c")
    assert [row[:2] for row in sorted(found(store, "ledger_unbalanced"))] == [("a", 1), ("a", 2), ("b", 3), ("c", 3)]


def order(store: Client, name: str, state: str = "submitted", account: str = "a", receive_time: int = 10) -> None:
    put(
        store,
        "orders",
        account=account,
        client_order_id=name,
        state=state,
        receive_time=receive_time,
        offset=receive_time,
    )


def intent(store: Client, name: str, refused: str = "", account: str = "a") -> None:
    put(store, "intents", account=account, client_order_id=name, refused=refused, receive_time=10, offset=10)


def test_orders_that_came_before_the_gate_are_silent(store: Client) -> None:
    intent(store, "o")
    order(store, "o")
    order(store, "o", "filled")
    order(store, "old", receive_time=9)  # before intents were written down at all
    assert found(store, "orders_without_intent") == []


def test_an_order_that_no_gate_saw_or_that_it_refused_is_found(store: Client) -> None:
    intent(store, "o")
    intent(store, "refused", refused="leverage")
    intent(store, "other", account="b")
    for name in ("o", "refused", "other", "nobody"):
        order(store, name)
    assert sorted(found(store, "orders_without_intent")) == [("a", "nobody"), ("a", "other"), ("a", "refused")]


def test_without_any_intent_every_order_is_found(store: Client) -> None:
    order(store, "o")
    assert found(store, "orders_without_intent") == [("a", "o")]


def test_a_fill_is_of_an_order_or_told_to_be_of_somebody_else(store: Client) -> None:
    order(store, "o")
    put(store, "risk_events", account="a", event="foreign_fill", reason="f2")
    put(store, "risk_events", account="a", event="refused", reason="f3")
    for fill, name in (("f1", "o"), ("f2", "theirs"), ("f3", "nobody"), ("f4", "")):
        put(store, "fills", account="a", fill_id=fill, client_order_id=name)
    assert sorted(row[3] for row in found(store, "fills_without_order")) == ["f3", "f4"]
