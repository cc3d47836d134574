"""Differential fuzzing of the scanner; BAROGRAPH_FUZZ=seconds runs it for that long, with other frames every time."""

import itertools
import os
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from operators.scan.frames import scan
from tests.captures import real
from tests.operators.scan import differential, mutants

VENUES = {"binance-usdm": "usdm-eth", "binance-spot": "spot-btc"}
ROUNDS, FRAMES = 12, 600
SECONDS = float(os.environ.get("BAROGRAPH_FUZZ", "0"))


def seeds(venue: str) -> list[bytes]:
    """Good frames of every kind: real ones where there are any, and made ones."""
    chance = mutants.Chance(Random(venue))
    made = [mutants.frame(chance, venue != "binance-spot") for _ in range(50)]
    try:
        lines = real.lines(real.PAIRS[VENUES[venue]][-1].split()[-1])
    except pytest.skip.Exception:
        return made
    return made + [frame for _, frame in chance.random.sample(lines, 300) if len(frame) < 1_500]


def rounds(venue: str, first: int) -> int:
    """How many frames of one round the scanner took; fails where it is wrong."""
    chance = mutants.Chance(Random(f"{venue} {first}"))
    frames = mutants.stream(chance, seeds(venue), futures=venue != "binance-spot")
    return differential.compare(list(itertools.islice(frames, FRAMES)), venue)


@pytest.mark.parametrize("venue", VENUES)
def test_what_the_scanner_takes_is_what_the_slow_path_reads(venue: str) -> None:
    taken = sum(rounds(venue, number) for number in range(ROUNDS))
    assert taken > ROUNDS * FRAMES // 10, "the mutants are too broken to tell anything"


if SECONDS:

    @pytest.mark.timeout(SECONDS * 2 + 60)
    def test_it_does_for_long() -> None:
        begun = time.time_ns()
        frames = taken = 0
        for number in itertools.count(begun):
            for venue in VENUES:
                taken, frames = taken + rounds(venue, number), frames + FRAMES
            if time.time_ns() > begun + SECONDS * 1e9:
                break
        print(f"\n{frames} frames, {taken} of them taken by the scanner, 0 differences")


@settings(max_examples=150, deadline=None)
@given(random=some.randoms(use_true_random=False), venue=some.sampled_from(list(VENUES)), accident=some.booleans())
def test_frames_of_any_make_agree(random: Random, venue: str, accident: bool) -> None:
    chance = mutants.Chance(random)
    frame = mutants.frame(chance, venue != "binance-spot")
    differential.compare([mutants.broken(chance, frame, frame) if accident else frame], venue)


def test_interpreted_scanner_does_as_the_compiled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = mutants.Chance(Random(1))
    frames = list(itertools.islice(mutants.stream(chance, seeds("binance-usdm"), futures=True), 300))
    compiled = differential.scanned(frames, "binance-usdm")
    monkeypatch.setattr("operators.scan.reading.scan", getattr(scan, "py_func", scan))
    interpreted = differential.scanned(frames, "binance-usdm")
    assert interpreted.odd == compiled.odd
    assert interpreted.events.tobytes() == compiled.events.tobytes()
    assert repr(interpreted.marks) == repr(compiled.marks)
