"""`Books`: sees to it that every depth stream has a full book to begin with, over REST or in band.

Over REST (`Snapshots` says when) the answer becomes a record of the journal. In band a subscription begins with a full
book, so that after a connection nothing needs asking, and a wish is answered by subscribing anew (`Resyncs` says
whether).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from market import record
from market.clock import Clock
from market.errors import BarographError
from sources.control import Wish
from sources.keeper import Keeper
from sources.rest import Rest
from sources.resyncs import Resyncs
from sources.snapshots import Snapshots
from venues.venue import Channel, Request, Venue

log = logging.getLogger("barograph.capture")


@dataclass
class Books:
    """Of the symbols of one feed."""

    venue: Venue
    symbols: tuple[str, ...]
    clock: Clock
    keepers: Sequence[Keeper]
    fetched_books: int = 0  # over REST
    begun_anew: int = 0  # by subscribing anew
    _snapshots: Snapshots = field(default_factory=Snapshots)
    _resyncs: Resyncs = field(default_factory=Resyncs)
    _depth: dict[str, list[tuple[Keeper, str]]] = field(init=False)  # by symbol: its depth streams

    def __post_init__(self) -> None:
        self._depth = {symbol: [] for symbol in self.symbols}
        for keeper in self.keepers:
            for stream in keeper.route.streams:
                if self.venue.channel_of(stream) is Channel.DEPTH:
                    self._depth.setdefault(self.venue.symbol_of(stream), []).append((keeper, stream))

    def said(self, said: record.Record, channels: frozenset[Channel]) -> None:
        """A depth stream that is lost or new needs a new full book."""
        now_ns = self.clock.monotonic_ns()
        match said:
            case record.Disconnected() if Channel.DEPTH in channels:
                for symbol in said.symbols:
                    self._snapshots.interrupted(symbol)
            case record.Connected(overlap=False) if Channel.DEPTH in channels:
                for symbol in said.symbols:
                    self._resyncs.connected(symbol, now_ns)
                    self._want(symbol, now_ns)
            case record.Silent() if self.venue.channel_of(said.stream) is Channel.DEPTH:
                self._snapshots.interrupted(said.symbol)
                self._want(said.symbol, now_ns)

    def seen(self, symbol: str) -> None:
        """A depth message of it arrived."""
        self._snapshots.seen(symbol)

    def acknowledged(self, symbol: str) -> None:
        """Its depth stream is subscribed to."""
        now_ns = self.clock.monotonic_ns()
        self._snapshots.acknowledged(symbol, now_ns)
        self._resyncs.began(symbol, now_ns)

    def wish(self, wish: Wish) -> None:
        """Somebody has no good book of a symbol."""
        now_ns = self.clock.monotonic_ns()
        if self.venue.snapshot_request(wish.symbol) is not None:
            self._snapshots.want(wish.symbol, now_ns)
        elif self._resyncs.grant(wish.symbol, wish.cause, now_ns):
            self._begin_anew(wish, now_ns)

    def _begin_anew(self, wish: Wish, now_ns: int) -> None:
        if self._resyncs.is_in_vain(wish.symbol, wish.cause, now_ns):
            for keeper, _ in self._depth[wish.symbol]:
                keeper.give_up(f"subscribing anew to {wish.symbol} was in vain: {wish.cause}")
            return
        self.begun_anew += 1
        log.info("subscribing anew to the book of %s: %s", wish.symbol, wish.cause)
        for keeper, stream in self._depth[wish.symbol]:
            keeper.renew([stream])

    def due(self) -> list[tuple[Request, str]]:
        """What to ask for over REST now, with its symbol; it counts as asked."""
        due = self._snapshots.due(self.clock.monotonic_ns())
        return [(request, symbol) for symbol in due if (request := self.venue.snapshot_request(symbol)) is not None]

    async def fetched(self, rest: Rest, request: Request, symbol: str) -> record.Snapshot | None:
        """The full book of a symbol as a record; None for a failure, which is another wish."""
        self.fetched_books += 1
        try:
            body = await rest.get(request)
            return record.Snapshot(symbol, msgspec.json.decode(body, type=msgspec.Raw))
        except (BarographError, msgspec.MsgspecError) as error:
            log.warning("no snapshot of %s: %s", symbol, error)
            self._snapshots.want(symbol, self.clock.monotonic_ns())
            return None

    def _want(self, symbol: str, now_ns: int) -> None:
        if self.venue.snapshot_request(symbol) is not None:
            self._snapshots.want(symbol, now_ns)
