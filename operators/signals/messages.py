"""What the market flow tells the trading flow about one batch: the newest quote of every instrument, then the signals.

Quotes are those of the rebuilt book alone, an invalid one included, because trading must know that it knows nothing.
JSON has no NaN: an invalid quote carries zeros, and so does the volatility of a signal whose regime is unknown. Cost:
15 µs per batch and 3 µs per message.
"""

from math import isfinite
from typing import Any

import numpy as np

from market.batch import Batch
from market.instrument import Instrument
from market.messages import Quote, Signal, encode
from operators.frame import column
from operators.signals.books import newest_rows

SIDES = ("bid_price", "bid_size", "ask_price", "ask_size")


def trading_frames(batch: Batch) -> list[bytes]:
    """The batch as frames of the trading journal: quotes by instrument id, then signals in their order."""
    return [encode(quote) for quote in quotes(batch)] + [encode(signal) for signal in signals(batch)]


def quotes(batch: Batch) -> list[Quote]:
    """The newest quote of every instrument whose book had a row in this batch."""
    if batch.ticks.is_empty() or not len(batch.instruments):
        return []
    newest = np.full(len(batch.instruments), -1, np.int64)
    newest_rows(column(batch.ticks, "instrument"), column(batch.ticks, "kind"), newest)
    values = {name: column(batch.ticks, name) for name in ("receive_time", "valid", *SIDES)}
    found = [(number, int(row)) for number, row in enumerate(newest) if row >= 0]
    return [_quote(batch.instruments[number], {name: values[name][row] for name in values}) for number, row in found]


def signals(batch: Batch) -> list[Signal]:
    """The rows of table `signals`."""
    if "signals" not in batch.tables:
        return []
    return [_signal(batch.venue, row) for row in batch.tables["signals"].iter_rows(named=True)]


def _quote(instrument: Instrument, row: dict[str, Any]) -> Quote:
    sides = {name: float(row[name]) for name in SIDES}
    valid = bool(row["valid"]) and all(isfinite(value) for value in sides.values())
    return Quote(
        venue=instrument.venue,
        instrument=instrument.symbol,
        time_ns=int(row["receive_time"]),
        valid=valid,
        tick_size=float(instrument.tick_size),
        lot_size=float(instrument.lot_size),
        contract_size=float(instrument.contract_size),
        inverse=instrument.inverse,
        **(sides if valid else dict.fromkeys(SIDES, 0.0)),
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
