"""Numbers of frames at the edges: the first, one that is just possible, a batch that skips evenly, one instrument."""

import numpy as np
import pytest

from market.schema import EVENT, NO_SEQUENCE, NO_TIME, Flag, Kind
from operators.connection import ANOTHER, MOST_MISSED, Counter, Fault, check, mended, old_books

TIMES = np.arange(100, 200)


def flags(counter: Counter, *numbers: int) -> list[Flag | None]:
    return [fault.flag for fault in check(counter, np.array(numbers, np.int64), TIMES, ())]


@pytest.mark.parametrize("numbers", [(0, 5), (0, 2, 4), (7, 9), (1, 0)])
def test_a_batch_that_skips_evenly_is_not_taken_for_one_in_order(numbers: tuple[int, ...]) -> None:
    assert flags(Counter(), *numbers)


@pytest.mark.parametrize("expected", [NO_SEQUENCE, 0, 10])
def test_the_largest_number_that_can_be_is_one_and_the_next_is_none(expected: int) -> None:
    largest = max(expected, 0) + MOST_MISSED
    for number, then in ((largest, largest + 1), (largest + 1, expected)):
        counter = Counter(expected)
        flags(counter, number)
        assert counter.expected == then
        counter = Counter(expected)
        flags(counter, number, number)  # not one after the other: judged one by one
        assert counter.expected == then


def test_zero_is_a_number_like_any_other_and_less_is_none() -> None:
    counter = Counter()
    assert flags(counter, 0) == []
    assert counter.expected == 1
    assert flags(counter, -2) == []
    assert counter.expected == 1


def test_a_zero_after_the_first_frame_alone_is_a_repetition() -> None:
    assert flags(Counter(1), 0) == [None]
    assert flags(Counter(2), 0) == [Flag.DISCONNECTED]


def test_as_many_old_numbers_in_a_row_as_it_takes_and_not_one_less() -> None:
    counter = Counter(50)
    assert flags(counter, *range(10, 10 + ANOTHER - 1)) == [None] * (ANOTHER - 1)
    assert flags(counter, 10 + ANOTHER - 1) == [Flag.DISCONNECTED]
    assert flags(Counter(50), 10, 12, 14, 16) == [None] * 4
    assert flags(Counter(50), 10, 10, 10, 10) == [None] * 4


def test_a_frame_in_order_ends_a_row_of_old_ones() -> None:
    counter = Counter(50)
    assert flags(counter, 10, 11, 50, 12) == [None] * 3
    assert (counter.expected, counter.newest_ns) == (51, 102)


def test_since_when_is_the_newest_frame_that_counted() -> None:
    counter = Counter(50, newest_ns=7)
    found = check(counter, np.array([3, 60], np.int64), TIMES, ())
    assert [(fault.frame, fault.number, fault.expected, fault.since_ns) for fault in found] == [
        (0, 3, 50, 7),
        (1, 60, 50, 7),
    ]


def test_a_connection_begun_at_the_end_of_a_batch_is_not_forgotten() -> None:
    counter = Counter(50)
    numbers = np.array([50, NO_SEQUENCE], np.int64)
    assert check(counter, numbers, TIMES, (1,)) == []
    assert counter.expected == NO_SEQUENCE
    counter = Counter(50)
    assert check(counter, np.array([NO_SEQUENCE], np.int64), TIMES, ()) == []
    assert counter.expected == 50
    assert check(counter, np.array([NO_SEQUENCE], np.int64), TIMES, (0,)) == []
    assert counter.expected == NO_SEQUENCE


def test_two_connections_within_a_batch() -> None:
    numbers = np.array([50, NO_SEQUENCE, 3, 4, NO_SEQUENCE, 0, 7], np.int64)
    found = check(Counter(50), numbers, TIMES, (4, 1))
    assert [(fault.frame, fault.flag) for fault in found] == [(6, Flag.MISSED)]


def rows(*given: tuple[int, int, Kind]) -> np.ndarray:
    """Headers of (frame, instrument, kind)."""
    found = np.zeros(len(given), EVENT)
    for row, (frame, instrument, kind) in enumerate(given):
        found[row]["frame"], found[row]["instrument"], found[row]["kind"] = frame, instrument, kind
    return found


def test_the_one_instrument_of_a_shard_is_reset_too_and_of_none_there_is_nothing() -> None:
    fault = Fault(1, 9, 5, 100, Flag.MISSED)
    events = rows((0, 0, Kind.TRADE), (1, 0, Kind.TRADE))
    assert mended(events, [fault], 1, TIMES)["kind"].tolist() == [Kind.TRADE, Kind.RESET, Kind.TRADE]
    assert mended(events, [fault], 0, TIMES)["kind"].tolist() == [Kind.TRADE, Kind.TRADE]
    (reset,) = mended(events, [fault], 1, TIMES)[1:2]
    assert (reset["exchange_time"], reset["previous"], reset["receive_time"]) == (NO_TIME, NO_SEQUENCE, 101)


def test_old_books_are_those_of_the_frame_that_are_worthless_late() -> None:
    events = rows((1, 4, Kind.DEPTH), (2, 3, Kind.DEPTH), (2, 1, Kind.TICKER), (2, 3, Kind.DEPTH), (2, 7, Kind.TRADE))
    assert old_books(events, 2) == [1, 3]
    assert old_books(events, 5) == []
