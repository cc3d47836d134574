"""The orders journal as the executor and the kill switch read it: what the trading flow wants done at the venue."""

from pathlib import Path

import msgspec

from market.journal import partition_path, unpack
from market.messages import Approved, Cancel, decode
from sinks.journal import JournalWriter
from sinks.orders.intents import Intents
from sinks.orders.pending import NOTE, read_note
from sources.journal_reader import JournalReader
from sources.journal_row import Row

ORDERS = "orders/0"  # its shard


def orders_path(data: Path) -> Path:
    """Where it lies."""
    return partition_path(data, "orders", ORDERS)


def read_intents(journal: JournalReader, after: int, limit: int) -> list[Intents]:
    """Rows above an offset, in order; raises JournalError."""
    return [_intents(row) for row in journal.rows(after, limit)]


def settled_before(journal: JournalWriter) -> int:
    """The row of the orders journal up to which neither an executor nor a kill reads again: the note stands for it."""
    return max(0, read_note(journal.meta().get(NOTE)).through - 1)


def _intents(row: Row) -> Intents:
    messages: list[Approved | Cancel] = []
    unread = 0
    for frame in unpack(row.offset, row.frames).frames:
        try:
            message = decode(bytes(frame))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            message = None
        if isinstance(message, Approved | Cancel):
            messages.append(message)
        else:
            unread += 1
    return Intents(row.offset, row.received_ns, tuple(messages), unread)
