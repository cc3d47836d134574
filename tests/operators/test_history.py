"""History in the stream: learned once, of its own time, and nothing about the present."""

import math
import pickle
import random

import numpy as np
import polars as pl
import pytest

from market import record
from market.batch import Batch
from market.frames import Frames
from market.schema import BAR, TIMEFRAMES, Flag
from operators import bars, coverage, decode
from operators.book import rebuild
from operators.features import order_flow
from operators.stage import Stage
from operators.statistics import describe
from tests import history_tape, tape
from tests.contract import Tables, same
from tests.history_tape import SECOND, START
from tests.market_case import cut, outputs
from tests.tape import Tape

NAMES = ["bars", "gaps", "bar_statistics", "coverage", "dead_letters", "instruments"]
OLD = START - 60 * SECOND


def chain() -> list[Stage]:
    stages = (decode, rebuild, order_flow, bars, describe, coverage)
    return [module.stage() for module in stages]


def run(batches: list[Batch]) -> list[Batch]:
    for stage in chain():
        batches = stage.run(batches)
    return batches


def output(batches: list[Batch]) -> Tables:
    """The tables; of `gaps` the rows that the bars made, for those of several stages stand in no one order."""
    found = outputs(tables=NAMES)(batches)
    gaps = found["gaps"]
    return found | {"gaps": gaps.filter(pl.col("cause").is_in(["late", "future"])) if len(gaps) else gaps}


def told(received: Tape) -> pl.DataFrame:
    return output(run(tape.cut(received)))["bars"]


