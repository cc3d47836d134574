import numpy as np
import polars as pl

from market.batch import Batch
from market.instrument import InstrumentTable
from market.schema import EVENT, Kind
from operators import decode
from tests import plain
from tests.contract import Tables
from tests.market_case import case

NAMES = EVENT.names or ()


def table(batches: list[Batch]) -> Tables:
    """The EVENT rows of all batches as a frame, with `frame` counted over the whole stream."""
    starts = np.cumsum([0, *(len(batch.frames) for batch in batches)])
    shifted = [batch.events.copy() for batch in batches]
    for start, events in zip(starts, shifted, strict=False):
        events["frame"] += start
    rows = np.concatenate(shifted)
    return {"events": pl.DataFrame({name: np.ascontiguousarray(rows[name]) for name in NAMES})}


def oracle(batches: list[Batch]) -> Tables:
    """Every message by json and Decimal; of trades with the same id, the first."""
    instruments, found, trades = InstrumentTable(), [], set[tuple[str, Kind, int]]()
    for batch in batches:
        messages, instruments = plain.said(batch, instruments)
        fresh = [message for message in messages if _is_first(message, trades)]
        found.append(batch._replace(events=plain.events(fresh, instruments)))
    return table(found)


def _is_first(message: plain.Said, trades: set[tuple[str, Kind, int]]) -> bool:
    trade = message.symbol, message.kind, message.sequence
    if message.kind not in (Kind.TRADE, Kind.AGGREGATE_TRADE):
        return True
    if trade in trades:
        return False
    trades.add(trade)
    return True


CASE = case("decode", decode.stage, (), table, oracle)
