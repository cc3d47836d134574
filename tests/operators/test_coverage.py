from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

import venues
from market.batch import Batch
from market.frames import Frames
from market.schema import Kind, empty_ticks
from operators import coverage
from sinks.clickhouse.schema import tables
from tests.operators.book.messages import table

SECOND = 1_000_000_000
NOON = "2026-11-24 12:00:00"
Row = dict[str, Any]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def clock(time: int) -> str:
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%m-%d %H:%M:%S}"


def book(valid: bool = True, sequence: int = 1, instrument: int = 0, kind: Kind = Kind.DEPTH) -> Row:
    return {"valid": valid, "sequence": sequence, "instrument": instrument, "kind": kind}


LOST = book(False, 9)


def run(*frames: tuple[float, *tuple[Row, ...]], start: str = NOON, shard: str = "simulated/0") -> list[Row]:
    """Rows of `coverage` of frames, each given as seconds after the start and the tick rows that it made."""
    rows = [(number, row) for number, (_, *made) in enumerate(frames) for row in made]
    ticks = empty_ticks(len(rows))
    for place, (number, row) in enumerate(rows):
        ticks[place]["frame"] = number
        for name, value in row.items():
            ticks[place][name] = value
    times = np.array([at(start) + int(seconds * SECOND) for seconds, *_ in frames], np.int64)
    batch = Batch(shard, 0, times, Frames.of([b""] * len(frames)), table(count=2), ticks=ticks)
    found = coverage.stage(stale_s=5.0).run([batch])[0].tables.get("coverage")
    return [] if found is None else found.to_dicts()


def beats(start: float, end: float, step: float = 1.0) -> list[tuple[float]]:
    """Frames that say nothing."""
    return [(float(second),) for second in np.arange(start, end, step)]


def measures(row: Row) -> tuple[float, float, float]:
    return row["valid_s"], row["recorded_s"], row["elapsed_s"]


def test_a_row_of_every_minute_tells_how_long_the_book_was_valid() -> None:
    found = run((0.0, LOST), *beats(1, 30), (30.0, book()), *beats(31, 50), (50.0, LOST), *beats(51, 125))
    assert [(clock(row["time"]), *measures(row)) for row in found] == [
        ("11-24 12:01:00", 20.0, 60.0, 43_260.0),
        ("11-24 12:02:00", 20.0, 120.0, 43_320.0),
    ]
    assert found[0]["share"] == 20.0 / 43_260.0
    assert {*found[0], "venue", "shard", "offset"} == set(tables()["coverage"].columns)
    assert found[0] | {"instrument": "X0", "session": "2026-11-24", "ended": False, "frame": 60} == found[0]
    assert (found[0]["session_start"], found[0]["session_end"]) == (at("2026-11-24"), at("2026-11-25"))


def test_frames_that_say_nothing_keep_a_quiet_book_valid_and_silence_does_not() -> None:
    assert measures(run((0.0, book()), *beats(1, 61))[0])[:2] == (60.0, 60.0)
    assert measures(run((0.0, book()), (100.0,))[0])[:2] == (5.0, 5.0)
    assert measures(run((0.0, book()), (57.0,), (100.0,))[0])[:2] == (5.0 + 3.0, 5.0 + 3.0)
    assert measures(run((0.0, book()), (57.0,), (100.0,), (123.0,))[1])[:2] == (5.0 + 5.0 + 5.0, 5.0 + 5.0 + 5.0)


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        (book(False, 7), True),  # the book contains it already
        (book(False, 8), False),
        (book(False, 0, kind=Kind.RESET), False),
        (book(False, 3, kind=Kind.SNAPSHOT), False),
        (book(False, 9, kind=Kind.TICKER), True),
        (book(False, 9, kind=Kind.TRADE), True),
        (book(False, 9, instrument=1), True),
    ],
)
def test_what_makes_a_book_invalid(row: Row, kept: bool) -> None:
    found = run((0.0, book(True, 7)), *beats(1, 20), (20.0, row), *beats(21, 61))
    assert found[0]["valid_s"] == (60.0 if kept else 20.0)


def test_where_the_venue_counts_nothing_no_message_is_old() -> None:
    found = run((0.0, book(sequence=0)), *beats(1, 30), (30.0, book(False, 0)), *beats(31, 65))
    assert measures(found[0])[0] == 30.0


def test_a_valid_ticker_makes_no_book() -> None:
    assert run((0.0, book(kind=Kind.TICKER)), *beats(1, 61))[0]["valid_s"] == 0.0


def test_an_instrument_is_recorded_from_its_first_row_on() -> None:
    found = run((0.0, book()), *beats(1, 20), (20.0, book(instrument=1)), *beats(21, 61))
    assert [(row["instrument"], *measures(row)[:2]) for row in found] == [("X0", 60.0, 60.0), ("X1", 40.0, 40.0)]


