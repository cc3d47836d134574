"""A journal row as Kafka messages: what travels beside its bytes, and how a long one is cut.

The key of a message is the shard. Its headers are the offset of the row in its journal, which no broker changes, what
the journal says of itself, and which piece of how many this is. A row stays one micro-batch, however it travelled:
brokers refuse messages above 1 MB unless told otherwise, and a single book snapshot can be longer.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

PIECE_BYTES = 900_000
Headers = list[tuple[str, str | bytes | None]]


class ShippedRow(NamedTuple):
    """One micro-batch of a journal, packed, on its way."""

    shard: str
    offset: int
    frames: bytes
    block_ns: int  # insert-block interval that the journal was begun with


class Piece(NamedTuple):
    """A row, or a part of one."""

    row: ShippedRow  # with the bytes of this piece only
    number: int
    of: int  # pieces of the row


def pieces(row: ShippedRow) -> Iterator[tuple[bytes, bytes, Headers]]:
    """The messages of a row: key, value and headers."""
    values = [row.frames[at : at + PIECE_BYTES] for at in range(0, len(row.frames), PIECE_BYTES)]
    for number, value in enumerate(values):
        facts = {"offset": row.offset, "block_ns": row.block_ns, "piece": number, "pieces": len(values)}
        yield row.shard.encode(), value, [(name, str(fact).encode()) for name, fact in facts.items()]


def piece_of(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, Any]]) -> Piece:
    """The piece in a message; raises ValueError for a message that is none of ours."""
    found: Mapping[str, Any] = dict(headers)
    if key is None or value is None:
        raise ValueError("a message without key or value")
    try:
        offset, block_ns, number, count = (int(found[name]) for name in ("offset", "block_ns", "piece", "pieces"))
    except KeyError as error:
        raise ValueError(f"a message without header {error}") from None
    return Piece(ShippedRow(key.decode(), offset, value, block_ns), number, count)
