"""The live view of `barograph up`: asks the store once a second in a thread of its own, and draws what it last learned.

The supervisor calls `refresh` in its loop; it never waits for the store, so a store that starts, restarts or hangs
cannot delay a restart of anything.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Self

from rich.console import Console
from rich.live import Live

from flows.screen import ProcessNow, Snapshot, plain, render
from flows.settings import Settings
from flows.supervision.supervise import Supervisor
from flows.tables import store_dsn
from flows.warned import ALARMS, WARNINGS, Warnings
from gateway.app import sql_endpoint
from gateway.overview import Overview, overview
from gateway.store import Store
from market.clock import SECOND_NS, Clock, SystemClock
from market.errors import StoreError

ASK_INTERVAL_S = 1.0
DRAW_INTERVAL_NS = SECOND_NS // 4
LINES_INTERVAL_NS = 5 * SECOND_NS  # of --plain
LOG_SENTENCES = 4
TOLD_STATES = ("waiting", "silent", "braked")  # in which a process shows the reason


class Watch:
    """Keeps the newest overview, and the reason when there is no newer one."""

    def __init__(self, ask: Callable[[], Overview]) -> None:
        self.latest: tuple[Overview | None, str] = (None, "The store is starting.")
        self._ask = ask
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="view", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def close(self) -> None:
        """Stop asking; an answer still under way is not waited for."""
        self._done.set()

    def once(self) -> None:
        """Ask one time."""
        try:
            self.latest = (self._ask(), "")
        except StoreError as error:
            told = f"{str(error)[:1].upper()}{str(error)[1:]}."
            self.latest = (self.latest[0], told if self.latest[0] is not None else "The store is starting.")

    def _run(self) -> None:
        while not self._done.is_set():
            self.once()
            self._done.wait(ASK_INTERVAL_S)


class View:
    """A context in which a running supervisor is shown on the terminal, or written as lines with `plain`."""

    def __init__(
        self,
        settings: Settings,
        supervisor: Supervisor,
        *,
        plain: bool,
        console: Console | None = None,
        clock: Clock | None = None,
        ask: Callable[[], Overview] | None = None,
    ) -> None:
        self._settings = settings
        self._supervisor = supervisor
        self._plain = plain
        self._console = console or Console()
        self._clock = clock or SystemClock()
        self._started_ns = self._drawn_ns = self._clock.monotonic_ns()
        self._log: deque[str] = deque(maxlen=LOG_SENTENCES)
        self._warned: dict[str, Warnings] = {}  # by process
        self._endpoint = sql_endpoint(store_dsn(settings))
        self._watch = Watch(ask or self._asking(Store(store_dsn(settings))))
        self._live = Live(console=self._console, auto_refresh=False, screen=True, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._watch.start()
        if self._plain:
            self._write(f"SQL {self._endpoint}", f"console {self._console_address()}")
        else:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.close()
        if not self._plain:
            self._live.stop()
            self._console.print(render(self.snapshot()))

    def say(self, sentence: str) -> None:
        """Show a sentence of the log; may be called from any thread."""
        if self._plain:
            self._write(sentence)
        self._log.append(sentence)

    def refresh(self) -> None:
        """Draw or write anew if it is time; returns at once otherwise."""
        for sentence in self._new_warnings():
            self.say(sentence)
        now = self._clock.monotonic_ns()
        if now - self._drawn_ns < (LINES_INTERVAL_NS if self._plain else DRAW_INTERVAL_NS):
            return
        self._drawn_ns = now
        if self._plain:
            self._write(*plain(self.snapshot()))
        else:
            self._live.update(render(self.snapshot()), refresh=True)

    def snapshot(self) -> Snapshot:
        """What is known now."""
        seen, trouble = self._watch.latest
        return Snapshot(
            venue=self._settings.venue,
            data=str(self._settings.data),
            uptime_s=(self._clock.monotonic_ns() - self._started_ns) / SECOND_NS,
            processes=tuple(self._processes()),
            sql_address=self._endpoint,
            console_address=self._console_address(),
            overview=seen,
            trouble=trouble,
            log=tuple(self._log),
        )

    def _processes(self) -> Iterator[ProcessNow]:
        told = {one.name: one for one in self._supervisor.report.processes}
        for one in self._supervisor.processes:
            state = told[one.name].state if one.name in told else ""
            reason = told[one.name].reason if state in TOLD_STATES else ""
            yield ProcessNow(one.name, one.running, one.restarts, state, reason)

    def _new_warnings(self) -> Iterator[str]:
        """Of capture all warnings, of the others what is an alarm: their trouble shows on the screen as it is."""
        for one in self._supervisor.processes:
            if one.name not in self._warned:
                levels = WARNINGS if one.name.startswith("capture") else ALARMS
                self._warned[one.name] = Warnings(one.log.path, levels)
            yield from self._warned[one.name].new()

    def _asking(self, store: Store) -> Callable[[], Overview]:
        return lambda: overview(store, now_ns=self._clock.now_ns(), sql_endpoint=self._endpoint)

    def _console_address(self) -> str:
        gateway = self._settings.gateway
        return f"http://{gateway.host}:{gateway.port}/"

    def _write(self, *lines: str) -> None:
        """Lines of any length, whole: the terminal's width and rich's markup play no part."""
        for line in lines:
            print(line, file=self._console.file, flush=True)
