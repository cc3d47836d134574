"""What is up, down and unverifiable: by hand, in random fault runs of every venue, and over closed markets."""

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from market import record
from market.batch import Batch
from market.frames import Frames
from operators import availability, decode
from operators.book import consolidate, rebuild
from operators.interruptions import EVERY_ROUTE
from simulator.venues import DIALECTS
from simulator.venues.script import Fault, draw_script
from sinks.clickhouse.schema import tables
from tests.faults.run import WEEKDAY_OPEN_NS, play
from tests.operators import case_availability
from tests.operators.test_coverage import at
from venues import get

SECOND = 1_000_000_000
NOON = "2026-11-24 12:00:00"
NAME = "BTCUSDT"
UP = ("up", "")
Row = dict[str, Any]


def stream(channel: str, **body: Any) -> bytes:
    return json.dumps({"stream": f"btcusdt@{channel}", "data": {"s": NAME, "E": 1, "T": 1, **body}}).encode()


def depth(first: int, last: int, previous: int) -> bytes:
    return stream("depth", e="depthUpdate", U=first, u=last, pu=previous, b=[["1.0", "1"]], a=[["2.0", "1"]])


def trade(number: int) -> bytes:
    return stream("trade", e="trade", t=number, p="1.5", q="1", X="MARKET", m=True)


def book(number: int) -> record.Snapshot:
    body = {"lastUpdateId": number, "E": 1, "T": 1, "bids": [["1.0", "1"]], "asks": [["2.0", "1"]]}
    return record.Snapshot(NAME, record.msgspec.Raw(json.dumps(body).encode()))


MARK = stream("markPrice@1s", e="markPriceUpdate", p="1.5", i="1.5", r="0", P="1.5")
ALIVE, DEFINED = record.Alive(), record.InstrumentDefined(NAME, "0.1", "0.001")
PUBLIC, MARKET = (record.Connected(route, 1, [NAME]) for route in ("public", "market"))
Frame = bytes | record.Record


def run(*frames: tuple[float, Frame], start: str = NOON, venue: str = "binance-usdm") -> list[Row]:
    """Rows of `availability` of frames, each given as seconds after the start, with a sign of life every second."""
    known = [(0.0, DEFINED), *frames]
    beats = [(float(second), ALIVE) for second in range(1, int(known[-1][0]) + 1)]
    return quiet(*sorted([*known, *beats], key=lambda one: one[0]), start=start, venue=venue)


def quiet(*frames: tuple[float, Frame], start: str = NOON, venue: str = "binance-usdm") -> list[Row]:
    """The same, of these frames alone."""
    times = np.array([at(start) + round(seconds * SECOND) for seconds, _ in frames], np.int64)
    raw = [one if isinstance(one, bytes) else record.encode(one) for _, one in frames]
    batches = [Batch(f"{venue}/0", n, times[n : n + 1], Frames.of(raw[n : n + 1])) for n in range(len(raw))]
    for stage in (decode, consolidate, rebuild, availability):
        batches = stage.stage().run(batches)
    return [
        row for batch in batches if "availability" in batch.tables for row in batch.tables["availability"].to_dicts()
    ]


def told(rows: list[Row], channel: str, start: str = NOON) -> list[tuple[float, float, str, str]]:
    """From, to (s after the start), state and cause of one channel."""
    mine = [row for row in rows if row["channel"] == channel]
    return [
        ((row["start_time"] - at(start)) / SECOND, (row["end_time"] - at(start)) / SECOND, row["state"], row["cause"])
        for row in mine
    ]


OPEN = ((1.0, PUBLIC), (1.0, MARKET), (2.0, depth(4, 6, 3)), (3.0, book(5)), (4.0, MARK), (5.0, trade(1)))


