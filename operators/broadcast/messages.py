"""What the flows broadcast of one item, as frames of the broadcast journal.

Of the market flow: regimes, changes of regimes and signals, every one; then what operators/broadcast/conflate.py chose
of the books. Of the trading flow: orders, fills, positions and risk events, every one. History is never broadcast:
somebody who listens hears of the present.

Cost: 1 µs per item that says nothing, 5 µs per rare event.
"""

from collections.abc import Iterator
from typing import Any

from market.batch import Batch
from market.broadcast import TABLES, encode
from market.decisions import Decisions
from market.rows import given

RARE = ("regime", "regime_change", "signal")
OF_ACCOUNT = ("order", "fill", "position", "risk_event")


def market_frames(batch: Batch) -> list[bytes]:
    """Of a batch of the market flow."""
    frames = [
        encode(kind, {"venue": batch.venue, **row, "shard": batch.shard, "offset": batch.offset, "frame": row["frame"]})
        for kind in RARE
        for row in _rows(batch, kind)
        if row["frame"] not in batch.past
    ]
    chosen = batch.tables.get("broadcast")
    return frames if chosen is None else frames + chosen["event"].to_list()


def account_frames(item: Decisions) -> list[bytes]:
    """Of an item of the trading flow; `frame` is the position among the rows of its table."""
    return [
        encode(kind, {**row, "shard": item.shard, "frame": number})
        for kind in OF_ACCOUNT
        for number, row in enumerate(_rows(item, kind))
    ]


def _rows(item: Batch | Decisions, kind: str) -> Iterator[dict[str, Any]]:
    table = given(item.tables).get(TABLES[kind])
    return iter(()) if table is None else table.iter_rows(named=True)
