"""What the supervisor hears of one process: its beats, judged by when they change on the supervisor's own clock."""

from dataclasses import dataclass
from pathlib import Path

from gateway.beats import SILENT_AFTER_S, Beaten, read_beat

LISTEN_S = 0.25  # between two looks at a beat file


@dataclass
class Hearing:
    """Times are monotonic seconds. Until a process has worked once, it may be silent for `start_limit_s`."""

    data: Path
    name: str
    hung_after_s: float
    start_limit_s: float
    heard_s: float = 0.0
    last: Beaten | None = None
    _looked_s: float = 0.0

    def begin(self, now_s: float) -> None:
        """A new process begins, whatever an earlier one said."""
        self.last, self.heard_s, self._looked_s = None, now_s, 0.0

    def forgive(self, now_s: float) -> None:
        """Nobody could be heard until now."""
        self.heard_s = now_s

    def listen(self, now_s: float, pid: int | None) -> None:
        """Look for a new beat of this process."""
        if now_s - self._looked_s < LISTEN_S:
            return
        self._looked_s = now_s
        found = read_beat(self.data, self.name)
        if found is not None and found.pid == pid and (self.last is None or found.count != self.last.count):
            self.last, self.heard_s = found, now_s

    def silent_s(self, now_s: float) -> float:
        """Since the last beat, or the start."""
        return now_s - self.heard_s

    def hung(self, now_s: float) -> bool:
        """Whether it is to be given up."""
        limit_s = self.hung_after_s if self.last is not None and self.last.worked else self.start_limit_s
        return self.silent_s(now_s) > limit_s

    def state(self, now_s: float) -> tuple[str, str]:
        """In one word, with the reason where it is not ready."""
        if self.last is None:
            return "starting", f"has not begun for {self.silent_s(now_s):.0f} s"
        if self.silent_s(now_s) > min(SILENT_AFTER_S, self.hung_after_s):
            return "silent", f"no sign of life for {self.silent_s(now_s):.0f} s"
        if self.last.waits_for:
            return "waiting", f"waits for {self.last.waits_for}"
        return ("ready", "") if self.last.worked else ("starting", "has not begun")
