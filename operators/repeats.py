"""Trades that were received twice: sockets overlap at a rotation, recordings at their ends, and recorders repeat lines.

A trade is told by its id, per instrument and kind. Id n is remembered in slot n mod REMEMBERED_IDS, so among any
REMEMBERED_IDS consecutive ids every repetition is found, and no trade is ever taken for another: an id that is older
than that and comes again counts again.
Cost: 0.3 µs per trade; memory 8 bytes per remembered id, 64 KiB per instrument and kind of trade.
"""

import numpy as np
from numpy.typing import NDArray

from market.batch import Events
from market.schema import NO_SEQUENCE, Kind

REMEMBERED_IDS = 8_192  # a rotation repeats up to 1 s; the busiest instruments trade some thousand times in one
COLUMNS = ["instrument", "kind", "sequence"]

Remembered = dict[tuple[int, int], NDArray[np.int64]]  # (instrument, kind) → newest id of each slot


def repeated(remembered: Remembered, events: Events) -> list[int]:
    """Positions of the trades that came before; the other trades are remembered."""
    trades = np.flatnonzero((events["kind"] == Kind.TRADE) | (events["kind"] == Kind.AGGREGATE_TRADE))
    found = []
    for position, (instrument, kind, trade) in zip(trades.tolist(), events[COLUMNS][trades].tolist(), strict=True):
        ids = remembered.get((instrument, kind))
        if ids is None:
            ids = remembered[instrument, kind] = np.full(REMEMBERED_IDS, NO_SEQUENCE)
        slot = trade % REMEMBERED_IDS
        if ids[slot] == trade:
            found.append(position)
        ids[slot] = trade
    return found
