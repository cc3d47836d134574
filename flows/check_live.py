"""`barograph check-live`: a venue's own rules on its live stream, for some time, as a card with a verdict.

The sockets are those of capture (`sources.websocket.Feed`) under the same budget, so that a check never costs a user
more than a capture would; what arrives goes through decoding and books as in the market flow, and books that are lost
are asked for again. Nothing is kept but what was used of the venue's limits.
"""

import logging
import random
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from flows.capture import shared_by, venue_of
from flows.check_live_usage import Peak, Subscriptions, Usage, subscriptions
from flows.console import console
from flows.settings import Secrets, Settings
from flows.verify import measured
from market.batch import Batch
from market.clock import SECOND_NS, Clock, SystemClock
from market.errors import SettingsError, VenueError
from market.frames import Frames
from operators.analysis.verification import Verification
from simulator.venues import EXAMPLES
from sources import coinbase_token
from sources.control import Wish
from sources.sockets import MAX_BATCH_BYTES, MAX_BATCH_FRAMES
from sources.transport import Library
from sources.websocket import Feed
from venues.venue import Venue

PATIENCE_S = 10.0  # to reach the venue for the first time; a person waits for it
POLL_S = 0.02
MOST_WARNINGS = 20

Progressing = Callable[[float, Verification], None]  # seconds of the check so far


@dataclass
class LiveCheck:
    """What a live check saw."""

    found: Verification
    usage: Usage
    routes: list[Subscriptions] = field(default_factory=list)
    seconds: float = 0.0
    was_open: bool = True  # whether the market traded
    warnings: list[str] = field(default_factory=list)  # of the connections, each once


def check_live(
    *,
    venue: Venue,
    instruments: Sequence[str],
    data: Path,
    duration_s: float,
    stop: threading.Event,
    secrets: Mapping[str, str] | None = None,
    transport: Library = "websockets",
    progress: Progressing = lambda *_: None,
    patience_s: float = PATIENCE_S,
) -> LiveCheck:
    """Watch a venue for so long, or until `stop` is set.

    Raises VenueError where it cannot be reached within `patience_s`, or does not list an instrument.
    """
    clock = SystemClock()
    usage = Usage(clock)
    shared = shared_by(venue, instruments, data, secrets or {}, transport, clock)
    shared.opener = usage.counting(shared.opener)
    wishes: deque[Wish] = deque()
    feed = Feed(
        venue,
        tuple(instruments),
        clock,
        random.random,
        wanted=lambda: [wishes.popleft() for _ in range(len(wishes))],
        report=Peak(usage).report,
        shared=shared,
    )
    check = LiveCheck(Verification(venue), usage, was_open=shared.hours.are_open(clock.now_ns()))
    try:
        feed.__enter__()
        for batch in measured(_arriving(feed, check, stop, _Times(clock, duration_s, patience_s), progress)):
            check.found.take(batch)
            wishes.extend(_wishes(batch))
    finally:
        feed.__exit__()
    return check


@dataclass
class _Times:
    """When a check is over."""

    clock: Clock
    duration_s: float
    patience_s: float
    begun_ns: int = field(init=False)  # monotonic; of the wait, then of the check
    reached: bool = False

    def __post_init__(self) -> None:
        self.begun_ns = self.clock.monotonic_ns()

    @property
    def elapsed_s(self) -> float:
        """Since the venue was reached, and before that since the beginning."""
        return (self.clock.monotonic_ns() - self.begun_ns) / SECOND_NS

    def look(self, feed: Feed) -> None:
        """Begin with the first socket; raises VenueError where there is none in time."""
        if self.reached:
            return
        if any(keeper.generation for keeper in feed.keepers):
            self.reached, self.begun_ns = True, self.clock.monotonic_ns()
        elif self.elapsed_s >= self.patience_s:
            reasons = [keeper.reason for keeper in feed.keepers if keeper.reason]
            why = reasons[0] if reasons else f"no answer within {self.patience_s:.0f} s"
            raise VenueError(
                f"{feed.venue.name} cannot be reached: {why}; is there a network, and may this address ask there? "
                "capture.websocket_url and capture.rest_url name other addresses"
            )

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.reached and self.elapsed_s >= self.duration_s


def _arriving(
    feed: Feed, check: LiveCheck, stop: threading.Event, times: _Times, progress: Progressing
) -> Iterator[Batch]:
    """What arrives, as batches, until the time is up. What our own end says is not looked at."""
    shard, offset = f"{feed.venue.name}/check", 0
    while True:
        over = times.over or stop.is_set()
        if over:
            check.routes, check.seconds = subscriptions(feed), times.elapsed_s if times.reached else 0.0
        while frames := feed.queue.take(MAX_BATCH_FRAMES, MAX_BATCH_BYTES):
            offset += 1
            received, raw = zip(*frames, strict=True)
            yield Batch(shard, offset, np.array(received, np.int64), Frames.of(raw))
            progress(times.elapsed_s, check.found)
        if over:
            return
        if feed.error is not None:
            raise feed.error
        times.look(feed)
        progress(times.elapsed_s if times.reached else 0.0, check.found)
        stop.wait(POLL_S)


def _wishes(batch: Batch) -> list[Wish]:
    """Full books that the flow asks for."""
    if "control" not in batch.tables:
        return []
    return [Wish(row["instrument"], row["cause"]) for row in batch.tables["control"].iter_rows(named=True)]


@contextmanager
def _listening(warnings: list[str]) -> Iterator[None]:
    """Take the warnings of the connections for the card, and keep them off the terminal."""
    log, handler = logging.getLogger("barograph.capture"), _Collector(warnings)
    before = log.propagate
    log.propagate = False
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = before


class _Collector(logging.Handler):
    """Sentences, each once, up to a limit."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if said not in self._kept and len(self._kept) < MOST_WARNINGS:
            self._kept.append(said)


def run_check_live(
    settings: Settings, *, instruments: Sequence[str] | None, duration_s: float, stop: threading.Event
) -> int:
    """Check the venue of the settings, print the card; the exit code of its verdict."""
    from flows.check_live_card import live_card, live_outcome

    venue = venue_of(settings)
    secrets = Secrets().of(venue.name, venue.secrets, coinbase_token.NEEDED)
    warnings: list[str] = []
    with _listening(warnings), _progress(duration_s) as progress:
        check = check_live(
            venue=venue,
            instruments=_instruments(settings, instruments),
            data=settings.data,
            duration_s=duration_s,
            stop=stop,
            secrets=secrets,
            transport=settings.capture.transport,
            progress=progress,
        )
    check.warnings = warnings
    console().print(live_card(check))
    return live_outcome(check).exit_code


def _instruments(settings: Settings, named: Sequence[str] | None) -> Sequence[str]:
    """Those of the command line, of the file, or two that the venue is known to have."""
    if named or "instruments" in settings.model_fields_set:
        return named or settings.instruments
    if settings.venue in EXAMPLES:
        return EXAMPLES[settings.venue]
    raise SettingsError(f"say which instruments of {settings.venue}, as it spells them, with --instruments")


@contextmanager
def _progress(duration_s: float) -> Iterator[Progressing]:
    """A bar on a terminal; nothing elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    shown = Progress(*columns, disable=not sys.stderr.isatty(), transient=True, console=Console(stderr=True))
    with shown:
        task = shown.add_task("connecting", total=duration_s)

        def progress(seconds: float, found: Verification) -> None:
            books, valid = found.book_messages.total(), found.valid.total()
            said = f"{found.frames:,} frames, {valid:,} of {books:,} books valid" if found.frames else "connecting"
            shown.update(task, completed=seconds, description=said)

        yield progress
