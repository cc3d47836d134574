"""Records of ours among the frames of a batch: found by their first byte, read as far as they can be."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numba import types

from market import record
from market.frames import Frames
from operators.kernel import column, int32, int64, kernel, output

MARK = record.SEPARATOR[0]


@kernel(column(types.uint8), column(int32), output(int64))
def find(data: Any, offsets: Any, positions: Any) -> int:
    """Write the positions of the frames that are ours; returns how many there are."""
    found = 0
    for frame in range(len(offsets) - 1):
        if offsets[frame] < offsets[frame + 1] and data[offsets[frame]] == MARK:
            positions[found] = frame
            found += 1
    return found


def ours(frames: Frames) -> Iterator[tuple[int, Any]]:
    """Position and record of every frame of ours that is understood. Cost: 2 µs, and 2 ns per frame."""
    positions = np.empty(len(frames), np.int64)
    for position in positions[: find(frames.data, frames.offsets, positions)].tolist():
        try:
            yield position, record.decode(frames[position])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue  # a dead letter by now
