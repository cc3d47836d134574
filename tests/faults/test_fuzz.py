"""Frames as no venue would send them, through the decoding of the flow: none stops it, none is slow, none is lost.

BAROGRAPH_FUZZED says how many frames a venue (`make fuzz`: a million).
"""

import os
import time
from itertools import islice

import numpy as np
import pytest

import venues
from market.batch import Batch
from market.errors import FrameError
from market.frames import Frames
from operators import decode
from simulator.venues import DIALECTS
from tests.faults.run import play
from tests.venues.mutations import mutated
from venues.rows import Rows

FUZZED = int(os.environ.get("BAROGRAPH_FUZZED", "20000"))
IN_A_BATCH = 500
SLOWEST_S = 0.05


@pytest.mark.timeout(0 if FUZZED > 100_000 else 180)
@pytest.mark.parametrize("venue", DIALECTS)
def test_every_frame_becomes_rows_or_a_dead_letter_and_soon(venue: str) -> None:
    frames = play(venue, rate=20.0, quiet_s=4.0).frames
    ours = [frame for _, frame in frames if frame[:1] == b"\x1e" and b'"instrument"' in frame[:40]]
    theirs = [frame for _, frame in frames if frame[:1] != b"\x1e" and len(frame) < 4_000]
    stage = decode.stage()
    state = stage.empty()
    stage.advance(state, _batch(venue, ours))
    odd = mutated(theirs, FUZZED, seed=7)
    unread = 0
    while part := list(islice(odd, IN_A_BATCH)):
        began = time.process_time()
        found = stage.advance(state, _batch(venue, part))
        assert time.process_time() - began < SLOWEST_S * len(part)
        letters = set(found.tables["dead_letters"]["frame"].to_list()) if "dead_letters" in found.tables else set()
        assert letters == {number for number, frame in enumerate(part) if _is_refused(venue, frame, state)}
        unread += len(letters)
    assert FUZZED // 10 < unread < FUZZED


def _batch(venue: str, frames: list[bytes]) -> Batch:
    return Batch(f"{venue}/0", 1, np.full(len(frames), 1_790_000_000_000_000_000, np.int64), Frames.of(frames))


def _is_refused(venue: str, frame: bytes, state: decode.State) -> bool:
    """Whether the venue's own reader refuses a frame, by itself; it never takes long."""
    took_s = 0.0
    for _ in range(3):  # the machine may be busy with something else once, or twice
        refused, took_s = _read(venue, frame, state)
        if took_s < SLOWEST_S:
            return refused
    raise AssertionError(f"{took_s:.3f} s: {frame[:200]!r}")


def _read(venue: str, frame: bytes, state: decode.State) -> tuple[bool, float]:
    began = time.process_time()
    try:
        venues.get(venue).read(frame, 0, 0, state.master.listings, Rows())
    except FrameError:
        return True, time.process_time() - began
    return False, time.process_time() - began