def test_a_book_starts_with_its_snapshot_and_a_trade_channel_with_any_data_of_its_socket() -> None:
    rows = run(*OPEN, (61.0, ALIVE))
    assert told(rows, "depth") == [(1.0, 3.0, "down", "starting"), (3.0, 60.0, *UP)]
    assert told(rows, "ticker") == [(1.0, 2.0, "down", "starting"), (2.0, 60.0, *UP)]
    assert told(rows, "trade") == [(1.0, 4.0, "down", "starting"), (4.0, 60.0, *UP)]
    assert told(rows, "mark") == told(rows, "trade")
    assert {*rows[0], "venue", "shard", "offset"} == set(tables()["availability"].columns)
    assert rows[-1]["receive_time"] == at(NOON) + 60 * SECOND


def test_a_lost_message_is_told_back_to_the_last_good_one_and_over_with_a_snapshot() -> None:
    rows = run(*OPEN, (8.0, depth(7, 8, 6)), (12.0, depth(11, 12, 10)), (14.0, book(13)), (61.0, ALIVE))
    assert told(rows, "depth")[1:] == [(3.0, 8.0, *UP), (8.0, 14.0, "down", "sequence"), (14.0, 60.0, *UP)]
    assert told(rows, "trade")[1:] == [(4.0, 60.0, *UP)]


def test_a_lost_socket_is_down_until_data_come_again() -> None:
    lost, back = record.Disconnected("market", "gone", [NAME]), record.Connected("market", 2, [NAME])
    rows = run(*OPEN, (10.0, lost), (15.0, back), (16.0, MARK), (61.0, ALIVE))
    down = [(10.0, 15.0, "down", "disconnected"), (15.0, 16.0, "down", "starting"), (16.0, 60.0, *UP)]
    assert told(rows, "mark")[2:] == told(rows, "trade")[2:] == down
    assert told(rows, "depth")[1:] == [(3.0, 60.0, *UP)]


def test_an_overlapping_socket_changes_nothing() -> None:
    assert told(run(*OPEN, (10.0, record.Connected("market", 2, [NAME], overlap=True)), (61.0, ALIVE)), "mark") == [
        (1.0, 4.0, "down", "starting"),
        (4.0, 60.0, *UP),
    ]


def test_a_silent_stream_is_told_back_to_its_last_data_and_over_with_the_next() -> None:
    said = record.Silent("btcusdt@markPrice@1s", NAME, at(NOON) + 20 * SECOND)
    rows = run(*OPEN, (40.0, said), (45.0, MARK), (61.0, ALIVE))
    assert told(rows, "mark")[1:] == [(4.0, 20.0, *UP), (20.0, 45.0, "down", "silent"), (45.0, 60.0, *UP)]
    assert told(rows, "trade")[1:] == [(4.0, 60.0, *UP)]


def test_a_silence_of_the_shard_is_a_dead_capture_from_its_first_moment_on() -> None:
    rows = quiet((0.0, DEFINED), *OPEN, (9.0, ALIVE), (30.0, ALIVE), (33.0, ALIVE), (60.0, ALIVE))
    assert told(rows, "trade")[1:] == [
        (4.0, 9.0, *UP),
        (9.0, 30.0, "down", "capture_down"),
        (30.0, 33.0, *UP),
        (33.0, 60.0, "down", "capture_down"),
    ]
    assert told(quiet((0.0, DEFINED), *OPEN, (9.0, ALIVE), (14.0, ALIVE), (60.0, ALIVE)), "trade")[1][1] == 14.0


def test_a_capture_that_says_it_began_anew_was_down_however_short_and_is_until_it_is_connected() -> None:
    began = record.Began(at(NOON) + 9 * SECOND, [NAME])
    rows = run(*OPEN, (11.5, began), (12.0, MARKET), (13.0, MARK), (61.0, ALIVE))
    assert told(rows, "trade")[1:] == [
        (4.0, 11.0, *UP),
        (11.0, 11.5, "down", "capture_down"),
        (11.5, 12.0, "down", "capture_down"),
        (12.0, 13.0, "down", "starting"),
        (13.0, 60.0, *UP),
    ]
    assert told(rows, "depth")[-1] == (11.5, 60.0, "down", "capture_down")


