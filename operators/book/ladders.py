"""The price levels of every book of a shard, in sorted arrays that grow only when a book needs it.

A side is a run of one long array (`key`, `size`), sorted so that its best level is last: most changes are near the
best price and then move few rows. key = side × price in ticks, so bids and asks are the same code, and equal prices
are equal integers. Memory: 16 bytes a level; a book begins with room for FIRST_ROOM levels a side and doubles up to
MAX_LEVELS.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.schema import NO_SEQUENCE

FIRST_ROOM = 1_024
MAX_LEVELS = 65_536  # a side; a message that could lead beyond makes the book invalid until the next snapshot


class Ladders(NamedTuple):
    """All books of a shard. I instruments; sides are 0 bids, 1 asks."""

    start: NDArray[np.int64]  # (I, 2) first row of a side in key and size
    room: NDArray[np.int64]  # (I, 2) rows a side may fill
    filled: NDArray[np.int64]  # (I, 2) rows it fills
    last: NDArray[np.int64]  # (I,) update id of the state; NO_SEQUENCE: not synchronised
    seen: NDArray[np.int64]  # (I,) newest update id that came, applied or not
    good_time: NDArray[np.int64]  # (I,) receive time of the last message that left the book good, ns
    step: NDArray[np.int64]  # (I, 2) tick size as numerator, denominator
    next_step: NDArray[np.int64]  # (I, 2) the same from the next reset with Flag.TICK_CHANGED on
    key: NDArray[np.int64]  # (sum of room,) side × price in ticks, ascending within a side
    size: NDArray[np.float64]  # (sum of room,)


def empty(instruments: int) -> Ladders:
    """Books without a level, each with room for FIRST_ROOM levels a side."""
    sides = 2 * instruments
    return Ladders(
        start=np.arange(sides, dtype=np.int64).reshape(instruments, 2) * FIRST_ROOM,
        room=np.full((instruments, 2), FIRST_ROOM, np.int64),
        filled=np.zeros((instruments, 2), np.int64),
        last=np.full(instruments, NO_SEQUENCE, np.int64),
        seen=np.full(instruments, NO_SEQUENCE, np.int64),
        good_time=np.zeros(instruments, np.int64),
        step=np.ones((instruments, 2), np.int64),
        next_step=np.ones((instruments, 2), np.int64),
        key=np.zeros(sides * FIRST_ROOM, np.int64),
        size=np.zeros(sides * FIRST_ROOM),
    )


def with_room(ladders: Ladders, room: NDArray[np.int64]) -> Ladders:
    """The same books with other room, instruments by 2, at least what each side fills; new instruments are empty."""
    fresh = empty(len(room))
    for name in ("filled", "last", "seen", "good_time", "step", "next_step"):
        getattr(fresh, name)[: len(ladders.last)] = getattr(ladders, name)
    start = (np.cumsum(room.ravel()) - room.ravel()).reshape(room.shape)
    key, size = np.zeros(room.sum(), np.int64), np.zeros(room.sum())
    for side in np.ndindex(ladders.start.shape):
        filled, old, new = ladders.filled[side], ladders.start[side], start[side]
        key[new : new + filled] = ladders.key[old : old + filled]
        size[new : new + filled] = ladders.size[old : old + filled]
    return fresh._replace(start=start, room=room.copy(), key=key, size=size)
