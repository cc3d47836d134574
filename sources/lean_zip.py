"""Zipped ticks of Lean, read as lines of a journal: one headerless csv of one symbol and day in each zip.

The csv's name says whose trades or quotes these are: `20131007_ibm_Trade_Tick.csv`. Each line becomes the frame that
venues/lean shows, received when it happened, for nobody noted more. Trades and quotes of a day are two files: `merged`
reads them as the one stream that they were, trades first where times are equal, because quotes answer to trades (read
so, two of three IBM trades are at the bid or the ask, read the other way one of two).
A file of a day has all of it, so silence in it is the market's own: it is filled with `Alive` records, as by a capture
that is there, or coverage would take it for time without one.
Nothing is unpacked to disk and no path in a zip is used; a zip that is not of this shape, or that could fill the memory
or the day, is refused by name. A line without a time becomes a `Skipped` record under the time of the line before it,
and so does the place where damaged data end.
"""

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from pathlib import Path
from typing import IO, NamedTuple

from market import record
from market.clock import SECOND_NS
from market.errors import CaptureError, FrameError
from sources.lines import Line, raw_lines, skipped
from venues.lean.frames import frame
from venues.lean.times import nanoseconds

QUIET_NS = 4 * SECOND_NS  # silence up to this has no `Alive` records, and longer silence one for each
MAX_BYTES = 16 << 30  # of a csv unpacked; the busiest symbols have some 2 GB of quotes a day
MAX_LINE = 4_096  # bytes; of a longer one, only these are kept, as skipped
MAX_RATIO = 200  # bytes unpacked per byte packed; real ticks have 8
_NAME = re.compile(r"([0-9]{8})_([a-z0-9.$_-]{1,32})_(trade|quote)_tick\.csv", re.IGNORECASE | re.ASCII)
ALIVE = record.encode(record.Alive())
_DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)


class TickFile(NamedTuple):
    """What a zip's csv says that it holds."""

    date: str  # in New York: 20131007
    symbol: str
    what: str  # trade, quote


def is_zip(path: Path) -> bool:
    """Whether a file's name says that it is a zip."""
    return path.suffix.lower() == ".zip"


def tick_file(path: Path) -> TickFile:
    """What a zip holds; raises CaptureError where that are no ticks of Lean."""
    with _opened(path) as (_, member):
        return _named(path, member)


def read_ticks(path: Path) -> Iterator[Line]:
    """The lines of a zip in their order; raises CaptureError where it holds no ticks of Lean."""
    with _opened(path) as (archive, member):
        date, symbol, what = _named(path, member)
        received_ns = 0
        with _member(path, archive, member) as file:
            for number, raw in enumerate(_undamaged(file), 1):
                line = _line(raw, what, symbol, date, number, received_ns)
                received_ns = line.received_ns
                yield line


def merged(paths: Sequence[Path]) -> Iterator[Line]:
    """The lines of the zips of one symbol and day, in the order of their times, and signs of life in their silences."""
    ordered = sorted(paths, key=lambda path: tick_file(path).what, reverse=True)  # trades first
    return _awake(merge(*map(read_ticks, ordered), key=lambda line: line.received_ns))


def _awake(lines: Iterable[Line]) -> Iterator[Line]:
    before_ns = 0
    for line in lines:
        if before_ns:
            yield from (Line(time, ALIVE) for time in range(before_ns + QUIET_NS, line.received_ns, QUIET_NS))
        before_ns = line.received_ns
        yield line


def _line(raw: bytes | str, what: str, symbol: str, date: str, number: int, before_ns: int) -> Line:
    if isinstance(raw, str):
        return skipped(before_ns, b"", raw)
    if len(raw) > MAX_LINE:
        return skipped(before_ns, raw[:MAX_LINE], f"a line of {len(raw)} bytes is no tick")
    try:
        time = nanoseconds(date, raw.partition(b",")[0].decode("utf-8", "replace"))
    except FrameError as error:
        return skipped(before_ns, raw, f"no time: {error}")
    return Line(time, record.foreign(frame(what, symbol, date, number, raw)))


def _named(path: Path, member: zipfile.ZipInfo) -> TickFile:
    match = _NAME.fullmatch(member.filename)
    if match is None:
        raise CaptureError(
            f"{path} holds {member.filename[:80]!r}, not ticks such as 20131007_ibm_Trade_Tick.csv; "
            "of Lean's zips, those of its folder `tick` can be imported"
        )
    return TickFile(match[1], match[2].upper(), match[3].lower())


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, zipfile.ZipInfo]]:
    """A zip with its one file, both of a size that can be read."""
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGES as error:
        raise CaptureError(f"{path} is no zip file: {error}") from error
    with archive:
        members = archive.infolist()
        if len(members) != 1:
            raise CaptureError(f"{path} holds {len(members)} files; a zip of Lean's ticks holds one")
        member = members[0]
        if member.file_size > MAX_BYTES or member.file_size > MAX_RATIO * max(1, member.compress_size):
            raise CaptureError(
                f"{path} would unpack {member.compress_size:,} bytes to {member.file_size:,}; allowed are {MAX_BYTES:,}"
                f" and {MAX_RATIO} for each"
            )
        yield archive, member


@contextmanager
def _member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    try:
        file = archive.open(member)
    except _DAMAGES as error:
        raise CaptureError(f"{path} cannot be unpacked: {error}") from error
    with file:
        yield file


def _undamaged(file: IO[bytes]) -> Iterator[bytes | str]:
    """Lines up to where the data are damaged, and a text that says so. Reading ends with the size that the zip says."""
    lines = raw_lines(file)
    while True:
        try:
            yield next(lines)
        except StopIteration:
            return
        except _DAMAGES as error:
            yield f"the file ends inside its compressed data: {error}"
            return
