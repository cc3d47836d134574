"""`Snapshots`: when to ask for which full book. A book is asked for after its first depth message, so that none falls
between.

Pure decisions; the asking is done by `sources.rest`.
"""

from dataclasses import dataclass, field

from market.clock import SECOND_NS

APART_NS = 2 * SECOND_NS  # between two requests for one symbol
QUIET_NS = 5 * SECOND_NS  # without a depth message for so long after the ack, there is nothing to wait for


@dataclass
class Snapshots:
    """Which books are wanted. Times are monotonic."""

    wanted: dict[str, int] = field(default_factory=dict)  # symbol -> since when
    _seen: set[str] = field(default_factory=set)  # symbols whose depth messages flow
    _acknowledged_ns: dict[str, int] = field(default_factory=dict)
    _asked_ns: dict[str, int] = field(default_factory=dict)

    def want(self, symbol: str, now_ns: int) -> None:
        """A book is missing, or not to be trusted."""
        self.wanted.setdefault(symbol, now_ns)

    def interrupted(self, symbol: str) -> None:
        """Its depth stream is gone: a snapshot of now would join nothing."""
        self._seen.discard(symbol)
        self._acknowledged_ns.pop(symbol, None)

    def acknowledged(self, symbol: str, now_ns: int) -> None:
        """Its depth stream is subscribed to."""
        self._acknowledged_ns.setdefault(symbol, now_ns)

    def seen(self, symbol: str) -> None:
        """A depth message of it arrived."""
        self._seen.add(symbol)

    def due(self, now_ns: int) -> list[str]:
        """Symbols to ask for now; they count as asked."""
        symbols = [symbol for symbol in self.wanted if self._is_due(symbol, now_ns)]
        for symbol in symbols:
            del self.wanted[symbol]
            self._asked_ns[symbol] = now_ns
        return symbols

    def _is_due(self, symbol: str, now_ns: int) -> bool:
        asked_ns, acknowledged_ns = self._asked_ns.get(symbol), self._acknowledged_ns.get(symbol)
        if asked_ns is not None and now_ns - asked_ns < APART_NS:
            return False
        quiet = acknowledged_ns is not None and now_ns - acknowledged_ns >= QUIET_NS
        return symbol in self._seen or quiet
