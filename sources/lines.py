"""Line captures: text, plain, .gz or .zst, one `<receive time> <frame>` per line, as bytes that never fill the memory.

The stamp is ns or µs since 1970, told apart by its size. A line that is not of this shape becomes a `Skipped` record
under the time of the line before it, 0 before the first; so does the end of a file that was cut off inside its
compression.
"""

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, NamedTuple, cast

import zstandard

from market import record
from market.clock import to_nanoseconds

MAX_LINE_BYTES = 32 << 20  # of a longer line, only its first SHOWN_BYTES are kept, as skipped
SHOWN_BYTES = 1 << 16


class Line(NamedTuple):
    """One line as one frame of a journal."""

    received_ns: int
    frame: bytes  # as received, or a Skipped record
    skipped: bool = False


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a capture in their order, empty ones left out; never raises for what stands in the file."""
    with closing(opened(path)) as file:
        yield from parsed(raw_lines(file))


def parsed(raw_lines: Iterable[bytes | str]) -> Iterator[Line]:
    """Raw lines as frames of a journal."""
    received_ns = 0
    for raw in raw_lines:
        line = _parsed(raw, received_ns)
        received_ns = line.received_ns
        yield line


def opened(path: Path) -> IO[bytes]:
    """A file to read its plain bytes from."""
    match path.suffix:
        case ".gz":
            return cast(IO[bytes], gzip.open(path, "rb"))
        case ".zst":
            unpacked = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True)
            return cast(IO[bytes], io.BufferedReader(unpacked))
        case _:
            return path.open("rb")


def raw_lines(file: IO[bytes]) -> Iterator[bytes | str]:
    """Lines without their end; a text where the bytes cannot be had: why."""
    while True:
        try:
            raw = file.readline(MAX_LINE_BYTES)
        except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
            yield f"the file ends inside its compressed data: {error}"
            return
        if not raw:
            return
        if raw.endswith(b"\n") or len(raw) < MAX_LINE_BYTES:
            stripped = raw.rstrip(b"\r\n")
            if stripped:
                yield stripped
            continue
        yield f"a line over the limit of {MAX_LINE_BYTES} bytes, which begins {raw[:80]!r}"
        while raw and not raw.endswith(b"\n"):
            raw = file.readline(SHOWN_BYTES)


def _parsed(raw: bytes | str, before_ns: int) -> Line:
    if isinstance(raw, str):
        return skipped(before_ns, b"", raw)
    stamp, _, frame = raw.partition(b" ")
    if not frame.strip():
        return skipped(before_ns, raw, "no `<receive time> <frame>` on this line")
    try:
        if not (stamp.isdigit() and len(stamp) <= 20):
            raise ValueError(f"{stamp[:40]!r} is not a number")
        return Line(to_nanoseconds(int(stamp)), record.foreign(frame))
    except ValueError as error:
        return skipped(before_ns, raw, f"no receive time: {error}")


def skipped(received_ns: int, raw: bytes, reason: str) -> Line:
    """A line that is no frame, kept for the dead letters."""
    return Line(received_ns, record.encode(record.Skipped(raw, reason)), skipped=True)
