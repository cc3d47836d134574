"""What definitions of instruments change, and when."""

import pickle
from typing import Any

import numpy as np
import pytest

from market import record
from market.batch import Batch
from market.errors import FrameError
from market.frames import Frames
from market.record import InstrumentDefined
from market.schema import Flag, Kind
from operators import decode
from operators.definitions import MOST_PENDING, Change, Master

VENUE = "binance-usdm"


def defined(symbol: str = "A", tick: str = "0.1", **more: Any) -> InstrumentDefined:
    return InstrumentDefined(symbol, tick, "0.001", **more)


def batch_of(*said: record.Record, time: int) -> Batch:
    frames = [record.encode(one) for one in said]
    return Batch(f"{VENUE}/0", 1, np.full(len(frames), time, np.int64), Frames.of(frames))


def test_the_same_word_again_changes_nothing() -> None:
    master = Master()
    assert master.define(VENUE, defined(), 1) == Change(defined(), 0, restarts=False)
    assert master.define(VENUE, defined(), 2) is None
    assert master.define(VENUE, defined(assumed=True, tick="1"), 3) is None


def test_a_new_status_is_told_and_leaves_the_book_be() -> None:
    master = Master()
    master.define(VENUE, defined(status="live"), 1)
    table = master.table
    assert master.define(VENUE, defined(status="delisted"), 2) == Change(defined(status="delisted"), 0, restarts=False)
    assert master.table is table


def test_a_new_step_restarts_the_book_unless_the_old_one_was_a_guess() -> None:
    master = Master()
    master.define(VENUE, defined(), 1)
    assert master.define(VENUE, defined(tick="0.01"), 2) == Change(defined(tick="0.01"), 0, restarts=True)
    master.define(VENUE, defined("B", assumed=True), 3)
    assert master.define(VENUE, defined("B", "0.01"), 4) == Change(defined("B", "0.01"), 1, restarts=False)


def test_a_stable_id_tells_a_rename() -> None:
    master = Master()
    master.define(VENUE, defined("SPACEX", stable_id="7"), 1)
    change = master.define(VENUE, defined("SPCX", stable_id="7"), 2)
    assert change is not None
    assert change.row == defined("SPCX", stable_id="7", renamed_from="SPACEX")
    assert master.table.symbols == ("SPACEX", "SPCX")
    assert master.define(VENUE, defined("C"), 3) == Change(defined("C"), 2, restarts=False), "no id is no rename"


def test_what_is_announced_is_told_at_once_and_holds_from_its_time_on() -> None:
    master = Master()
    master.define(VENUE, defined(), 1)
    later = defined(tick="0.01", effective_ns=100)
    assert master.define(VENUE, later, 2) == Change(later, 0, restarts=False)
    assert master.define(VENUE, later, 3) is None
    assert list(master.due(VENUE, 99)) == []
    master = pickle.loads(pickle.dumps(master))
    assert str(master.table[0].tick_size) == "0.1"
    assert list(master.due(VENUE, 100)) == [Change(None, 0, restarts=True)]
    assert str(master.table[0].tick_size) == "0.01"
    assert list(master.due(VENUE, 200)) == []


def test_announcements_are_bounded() -> None:
    master = Master()
    master.define(VENUE, defined(), 1)
    for number in range(MOST_PENDING):
        master.define(VENUE, defined(effective_ns=100 + number), 2)
    with pytest.raises(FrameError, match="announcements wait"):
        master.define(VENUE, defined(effective_ns=5_000), 3)


def test_in_the_flow_an_announced_step_resets_the_book_with_the_first_batch_after_its_time() -> None:
    stage = decode.stage()
    state = stage.empty()
    told = stage.advance(state, batch_of(defined(), defined(tick="0.01", effective_ns=1_000), time=10))
    assert told.tables["instruments"]["effective_time"].to_list() == [10, 1_000]
    assert len(stage.advance(state, batch_of(record.Alive(), time=999)).events) == 0
    (event,) = stage.advance(state, batch_of(record.Alive(), time=1_000)).events
    assert (event["kind"], event["flags"]) == (Kind.RESET, Flag.TICK_CHANGED)
