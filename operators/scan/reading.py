"""`Reading`: one batch, read by the kernel as far as it goes, and frame by frame where it stops.

What the caller puts into `rows` for a frame comes between what the kernel wrote before and after it. The kernel is
handed the rows that so many bytes can fill at most, untouched memory until it writes; what is left of them is given
back at the end.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from market.batch import Batch, Events, Structs
from market.record import SEPARATOR
from market.schema import EVENT, MARK, NO_SEQUENCE
from operators.scan.build import compiled
from operators.scan.frames import scan
from operators.scan.message import scratch
from operators.scan.room import most_rows
from venues.keys import MAX_FRAME_BYTES, Layout
from venues.rows import Rows


class Reading:
    """The rows of a batch as they are found."""

    def __init__(self, layout: Layout, batch: Batch) -> None:
        frames = batch.frames
        self.rows = Rows()  # of frames that the kernel left to the caller
        self._tables = compiled(layout) if layout.entrances else None  # None: every frame is left to the caller
        self._frames, self._receive_times = frames, batch.receive_times
        events, marks = most_rows(layout, len(frames), _bytes(frames.offsets))
        self._events, self._marks = np.empty(events, EVENT), np.empty(marks, MARK)
        self._numbers = np.empty(len(frames), np.int64)
        self._work = scratch()
        self._frame = self._row = self._mark = 0  # how far the kernel is
        self._pieces: list[Events] = []
        self._cut = 0  # rows of `_events` that are in pieces

    def odd_frames(self, symbols: Callable[[], NDArray[np.void]]) -> Iterator[int]:
        """Read on; gives the position of every frame that the caller must see to."""
        while self._frame < len(self._frames):
            if not self._is_record():
                self._scan(symbols())
            if self._frame < len(self._frames):
                self._numbers[self._frame] = NO_SEQUENCE
                yield self._frame
                self._frame += 1

    def events(self) -> Events:
        """All rows; the end of reading."""
        if self._pieces or self.rows.headers:
            return np.concatenate([*self._pieces, self._events[self._cut : self._row], self.rows.events()])
        self._events.resize(self._row, refcheck=False)
        return self._events

    def marks(self) -> Structs:
        """All marks in the order of frames."""
        scanned = self._marks[: self._mark].copy()
        if not self.rows.marks:
            return scanned
        found = np.concatenate([scanned, self.rows.mark_rows()])
        return found[np.argsort(found["frame"], kind="stable")]

    def numbers(self) -> NDArray[np.int64]:
        """What every frame says of its number on its connection, NO_SEQUENCE where it says nothing."""
        for position, number in self.rows.numbers:
            self._numbers[position] = number
        return self._numbers

    def _is_record(self) -> bool:
        """Whether the next frame is ours; asked here, as definitions change what the kernel needs to know."""
        start, end = self._frames.offsets[self._frame : self._frame + 2]
        return bool(start < end) and self._frames.data[start] == SEPARATOR[0]

    def _scan(self, symbols: NDArray[np.void]) -> None:
        if self._tables is None:
            return
        frames, begun = self._frames, self._row
        self._frame, self._row, self._mark = scan(
            frames.data, frames.offsets, self._receive_times, self._frame, *self._tables, symbols,
            self._events, self._row, self._marks, self._mark, self._numbers, *self._work,
        )  # fmt: skip
        if self._row > begun and self.rows.headers:
            self._pieces += [self._events[self._cut : begun], self.rows.events()]
            self._cut = begun
            self.rows = replace(self.rows, headers=[], header_sizes=[], level_prices=[], level_sizes=[])


def _bytes(offsets: NDArray[np.int32]) -> int:
    """Of the frames that the kernel may read."""
    total = int(offsets[-1]) - int(offsets[0])
    if total <= MAX_FRAME_BYTES:
        return total
    sizes = np.diff(offsets)
    return int(sizes[sizes <= MAX_FRAME_BYTES].sum())
