"""`Shared`: an answer that many viewers may have for the price of one."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from market.clock import SECOND_NS, Clock

Answer = TypeVar("Answer")


class Shared(Generic[Answer]):
    """Computes at most once per `keep_s`; callers at the same time share one computation. Errors are not kept."""

    def __init__(self, compute: Callable[[], Answer], clock: Clock, keep_s: float) -> None:
        self._compute = compute
        self._clock = clock
        self._keep_ns = int(keep_s * SECOND_NS)
        self._lock = threading.Lock()
        self._kept: tuple[int, Answer] | None = None

    def get(self) -> Answer:
        """The kept answer, or a new one where it is too old."""
        with self._lock:
            now = self._clock.monotonic_ns()
            if self._kept is None or now - self._kept[0] >= self._keep_ns:
                self._kept = (now, self._compute())
            return self._kept[1]
