"""Interruptions of the feeds, as records of ours tell of them: RESET rows of books, rows of `gaps` for other streams.

What a record says, and of which streams:
- Disconnected, Connected: those of its symbols on its route; open when the socket is lost, healed when it is back;
- Silent: one stream; open since its last data, healed when its socket is back;
- Shed: one channel of its symbols; healed at once, for what was shed stays lost and the next message stands alone;
- Began: capture was not there since `since_ns`: every channel of its symbols, cause capture_down, as Disconnected;
- Torn: a row of the journal is lost: every channel of all instruments, cause torn, from the frame before on, healed at
  once as Shed.
A book is told of by a RESET row instead, which operators/book turns into rows of `gaps` that heal with its next good
snapshot.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from market import record
from market.errors import FrameError
from market.schema import NO_SEQUENCE, NO_TIME, Flag, Kind
from venues.rows import Header, Rows
from venues.venue import Channel, Listings, Venue

CAPTURE_DOWN, TORN = 256, 512  # on RESET, as market.schema.Flag: nobody recorded; a row of the journal is lost
EVERY_ROUTE = ""  # no route has this name, and venues answer with all their channels
GapRow = tuple[Any, ...]  # of market.schema.GAP


class Place(NamedTuple):
    """Where a record stands."""

    received: int  # ns
    before: int  # receive time of the frame before it
    position: int  # in its batch


class Scope(NamedTuple):
    """What a record is about."""

    symbols: Iterable[str]
    channels: frozenset[Channel]
    flag: int  # of RESET rows
    cause: str  # of rows of gaps
    start: int  # ns, since when data may be missing
    lasts: bool = True  # until a socket is back


@dataclass
class Interruptions:
    """The streams that are interrupted and feed no book: by symbol and channel, since when (ns) and why."""

    open: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def take(self, said: Any, venue: Venue, listings: Listings, place: Place, rows: Rows, gaps: list[GapRow]) -> None:
        """Write what a record says. Raises FrameError for symbols that are not defined, after what it says of others,
        and for a row that is torn, whose bytes the frame cannot show.
        """
        scope = _scope(venue, said, listings, place)
        unknown = [symbol for symbol in scope.symbols if symbol not in listings]
        for symbol in scope.symbols:
            if symbol in unknown:
                continue
            if Channel.DEPTH in scope.channels:
                rows.add(reset(listings[symbol].instrument, scope.flag, place.received, place.position))
            for channel in sorted(scope.channels - {Channel.DEPTH}):
                gaps.extend(self._noted(said, scope, (symbol, channel), place))
        if unknown:
            raise FrameError(f"no instrument is defined for {', '.join(unknown)}")
        if isinstance(said, record.Torn):
            raise FrameError(f"a row of the journal is lost: {said.reason}")

    def _noted(self, said: Any, scope: Scope, key: tuple[str, str], place: Place) -> Iterable[GapRow]:
        """The row of gaps about one stream, if there is anything to tell."""
        start, cause, state = scope.start, scope.cause, "healed"
        if isinstance(said, record.Connected):
            if key not in self.open:
                return
            start, cause = self.open.pop(key)
        elif scope.lasts:
            start, state = self.open.get(key, (start, cause))[0], "open"
            self.open[key] = start, cause
        symbol, channel = key
        yield symbol, place.received, channel, cause, state, start, NO_SEQUENCE, NO_SEQUENCE, place.position


def reset(instrument: int, flag: int, received: int, position: int) -> Header:
    """The RESET row of a book."""
    return Header(
        NO_TIME, received, NO_SEQUENCE, NO_SEQUENCE, 0, instrument, position, Kind.RESET, 0, flag, bids=0, levels=0
    )


def _scope(venue: Venue, said: Any, listings: Mapping[str, Any], place: Place) -> Scope:
    """Symbols and channels that a record is about, and why."""
    now, everything = place.received, venue.carries(EVERY_ROUTE)
    match said:
        case record.Connected(overlap=True):
            return Scope((), frozenset(), Flag.DISCONNECTED, "disconnected", now)
        case record.Connected() | record.Disconnected():
            return Scope(said.symbols, venue.carries(said.route), Flag.DISCONNECTED, "disconnected", now)
        case record.Silent():
            channels, since = frozenset({venue.channel_of(said.stream)}), said.since_ns
            return Scope((said.symbol,), channels, Flag.SILENT, "silent", since if 0 < since < now else now)
        case record.Began():
            # A symbol without a definition is new: nothing of it was ever recorded that could be missing.
            known = [symbol for symbol in said.symbols if symbol in listings]
            return Scope(known, everything, CAPTURE_DOWN, "capture_down", min(said.since_ns, now))
        case record.Torn():
            return Scope(tuple(listings), everything, TORN, "torn", place.before, lasts=False)
        case _:
            channels = frozenset({Channel(said.queue) if said.queue in list(Channel) else Channel.DEPTH})
            return Scope(said.symbols, channels, Flag.SHED, "shed", now, lasts=False)
