"""`Teller`: everything the executor hears, into the trading journal, in the order in which it was heard.

What waits while a row is made durable becomes the next row. Notes go behind the messages that they rest on, and only
after these would survive a loss of power. A disk that takes nothing is waited for; meanwhile no order is sent
(`is_behind`). Nothing that was heard is dropped: at the limit the executor ends, and the next one asks the venue anew.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from market.clock import Clock
from market.errors import JournalError
from market.messages import AnyMessage, encode
from sinks.journal import JournalWriter
from sinks.journal_faults import HeldError

MOST_WAITING = 100_000  # messages
BEHIND = 2_000  # messages that wait, from which on no order is sent
ROW_MESSAGES = 1_000
RETRY_S = 0.5

log = logging.getLogger("barograph.orders")

Note = Callable[[str], None]


class Teller:
    """Appends in a thread of its own. `note` keeps a text in the orders journal."""

    def __init__(self, journal: JournalWriter, note: Note, clock: Clock) -> None:
        self._journal, self._note, self._clock = journal, note, clock
        self._waiting: deque[bytes | str] = deque()  # messages, and notes
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "orders-journal")
        self._held = self._keeping = False

    @property
    def is_behind(self) -> bool:
        """Whether too much waits to go on making more of it."""
        return self._held or len(self._waiting) > BEHIND

    def tell(self, messages: Sequence[AnyMessage]) -> None:
        """Have messages appended; raises JournalError where too many wait."""
        if len(self._waiting) + len(messages) > MOST_WAITING:
            raise JournalError(f"{len(self._waiting)} messages wait for the trading journal; see why it takes none")
        self._waiting.extend(encode(message) for message in messages)
        self._wake.set()

    def note(self, text: str) -> None:
        """Keep a note behind all that was told before it."""
        self._waiting.append(text)
        self._wake.set()

    async def run(self) -> None:
        """Append until cancelled. Raises JournalError when the disk fails."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                taken, self._keeping = self._taken(), True
                try:
                    await asyncio.shield(loop.run_in_executor(self._thread, self._keep, taken))
                    self._held = False
                except HeldError as error:
                    if not self._held:
                        log.error("%s; no order is sent meanwhile", error)
                    self._held = True
                    self._waiting.extendleft(reversed(taken))
                finally:
                    self._keeping = False
                if self._held:
                    await asyncio.sleep(RETRY_S)

    async def finish(self, within_s: float) -> bool:
        """Wait until all that was told is durable; False where it took too long."""
        try:
            async with asyncio.timeout(within_s):
                while self._waiting or self._keeping:
                    await asyncio.sleep(0.005)
        except TimeoutError:
            return False
        finally:
            self._thread.shutdown()
        return True

    def _taken(self) -> list[bytes | str]:
        """The messages of the next row; or one note."""
        taken: list[bytes | str] = []
        while self._waiting and len(taken) < ROW_MESSAGES:
            if isinstance(self._waiting[0], str):
                return taken or [self._waiting.popleft()]
            taken.append(self._waiting.popleft())
        return taken

    def _keep(self, taken: list[bytes | str]) -> None:
        """In the thread."""
        if isinstance(taken[0], str):
            self._journal.sync()
            self._note(taken[0])
            return
        frames = [frame for frame in taken if isinstance(frame, bytes)]
        self._journal.append([self._clock.now_ns()] * len(frames), frames)
