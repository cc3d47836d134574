"""Roll-ups are what the rows say: however often, in which cuts, how late they came, and whoever died meanwhile."""

import math
import os
import random
import signal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from store_process import start

from market.errors import StoreError
from sinks.clickhouse import migrate_rollups, rollups
from sinks.clickhouse.client import connect
from sinks.clickhouse.inserter import insert
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rollups import LEVELS, derived, families, roll_up
from sinks.clickhouse.schema import tables
from sinks.clickhouse.tables import arrow
from tests.sql.rollup_oracle import KEYS, OTHERS, SECOND_NS, newest, roll_ups

MIDNIGHT_NS = 1_767_225_600 * SECOND_NS  # where a day, a month and a year begin
MEANS = set(families()["features"].tables["1s"].columns) - OTHERS - {"venue", "instrument", "time"}
Row = dict[str, Any]
Rows = dict[str, list[Row]]


@pytest.fixture
def fresh(store: Client) -> Client:
    """The store with nothing in what is rolled up."""
    for name in {*families(), *derived()}:
        store.command(f"truncate table {name}")
    return store


def made(seed: int, count: int = 60) -> Rows:
    """Rows of two venues around a midnight; what is not ready is so for a whole second."""
    chance = random.Random(seed)
    found: Rows = {name: [] for name in families()}
    for offset in range(1, count + 1):
        name = chance.choice(list(found))
        time_ns = MIDNIGHT_NS + chance.randrange(-70 * SECOND_NS, 70 * SECOND_NS)
        ready = random.Random(f"{seed} {time_ns // SECOND_NS}").random() < 0.7
        venue = chance.choice(("binance-usdm", "kraken"))
        row: Row = {"venue": venue, "instrument": chance.choice(("A", "B")), "receive_time": time_ns}
        row |= {"shard": f"{venue}/0", "offset": offset, "frame": chance.randrange(3)}
        found[name].append(row | values(name, chance, time_ns, ready=ready))
    return found


def values(name: str, chance: random.Random, time_ns: int, *, ready: bool) -> Row:
    """What a row says beyond its key."""
    stamp = {"exchange_time": time_ns - chance.randrange(10**8) if ready else None}
    price, size = 100 + chance.random(), 1 + chance.random()
    if name == "trades":
        some = {"trade_id": chance.randrange(10**6), "price": price, "size": size, "side": chance.choice((1, -1))}
        return {**stamp, **some, "kind": "trade", "off_book": chance.random() < 0.3}
    if name == "quotes":
        valid = chance.random() < 0.7
        prices = {"bid_price": price if valid else math.nan, "ask_price": price + 0.1 if valid else math.nan}
        more = {"sequence": chance.randrange(10**6), "source": chance.choice(("book", "ticker")), "valid": valid}
        return {**stamp, **prices, "bid_size": size, "ask_size": 2.0, **more}
    floats = [column for column, kind in tables()[name].columns.items() if kind == "Float64"]
    said = {column: chance.gauss(0, 1) if ready else math.nan for column in floats}
    return {**stamp, "sequence": chance.randrange(10**6), **said, "mid_price": price}


