"""A recorded stream as one JSON array over many lines, as clients of Polygon (now Massive) write it down.

    [{"ev":"XQ","pair":"CHZ-USD","bp":0.0771,"bs":41650.4,"ap":0.0773,"as":142883.4,"t":1690409119847,"x":1,"r":1690409119856},
    {"ev":"XQ",…},{"ev":"XQ",…},
    …]

A line has one or more events, as they were received together; its frame is the array of them, its time the newest `r`
(receipt, ms) among them. A line may break off inside an event: what goes on does not begin with a brace, and joins it.
Events are in order of receipt by and large, and not of their exchange times; they stay as they stand. What is no array
of events with `r` becomes a `Skipped` record under the time of the frame before it.
"""

from collections.abc import Iterator

import msgspec

from market import record
from market.clock import to_nanoseconds
from sources.lines import Line, skipped

MAX_BROKEN_BYTES = 1 << 20  # of an event over several lines


class _Event(msgspec.Struct):
    r: int  # receipt, ms


_events = msgspec.json.Decoder(list[_Event]).decode


def is_array(beginning: bytes) -> bool:
    """Whether a file whose first line is this is such a recording."""
    return beginning.startswith(b"[")


def read_array(raw_lines: Iterator[bytes | str]) -> Iterator[Line]:
    """The lines of a recording as frames of a journal; a text says why bytes could not be had."""
    received_ns, broken = 0, b""
    for raw in raw_lines:
        if isinstance(raw, str) or raw.lstrip(b" [").startswith(b"{") or len(broken) > MAX_BROKEN_BYTES:
            if broken:
                yield skipped(received_ns, broken, "events that break off")
            broken = b""
        if isinstance(raw, str):
            yield skipped(received_ns, b"", raw)
            continue
        broken += raw
        line = _line(broken, received_ns)
        if line is not None:
            broken, received_ns = b"", line.received_ns
            yield line
        elif not _inside(broken):
            broken = b""
    if broken:
        yield skipped(received_ns, broken, "events that break off")


def _inside(text: bytes) -> bool:
    """Whether there is more than the brackets and commas of the array."""
    return bool(text.strip(b" ,[]"))


def _line(text: bytes, before_ns: int) -> Line | None:
    """The frame of complete events; None where something is missing yet, or nothing is there."""
    events = text.strip(b" ,")
    events = events.removeprefix(b"[").removesuffix(b"]").strip(b" ,")
    if not events.endswith(b"}"):
        return None
    frame = b"[" + events + b"]"
    try:
        said = _events(frame)
        return Line(to_nanoseconds(max(event.r for event in said)), record.foreign(frame))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return skipped(before_ns, text, f"not events with their receipt `r`: {error}")
