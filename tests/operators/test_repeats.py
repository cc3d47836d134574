"""Repeated trades, against a set of all ids that ever came."""

import random

import numpy as np
import pytest

from market.schema import EVENT, Kind
from operators.repeats import REMEMBERED_IDS, Remembered, repeated


def trades(ids: list[int], kind: Kind = Kind.TRADE) -> np.ndarray:
    events = np.zeros(len(ids), EVENT)
    events["kind"], events["sequence"] = kind, ids
    return events


@pytest.mark.parametrize("seed", range(5))
def test_every_repetition_within_the_window_is_found_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    ids = [number + chance.randint(0, REMEMBERED_IDS // 2) for number in range(0, 40_000, 7)]
    expected = [position for position, trade in enumerate(ids) if trade in set(ids[:position][-1_000:])]
    found = repeated({}, trades(ids))
    assert set(expected) <= set(found)
    assert all(ids[position] in ids[:position] for position in found)


def test_memory_lasts_over_batches_and_does_not_grow() -> None:
    remembered: Remembered = {}
    for start in range(0, 5 * REMEMBERED_IDS, 1_000):
        assert repeated(remembered, trades(list(range(start, start + 1_000)))) == []
        assert repeated(remembered, trades([start + 999, start + 1_000])) == [0]
        remembered[0, Kind.TRADE][(start + 1_000) % REMEMBERED_IDS] = -1
    assert [len(ids) for ids in remembered.values()] == [REMEMBERED_IDS]


def test_first_id_may_be_zero_and_books_are_no_trades() -> None:
    assert repeated({}, trades([0, 0])) == [1]
    assert repeated({}, trades([5, 5], Kind.DEPTH)) == []
