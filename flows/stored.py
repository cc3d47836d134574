"""How far the tables are, told by the market flow for capture, which must not prune what they do not have yet.

DATA/run/SHARD.stored holds one offset: all rows up to it are in the tables, or in the flow's own spool.
"""

from contextlib import suppress
from pathlib import Path

from market.clock import SECOND_NS, Clock

# What was stored so long ago is also in the flow's last snapshot: after a crash it reads no further back.
SETTLED_AFTER_NS = 120 * SECOND_NS


def stored_path(data: Path, shard: str) -> Path:
    """Where it is told.

    >>> stored_path(Path("data"), "binance-usdm/0").as_posix()
    'data/run/binance-usdm-0.stored'
    """
    return data / "run" / f"{shard.replace('/', '-')}.stored"


def tell_stored(data: Path, shard: str, offset: int) -> None:
    """Say that the tables have all rows up to an offset. A disk that takes nothing leaves what was said before."""
    path = stored_path(data, shard)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".stored-partial")
        partial.write_text(f"{offset}\n")
        partial.replace(path)


class Stored:
    """The offset up to which capture may prune, at least two minutes old; None where nobody ever told one."""

    def __init__(self, data: Path, shard: str, clock: Clock) -> None:
        self._path, self._clock = stored_path(data, shard), clock
        self._settled: int | None = None
        self._newer: tuple[int, int] | None = None  # when it was read, and what

    def __call__(self) -> int | None:
        """The offset; 0 until what is told has stood long enough."""
        told, now_ns = self._told(), self._clock.monotonic_ns()
        if told is None and self._newer is None:
            return None
        if self._newer is None:
            self._settled, self._newer = 0, (now_ns, told or 0)
        elif now_ns - self._newer[0] >= SETTLED_AFTER_NS:
            self._settled, self._newer = self._newer[1], (now_ns, self._newer[1] if told is None else told)
        return self._settled

    def _told(self) -> int | None:
        try:
            return int(self._path.read_text())
        except (OSError, ValueError):
            return None
