"""Rows of journals as they arrive over Kafka: put together, repeats dropped, holes told.

A forwarder that starts again ships rows again, so a row whose offset is not above the last one has been here. Offsets
of a journal count up by one; where some are missing, retention or a topic that was deleted took them, and one batch
with a `Torn` record stands in their place: books of the shard begin anew, and gaps are told. Every topic and recovery
store starts at the first row that it sees.
"""

import logging
from typing import NamedTuple

import bytewax.operators as op
import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic

from market import record
from market.batch import Batch
from market.frames import Frames
from market.journal import unpack
from market.seal import opened, seal, unseal
from market.shipped import Piece

log = logging.getLogger("barograph.kafka")


class State(NamedTuple):
    """Of one shard."""

    shard: str = ""
    offset: int = 0  # last row handed on
    received_ns: int = 0  # its receive time
    pieces: tuple[bytes, ...] = ()  # of the next row


class Arrivals(StatefulBatchLogic[Piece, Batch, bytes]):
    """Pieces of one shard in, batches out; a closing batch at the end."""

    def __init__(self, snapshot: bytes | None = None) -> None:
        self._state: State = State() if snapshot is None else unseal(snapshot)
        if snapshot is not None:
            assert opened(snapshot).row == self._state.offset

    def on_batch(self, values: list[Piece]) -> tuple[list[Batch], bool]:
        """Pieces in the order of their Kafka partition."""
        return [batch for piece in values for batch in self._taken(piece)], StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[list[Batch], bool]:
        """The closing batch."""
        shard, offset, received_ns, _ = self._state
        closing = Batch(shard, offset, np.array([received_ns], np.int64), last=True)
        return [closing] if offset else [], StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        """How far the shard has come."""
        return seal(self._state, self._state.offset)

    def _taken(self, piece: Piece) -> list[Batch]:
        row, state = piece.row, self._state
        if row.offset <= state.offset:
            return []
        if piece.number == 0:
            state = state._replace(pieces=())  # of a row that was shipped in part, and now is again
        elif piece.number != len(state.pieces):
            return []  # the rest of a row whose beginning is gone: the next row tells of the hole
        self._state = state = state._replace(shard=row.shard, pieces=(*state.pieces, row.frames))
        if len(state.pieces) < piece.of:
            return []
        offset, times, frames = unpack(row.offset, b"".join(state.pieces))
        self._state = State(row.shard, offset, int(times[-1]))
        arrived = Batch(row.shard, offset, times, frames)
        if state.offset and offset > state.offset + 1:
            return [self._hole(state.offset, offset, int(times[0])), arrived]
        return [arrived]

    def _hole(self, before: int, after: int, time_ns: int) -> Batch:
        """A batch in place of the rows between two."""
        shard, missing = self._state.shard, after - before - 1
        log.error("%d rows of %s before row %d are not in the topic any more", missing, shard, after)
        frame = record.encode(record.Torn(f"{missing} rows are not in the topic any more"))
        frames = Frames(np.frombuffer(frame, np.uint8), np.array([0, len(frame)], np.int32))
        return Batch(shard, after - 1, np.array([time_ns], np.int64), frames)


@operator
def arrivals(step_id: str, up: KeyedStream[Piece]) -> KeyedStream[Batch]:
    """The step of a dataflow."""
    return op.stateful_batch("rows", up, Arrivals)
