"""`Heart`: how a process of ours shows that it goes on; a `market.beat.Beat` that writes a beat file.

A reason to wait stands until it was not told for a while, because several parts beat on one heart: a source that polls
must not hide a sink that waits. Parts that run in threads of their own are listened to as well: when one of them falls
silent, so does the heart.
"""

import os
from pathlib import Path

from flows import log_file
from flows.stop import PROCESS
from gateway.beats import SECOND_NS, Beaten, beat_path, record_of
from market.beat import Beat
from market.clock import Clock, SystemClock

EVERY_NS = SECOND_NS // 2
REASON_STANDS_NS = 5 * SECOND_NS // 2  # whoever waits beats at least once a second
PART_SILENT_NS = 10 * SECOND_NS
MOST_REASONS = 8  # at once; further ones are not told


class Heart:
    """Beats of one process; `name` is what it does, unless the supervisor calls it otherwise."""

    def __init__(self, data: Path, name: str, *, clock: Clock | None = None) -> None:
        self.path = beat_path(data, os.environ.get(PROCESS) or name)
        self._clock = clock or SystemClock()
        self._due_ns = 0
        self._count = 0
        self._worked = False
        self._reasons: dict[str, int] = {}  # when each was last told
        self._parts: dict[str, int] = {}  # when each part last beat
        self._descriptor: int | None = None

    def __call__(self, waits_for: str) -> None:
        """Go on, or wait for something; costs next to nothing most of the time, and never fails."""
        now_ns = self._clock.monotonic_ns()
        if not waits_for:
            self._worked = True
        elif waits_for in self._reasons or len(self._reasons) < MOST_REASONS:
            self._reasons[waits_for] = now_ns
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + EVERY_NS
            self._write(now_ns)

    def part(self, name: str) -> Beat:
        """A beat for a part in a thread of its own; from its first call on, its silence silences the whole."""

        def beat(_waits_for: str) -> None:
            self._parts[name] = self._clock.monotonic_ns()

        return beat

    def without(self, name: str) -> None:
        """A part has ended, as it should."""
        self._parts.pop(name, None)

    def close(self) -> None:
        """Let go of the file; the next beat opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None

    def _write(self, now_ns: int) -> None:
        log_file.turn()
        if any(now_ns - last_ns > PART_SILENT_NS for last_ns in tuple(self._parts.values())):
            return
        standing = {why: at for why, at in tuple(self._reasons.items()) if now_ns - at <= REASON_STANDS_NS}
        self._reasons = standing
        self._count += 1
        beat = Beaten(os.getpid(), self._count, now_ns, " and ".join(sorted(standing)), self._worked)
        try:
            os.pwrite(self._opened(), record_of(beat), 0)
        except OSError:
            self.close()

    def _opened(self) -> int:
        """The file; made anew when somebody removed it."""
        if self._descriptor is not None and os.fstat(self._descriptor).st_nlink == 0:
            self.close()
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return self._descriptor
