"""`Tape`: what a backtest replays, rows of the trading journal, whatever they were made of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import polars as pl

from market.batch import Batch
from market.decisions import Decisions, decisions_of
from market.frames import Frames
from market.messages import AnyMessage, encode

SHARD = "trading/0"
MOST_ROWS = 5_000_000  # of a tape; they are held in memory

Progress = Callable[[str, int, int], None]  # what is done, how far, of how much


def unheard(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Tape:
    """Rows in order of their times, and what is to be known of their making."""

    rows: tuple[Decisions, ...]
    tables: Mapping[str, pl.DataFrame]  # that the market flow made of the same input: regimes, signals
    bar_ns: int  # length of the shortest bars it rests on; 0 where it rests on messages
    told: Mapping[str, str] = field(default_factory=dict)  # for the report: source, rows, assumptions

    @property
    def first_ns(self) -> int:
        """When the first row was complete; 0 for an empty tape."""
        return self.rows[0].receive_time if self.rows else 0

    @property
    def last_ns(self) -> int:
        """When the last row was complete; 0 for an empty tape."""
        return self.rows[-1].receive_time if self.rows else 0

    def between(self, since_ns: int | None, until_ns: int | None) -> "Tape":
        """The rows from `since_ns` on and before `until_ns`; the models have learned from those before."""
        low, high = since_ns or 0, until_ns if until_ns is not None else np.iinfo(np.int64).max
        return replace(self, rows=tuple(row for row in self.rows if low <= row.receive_time < high))


class Source(NamedTuple):
    """Something recorded, read anew each time so that nothing of one reading is left for the next."""

    name: str
    read: Callable[[int | None, Progress], Tape]  # up to and with a time, ns; None: all
    bar_ns: int = 0  # length of the longest bars that prices are told by; 0: by messages


def row_of(offset: int, time_ns: int, messages: Iterable[AnyMessage]) -> Decisions:
    """Messages as the trading flow reads them from its journal."""
    return row_of_frames(offset, time_ns, [encode(message) for message in messages])


def row_of_frames(offset: int, time_ns: int, frames: Sequence[bytes]) -> Decisions:
    """Frames of the trading journal as the trading flow reads them."""
    times = np.full(len(frames), time_ns, np.int64)
    return decisions_of(Batch(SHARD, offset, times, Frames.of(frames)))
