from collections.abc import Sequence

import numpy as np
import pytest

from market.schema import EVENT, NO_SEQUENCE, Flag, Kind
from operators.connection import Counter, Fault, check, mended

TIMES = np.arange(100, 200)


def checked(*numbers: int | None, counter: Counter | None = None, connected: Sequence[int] = ()) -> list[Fault]:
    given = np.array([NO_SEQUENCE if number is None else number for number in numbers], np.int64)
    return check(counter or Counter(), given, TIMES, connected)


def test_numbers_in_their_order_are_no_fault_wherever_the_stream_is_cut() -> None:
    counter = Counter()
    assert [fault for part in ((4, 5), (), (6, None), (7,)) for fault in checked(*part, counter=counter)] == []
    assert counter == Counter(8, 100)


def test_a_hole_tells_what_is_missing_since_when() -> None:
    assert checked(0, 1, 4, 5) == [Fault(2, 4, 2, 101, Flag.MISSED)]


def test_every_single_drop_duplicate_and_reorder_is_told() -> None:
    whole = list(range(12))
    for position in range(1, 11):
        dropped = [*whole[:position], *whole[position + 1 :]]
        (fault,) = checked(*dropped)
        assert (fault.flag, fault.number, fault.expected) == (Flag.MISSED, position + 1, position)
        (fault,) = checked(*whole[: position + 1], *whole[position:])
        assert (fault.flag, fault.number) == (None, position)
        swapped = [*whole[:position], position + 1, position, *whole[position + 2 :]]
        assert [fault.flag for fault in checked(*swapped)] == [Flag.MISSED, None]


def test_a_new_connection_begins_anew_whether_a_record_says_so_or_only_its_zero() -> None:
    assert checked(7, 8, None, 0, 1, connected=[2]) == []
    assert checked(7, 8, None, 5, connected=[2]) == []
    assert [fault.flag for fault in checked(7, 8, 0, 1)] == [Flag.DISCONNECTED]
    counter = Counter()
    checked(7, None, counter=counter, connected=[1])
    assert checked(0, 1, counter=counter) == []


def test_old_numbers_in_a_row_are_another_connection_that_nobody_told_of() -> None:
    flags = [fault.flag for fault in checked(200, 201, 1, 2, 3, 4, 5)]
    assert flags == [None, None, Flag.DISCONNECTED]


@pytest.mark.parametrize("absurd", [10**9, 2**63 - 1, -7])
def test_a_number_that_cannot_be_is_none(absurd: int) -> None:
    counter = Counter()
    assert checked(5, 6, absurd, 7, 8, counter=counter) == []
    assert checked(absurd, counter=counter) == []
    assert counter.expected == 9
    assert checked(absurd, 3, 4) == []


def rows(*given: tuple[int, Kind]) -> np.ndarray:
    """Headers by frame, depth messages with two levels."""
    found = []
    for frame, kind in given:
        levels = 2 if kind == Kind.DEPTH else 0
        found += [(0, 0, 1, -1, 0, 0.0, 0, levels, frame, kind, 0, 0)]
        found += [(0, 0, 1, -1, 5, 1.0, 0, 0, frame, Kind.LEVEL, 1, 0)] * levels
    return np.array(found, EVENT)


def test_a_reset_of_every_instrument_stands_before_the_frame_that_shows_the_loss() -> None:
    events = rows((0, Kind.DEPTH), (1, Kind.TRADE), (2, Kind.DEPTH))
    found = mended(events, [Fault(1, 9, 5, 100, Flag.MISSED)], 2, TIMES)
    assert found["kind"].tolist() == [2, 0, 0, 6, 6, 4, 2, 0, 0]
    resets = found[3:5]
    assert resets["instrument"].tolist() == [0, 1]
    assert set(resets[["receive_time", "frame", "flags", "sequence"]].tolist()) == {(101, 1, int(Flag.MISSED), -1)}


@pytest.mark.parametrize("kind", [Kind.DEPTH, Kind.TICKER, Kind.SNAPSHOT, Kind.PICTURE])
def test_old_messages_go_and_trades_of_the_same_frame_stay(kind: Kind) -> None:
    events = rows((0, Kind.TRADE), (1, kind), (1, Kind.TRADE), (2, kind))
    found = mended(events, [Fault(1, 3, 5, 100, None)], 1, TIMES)
    assert [(row["frame"], row["kind"]) for row in found if row["kind"] != Kind.LEVEL] == [
        (0, Kind.TRADE),
        (1, Kind.TRADE),
        (2, kind),
    ]
    assert events[0] == rows((0, Kind.TRADE))[0], "the input stays as it was"
