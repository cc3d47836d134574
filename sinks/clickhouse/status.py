"""The status file of a sink: DATA/run/market-sink.json says whether the store takes rows, and what waits.

    {"state": "stopped", "reason": "Unknown table", "since_ns": …, "blocks_waiting": 71, "spooled_bytes": 52340,
     "oldest_ns": …, "measurements_dropped": 12, "written_ns": …}

Without a process id: it is no run file of a process. `oldest_ns` is the receive time of the oldest block that waits, 0
where it is not known or nothing waits.
"""

import json
import threading
from contextlib import suppress
from pathlib import Path

from market.clock import SECOND_NS, Clock, SystemClock
from sinks.clickhouse.drain import State
from sinks.clickhouse.line import Line

INTERVAL_NS = SECOND_NS  # numbers are written no more often; a change of state at once


class SinkStatus:
    """Writes the file, from several threads. What the disk does not take is not told."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._path, self._clock = path, clock or SystemClock()
        self._lock = threading.Lock()
        self._said: tuple[object, ...] = ()
        self._said_ns = 0

    def tell(self, state: State, line: Line, *, ended: bool = False) -> None:
        """Write what is new, if it is time; at the end in any case."""
        with self._lock:
            now_ns = self._clock.monotonic_ns()
            numbers = (len(line), line.spooled_bytes)
            same_state = self._said[:1] == (state,)
            early = bool(self._said) and now_ns - self._said_ns < INTERVAL_NS
            if not ended and same_state and (early or self._said == (state, numbers)):
                return
            self._said, self._said_ns = (state, numbers), now_ns
            self._write(state, line)

    def _write(self, state: State, line: Line) -> None:
        said = {
            "state": state.name,
            "reason": state.reason,
            "since_ns": state.since_ns,
            "blocks_waiting": len(line),
            "spooled_bytes": line.spooled_bytes,
            "oldest_ns": line.oldest_ns,
            "measurements_dropped": line.dropped,
            "written_ns": self._clock.now_ns(),
        }
        partial = self._path.with_name(self._path.name + ".partial")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(said))
            partial.replace(self._path)