def test_a_torn_row_is_down_from_the_frame_before_it() -> None:
    rows = run(*OPEN, (10.5, record.Torn("checksum")), (12.0, depth(7, 8, 6)), (13.0, book(8)), (61.0, ALIVE))
    assert told(rows, "trade")[1:] == [(4.0, 10.0, *UP), (10.0, 10.5, "down", "torn"), (10.5, 60.0, *UP)]
    assert told(rows, "depth")[2:] == [(10.0, 10.5, "down", "torn"), (10.5, 13.0, "down", "torn"), (13.0, 60.0, *UP)]


def test_an_hour_that_the_clock_left_out_is_unverifiable_and_one_it_repeats_counts_once() -> None:
    forward, back = (record.ClockStepped(step * 3_600 * SECOND, True) for step in (1, -1))
    rows = quiet((0.0, DEFINED), *OPEN, (6.0, ALIVE), (3_606.0, forward), (3_607.0, ALIVE), (3_660.0, ALIVE))
    assert told(rows, "trade")[2:4] == [
        (6.0, 3_600.0, "unverifiable", "clock"),
        (3_600.0, 3_606.0, "unverifiable", "clock"),
    ]
    rows = run(*OPEN, (58.0, ALIVE))
    again = [(float(second), ALIVE) for second in range(30, 61)]
    first = [(0.0, DEFINED), *OPEN, *((float(second), ALIVE) for second in range(6, 59))]
    assert told(quiet(*first, (30.0, back), *again), "trade")[1:] == [(4.0, 60.0, *UP)]
    assert told(rows, "trade") == [(1.0, 4.0, "down", "starting")]


def test_what_nobody_asks_for_any_more_is_closed_and_goes_on_when_somebody_does() -> None:
    other = record.InstrumentDefined("ETHUSDT", "0.1", "0.001")
    rows = run(
        *OPEN, (6.0, other), (10.0, record.Began(1, ["ETHUSDT"])), (70.0, record.Began(1, [NAME])), (121.0, ALIVE)
    )
    mine = [row for row in rows if row["instrument"] == NAME]
    assert told(mine, "mark")[2:4] == [(9.0, 10.0, "down", "capture_down"), (10.0, 70.0, "closed", "unsubscribed")]


def test_a_venue_that_gives_no_means_to_see_a_loss_is_never_up() -> None:
    played = play("alpaca-crypto", quiet_s=70.0)
    found = pl.concat(rows_of(played.batches))
    assert "up" not in found["state"]
    sure = found.filter(pl.col("state") == "unverifiable")
    assert sure["cause"].unique().to_list() == ["venue"]
    assert sure["seconds"].sum() > 0.9 * found["seconds"].sum()


def test_a_closed_market_is_closed_whatever_happens_and_has_a_row_a_day() -> None:
    # Thanksgiving is on Thursday; the day after closes at 13:00 in New York, 18:00 UTC.
    friday = "2026-11-27 17:58:00"
    quote = b'[{"T":"t","S":"A","i":1,"x":"V","p":1.0,"s":1,"t":"2026-11-27T17:58:00Z","c":["@"],"z":"A"}]'
    defined = record.InstrumentDefined("A", "0.01", "1")
    later = [(3_600.0 * hour, record.Disconnected("stream", "gone", ["A"])) for hour in range(1, 3 * 24)]
    rows = quiet((0.0, defined), (1.0, quote), (2.0, ALIVE), *later, start=friday, venue="alpaca-iex")
    closed = [row for row in rows if row["state"] == "closed"]
    assert {row["cause"] for row in closed} == {"session"}
    assert [row["start_time"] for row in closed][:3] == [at(f"2026-11-27 {hour}:00:00") for hour in ("18",)] + [
        at(f"2026-11-{day} 00:00:00") for day in (28, 29)
    ]
    assert_tiled(pl.DataFrame(rows))


