"""`Rows`: where venues put what they read, and how it becomes one array of EVENT and one of MARK.

Reading appends plain Python numbers; the arrays are built once per batch, since building one costs the same for one
row as for a thousand.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from market.batch import Events, Structs
from market.schema import MARK, NO_SEQUENCE, Kind, empty_events


class Header(NamedTuple):
    """A message as one row; its levels follow it, bids first."""

    exchange_time: int
    receive_time: int
    sequence: int
    previous: int
    price: int
    instrument: int
    frame: int
    kind: int
    side: int
    flags: int
    bids: int  # number of levels that are bids
    levels: int


class Mark(NamedTuple):
    """One row of market.schema.MARK."""

    exchange_time: int
    receive_time: int
    mark_price: float
    index_price: float
    funding_rate: float
    next_funding_time: int
    instrument: int
    frame: int


class Status(NamedTuple):
    """One row of market.schema.STATUS; the instrument by its symbol."""

    instrument: str
    exchange_time: int
    receive_time: int
    phase: str
    code: str
    reason: str
    lower_price: float
    upper_price: float
    frame: int


class VenueBar(NamedTuple):
    """One row of market.schema.VENUE_BAR."""

    instrument: str
    timeframe: str
    open_time: int
    receive_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    notional: float
    trades: int
    updated: bool
    frame: int


class Correction(NamedTuple):
    """One row of market.schema.CORRECTION."""

    instrument: str
    exchange_time: int
    receive_time: int
    action: str
    trade_id: int
    price: float
    size: float
    new_trade_id: int
    new_price: float
    new_size: float
    frame: int


@dataclass
class Rows:
    """What one batch of frames said, in frame order."""

    headers: list[Header] = field(default_factory=list)
    header_sizes: list[float] = field(default_factory=list)
    level_prices: list[int] = field(default_factory=list)  # ticks
    level_sizes: list[float] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    venue_bars: list[VenueBar] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    numbers: list[tuple[int, int]] = field(default_factory=list)  # (frame, its number on its connection)

    def add(self, header: Header, size: float = 0.0) -> None:
        """A message without levels: a trade or a reset."""
        self.headers.append(header)
        self.header_sizes.append(size)

    def add_levels(self, header: Header, prices: list[int], sizes: list[float]) -> None:
        """A book message with its levels."""
        self.add(header)
        self.level_prices += prices
        self.level_sizes += sizes

    def events(self) -> Events:
        """The rows as one EVENT array: each header, then its levels."""
        if not self.headers:
            return empty_events(0)
        headers = np.array(self.headers, np.int64)
        counts = headers[:, -1] + 1
        starts = np.cumsum(counts) - counts
        events = _repeated(headers, counts)
        events["size"][starts] = self.header_sizes
        if self.level_prices:
            self._fill_levels(events, headers, counts, starts)
        return events

    def mark_rows(self) -> Structs:
        """The marks as MARK rows."""
        return np.array(self.marks, MARK)

    def _fill_levels(self, events: Events, headers: np.ndarray, counts: np.ndarray, starts: np.ndarray) -> None:
        levels = np.ones(len(events), np.bool_)
        levels[starts] = False
        rank = np.arange(len(events)) - np.repeat(starts, counts)  # 0 for headers, 1 for the first level
        side = np.where(rank <= np.repeat(headers[:, 10], counts), 1, -1)
        events["side"][levels] = side[levels]
        events["price"][levels] = self.level_prices
        events["size"][levels] = self.level_sizes
        events["previous"][levels] = NO_SEQUENCE
        events["levels"][levels] = 0
        events["kind"][levels] = Kind.LEVEL
        events["flags"][levels] = 0


def _repeated(headers: np.ndarray, counts: np.ndarray) -> Events:
    """EVENT rows in which every level still looks like its header."""
    rows = np.repeat(headers, counts, axis=0)
    events = empty_events(len(rows))
    for number, name in enumerate(Header._fields):
        if name != "bids":
            events[name] = rows[:, number]
    return events
