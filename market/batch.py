"""The unit of flow: one micro-batch of a journal, as it is widened from operator to operator."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from market.accounts import Accounts
from market.frames import NO_FRAMES, Frames
from market.instrument import InstrumentTable
from market.schema import empty_books, empty_events, empty_marks, empty_ticks

Structs = np.ndarray[tuple[int], np.dtype[np.void]]
Events = Structs  # rows of market.schema.EVENT


class Batch(NamedTuple):
    """What one journal row became so far. Operators return it with more in it and never change what is in it."""

    shard: str  # the key of the stream: "binance-usdm/0"
    offset: int  # row of the journal; with `frame` it finds the raw bytes of anything derived from it
    receive_times: np.ndarray[tuple[int], np.dtype[np.int64]]  # ns, one per frame; the closing batch has one, no frame
    frames: Frames = NO_FRAMES  # as received
    instruments: InstrumentTable = InstrumentTable()
    events: Events = empty_events(0)
    marks: Structs = empty_marks(0)
    ticks: Structs = empty_ticks(0)
    books: Structs = empty_books(0)
    features: Mapping[str, Structs] = {}  # by name of the operator, one row per tick
    tables: Mapping[str, pl.DataFrame] = {}  # low-rate rows by table name: gaps, bars, regimes, signals, …
    past: tuple[int, ...] = ()  # frames that tell history, of another time than the rest: market/history.py
    accounts: Accounts = Accounts()  # what became of the frames, once operators/accounting has counted
    last: bool = False  # no more will come: sinks close their open insert block

    @property
    def receive_time(self) -> int:
        """When the batch was complete: the receive time of its last frame, ns; 0 for an empty batch."""
        return int(self.receive_times[-1]) if len(self.receive_times) else 0

    @property
    def venue(self) -> str:
        """The part of the shard before the slash."""
        return self.shard.split("/", 1)[0]

    def with_features(self, name: str, rows: Structs) -> "Batch":
        """The batch with an operator's columns beside its ticks."""
        return self._replace(features={**self.features, name: rows})

    def with_table(self, name: str, rows: pl.DataFrame) -> "Batch":
        """The batch with rows appended to one of its tables; unchanged where there are none."""
        if rows.is_empty():
            return self
        present = self.tables.get(name)
        return self._replace(tables={**self.tables, name: rows if present is None else pl.concat([present, rows])})
