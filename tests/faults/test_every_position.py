"""One fault at every position of a recording: whatever book frame is lost, repeated or late, somebody says so.

BAROGRAPH_POSITIONS=1 takes every position of 2 000 frames (`make faults`); otherwise every 25th.
"""

import os
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import venues
from flows.verify import STEPS
from market.batch import Batch
from market.frames import Frames
from operators.measures import stage_of
from tests.faults.run import play
from venues.venue import Channel

EVERY = int(os.environ.get("BAROGRAPH_POSITIONS", "25"))
FRAMES = 2_000
TAIL = 40  # frames after the fault within which it is told
VENUES = ("binance-spot", "binance-usdm", "coinbase", "kraken", "bybit-linear", "bybit-spot", "okx")
Frame = tuple[int, bytes]


class Flow:
    """Decoding and books, which can be taken up at any frame."""

    def __init__(self, venue: str) -> None:
        self.venue, self.stages = venue, [stage_of(step) for step in STEPS]
        self.states = [stage.empty() for stage in self.stages]

    def take(self, frames: Sequence[Frame]) -> Batch:
        times, bodies = zip(*frames, strict=True)
        batch = Batch(f"{self.venue}/0", 1, np.array(times, np.int64), Frames.of(bodies))
        for stage, state in zip(self.stages, self.states, strict=True):
            batch = stage.advance(state, batch)
        return batch


@pytest.mark.timeout(0 if EVERY == 1 else 180)
@pytest.mark.parametrize("venue", VENUES)
def test_every_single_drop_duplicate_and_reorder_is_told(venue: str) -> None:
    frames = play(venue, rate=60.0, quiet_s=20.0).frames[:FRAMES]
    protocol, flow, reference = venues.get(venue), Flow(venue), Flow(venue)
    silent: list[tuple[int, str]] = []
    tried = 0
    for position, frame in enumerate(frames[:-TAIL]):
        symbol = _book_of(protocol, frame[1])
        if symbol and position % EVERY == 0 and _is_settled(reference, symbol):
            saved = pickle.dumps(flow.states)
            later = next(
                (n for n in range(position + 1, position + TAIL) if _book_of(protocol, frames[n][1]) == symbol), 0
            )
            tail = frames[position + 1 : position + 1 + TAIL]
            swapped = [*frames[position + 1 : later + 1], frame, *frames[later + 1 : position + 1 + TAIL]]
            for kind, faulty in (("drop", tail), ("duplicate", [frame, frame, *tail]), ("reorder", swapped)):
                if kind == "reorder" and not later:
                    continue
                flow.states = pickle.loads(saved)
                tried += 1
                batch = flow.take(faulty)
                if not _is_told(batch, symbol, kind) and not _is_harmless(venue, batch, saved, [frame, *tail], symbol):
                    silent.append((position, kind))
            flow.states = pickle.loads(saved)
        flow.take([frame])
        reference.take([frame])
    assert tried >= 3 * len(frames) // EVERY // 8
    assert silent == []


def _book_of(protocol: Any, frame: bytes) -> str:
    """The symbol of a frame that changes a book."""
    if frame[:1] == b"\x1e":
        return ""
    for stream in protocol.streams_of(frame):
        if protocol.channel_of(stream) is Channel.DEPTH:
            return str(protocol.symbol_of(stream))
    return ""


def _is_settled(flow: Flow, symbol: str) -> bool:
    """Whether there is a good book to be hurt."""
    books = flow.states[-1]
    number = books.instruments.id_of(symbol)
    return number >= 0 and bool(books.ladders.books["last"][number] >= 0) and not books.troubles.open.get(number)


def _is_told(batch: Batch, symbol: str, kind: str) -> bool:
    if "gaps" not in batch.tables:
        return False
    causes = {row["cause"] for row in batch.tables["gaps"].to_dicts() if row["instrument"] == symbol}
    return bool(causes & ({"duplicate"} if kind == "duplicate" else {"sequence", "checksum", "crossed"}))


def _is_harmless(venue: str, batch: Batch, saved: bytes, frames: Sequence[Frame], symbol: str) -> bool:
    """Where a checksum alone tells, what later messages undo at once is no loss: the book is as it would have been."""
    if venues.get(venue).capability.detection != "checksum":
        return False
    whole = Flow(venue)
    whole.states = pickle.loads(saved)
    return _last_book(batch, symbol) == _last_book(whole.take(frames), symbol)


def _last_book(batch: Batch, symbol: str) -> bytes:
    rows = batch.ticks[(batch.ticks["instrument"] == batch.instruments.id_of(symbol)) & (batch.ticks["book"] >= 0)]
    if not len(rows):
        return b""
    book = batch.books[rows["book"][-1]]
    return b"".join(book[f"{side}_{what}"].tobytes() for side in ("bid", "ask") for what in ("price", "size"))
