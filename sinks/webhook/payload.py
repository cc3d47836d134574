"""What one endpoint is sent of one event, and the id by which it knows it again.

The body is JSON: `type` (the kind), `timestamp` (when the event was known), `stream`, `sequence` and `index` (its place
in the broadcast journal), and `data`: the columns of the table of that kind. The id is a function of that place and of
the endpoint, so whoever queues an event again, after whatever crash, queues the same delivery.
"""

import hashlib
from base64 import b32encode
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

_encode = msgspec.json.Encoder().encode


class Event(NamedTuple):
    """One event of the broadcast journal."""

    stream: str  # id of the journal
    sequence: int  # row of the journal
    position: int  # in the row
    kind: str
    receive_ns: int  # when it was known
    columns: Mapping[str, Any]


def webhook_id(event: Event, endpoint: str) -> str:
    """The id of a delivery; it has no full stop.

    >>> webhook_id(Event("s", 7, 0, "signal", 0, {}), "ep_a")
    'msg_THARNYEQN3K4UWH3ELMBA3O2XBKNS5WQ'
    """
    named = f"{event.stream}|{event.sequence}|{event.position}|{endpoint}"
    return "msg_" + b32encode(hashlib.sha256(named.encode()).digest()[:20]).decode()


def body(event: Event) -> bytes:
    """The bytes that are sent, and signed, at every attempt."""
    columns = {name: value for name, value in event.columns.items() if name != "kind"}
    return _encode(
        {
            "type": event.kind,
            "timestamp": columns.get("receive_time"),
            "stream": event.stream,
            "sequence": event.sequence,
            "index": event.position,
            "data": columns,
        }
    )