def test_a_day_ends_with_a_final_row_and_the_next_begins_with_the_book_as_it_was() -> None:
    found = run((0.0, book()), *beats(1, 65), start="2026-11-24 23:59:10")
    assert [(clock(row["time"]), row["session"], row["ended"], *measures(row)) for row in found] == [
        ("11-25 00:00:00", "2026-11-24", True, 50.0, 50.0, 86_400.0)
    ]
    found = run((0.0, LOST), *beats(1, 20), (20.0, book()), *beats(21, 131), start="2026-11-24 23:59:10")
    assert [(clock(row["time"]), row["session"], row["ended"], *measures(row)) for row in found[1:]] == [
        ("11-25 00:01:00", "2026-11-25", False, 60.0, 60.0, 60.0)
    ]


def test_days_that_passed_in_silence_are_told_too_but_not_for_ever() -> None:
    days = 3 * 86_400.0
    found = run((0.0, book()), (days + 1,), (days + 2, LOST))
    assert [(row["session"], row["ended"], *measures(row)[:2]) for row in found] == [
        ("2026-11-24", True, 5.0, 5.0),
        ("2026-11-25", True, 0.0, 0.0),
        ("2026-11-26", True, 0.0, 0.0),
        ("2026-11-27", False, 0.0, 0.0),
    ]
    found = run((0.0, book()), (400 * 86_400.0,))
    assert [row["ended"] for row in found] == [True] * 8 + [False]


def test_a_time_before_an_earlier_one_counts_as_that_one() -> None:
    found = run((0.0, book()), *beats(1, 30), (10.0, LOST), (33.0,), *beats(34, 61))
    assert measures(found[0])[:2] == (29.0, 60.0)


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(venues.VENUES, "nyse", replace(venues.get("simulated"), name="nyse", calendar="XNYS"))
    monkeypatch.setitem(venues.VENUES, "hong-kong", replace(venues.get("simulated"), name="hong-kong", calendar="XHKG"))


# On the Friday after Thanksgiving New York closes three hours early, at 18:00 UTC.
@pytest.mark.usefixtures("new_york")
def test_only_trading_hours_count_on_a_half_day() -> None:
    frames = [(0.0, book()), *beats(5, 8 * 3_600, 5)]
    found = run(*frames, start="2026-11-27 14:00:00", shard="nyse/0")
    assert clock(found[0]["time"]) == "11-27 14:31:00"
    assert measures(found[0]) == (60.0, 60.0, 60.0)
    assert found[-1] | {"session": "2026-11-27", "ended": True, "share": 1.0} == found[-1]
    assert measures(found[-1])[2] == 3.5 * 3_600
    assert len(found) == 210


# Clocks went forward on 2026-03-08: New York opens at 14:30 UTC on the Friday before and at 13:30 on the Monday after.
@pytest.mark.usefixtures("new_york")
def test_summer_time_moves_the_session() -> None:
    weekend = (3 * 24 - 1) * 3_600.0
    early = [(float(second), book(second % 2 == 0)) for second in range(4)]
    frames = [*early, *beats(5, 120, 5), (weekend - 2, book()), *beats(weekend + 3, weekend + 65, 5)]
    found = run(*frames, start="2026-03-06 14:30:00", shard="nyse/0")
    assert [(row["session"], clock(row["time"]), row["ended"]) for row in found] == [
        ("2026-03-06", "03-06 14:31:00", False),
        ("2026-03-06", "03-06 21:00:00", True),
        ("2026-03-09", "03-09 13:31:00", False),
    ]
    assert measures(found[1])[2] == 6.5 * 3_600
    assert measures(found[2]) == (60.0, 60.0, 60.0)


@pytest.mark.usefixtures("new_york")
def test_the_break_for_lunch_is_no_trading_time() -> None:
    found = run((0.0, book()), *beats(5, 7 * 3_600, 5), start="2026-11-24 01:30:00", shard="hong-kong/0")
    assert measures(found[-1]) == (5.5 * 3_600,) * 3
    assert {row["share"] for row in found} == {1.0}


def test_a_shard_of_an_unknown_venue_is_our_mistake() -> None:
    with pytest.raises(venues.VenueError, match="nowhere"):
        run((0.0, book()), shard="nowhere/0")


@pytest.mark.parametrize("stale_s", [0.9, 61.0, float("nan")])
def test_a_limit_of_silence_out_of_range_is_refused(stale_s: float) -> None:
    with pytest.raises(ValueError, match="stale_s"):
        coverage.stage(stale_s=stale_s)
