"""Every query of the cookbook answers on a replayed market, and what it calls known was known."""

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.schema import sql_files, tables

COOKBOOK = sql_files("cookbook")


@pytest.fixture(scope="module")
def market(replayed_dsn: str) -> Iterator[Client]:
    client = connect(replayed_dsn.replace("default@", "reader@"))
    yield client
    client.close()


@pytest.mark.parametrize("name", COOKBOOK)
def test_a_query_of_the_cookbook_returns_rows(market: Client, name: str) -> None:
    answer = market.query(COOKBOOK[name])
    assert answer.row_count > 0
    assert all(any(value is not None for value in row) for row in answer.result_rows)


def test_there_are_twenty_and_each_begins_with_its_question() -> None:
    assert len(COOKBOOK) == 20
    assert [int(name[:2]) for name in COOKBOOK] == list(range(1, 21))
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
