"""What the market flow tells the trading flow about one batch: newest quotes, traded sizes, then the signals.

Quotes are those of the rebuilt book alone, an invalid one included, because trading must know that it knows nothing.
JSON has no NaN: an invalid quote carries zeros, and so does the volatility of a signal whose regime is unknown. Cost:
15 µs per batch and 3 µs per message.
"""

from math import isfinite
from typing import Any

import numpy as np

from market.batch import Batch
from market.instrument import Instrument
from market.messages import AnyMessage, Quote, Signal, Traded, encode
from operators.signals.books import newest_rows, traded_sizes

QUOTED = ("receive_time", "valid", "bid_price", "bid_size", "ask_price", "ask_size")


def trading_frames(batch: Batch) -> list[bytes]:
    """The batch as frames of the trading journal: quotes and trades by instrument id, then signals in their order."""
    messages: list[AnyMessage] = [*quotes(batch), *trades(batch), *signals(batch)]
    return [encode(message) for message in messages]


def quotes(batch: Batch) -> list[Quote]:
    """The newest quote of every instrument whose book had a row in this batch."""
    newest = np.full(len(batch.instruments), -1, np.int64)
    newest_rows(batch.ticks, newest)
    numbers = np.flatnonzero(newest >= 0)
    rows = batch.ticks[list(QUOTED)][newest[numbers]]
    return [
        _quote(batch.instruments[number], *row) for number, row in zip(numbers.tolist(), rows.tolist(), strict=True)
    ]


def trades(batch: Batch) -> list[Traded]:
    """The size traded in the book of every instrument that traded in this batch."""
    count = len(batch.instruments)
    sizes, times = np.zeros(count), np.zeros(count, np.int64)
    traded_sizes(batch.ticks, sizes, times, np.zeros(count, np.int8))
    return [
        Traded(
            venue=batch.instruments[number].venue,
            instrument=batch.instruments[number].symbol,
            time_ns=int(times[number]),
            size=float(sizes[number]),
        )
        for number in np.flatnonzero(times).tolist()
    ]


def signals(batch: Batch) -> list[Signal]:
    """The rows of table `signals`."""
    if "signals" not in batch.tables:
        return []
    return [_signal(batch.venue, row) for row in batch.tables["signals"].iter_rows(named=True)]


def _quote(
    instrument: Instrument, time_ns: int, valid: bool, bid: float, bid_size: float, ask: float, ask_size: float
) -> Quote:
    valid = valid and all(map(isfinite, (bid, bid_size, ask, ask_size)))
    return Quote(
        venue=instrument.venue,
        instrument=instrument.symbol,
        time_ns=time_ns,
        valid=valid,
        tick_size=float(instrument.tick_size),
        lot_size=float(instrument.lot_size),
        contract_size=float(instrument.contract_size),
        inverse=instrument.inverse,
        bid_price=bid if valid else 0.0,
        bid_size=bid_size if valid else 0.0,
        ask_price=ask if valid else 0.0,
        ask_size=ask_size if valid else 0.0,
    )


def _signal(venue: str, row: dict[str, Any]) -> Signal:
    return Signal(
        venue=venue,
        instrument=row["instrument"],
        time_ns=row["receive_time"],
        timeframe=row["timeframe"],
        direction=row["direction"],
        confidence=row["confidence"],
        volatility=row["volatility"] if isfinite(row["volatility"]) else 0.0,
        regime=row["regime"],
        evidence={pair["key"]: pair["value"] for pair in row["evidence"] if isfinite(pair["value"])},
    )
