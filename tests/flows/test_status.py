"""`barograph status` tells what is, whatever is missing."""

import io
import json
import os
from dataclasses import fields

import pytest
from rich.console import Console

from flows.status import journal_ends, render_status, status, status_json
from gateway import status as gathered
from gateway.regime_rows import Regime
from gateway.rows import StoredOffset
from gateway.status import Partition, Tables, gather
from market.clock import ManualClock
from market.journal import partition_path
from sinks.journal import JournalWriter

NOW = ManualClock(1_700_000_000_000_000_000)


def text_of(found, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO())
    console.print(render_status(found))
    return console.file.getvalue()


@pytest.fixture
def recorded(tmp_path):
    for topic, shard, rows in (("market", "simulated/0", 3), ("trading", "trading/0", 1)):
        path = partition_path(tmp_path, topic, shard)
        with JournalWriter(path, venue="simulated", shard=shard, block_ns=1) as journal:
            for number in range(rows):
                journal.append([number], [b"{}"])
    return tmp_path


def test_where_nothing_ever_ran_it_is_one_sentence_with_the_way_out(tmp_path):
    text = text_of(status(tmp_path / "absent", None, clock=NOW), width=400)
    assert text.count("\n") == 1
    assert "barograph up" in text


def test_the_journal_is_read_without_a_store(recorded):
    assert journal_ends(recorded) == (
        Partition(topic="market", shard="simulated/0", last_offset=3),
        Partition(topic="trading", shard="trading/0", last_offset=1),
    )
    text = text_of(status(recorded, None, clock=NOW))
    assert "simulated/0" in text
    assert "No store runs" in text


def test_a_torn_journal_is_left_out(recorded):
    partition_path(recorded, "market", "simulated/1").write_bytes(b"not a database, but long enough to be read as one")
    assert [end.shard for end in journal_ends(recorded)] == ["simulated/0", "trading/0"]


def test_a_store_that_is_down_is_told_and_the_rest_still_shown(recorded):
    found = status(recorded, "http://127.0.0.1:9/barograph", clock=NOW)
    assert "no store answers" in found.store.trouble
    assert len(found.journal) == 2


def test_lag_is_what_the_tables_lack_of_the_journal(recorded, monkeypatch):
    stored = StoredOffset(shard="simulated/0", stored_offset=1, stored_time="2026-01-01T00:00:00Z")
    monkeypatch.setattr(gathered, "read_tables", lambda _: Tables(stored=[stored]))
    found = gather(object(), data=recorded, now_ns=1, journal=journal_ends(recorded))
    assert [(end.topic, end.stored_offset, end.lag_rows) for end in found.journal] == [
        ("market", 1, 2),
        ("trading", None, None),
    ]


def test_regimes_are_in_words_with_confidence_and_agreement_at_80_columns(recorded, monkeypatch):
    measured = {field.name: None for field in fields(Regime)} | {"evidence": {}, "bars_seen": 9}
    named = {"venue": "simulated", "instrument": "BTCUSDT", "regime": "stressed/neutral/reverting"}
    today, before = "2023-11-14T22:13:00.000000000Z", "2023-11-13T00:00:00.000000000Z"
    shares = {"confidence": 0.97, "agreement": 2 / 3}
    regimes = [
        Regime(**measured | named | shares | {"timeframe": "ultra_short", "time": today}),
        Regime(**measured | named | {"timeframe": "long", "time": before}),
    ]
    monkeypatch.setattr(gathered, "read_tables", lambda _: Tables(regimes=regimes))
    text = text_of(gather(object(), data=recorded, now_ns=NOW.now_ns(), journal=journal_ends(recorded)))
    assert "BTCUSDT     ultra_short  stressed/neutral/reverting   97%    67%  22:13:00" in text
    assert "BTCUSDT     long         stressed/neutral/reverting     –      –  2023-11-13" in text


def test_the_json_has_all_parts_and_is_strict(recorded):
    (recorded / "run").mkdir()
    (recorded / "run" / "market.json").write_text(json.dumps({"pid": os.getpid(), "port": 5}))
    found = json.loads(status_json(status(recorded, None, clock=NOW)), parse_constant=pytest.fail)
    assert set(found) == {"time", "data", "processes", "connections", "journal", "store"}
    assert set(found["store"]) == {
        "trouble",
        "gaps_open",
        "coverage",
        "dead_letters",
        "latency",
        "tables",
        "regimes",
        "stored",
    }
    assert found["time"] == "2023-11-14T22:13:20.000000000Z"
    assert found["processes"][0]["name"] == "market"
    assert found["processes"][0]["state"] == "running"
    assert set(found["journal"][0]) == {"topic", "shard", "last_offset", "stored_offset", "lag_rows"}
