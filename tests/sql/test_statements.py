"""Every file of `sql/` runs on the schema as shipped, and the checks find what they are for."""

import re
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.schema import sql_files, tables

DOCS = Path(__file__).parents[2] / "docs"
VALUES = {"UInt": 5, "Int": 5, "Float": 0.5, "String": "", "DateTime": "2026-11-22 00:00:00"}


def parameters(statement: str) -> dict[str, object]:
    wanted = re.findall(r"\{(\w+):(\w+)", statement)
    return {name: next(value for start, value in VALUES.items() if kind.startswith(start)) for name, kind in wanted}


@pytest.mark.parametrize("name", sql_files("queries"))
def test_a_query_runs_on_empty_tables(store: Client, name: str) -> None:
    statement = sql_files("queries")[name]
    store.raw_query(statement, parameters=parameters(statement))


@pytest.mark.parametrize(
    "statement",
    [
        text
        for page in ("regimes.md", "webhooks.md")
        for text in re.findall(r"```sql\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    ],
)
def test_a_query_of_the_documents_runs(store: Client, statement: str) -> None:
    store.query(statement)


@pytest.mark.parametrize("name", sql_files("checks"))
def test_a_check_finds_nothing_in_empty_tables(store: Client, name: str) -> None:
    assert store.query(sql_files("checks")[name]).row_count == 0


@pytest.mark.parametrize("name", sql_files("views"))
def test_a_view_answers(store: Client, name: str) -> None:
    assert store.query(f"select * from {name}").row_count == 0


@pytest.mark.parametrize("name", tables())
def test_the_duplicate_check_of_a_table_sees_a_duplicate_and_replacing_removes_it(store: Client, name: str) -> None:
    for token in ("first", "second"):
        settings = {"insert_deduplication_token": token, "optimize_on_insert": 0}
        store.command(f"insert into {name} ({next(iter(tables()[name].columns))}) values ('x')", settings=settings)
    assert store.query(sql_files("checks")[f"duplicates_{name}"]).row_count == 1
    store.command(f"optimize table {name} final")
    assert store.query(sql_files("checks")[f"duplicates_{name}"]).row_count == 0
    store.command(f"truncate table {name}")


BAD = {
    "crossed_quotes": ("quotes", "bid_price, ask_price, bid_size, ask_size, valid", "(101, 100, 1, 1, true)"),
    "invalid_quotes_with_prices": ("quotes", "source, bid_price, ask_price, valid", "('book', 99, 100, false)"),
    "regime_probabilities": ("regimes", "probability_calm, probability_bear, probability_random", "(1, 1, 0.9)"),
    "regime_bounds": ("regimes", "anomaly, agreement", "(1.5, nan)"),
    "regime_forecast_probabilities": ("regime_forecasts", "probability_calm, probability_bear", "(1, 1)"),
    "regime_forecast_bounds": ("regime_forecasts", "brier_direction, log_loss_direction", "(nan, -0.1)"),
    "regime_changes_of_one_view": ("regime_changes", "view, previous, regime", "('direction', 'bear', 'calm')"),
    "regime_changes_without_regime": ("regime_changes", "view, previous, regime", "('direction', 'bear', 'bull')"),
    "bars_without_order": ("bars", "trades, open, high, low, close, open_time, close_time", "(1, 5, 4, 3, 4, 0, 1)"),
    "coverage_bounds": ("coverage", "valid_s, recorded_s, elapsed_s", "(3, 2, 4)"),
    "bar_statistics_bounds": ("bar_statistics", "yang_zhang_volatility, realised_volatility", "(-1, nan)"),
    "bar_dependence_bounds": ("bar_dependence", "variance_ratio_p_value_5, half_life_bars", "(1.5, nan)"),
    "availability_bounds": ("availability", "start_time, end_time, state, cause", "(1, 1, 'up', '')"),
    "availability_tiles": (
        "availability",
        "channel, start_time, end_time, state",
        "('depth', 1, 2, 'up'), ('depth', 2, 3, 'up'), ('depth', 4, 5, 'up'), ('trade', 5, 6, 'up')",
    ),
    "fills_without_order": ("fills", "account, client_order_id", "('a', 'nobody')"),
    "commits_unbalanced": ("commits", "received, applied", "(2, 1)"),
    "webhook_deliveries_out_of_order": (
        "webhook_deliveries",
        "endpoint, webhook_id, attempt, state",
        "('e', 'm', 1, 'failed'), ('e', 'm', 3, 'dead')",
    ),
    "reconciliations_failed": ("reconciliations", "verdict", "('failed')"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_check_finds_what_it_is_for(store: Client, name: str) -> None:
    table, columns, row = BAD[name]
    store.command(f"insert into {table} ({columns}) values {row}")
    assert store.query(sql_files("checks")[name]).row_count == 1
    store.command(f"truncate table {table}")


def test_regimes_that_are_right_pass_every_check(store: Client) -> None:
    states = "probability_calm, probability_neutral, probability_trending"
    store.command(f"insert into regimes (regime, {states}, agreement) values ('calm/neutral/trending', 1, 1, 1, nan)")
    store.command(f"insert into regimes (time, regime, {states}, confidence) values (1, 'unknown', nan, nan, nan, nan)")
    store.command("insert into regime_changes (view, previous, regime) values ('dynamics', 'random', 'trending')")
    store.command(f"insert into regime_forecasts ({states}, brier_dynamics) values (1, 1, 1, nan)")
    checks = {name: text for name, text in sql_files("checks").items() if "regime" in name}
    found = {name: store.query(text).result_rows for name, text in checks.items()}
    for table in ("regimes", "regime_changes", "regime_forecasts"):
        store.command(f"truncate table {table}")
    assert {name: rows for name, rows in found.items() if rows} == {}


def test_the_latest_views_hold_the_newest_row_of_each_view_and_horizon(store: Client) -> None:
    changes = "('calm', 'volatility', 1), ('stressed', 'volatility', 2), ('bear', 'direction', 1)"
    store.command(f"insert into regime_changes (regime, view, time) values {changes}")
    store.command("insert into regime_forecasts (horizon_bars, time) values (1, 1), (1, 2), (5, 1), (5, 2)")
    states = store.query("select regime from latest_regime_changes order by view").result_rows
    horizons = store.query("select horizon_bars, time from latest_regime_forecasts order by horizon_bars").result_rows
    for table in ("regime_changes", "regime_forecasts"):
        store.command(f"truncate table {table}")
    assert states == [("bear",), ("stressed",)]
    assert [(horizon, time.second) for horizon, time in horizons] == [(1, 2), (5, 2)]


def test_a_refused_order_that_was_sent_is_found(store: Client) -> None:
    store.command("insert into orders (account, client_order_id, state) values ('a', 'o', 'submitted')")
    store.command("insert into risk_events (account, client_order_id, event) values ('a', 'o', 'refused')")
    assert store.query(sql_files("checks")["orders_after_refusal"]).row_count == 1
    store.command("truncate table orders")
    store.command("truncate table risk_events")


def test_the_newest_word_on_a_gap_decides_whether_it_is_open(store: Client) -> None:
    words = [
        ("BTC", "open", "sequence"),
        ("BTC", "healed", "sequence"),
        ("ETH", "open", "silent"),
        ("ETH", "healed", "duplicate"),
    ]
    rows = ", ".join(f"('{name}', {time}, '{state}', '{cause}')" for time, (name, state, cause) in enumerate(words))
    store.command(f"insert into gaps (instrument, receive_time, state, cause) values {rows}")
    assert store.query("select instrument from open_gaps").result_rows == [("ETH",)]
    store.command("truncate table gaps")


def test_the_latest_coverage_is_the_newest_of_every_session(store: Client) -> None:
    rows = ", ".join(f"('BTC', '2026-11-{day}', {time}, {time})" for day, time in ((21, 1), (22, 3), (22, 4), (21, 2)))
    store.command(f"insert into coverage (instrument, session, time, valid_s) values {rows}")
    found = store.query("select session, valid_s from latest_coverage order by session")
    assert found.result_rows == [("2026-11-21", 2.0), ("2026-11-22", 4.0)]
    store.command("truncate table coverage")


@pytest.mark.parametrize("name", tables())
def test_a_table_has_its_window_key_codecs_and_comments(store: Client, name: str) -> None:
    statement = tables()[name].statement
    assert "non_replicated_deduplication_window = 10000" in statement
    assert "engine = ReplacingMergeTree\n" in statement
    assert statement.count(" comment '") == len(tables()[name].columns)
    assert re.search(r"^comment '.+'$", statement, re.MULTILINE)
    for column, kind in tables()[name].columns.items():
        if kind.startswith("DateTime64"):
            is_measured = column == "receive_time" and name in ("quotes", "trades", "features")
            codec = "Delta, ZSTD(1)" if is_measured else "DoubleDelta, ZSTD(1)"  # docs/decisions/011-codecs.md
            assert f"    {column} {kind} codec({codec})" in statement


def test_the_latest_quote_is_the_newest_even_without_an_exchange_time(store: Client) -> None:
    rows = (
        "('BTC', 'book', 100, 1, 5, '2026-11-22 00:00:00'), ('BTC', 'book', 101, 2, 6, null), "
        "('ETH', 'ticker', 50, 1, 7, null)"
    )
    store.command(
        f"insert into quotes (instrument, source, bid_price, `offset`, sequence, exchange_time) values {rows}"
    )
    found = store.query(
        "select instrument, source, bid_price, sequence, exchange_time from latest_quotes order by instrument"
    )
    assert found.result_rows == [("BTC", "book", 101.0, 6, None), ("ETH", "ticker", 50.0, 7, None)]
    store.command("truncate table quotes")


def test_budgets_count_what_was_down_of_the_open_time_of_a_day_and_of_thirty(store: Client) -> None:
    rows = [
        ("2026-10-20 00:00:00", "down", "crossed", 9_000),  # more than thirty days before
        ("2026-11-22 00:00:00", "up", "", 80_000),
        ("2026-11-22 22:13:20", "down", "torn", 20),
        ("2026-11-23 00:00:00", "unverifiable", "venue", 9_990),
        ("2026-11-23 04:00:00", "closed", "session", 50_000),
        ("2026-11-23 20:00:00", "down", "silent", 10),
    ]
    values = ", ".join(f"('BTC', '{time}', '{state}', '{cause}', {seconds})" for time, state, cause, seconds in rows)
    for _ in range(2):  # a flow that begins anew writes them again: copies of a key count once
        store.command(f"insert into availability (instrument, start_time, state, cause, seconds) values {values}")
    columns = "window, counted_s, used_s, round(left_999_s, 6), round(left_9999_s, 6), share_up, share_unverifiable"
    columns += ", chief_cause"
    found = store.query(f"select {columns} from availability_budgets order by window desc").result_rows
    days = store.query(
        "select toString(day), down_s, closed_s, share_up from availability_daily order by day"
    ).result_rows
    store.command("truncate table availability")
    assert found == [
        ("day", 10_000.0, 10.0, 0.0, -9.0, 0.0, 0.999, "silent"),
        ("30 days", 90_020.0, 30.0, 60.02, -20.998, 80_000 / 90_020, 9_990 / 90_020, "torn"),
    ]
    assert days == [
        ("2026-10-20", 9_000.0, 0.0, 0.0),
        ("2026-11-22", 20.0, 0.0, 80_000 / 80_020),
        ("2026-11-23", 10.0, 50_000.0, 0.0),
    ]
