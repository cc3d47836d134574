"""Recordings that a feed handler wrote beside its work: frames with their sockets, and the REST answers between them.

Two forms, told apart by their beginning. JSON lines: `{"t":"recv","conn":…,"ts":…,"data":"<frame>"}`, where t is also
header, http (with a url), connect or send. Older text: `<time>: <frame>`, and lines about a socket that begin with its
address. Times are seconds since 1970 with a fraction, of which nine digits count.

A frame stays as received. A socket that opens becomes a `Connected` record, a REST answer whatever `answered` makes of
it. Any other line that is not understood becomes a `Skipped` record under the time of the line before it.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec

from market import record
from market.clock import SECOND_NS, to_nanoseconds
from sources.lines import Line, skipped

JSON_LINES, TEXT = b'{"t":', (b"wss://", b"ws://")
SILENT = ("header", "send")  # kinds of lines that no flow needs
_SECONDS = re.compile(r"[0-9]{9,11}(?:\.[0-9]{1,20})?", re.ASCII)
_TEXT = re.compile(rb"([0-9]{9,11}(?:\.[0-9]+)?): (.+)")


class Answer(NamedTuple):
    """One REST answer."""

    url: str
    body: str


Answered = Callable[[Answer], bytes | None]  # an answer as a frame of ours; None: nothing that flows need


class _Said(msgspec.Struct):
    t: str
    ts: msgspec.Raw = msgspec.Raw(b"")
    data: str = ""
    url: str = ""
    conn: str = ""
    addr: str = ""


_said = msgspec.json.Decoder(_Said).decode


def is_recording(beginning: bytes) -> bool:
    """Whether a file that begins like this is such a recording."""
    return beginning.startswith((JSON_LINES, *TEXT))


def read_recording(raw_lines: Iterator[bytes | str], answered: Answered) -> Iterator[Line]:
    """The lines of a recording as frames of a journal; a text says why bytes could not be had."""
    sockets: list[str] = []
    received_ns = 0
    for raw in raw_lines:
        if isinstance(raw, str):
            yield skipped(received_ns, b"", raw)
            continue
        try:
            line = _of_json(raw, answered, sockets) if raw.startswith(b"{") else _of_text(raw, sockets, received_ns)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            line = skipped(received_ns, raw, f"not a line of a recording: {error}")
        if line is not None:
            received_ns = line.received_ns
            yield line


def answers(raw_lines: Iterator[bytes | str]) -> Iterator[Answer]:
    """The REST answers of a recording alone."""
    for raw in raw_lines:
        if isinstance(raw, bytes) and b'"http"' in raw[:20]:
            try:
                said = _said(raw)
            except (msgspec.MsgspecError, RecursionError):
                continue
            yield Answer(said.url, said.data)


def _of_json(raw: bytes, answered: Answered, sockets: list[str]) -> Line | None:
    said = _said(raw)
    if said.t in SILENT:
        return None
    if not bytes(said.ts):
        raise ValueError("it has no time")
    received_ns = nanoseconds(bytes(said.ts).decode())
    match said.t:
        case "recv":
            return Line(received_ns, record.foreign(said.data.encode()))
        case "connect":
            return Line(received_ns, _connected(said.conn, sockets))
        case "http":
            frame = answered(Answer(said.url, said.data))
            return None if frame is None else Line(received_ns, frame)
    raise ValueError(f"a line of kind {said.t[:40]!r}")


def _of_text(raw: bytes, sockets: list[str], before_ns: int) -> Line | None:
    if raw.startswith(TEXT):
        address, _, told = raw.decode("utf-8", "replace").partition(" ")
        if not told.startswith("<->"):
            return None  # what was sent
        return Line(nanoseconds(told.removeprefix("<->").strip()) or before_ns, _connected(address, sockets))
    match = _TEXT.fullmatch(raw)
    if match is None:
        raise ValueError("no `<time>: <frame>`")
    return Line(nanoseconds(match[1].decode()), record.foreign(match[2]))


def _connected(socket: str, sockets: list[str]) -> bytes:
    """The record of a socket that opened; which symbols it carries the recording does not say."""
    sockets.append(socket)
    return record.encode(record.Connected(socket, sockets.count(socket), []))


def nanoseconds(seconds: str) -> int:
    """Seconds since 1970 as ns, exactly; raises ValueError for what is no time between 2000 and 2100.

    >>> nanoseconds("1652459225.5037491")
    1652459225503749100
    """
    if not _SECONDS.fullmatch(seconds):
        raise ValueError(f"{seconds[:40]!r} is not a time")
    return to_nanoseconds(int(Decimal(seconds) * SECOND_NS))