def send(client: Client, name: str, rows: list[Row], token: str) -> None:
    """Insert rows as our writer does: of one partition, under a token."""
    columns = tables()[name].columns
    by_day: dict[int, list[Row]] = {}
    for row in rows:
        by_day.setdefault(row["receive_time"] // (86_400 * SECOND_NS), []).append(row)
    for day, some in by_day.items():
        schema = {column: pl.Int64 for column, kind in columns.items() if kind == "Int64" or "DateTime64" in kind}
        frame = pl.DataFrame(some, infer_schema_length=None, schema_overrides=schema).select(list(columns))
        whole = {"frame": pl.Int32} | ({"side": pl.Int8} if name == "trades" else {})
        insert(client, name, arrow(name, frame.cast(whole)), f"{name}|{token}|{day}")


def check(client: Client, inserted: Rows) -> None:
    """Every roll-up is what the oracle makes of the rows."""
    for name, family in families().items():
        rows = newest(name, inserted[name])
        for level, seconds in LEVELS.items():
            expected = roll_ups(name, rows, seconds, MEANS)
            answer = client.query(f"select *, toUnixTimestamp(time) as start from {family.tables[level].name} final")
            keys = (*KEYS.get(name, ("venue", "instrument")), "start")
            found = {tuple(row[key] for key in keys): row for row in answer.named_results()}
            assert found.keys() == expected.keys()
            for key, wanted in expected.items():
                told = {column: found[key][column] for column in wanted if column != "receive_time"}
                wanted.pop("receive_time")
                assert told == pytest.approx(wanted, rel=1e-9, abs=1e-9, nan_ok=True), (name, level, key)


def test_roll_ups_are_what_the_rows_say(fresh: Client) -> None:
    rows = made(1, 200)
    for name, some in rows.items():
        send(fresh, name, some, "all")
    assert roll_up(fresh) > 0
    check(fresh, rows)
    assert roll_up(fresh) == 0


@pytest.mark.parametrize("seed", range(int(os.environ.get("BAROGRAPH_ROLLUP_SEEDS", "1"))))
def test_roll_ups_hold_whatever_comes_again_late_or_cut_otherwise(fresh: Client, seed: int) -> None:
    chance, rows = random.Random(seed), made(seed, 150)
    inserted: Rows = {name: [] for name in rows}
    sent: list[tuple[str, list[Row], str]] = []
    for number in range(24):
        name = chance.choice(list(rows))
        act = chance.random()
        if sent and act < 0.2:  # the same block under the same token, as after an answer that never came
            send(fresh, *chance.choice(sent))
        elif sent and act < 0.4:  # the same rows, and new values under some of their keys, in other cuts
            name, some, _ = chance.choice(sent)
            again = [row | {"exchange_time": None} for row in chance.sample(some, (len(some) + 1) // 2)]
            send(fresh, name, again, f"again {number}")
            inserted[name] += again
        elif act < 0.9:  # in no order of time: many are late
            some = chance.sample(rows[name], min(9, len(rows[name])))
            send(fresh, name, some, f"{number}")
            inserted[name] += some
            sent.append((name, some, f"{number}"))
        else:
            roll_up(fresh)
    roll_up(fresh)
    check(fresh, inserted)


def test_sums_are_the_same_to_the_last_bit_however_rows_lie_in_parts(fresh: Client) -> None:
    rows, hashes = made(4, 300), []
    for cuts in (1, 7):
        for name in {*families(), *derived()}:
            fresh.command(f"truncate table {name}")
        for name, some in rows.items():
            for cut in range(cuts):
                send(fresh, name, some[cut::cuts], f"{cuts} {cut}")
        if cuts == 1:
            fresh.command("optimize table features final")
        roll_up(fresh)
        hashes.append(
            [
                fresh.raw_query(f"select * from {table.name} final order by all", fmt="RowBinary")
                for family in families().values()
                for table in family.tables.values()
            ]
        )
    assert hashes[0] == hashes[1]


def test_what_died_between_the_rows_and_their_note_is_noted_by_the_retry(fresh: Client) -> None:
    rows = made(5)
    for name, family in families().items():
        fresh.command(f"drop view touched_{name} sync")  # the rows come in, their note does not
        send(fresh, name, rows[name], "retried")
        fresh.command(family.note)
        send(fresh, name, rows[name], "retried")
        assert fresh.command(f"select count() from {name}") == len(rows[name])
    roll_up(fresh)
    check(fresh, rows)


def test_a_pass_that_dies_before_it_strikes_its_notes_off_is_done_again(
    fresh: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = made(6)
    for name, some in rows.items():
        send(fresh, name, some, "all")
    with monkeypatch.context() as dying:
        dying.setattr(fresh, "insert", lambda *_, **__: (_ for _ in ()).throw(ClickHouseError("killed")))
        with pytest.raises(ClickHouseError):
            roll_up(fresh)
    assert roll_up(fresh) > 0
    check(fresh, rows)


def test_a_killed_store_keeps_rows_and_notes_and_the_roll_ups_catch_up(tmp_path: Path) -> None:
    rows = made(7)
    running = start(tmp_path)
    client = connect(running.dsn)
    migrate(client)
    for name, some in rows.items():
        send(client, name, some[::2], "first")
        roll_up(client)
        send(client, name, some[1::2], "second")
    running.end(signal.SIGKILL)
    running = start(tmp_path)
    try:
        client = connect(running.dsn)
        assert roll_up(client) > 0
        check(client, rows)
    finally:
        running.end()


def test_a_store_with_rows_gets_its_roll_ups_filled(fresh: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = made(8)
    for name, some in rows.items():
        for table in families()[name].tables.values():
            fresh.command(f"drop table {table.name} sync")
        fresh.command(f"drop view touched_{name} sync")
        send(fresh, name, some, "before there were roll-ups")
    monkeypatch.setattr(migrate_rollups, "_PAST", "select throwIf(1, 'killed on the way')")
    with pytest.raises(StoreError, match="killed on the way"):
        migrate(fresh)
    monkeypatch.undo()
    migrate(fresh)
    assert roll_up(fresh) > 0
    check(fresh, rows)
    assert migrate(fresh) == []


def test_a_roll_up_that_is_computed_in_another_way_is_computed_again(
    fresh: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = made(9)
    send(fresh, "quotes", rows["quotes"], "all")
    roll_up(fresh)
    changed = families()["quotes"]._replace(rows=families()["quotes"].rows.replace("1e4 *", "2e4 *"))
    for module in (migrate_rollups, rollups):
        monkeypatch.setattr(module, "families", lambda: {"quotes": changed})
    before = fresh.query("select sum(spread_bps) from quotes_1h final where valid_updates > 0").result_rows[0][0]
    migrate(fresh)
    roll_up(fresh)
    after = fresh.query("select sum(spread_bps) from quotes_1h final where valid_updates > 0").result_rows[0][0]
    assert after == pytest.approx(2 * before)
    monkeypatch.undo()
    migrate(fresh)


def test_a_long_backlog_does_not_hold_up_the_present(fresh: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "STRETCH_PER_PASS_S", 10)
    rows = made(10)["quotes"]
    latest = max(rows, key=lambda row: row["receive_time"])
    for number, row in enumerate(rows):
        send(fresh, "quotes", [row], f"{number}")
    done = rollups.roll_up_once(fresh)
    assert done.more
    assert fresh.command("select count() from quotes_1s") < len(rows)
    newest_ns = fresh.query("select toUnixTimestamp64Nano(max(receive_time)) from quotes_1h").result_rows[0][0]
    assert newest_ns == latest["receive_time"]