def rows_of(batches: list[Batch]) -> list[pl.DataFrame]:
    return [one.tables["availability"] for one in availability.stage().run(batches) if "availability" in one.tables]


def assert_tiled(rows: pl.DataFrame) -> None:
    """Intervals follow each other, none is empty, and together they are the whole time, to the nanosecond."""
    for _, mine in rows.group_by("instrument", "channel", maintain_order=True):
        starts, ends = mine["start_time"].to_list(), mine["end_time"].to_list()
        assert starts[1:] == ends[:-1]
        assert all(start < end for start, end in zip(starts, ends, strict=True))
        assert sum(end - start for start, end in zip(starts, ends, strict=True)) == ends[-1] - starts[0]
        assert mine["seconds"].to_list() == [(end - start) / SECOND for start, end in zip(starts, ends, strict=True)]
    assert ((rows["cause"] == "") == (rows["state"] == "up")).all()


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_the_tape_is_tiled(seed: int) -> None:
    assert_tiled(pl.concat(rows_of(case_availability.CASE.whole(seed))))


@pytest.mark.parametrize("venue", DIALECTS)
def test_fault_runs_are_tiled_from_the_first_socket_on_and_no_book_is_up_while_a_gap_is_open(
    venue: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL", "barograph")  # warnings are meant
    played = play(venue, draw_script(11, faults=6, until_s=40.0), quiet_s=30.0)
    rows = pl.concat(rows_of(played.batches))
    assert_tiled(rows)
    opened = next(time for time, raw in played.frames if raw.startswith(b'\x1e{"record":"connected"'))
    began = rows.group_by("instrument", "channel").agg(pl.col("start_time").min())
    assert began["start_time"].unique().to_list() == [opened]
    assert set(began["channel"]) == {str(channel) for channel in get(venue).carries(EVERY_ROUTE)}
    up = rows.filter(pl.col("channel") == "depth", pl.col("state").is_in(["up", "unverifiable"]))
    open_gaps: dict[str, dict[str, int]] = {}
    wrong = []
    for gap in played.rows("gaps"):
        causes = open_gaps.setdefault(gap["instrument"], {})
        if gap["channel"] == "depth" and gap["state"] == "open" and gap["cause"] != "unverifiable":
            causes[gap["cause"]] = gap["receive_time"]
        elif gap["channel"] == "depth" and gap["cause"] in causes:
            start, end = causes.pop(gap["cause"]), gap["receive_time"]
            mine = up.filter(instrument=gap["instrument"])
            wrong += mine.filter(pl.col("start_time") < end, pl.col("end_time") > start).rows()
    assert wrong == []


@pytest.mark.parametrize("venue", DIALECTS)
def test_every_second_without_a_socket_is_down_and_hardly_any_other(
    venue: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL", "barograph")
    played = play(venue, [Fault("close", 20.0), Fault("refuse", 20.0, 10.0)], quiet_s=95.0)
    lost, back = (WEEKDAY_OPEN_NS + second * SECOND for second in (20, 30))
    rows = pl.concat(rows_of(played.batches))
    within = pl.min_horizontal("end_time", pl.lit(back)) - pl.max_horizontal("start_time", pl.lit(lost + SECOND // 2))
    during = rows.with_columns(within=within).filter(pl.col("within") > 0)
    assert set(during["state"]) == {"down"}
    assert set(during["cause"]) <= {"disconnected", "starting"}
    for _, mine in during.group_by("instrument", "channel"):
        assert mine["within"].sum() == back - lost - SECOND // 2
    down = rows.filter(pl.col("state") == "down", pl.col("start_time") < lost - SECOND)
    assert set(down["cause"]) <= {"starting", "unsynchronised"}  # at the very beginning only
    assert max(down["seconds"].to_list(), default=0.0) < 10.0


@pytest.mark.parametrize("value", [0.5, 61.0])
def test_a_limit_of_silence_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="stale_s must be 1 … 60"):
        availability.stage(stale_s=value)
