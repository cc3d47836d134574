"""Every fault is seen in the frames exactly as often as it is counted."""

import json
from collections import Counter
from itertools import pairwise

import pytest

from simulator.faults import Faults, Strike
from simulator.tape import tape

SYMBOLS = ("BTCUSDT", "ETHUSDT")


def updates(faults):
    """Final update ids of the depth frames by symbol, in order, and the frames that do not continue the one before."""
    found = {symbol: [] for symbol in SYMBOLS}
    for _, frame in tape(instruments=SYMBOLS, seed=2, seconds=5, rate=400, faults=faults):
        data = json.loads(frame).get("data", {})
        if data.get("e") == "depthUpdate":
            found[data["s"]].append((data["pu"], data["u"]))
    return found


@pytest.fixture(scope="module")
def clean():
    return updates(Faults())


def test_no_fault_changes_nothing(clean):
    assert all(after[0] == before[1] for rows in clean.values() for before, after in pairwise(rows))
    assert clean == updates(None)


def test_dropped_frames_are_missing(clean):
    faults = Faults(drop=0.2, seed=1)
    rows = updates(faults)
    for symbol in SYMBOLS:
        missing = set(clean[symbol]) - set(rows[symbol])
        assert len(missing) == faults.injected[f"drop {symbol}"] > 0


def test_duplicated_frames_come_twice(clean):
    faults = Faults(duplicate=0.2, seed=1)
    rows = updates(faults)
    for symbol in SYMBOLS:
        twice = [row for row, count in Counter(rows[symbol]).items() if count == 2]
        assert len(twice) == faults.injected[f"duplicate {symbol}"] > 0
        assert list(dict.fromkeys(rows[symbol])) == clean[symbol]


def test_reordered_frames_come_after_the_next(clean):
    faults = Faults(reorder=0.2, seed=1)
    rows = updates(faults)
    for symbol in SYMBOLS:
        descents = sum(after[1] < before[1] for before, after in pairwise(rows[symbol]))
        held_at_the_end = len(clean[symbol]) - len(rows[symbol])
        assert descents + held_at_the_end == faults.injected[f"reorder {symbol}"] > 0
        assert set(rows[symbol]) <= set(clean[symbol])


def test_a_script_hits_the_named_frame_of_one_instrument_alone(clean):
    faults = Faults(script=[Strike("drop", "BTCUSDT", 3)])
    rows = updates(faults)
    assert rows["BTCUSDT"] == clean["BTCUSDT"][:2] + clean["BTCUSDT"][3:]
    assert rows["ETHUSDT"] == clean["ETHUSDT"]
    assert faults.injected == {"drop": 1, "drop BTCUSDT": 1}


def test_a_silenced_stream_says_nothing_and_the_others_go_on(clean):
    faults = Faults(silenced={"btcusdt@depth@100ms"})
    rows = updates(faults)
    assert rows["BTCUSDT"] == []
    assert rows["ETHUSDT"] == clean["ETHUSDT"]
    assert faults.injected["silence"] == len(clean["BTCUSDT"])


def test_a_probability_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="from 0 to 1"):
        Faults(drop=1.5)
