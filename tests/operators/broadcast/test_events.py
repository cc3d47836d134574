"""Events say what the tables say, under the same names, and nothing of history."""

import json
import pickle
from typing import Any

import numpy as np
import polars as pl
import pytest

from market import broadcast
from market.batch import Batch
from market.broadcast import ACCOUNT, KINDS, PAIRS, TABLES, TIMED, TIMES, Event, head
from market.decisions import Decisions
from operators.broadcast import conflate
from operators.broadcast.messages import OF_ACCOUNT, RARE, account_frames, market_frames
from operators.execution.ledger import SCHEMAS
from operators.measures import measures
from operators.regimes.tables import REGIME, REGIME_CHANGE
from operators.signals.decide import SIGNAL
from sinks.clickhouse.schema import tables
from tests import tape

FRAMES = {**SCHEMAS, "regimes": REGIME, "regime_changes": REGIME_CHANGE, "signals": SIGNAL}
TIME_NS = 1_700_000_000_123_456_789
ADDED = {"kind", "shard", "offset", "frame"}


def row(table: str, **values: Any) -> pl.DataFrame:
    """One row of a low-rate table, with something in every column."""
    blank = {pl.String: "x", pl.Int64: 7, pl.Float64: 0.5, pl.Int8: 1, pl.Int32: 3}
    columns = {
        name: TIME_NS if name in TIMES else [{"key": "a", "value": 0.25}] if name in PAIRS else blank[kind]
        for name, kind in FRAMES[table].items()
    }
    return pl.DataFrame({name: [value] for name, value in (columns | values).items()}, FRAMES[table])


@pytest.fixture(scope="module")
def chosen() -> dict[str, dict[str, Any]]:
    """One event of each kind that is made of books."""
    batches = tape.cut(tape.tape(3, messages=120, faults=False))
    for stage in (*measures(), conflate.stage()):
        batches = stage.run(batches)
    told = [row for batch in batches if "broadcast" in batch.tables for row in batch.tables["broadcast"].rows()]
    return {kind: json.loads(event) for kind, event in told}


@pytest.mark.parametrize("kind", ["quote", "features"])
def test_a_quote_and_features_have_the_columns_of_their_table(chosen: dict[str, Any], kind: str) -> None:
    assert set(chosen[kind]) == {"kind", *tables()[TABLES[kind]].columns}


def test_a_book_is_its_best_levels_with_the_provenance_of_its_quote(chosen: dict[str, Any]) -> None:
    book, quote = chosen["book"], chosen["quote"]
    shared = ("venue", "instrument", "exchange_time", "receive_time", "sequence", "shard", "offset", "frame")
    assert [book[name] for name in shared] == [quote[name] for name in shared]
    assert book["bids"][0] == [quote["bid_price"], quote["bid_size"]]
    assert book["asks"][0] == [quote["ask_price"], quote["ask_size"]]
    assert sorted(book["bids"], reverse=True) == book["bids"]
    assert len(book["bids"]) == 10


@pytest.mark.parametrize("kind", RARE)
def test_what_is_rare_has_the_columns_of_its_table(kind: str) -> None:
    batch = Batch("venue/0", 9, np.array([TIME_NS]), tables={TABLES[kind]: row(TABLES[kind])})
    (frame,) = market_frames(batch)
    event = json.loads(frame)
    assert set(event) == {"kind", *tables()[TABLES[kind]].columns}
    assert (event["venue"], event["shard"], event["offset"], event["frame"]) == ("venue", "venue/0", 9, 3)
    assert (event["time"], event["evidence"]) == ("2023-11-14T22:13:20.123456789Z", {"a": 0.25})


@pytest.mark.parametrize("kind", OF_ACCOUNT)
def test_what_the_account_does_has_the_columns_of_its_table_and_its_place(kind: str) -> None:
    item = Decisions("trading/0", 7, TIME_NS, (), {TABLES[kind]: row(TABLES[kind])})
    (frame,) = account_frames(item)
    assert set(json.loads(frame)) == set(tables()[TABLES[kind]].columns) | ADDED
    assert head(frame) == Event(kind, "x", "x", broadcast.time_text(TIME_NS), "trading/0", 7, 0)


def test_every_time_and_map_of_a_table_is_known_as_one() -> None:
    told = [tables()[table].columns for table in TABLES.values() if table]
    assert {name for columns in told for name, kind in columns.items() if "DateTime" in kind} <= set(TIMES)
    assert {name for columns in told for name, kind in columns.items() if "Map" in kind} <= set(PAIRS)
    assert {*RARE, *OF_ACCOUNT, *broadcast.CONFLATED} == set(KINDS)
    assert set(TIMED) == {kind for kind in KINDS if TABLES[kind] and "timeframe" in tables()[TABLES[kind]].columns}
    assert set(ACCOUNT) == set(OF_ACCOUNT)


def test_history_is_not_broadcast() -> None:
    both = pl.concat([row("regimes", frame=0), row("regimes", frame=1)])
    batch = Batch("venue/0", 9, np.array([TIME_NS, TIME_NS]), tables={"regimes": both}, past=(0,))
    assert [head(frame).frame for frame in market_frames(batch)] == [1]


def test_frames_of_history_move_no_time() -> None:
    batches = tape.cut(tape.tape(3, messages=60, faults=False))
    for stage in measures():
        batches = stage.run(batches)
    stage = conflate.stage(interval_ms=60_000)
    state = stage.empty()
    stage.run(batches, state)
    assert state.waiting.rows
    late = tape.empty(batches[-1])._replace(receive_times=np.array([batches[-1].receive_time + 10**15]))
    assert "broadcast" not in stage.advance(state, late._replace(past=(0,))).tables
    assert "broadcast" in stage.advance(state, late).tables


def test_what_waited_through_a_recovery_still_says_where_it_came_from() -> None:
    batches = tape.cut(tape.tape(3, messages=60, faults=False))
    for stage in measures():
        batches = stage.run(batches)
    stage = conflate.stage(interval_ms=60_000)
    state = stage.empty()
    stage.run(batches, state)
    places = sorted((row.offset, row.tick["frame"]) for row in state.waiting.rows.values())
    late = tape.empty(batches[-1])._replace(receive_times=np.array([batches[-1].receive_time + 10**15]))
    told = stage.advance(pickle.loads(pickle.dumps(state)), late).tables["broadcast"]
    heads = [head(event) for kind, event in told.rows() if kind == "quote"]
    assert sorted((event.offset, event.frame) for event in heads) == places
    assert len(set(places)) == 2


def test_a_flow_that_stops_tells_nothing_more() -> None:
    batches = tape.cut(tape.tape(3, messages=60, faults=False))
    for stage in measures():
        batches = stage.run(batches)
    stage = conflate.stage(interval_ms=60_000)
    state = stage.empty()
    stage.run(batches, state)
    closing = batches[-1]._replace(receive_times=np.array([batches[-1].receive_time + 10**15]), last=True)
    assert "broadcast" not in stage.advance(state, closing).tables


@pytest.mark.parametrize("interval_ms", [0.5, 60_001, float("nan")])
def test_the_interval_has_a_range(interval_ms: float) -> None:
    with pytest.raises(ValueError, match="interval_ms"):
        conflate.stage(interval_ms=interval_ms)
