"""Repeated trades, against all ids that ever came."""

import random

import numpy as np
import pytest

from market.schema import EVENT, Kind
from operators.repeats import REMEMBERED_IDS, STATE, empty, repeated


def trades(ids: list[int], kind: Kind = Kind.TRADE, instrument: int = 0) -> np.ndarray:
    events = np.zeros(len(ids), EVENT)
    events["kind"], events["sequence"], events["instrument"] = kind, ids, instrument
    return events


def found(ids: list[int]) -> set[int]:
    return set(repeated(empty(1), trades(ids)).tolist())


def promised(ids: list[int]) -> set[int]:
    """Repetitions between which all ids lie among REMEMBERED_IDS consecutive ones."""
    positions, before = set(), dict[int, int]()
    for position, number in enumerate(ids):
        if number in before:
            between = ids[before[number] : position + 1]
            if max(between) - min(between) < REMEMBERED_IDS:
                positions.add(position)
        before[number] = position
    return positions


@pytest.mark.parametrize("seed", range(5))
def test_every_repetition_within_the_window_is_found_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    ids = [number + chance.randint(0, REMEMBERED_IDS // 2) for number in range(0, 40_000, 7)]
    assert promised(ids) == found(ids) == {at for at, number in enumerate(ids) if number in ids[:at]}


@pytest.mark.parametrize("seed", range(50))
def test_ids_that_jump_up_and_down_are_never_taken_for_others_and_near_ones_are_found(seed: int) -> None:
    chance, ids = random.Random(seed), [chance_start(seed)]
    for _ in range(400):
        jump = chance.choice((1, 1, 1, 3, -2, 700, -700, 4_000, -4_000, 8_191, -8_191, 8_192, -8_192, 20_000, -20_000))
        ids.append(max(0, ids[-1] + jump))
    assert promised(ids) <= found(ids) <= {at for at, number in enumerate(ids) if number in ids[:at]}


def chance_start(seed: int) -> int:
    return (0, 3_535_186_032, 2**62)[seed % 3]


def test_memory_lasts_over_batches() -> None:
    remembered = empty(1)
    for start in range(0, 5 * REMEMBERED_IDS, 1_000):
        assert repeated(remembered, trades(list(range(start, start + 1_000)))).tolist() == []
        assert repeated(remembered, trades(list(range(start, start + 1_000)))).tolist() == list(range(1_000))


def test_memory_is_two_bits_an_id() -> None:
    assert STATE.itemsize == 2 * REMEMBERED_IDS // 8 + 16


def test_kinds_and_instruments_are_apart() -> None:
    remembered = empty(2)
    for kind in (Kind.TRADE, Kind.AGGREGATE_TRADE):
        for instrument in (0, 1):
            assert repeated(remembered, trades([5], kind, instrument)).tolist() == []
            assert repeated(remembered, trades([5], kind, instrument)).tolist() == [0]


def test_first_id_may_be_zero_and_books_are_no_trades() -> None:
    assert found([0, 0]) == {1}
    assert repeated(empty(1), trades([5, 5], Kind.DEPTH)).tolist() == []
