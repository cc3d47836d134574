"""The thread that reads the broadcast journal into the ring, and the readers of those who are further behind."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from gateway.limits import REPLAYS
from gateway.stream.ring import Row
from market.broadcast import Event, GoneError, head
from market.errors import JournalError
from sources.broadcast import Broadcast, Span, Told

POLL_S = 0.01  # how soon a row that was appended is seen
AGAIN_S = 1.0  # after a journal that could not be read
WARM_ROWS = 4_096  # newest rows that are read at the start, so that who comes back is served from memory
ROWS_AT_ONCE = 256
REPLAYED_ROWS = 32  # at once, of which as many are sent as fit into a message

log = logging.getLogger("barograph.gateway")

Take = Callable[[Span, Sequence[Row]], None]


class Tail:
    """Hands rows to `take`, in the loop that runs there: first the newest WARM_ROWS of what is there, all at once, then
    others as they come.

    `take` is told a span each time, whose `newest` is the last of the rows. Where `oldest` is greater than 0 the rows
    before it were not handed on: the beginning, and where a journal was begun anew or pruned beyond what was read.
    """

    def __init__(self, data: Path, take: Take, *, poll_s: float = POLL_S, warm_rows: int = WARM_ROWS) -> None:
        self._data, self._take, self._poll_s, self._warm_rows = data, take, poll_s, warm_rows
        self._stop, self._taken = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._stream: str | None = None  # that is followed, and how far
        self._last = 0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to read."""
        self._thread = threading.Thread(target=self._run, args=(loop,), name="stream", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; waits for the thread."""
        self._stop.set()
        self._taken.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        said = ""
        while not self._stop.is_set():
            reader = Broadcast(self._data)
            try:
                self._follow(reader, loop)
            except GoneError as error:
                log.warning("the stream is taken up anew: %s", error)
                self._stream = None
            except JournalError as error:
                if str(error) != said:
                    log.error("the broadcast cannot be read: %s", error)
                said = str(error)
                self._stop.wait(AGAIN_S)
            finally:
                reader.close()

    def _follow(self, reader: Broadcast, loop: asyncio.AbstractEventLoop) -> None:
        span = reader.span()
        if span.stream != self._stream or self._last > span.newest:
            self._begin(reader, span, loop)
        while not self._stop.is_set():
            told = reader.read(self._last, limit=ROWS_AT_ONCE, stream=self._stream or "")
            if told:
                self._stream = self._stream or reader.span().stream
                self._hand(loop, Span(self._stream, 0, told[-1].sequence), [row_of(one) for one in told])
                self._last = told[-1].sequence
            elif self._stop.wait(self._poll_s):
                return

    def _begin(self, reader: Broadcast, span: Span, loop: asyncio.AbstractEventLoop) -> None:
        """Everything that is warm goes as one, so that nobody meets half of it."""
        first = last = max(span.oldest - 1, span.newest - self._warm_rows, 0)
        rows: list[Row] = []
        while last < span.newest and (told := reader.read(last, limit=ROWS_AT_ONCE, stream=span.stream)):
            rows += map(row_of, told)
            last = told[-1].sequence
        self._hand(loop, Span(span.stream, first + 1, last), rows)
        self._stream, self._last = span.stream, last

    def _hand(self, loop: asyncio.AbstractEventLoop, span: Span, rows: Sequence[Row]) -> None:
        """Wait until the loop has them: it may be busy, and nothing may pile up."""
        self._taken.clear()

        def take() -> None:
            try:
                self._take(span, rows)
            finally:
                self._taken.set()

        try:
            loop.call_soon_threadsafe(take)
        except RuntimeError:
            return  # the loop is closed: the gateway ends
        while not self._taken.wait(AGAIN_S) and not self._stop.is_set():
            pass


class Replays:
    """Readers for those who are further behind than the ring: REPLAYS threads with one each, the others wait."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._pool = ThreadPoolExecutor(max_workers=REPLAYS, thread_name_prefix="replay")
        self._own = threading.local()
        self._readers: list[Broadcast] = []

    async def read(self, after: int, stream: str) -> list[Row]:
        """Rows after a sequence; raises GoneError, JournalError."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, after, stream)

    async def oldest(self) -> int:
        """The oldest sequence that is kept."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: self._reader().span().oldest)

    def close(self) -> None:
        """Let go of threads and files."""
        self._pool.shutdown()
        for reader in self._readers:
            reader.close()

    def _read(self, after: int, stream: str) -> list[Row]:
        return [row_of(one) for one in self._reader().read(after, limit=REPLAYED_ROWS, stream=stream)]

    def _reader(self) -> Broadcast:
        """The one of this thread."""
        reader: Broadcast | None = getattr(self._own, "reader", None)
        if reader is None:
            reader = self._own.reader = Broadcast(self._data)
            self._readers.append(reader)
        return reader


def row_of(told: Told) -> Row:
    """A row with the heads of its events; what is no event is left out, with a word in the log."""
    events: list[Event] = []
    frames: list[bytes] = []
    if not told.frames:
        log.warning("row %d of the broadcast was destroyed on the disk", told.sequence)
    for frame in told.frames:
        try:
            events.append(head(frame))
        except msgspec.MsgspecError as error:
            log.error("row %d of the broadcast holds what is no event: %s", told.sequence, error)
            continue
        frames.append(frame)
    return Row(told.sequence, tuple(events), tuple(frames))
