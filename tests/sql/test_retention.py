"""TTLs: set, changed and taken away by the settings; whole days of ticks go, everything made of them stays."""

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.retention import TICKS, Retention, retain
from sinks.clickhouse.rollups import derived, families, roll_up

OLD, NEW = "now() - interval 9 day", "now() - interval 1 hour"


def test_old_days_of_ticks_go_and_their_minutes_stay(store: Client) -> None:
    for age in (OLD, NEW):
        store.command(
            f"insert into quotes (venue, instrument, receive_time, bid_price, valid) select 'v', 'i', {age}, 1, 1"
        )
    roll_up(store)
    assert retain(store, Retention(ticks=7)) == list(TICKS)
    assert retain(store, Retention(ticks=7)) == []
    store.command("optimize table quotes final")
    assert store.command("select count() from quotes") == 1
    assert store.command(f"select count() from quotes where receive_time < {NEW} - interval 1 day") == 0
    for level in ("1s", "1m", "1h"):
        assert store.command(f"select count() from quotes_{level} final") == 2
    assert set(retain(store, Retention(ticks=3, seconds=7))) == {*TICKS, "quotes_1s", "trades_1s", "features_1s"}
    store.command("optimize table quotes_1s final")
    assert store.command("select count() from quotes_1s") == 1
    assert store.command("select count() from quotes_1m final") == 2


def test_a_store_with_ttls_migrates_and_without_them_keeps_for_ever(store: Client) -> None:
    retain(store, Retention(ticks=30, seconds=90))
    assert migrate(store) == []  # a flow that is not told leaves them alone
    assert "toIntervalDay(30)" in store.command("show create table quotes")
    migrate(store, Retention())
    assert not any("TTL" in store.command(f"show create table {name}") for name in ("quotes", "quotes_1s"))
    for name in {*families(), *derived()}:
        store.command(f"truncate table {name}")
