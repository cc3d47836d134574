"""Repeated trades, against all ids that ever came."""

import pickle
import random
from collections import OrderedDict

import numpy as np
import pytest

from market.schema import EVENT, NO_SEQUENCE, Kind
from operators import repeats
from operators.repeats import REMEMBERED_IDS, SCATTERED, STATE, TABLE_MASK, empty, home, repeated
from operators.slots import grown


def trades(ids: list[int], kind: Kind = Kind.TRADE, instrument: int = 0) -> np.ndarray:
    events = np.zeros(len(ids), EVENT)
    events["kind"], events["sequence"], events["instrument"] = kind, ids, instrument
    return events


def found(ids: list[int], *, scattered: bool = False) -> set[int]:
    return set(repeated(empty(1), trades(ids), scattered=scattered).tolist())


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


def among_the_newest(ids: list[int]) -> set[int]:
    """Repetitions of one of the REMEMBERED_IDS newest ids that differ, slowly."""
    newest, positions = OrderedDict[int, None](), set()
    for position, number in enumerate(ids):
        if number in newest:
            positions.add(position)
            continue
        newest[number] = None
        if len(newest) > REMEMBERED_IDS:
            newest.popitem(last=False)
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


AT_THE_END = np.flatnonzero(home(np.arange(2_000_000)) >= TABLE_MASK - 2).tolist()


# How ids may be spread: hashes, in order, far apart, and some of them at the last places of the table, so that it wraps
# around.
SPREADS = {
    "hashed": lambda chance: chance.getrandbits(63),
    "in order": lambda chance: chance.randrange(30_000),
    "far apart": lambda chance: chance.randrange(30_000) << 20,
    "very far apart": lambda chance: chance.randrange(30_000) << 46,
    "at the end": lambda chance: chance.choice(AT_THE_END) if chance.random() < 0.05 else chance.getrandbits(63),
}


@pytest.mark.parametrize("spread", SPREADS)
def test_scattered_ids_are_found_again_among_the_newest_and_never_taken_for_others(spread: str) -> None:
    chance, ids = random.Random(spread), list[int]()
    for _ in range(25_000):
        again = ids and chance.random() < 0.3
        ids.append(ids[-chance.randint(1, min(len(ids), 15_000))] if again else SPREADS[spread](chance))
    expected = among_the_newest(ids)
    assert len(expected) > 3_000
    assert found(ids, scattered=True) == expected


def test_scattered_id_is_remembered_for_exactly_so_many_others() -> None:
    others = list(range(1, REMEMBERED_IDS + 1))
    assert found([0, *others[:-1], 0], scattered=True) == {REMEMBERED_IDS}
    assert found([0, *others, 0], scattered=True) == set()


@pytest.mark.parametrize("spread", SPREADS)
def test_scattered_table_holds_just_the_ids_of_the_ring(spread: str) -> None:
    chance, remembered = random.Random(7), empty(1)
    repeated(remembered, trades([SPREADS[spread](chance) for _ in range(15_000)]), scattered=True)
    (row,) = remembered.scattered
    assert sorted(row["table"][row["table"] > 0].tolist()) == list(range(1, REMEMBERED_IDS + 1))


@pytest.mark.parametrize("step", [1, 3, 1 << 14, 1 << 31, 1 << 40, 10**6])
def test_scattered_table_has_no_long_runs_though_ids_are_in_order(step: int) -> None:
    remembered = empty(1)
    repeated(remembered, trades([number * step for number in range(2 * REMEMBERED_IDS)]), scattered=True)
    free = np.flatnonzero(remembered.scattered["table"][0] == 0)
    assert np.diff(free).max() < 100


def test_scattered_memory_is_taken_where_there_are_trades() -> None:
    remembered = empty(1_000)
    for instrument in (3, 998, 3):
        repeated(remembered, trades([5], instrument=instrument), scattered=True)
    assert (len(remembered.scattered), SCATTERED.itemsize) == (2, REMEMBERED_IDS * 12 + 8)
    assert repeated(remembered, trades([5], instrument=998), scattered=True).tolist() == [0]
    for instrument in range(100):
        repeated(remembered, trades([5], instrument=instrument), scattered=True)
    assert sorted(remembered.rows[:, 0])[-101:] == list(range(101))
    assert 101 <= len(remembered.scattered) <= 126


@pytest.mark.parametrize("scattered", [False, True])
def test_memory_lasts_over_batches_growth_and_a_restart(scattered: bool) -> None:
    remembered = empty(1)
    for start in range(0, 5 * REMEMBERED_IDS, 1_000):
        ids = list(range(start, start + 1_000))
        assert repeated(remembered, trades(ids), scattered=scattered).tolist() == []
        remembered = pickle.loads(pickle.dumps(grown(remembered, empty, len(remembered.dense) + 1)))
        assert repeated(remembered, trades(ids), scattered=scattered).tolist() == list(range(1_000))


def test_dense_memory_is_two_bits_an_id() -> None:
    assert STATE.itemsize == 2 * REMEMBERED_IDS // 8 + 16


@pytest.mark.parametrize("scattered", [False, True])
def test_kinds_and_instruments_are_apart(scattered: bool) -> None:
    remembered = empty(2)
    for kind in (Kind.TRADE, Kind.AGGREGATE_TRADE):
        for instrument in (0, 1):
            assert repeated(remembered, trades([5], kind, instrument), scattered=scattered).tolist() == []
            assert repeated(remembered, trades([5], kind, instrument), scattered=scattered).tolist() == [0]


@pytest.mark.parametrize("scattered", [False, True])
def test_first_id_may_be_zero_no_id_never_repeats_and_books_are_no_trades(scattered: bool) -> None:
    assert found([0, 0], scattered=scattered) == {1}
    assert found([NO_SEQUENCE, NO_SEQUENCE], scattered=scattered) == set()
    assert repeated(empty(1), trades([5, 5], Kind.DEPTH), scattered=scattered).tolist() == []


def test_kernels_are_their_python_functions() -> None:
    events, remembered = trades([5, 7, 5, 2**63 - 1]), empty(1)
    positions = np.empty(4, np.int64)
    remembered.scattered = np.zeros(1, SCATTERED)
    plain = {name: getattr(getattr(repeats, name), "py_func", getattr(repeats, name)) for name in KERNELS}
    assert plain["make_rows"](remembered.rows, events, 0) == 1
    assert plain["mark_scattered"](remembered.rows, remembered.scattered, events, positions) == 1
    assert plain["mark"](remembered.dense, events, positions) == 1


KERNELS = ("make_rows", "mark_scattered", "mark")