def bar(symbol: str = "AAAUSDT", timeframe: str = "1m", open_time: int = OLD // (60 * SECOND) * 60 * SECOND) -> bytes:
    return record.encode(record.Bar(symbol, timeframe, open_time, 1.0, 2.0, 0.5, 1.5))


def decoded(*frames: bytes) -> Batch:
    received = np.full(len(frames), START, np.int64)
    return decode.stage().run([Batch("binance-usdm/0", 1, received, Frames.of(list(frames)))])[0]


def test_a_bar_of_history_is_a_bar_with_its_origin() -> None:
    (row,) = told([history_tape.assumed("AAAUSDT"), (START, bar())]).to_dicts()
    assert list(row) == list(BAR)
    assert (row["origin"], row["revision"], row["receive_time"], row["trades"]) == ("history", 0, START, 0)
    assert (row["open"], row["high"], row["low"], row["close"]) == (1.0, 2.0, 0.5, 1.5)
    assert row["close_time"] - row["open_time"] == 60 * SECOND
    assert all(math.isnan(row[name]) for name in ("volume", "buy_volume", "notional", "mid_open", "mid_close"))


def test_each_bar_is_told_once_however_often_it_is_imported() -> None:
    past = history_tape.bars("AAAUSDT", "1m", START, 50)
    once, received = [history_tape.assumed("AAAUSDT"), *past], [*past[20:], *past]
    found = output(run(tape.cut([*once, *received])))
    assert found["bars"].drop("frame").equals(told(once).drop("frame"))
    late = found["gaps"].select("channel", "cause", "state").unique().rows()
    assert (len(found["gaps"]), late) == (len(received), [("bar", "late", "healed")])


def test_timeframes_and_instruments_are_apart() -> None:
    names = [history_tape.assumed(symbol) for symbol in ("AAAUSDT", "BBBUSDT")]
    hours = history_tape.bars("AAAUSDT", "1h", START, 5)
    found = told(
        [*names, *history_tape.bars("AAAUSDT", "1m", START, 5), *hours, *history_tape.bars("BBBUSDT", "1h", START, 5)]
    )
    assert len(found) == 15


def test_what_the_stream_told_first_stands_and_history_goes_on_after_it() -> None:
    live = tape.tape(1, messages=2_000, faults=False)
    of_live = told(live).filter((pl.col("instrument") == "AAAUSDT") & (pl.col("timeframe") == "1m"))
    newest = int(of_live["open_time"].max())  # type: ignore[arg-type]
    later = history_tape.bars("AAAUSDT", "1m", newest + 240 * SECOND, 30)
    found = told([*live, *later]).filter(pl.col("origin") == "history")
    assert found["open_time"].to_list() == [newest + step * 60 * SECOND for step in (1, 2, 3)]


def test_ticks_of_a_time_that_history_told_give_a_correction() -> None:
    live = tape.tape(1, messages=2_000, faults=False)
    end = live[-1][0]
    past = [history_tape.assumed("AAAUSDT"), *history_tape.bars("AAAUSDT", "1m", end, 60)]
    alone, found = (told(rows).filter(pl.col("instrument") == "AAAUSDT") for rows in (live, [*past, *live]))
    minutes = pl.col("timeframe") == "1m"
    of_ticks = found.filter(minutes & (pl.col("origin") == "ticks"))
    assert of_ticks["revision"].to_list() == [revision + 1 for revision in alone.filter(minutes)["revision"].to_list()]
    assert len(found.filter(minutes & (pl.col("revision") == 0))) == 60
    keys = ["instrument", "timeframe", "open_time", "revision"]
    assert not found.select(keys).is_duplicated().any()
    assert found.filter(~minutes).drop("frame").equals(alone.filter(~minutes).drop("frame"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_however_the_stream_is_cut_the_rows_are_the_same(seed: int) -> None:
    whole = tape.cut(history_tape.mixed(seed))
    expected = output(run(whole))
    assert set(expected["bars"]["origin"]) == {"ticks", "history"}
    assert (expected["gaps"]["channel"] == "bar").any()
    for other in range(2):
        same(output(run(cut(whole, random.Random(10 * seed + other)))), expected)


def test_stages_go_on_from_their_pickled_states_anywhere_in_history() -> None:
    batches, found = tape.cut(history_tape.mixed(1)), []
    states, pause = [stage.empty() for stage in chain()], random.Random(1)
    for item in batches:
        if pause.random() < 0.3:
            states = pickle.loads(pickle.dumps(states))
        for stage, state in zip(chain(), states, strict=True):
            item = stage.advance(state, item)  # noqa: PLW2901
        found.append(item)
    same(output(found), output(run(batches)))


def test_history_says_nothing_about_coverage() -> None:
    live = tape.tape(1, messages=2_000)
    past = [history_tape.assumed("AAAUSDT"), *history_tape.bars("AAAUSDT", "1d", START, 400)]
    no_bar = record.encode(record.Skipped(b"", "no bar", past=True))
    past = [(START - 999 * SECOND, no_bar), *past, (live[-1][0] + 999 * SECOND, no_bar)]
    ahead = history_tape.bars("AAAUSDT", "1m", live[-1][0] + 3_600 * SECOND, 30)
    among = [*past, *live[:700], *ahead, *live[700:]]
    alone, found = (output(run(tape.cut(rows)))["coverage"].drop("frame") for rows in (live, among))
    assert len(alone) > 1
    assert found.equals(alone)


def test_an_assumed_instrument_gives_way_to_a_defined_one_without_a_reset() -> None:
    def defined(tick_size: str, *, assumed: bool = False) -> bytes:
        return record.encode(record.InstrumentDefined("AAAUSDT", tick_size, "1", assumed=assumed))

    found = decoded(defined("0.001", assumed=True), defined("0.1"), defined("0.01", assumed=True))
    assert [str(row.tick_size) for row in found.instruments.rows] == ["0.1"]
    assert len(found.events) == 0
    assert decoded(defined("0.1"), defined("0.01")).events["flags"].tolist() == [Flag.TICK_CHANGED]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (bar("CCCUSDT"), "no instrument is defined for CCCUSDT"),
        (bar(timeframe="2m"), f"a bar of timeframe 2m; there are {', '.join(TIMEFRAMES)}"),
        (record.SEPARATOR + b'{"record":"bar","symbol":"AAAUSDT","timeframe":"1m","open_time":0}', "not understood"),
    ],
)
def test_a_bar_that_cannot_be_one_is_a_dead_letter(frame: bytes, reason: str) -> None:
    found = decoded(history_tape.assumed("AAAUSDT")[1], frame)
    assert "history" not in found.tables
    assert reason in found.tables["dead_letters"]["reason"][0]
