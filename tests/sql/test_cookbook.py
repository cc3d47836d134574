"""Every query of the cookbook answers on a replayed market, and what it calls known was known."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import pytest
from clickhouse_connect.driver.client import Client

from simulator.tape import EPOCH_NS
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.schema import sql_files, tables
from tests.dashboards import live_rows

COOKBOOK = sql_files("cookbook")
RARE = {23, 25, 27, 28}


@pytest.fixture(scope="module")
def market(replayed_dsn: str) -> Iterator[Client]:
    client = connect(replayed_dsn.replace("default@", "reader@"))
    yield client
    client.close()


@pytest.fixture(scope="module")
def traded(replayed_dsn: str) -> Iterator[Client]:
    """What takes longer than a short market: refusals, measured risk, limits that moved, answers of the optimiser."""
    plain = connect(replayed_dsn)
    plain.command("create database if not exists traded engine = Atomic")
    plain.close()
    client = connect(replayed_dsn.replace("/barograph", "/traded"))
    migrate(client)
    live_rows.fill(client, EPOCH_NS)
    client.close()
    client = connect(replayed_dsn.replace("default@", "reader@").replace("/barograph", "/traded"))
    yield client
    client.close()


@pytest.mark.parametrize("name", COOKBOOK)
def test_a_query_of_the_cookbook_returns_rows(market: Client, traded: Client, name: str) -> None:
    answer = (traded if int(name[:2]) in RARE else market).query(COOKBOOK[name])
    assert answer.row_count > 0
    assert all(any(value is not None for value in row) for row in answer.result_rows)


def test_they_are_numbered_and_each_begins_with_its_question() -> None:
    assert [int(name[:2]) for name in COOKBOOK] == list(range(1, 31))
    assert all(text.startswith("-- ") and text.splitlines()[0].endswith(("?", ".")) for text in COOKBOOK.values())


def test_features_at_a_signal_are_the_same_when_nothing_later_is_there(market: Client) -> None:
    moment = "(select quantileExactLow(0.5)(receive_time) from signals)"
    text = COOKBOOK["01_features_at_signals"]
    whole = market.query(f"select * from ({text}) where known_at <= {moment} order by all").result_rows
    known = {name: f"(select * from {name} final where receive_time <= {moment})" for name in ("signals", "features")}
    cut = text.replace("from signals final", f"from {known['signals']} as signals")
    cut = cut.replace("join features final", f"join {known['features']} as features")
    again = market.query(f"select * from ({cut}) order by all").result_rows
    assert [repr(row) for row in again] == [repr(row) for row in whole]  # nan is no nan
    assert whole


def test_bars_as_they_were_known_leave_out_what_came_later(market: Client) -> None:
    rows = market.query(COOKBOOK["10_bars_as_they_were_known"]).result_rows
    later = market.query(
        "select count() from bars final where timeframe = '1s' and receive_time >"
        " (select quantileExactLow(0.5)(receive_time) from bars final where timeframe = '1s')"
    ).first_row[0]
    assert later > 0
    assert len(rows) == min(
        100, market.query("select count() from bars final where timeframe = '1s'").first_row[0] - later
    )


def test_the_checks_find_nothing_in_a_replayed_market(market: Client) -> None:
    found = {name: market.query(text).result_rows for name, text in sql_files("checks").items()}
    assert {name: rows for name, rows in found.items() if rows} == {}


def test_every_roll_up_has_rows_of_a_replayed_market(market: Client) -> None:
    for name in ("quotes", "trades", "features"):
        for level in ("1s", "1m", "1h"):
            assert market.query(f"select count() from {name}_{level} final").first_row[0] > 0
    assert market.query("select count() from touched final where sign = 1").first_row[0] == 0
    assert set(tables()) >= {"quotes", "trades", "features"}


def test_the_books_hold_what_the_account_is_said_to_have(market: Client) -> None:
    """Cash of the newest row of `accounts` against the ledger up to the same row of the journal; 26 is in balance."""
    worth, cash, offset = market.query(
        "select equity, cash, `offset` from accounts final order by receive_time desc, `offset` desc limit 1"
    ).first_row
    asked = "select sum(amount) from ledger final where book = 'cash' and `offset` <= {offset:Int64}"
    assert float(market.query(asked, parameters={"offset": offset}).first_row[0]) == pytest.approx(cash, abs=1e-6)
    assert market.query(COOKBOOK["21_equity_curve"]).result_rows[-1][2] == worth
    books: dict[str, Decimal] = defaultdict(Decimal)
    for row in market.query(COOKBOOK["26_where_money_went"]).result_rows:
        books[row[1]] += row[3]
        assert row[7] == 0
    assert books.pop("cash") + books.pop("position") == sum(books.values()) > 0


def test_the_cost_of_fills_is_that_of_the_quotes_they_were_made_at(market: Client) -> None:
    """24 has the book of each order from its intent; 08 looks the quotes up: over all fills they agree."""
    looked_up = {row[0]: row[3] for row in market.query(COOKBOOK["08_slippage"]).result_rows}
    rows = market.query(COOKBOOK["24_cost_by_regime"]).result_rows
    for instrument, slippage_bps in looked_up.items():
        of_it = [row for row in rows if row[0] == instrument]
        turnover = sum(row[3] for row in of_it)
        assert sum(row[3] * row[4] for row in of_it) / turnover == pytest.approx(slippage_bps, abs=0.02)
