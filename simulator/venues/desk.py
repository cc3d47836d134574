"""A desk: one venue's server side without I/O. Bytes and virtual times in, bytes and virtual times out.

    desk = Desk(Kraken(), market)
    session = desk.connect("/v2", {}, now_ns)        # or an Answer: refused with an HTTP status
    session.receive(b'{"method":"subscribe",...}', now_ns)
    frames, close = session.due(now_ns)              # what to send by now, and whether to close after it
    answer = desk.get("/0/public/AssetPairs", {}, now_ns)
    desk.next_ns                                     # nothing happens before that

What the venue says is a Dialect; what all venues have in common is here: the market that goes on, who listens to what,
limits and their violations, and faults.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit

from market.clock import SECOND_NS
from simulator.listing import Listing
from simulator.venues.faults import Faults
from simulator.venues.frame import Answer, Role
from simulator.venues.limits import Ledger, Limits, Violation
from simulator.venues.market import Market, Step, Trade
from simulator.venues.session import Session

TRADES_KEPT = 1000  # of each instrument, for snapshots and REST

__all__ = ["Answer", "Desk", "Dialect", "Query", "Session"]


class Query(NamedTuple):
    """A GET of a client."""

    path: str
    named: Mapping[str, str]  # of the query string; the last of a name holds
    headers: Mapping[str, str]  # names in lower case
    address: str = ""


class Dialect(Protocol):
    """What one venue says. It belongs to one desk and keeps what was told of each channel."""

    name: str
    limits: Limits

    def listed(self, symbol: str) -> Listing:
        """How the venue lists a symbol. Raises ValueError where it could not be the venue's."""

    def open(self, desk: "Desk") -> None:
        """Begin; the market's books are full."""

    def accepts(self, desk: "Desk", path: str) -> bool:
        """Whether a WebSocket may be opened there."""

    def greet(self, desk: "Desk", session: Session) -> None:
        """A connection was opened."""

    def hear(self, desk: "Desk", session: Session, message: Mapping[str, Any] | None, data: bytes) -> None:
        """A client's message; None where it is no JSON object."""

    def exceeded(self, desk: "Desk", session: Session, what: str) -> None:
        """Answer a client that sent too much; the message is not acted on."""

    def step(self, desk: "Desk", step: Step) -> None:
        """Tell what one instrument did."""

    def second(self, desk: "Desk") -> None:
        """A whole second has come: heartbeats, marks."""

    def get(self, desk: "Desk", query: Query) -> tuple[Answer, int]:
        """A REST answer and its weight."""

    def books(self, desk: "Desk") -> Sequence[str]:
        """Paths, with query, of all REST books; () where the venue has none that matters."""

    def notice(self, desk: "Desk", word: str) -> bool:
        """Announce: shutdown, maintenance, back, halt, resume. False where the venue has no such message."""


class Desk:
    """A venue's server side over a market, with its connections."""

    def __init__(
        self, dialect: Dialect, market: Market, *, start_ns: int = 0, faults: Faults | None = None, key: str = "key"
    ) -> None:
        self.dialect = dialect
        self.limits = dialect.limits
        self.market = market
        self.symbols = {row.symbol: i for i, row in enumerate(market.listings)}
        self.key = key  # the one that is let in, with any secret
        self.start_ns = start_ns
        self.now_ns = start_ns
        self.faults = faults or Faults()
        self.faults.begin(start_ns)
        self.ledger = Ledger(self.limits)
        self.recent: list[list[tuple[int, Trade]]] = [[] for _ in market.listings]  # stamp and trade, by instrument
        self.sessions: list[Session] = []
        self.opened = 0
        self.bans: dict[str, int] = {}  # address: until ns
        self._listeners: dict[str, list[Session]] = {}
        self._second_ns = start_ns // SECOND_NS * SECOND_NS + SECOND_NS
        dialect.open(self)

    @property
    def violations(self) -> list[Violation]:
        """Limits that were exceeded: when, which, by whom."""
        return self.ledger.violations

    @property
    def next_ns(self) -> int:
        """When something happens next by itself."""
        found = self._second_ns if self.market.next_ns is None else min(self._second_ns, self.market.next_ns)
        if self.faults.idle:
            return found
        held = [due_ns for session in self.sessions for due_ns, _ in session.held]
        return min([found, self.faults.next_ns(self.now_ns), *held])

    @property
    def stamp_ns(self) -> int:
        """The venue's clock, which a fault may have set wrong."""
        return self.now_ns + self.faults.skew_ns

    def connect(
        self, path: str, headers: Mapping[str, str], now_ns: int, address: str = "127.0.0.1"
    ) -> Session | Answer:
        """Open a WebSocket, or refuse it."""
        self.advance(now_ns)
        refused = self._refusal(address, "connect")
        if refused:
            return refused
        if self.ledger.connection(now_ns, address):
            return self._ban(address)
        if not self.dialect.accepts(self, urlsplit(path).path):
            return Answer(404)
        self.opened += 1
        session = Session(self, self.opened, path, _lower(headers), address)
        self.sessions.append(session)
        self.dialect.greet(self, session)
        return session

    def get(self, path: str, headers: Mapping[str, str], now_ns: int, address: str = "127.0.0.1") -> Answer:
        """Answer a GET."""
        self.advance(now_ns)
        refused = self._refusal(address, "get")
        if refused:
            return refused
        answer, weight = self.answer(path, headers, address)
        if self.ledger.weight(now_ns, address, weight):
            return self._ban(address)
        return self.faults.body(path, answer)

    def answer(self, path: str, headers: Mapping[str, str], address: str = "") -> tuple[Answer, int]:
        """A REST answer and its weight, past limits and faults."""
        parts = urlsplit(path)
        named = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        return self.dialect.get(self, Query(parts.path, named, _lower(headers), address))

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due."""
        while True:
            step_ns = self.market.next_ns
            stepping = step_ns is not None and step_ns <= self._second_ns
            due_ns = step_ns if stepping and step_ns is not None else self._second_ns
            if due_ns > now_ns:
                break
            self.now_ns = max(self.now_ns, due_ns)
            if not self.faults.idle:
                self.faults.advance(self, self.now_ns)
            if stepping:
                self._step(self.market.step())
            else:
                self._second_ns += SECOND_NS
                self._second()
        self.now_ns = max(self.now_ns, now_ns)
        if not self.faults.idle:
            self.faults.advance(self, self.now_ns)

    def listeners(self, stream: str) -> Sequence[Session]:
        """Who is subscribed to a stream."""
        return self._listeners.get(stream, ())

    def alive(self) -> list[Session]:
        """Connections that are not about to be closed."""
        return [session for session in self.sessions if session.close is None]

    def publish(self, stream: str, text: str, role: Role = "data") -> None:
        """Say something to all who are subscribed to a stream."""
        for session in self.listeners(stream):
            session.send(text, stream=stream, role=role)

    def listen(self, session: Session, streams: Sequence[str]) -> None:
        """Subscribe a connection."""
        for stream in streams:
            session.streams[stream] = self.now_ns
            self.faults.spoken_anew(session, stream)
            self._listeners.setdefault(stream, []).append(session)

    def unlisten(self, session: Session, streams: Sequence[str]) -> None:
        """Unsubscribe a connection."""
        for stream in streams:
            del session.streams[stream]
            self._listeners[stream].remove(session)

    def forget(self, session: Session) -> None:
        """A connection is gone."""
        self.unlisten(session, tuple(session.streams))
        self.sessions.remove(session)

    def lists(self, symbol: object) -> bool:
        """Whether a symbol can be subscribed to now."""
        return isinstance(symbol, str) and symbol in self.symbols and not self.faults.refuses("bad_symbol", symbol)

    def admits(self, key: object) -> bool:
        """Whether a login is accepted now."""
        return key == self.key and not self.faults.refuses("login_refused", "")

    def _step(self, step: Step) -> None:
        if step.trades:
            kept = self.recent[step.instrument]
            kept += [(self.stamp_ns, trade) for trade in step.trades]
            del kept[:-TRADES_KEPT]
        self.dialect.step(self, step)

    def _second(self) -> None:
        self.dialect.second(self)
        limits = self.limits
        for session in self.alive():
            age_s = (self.now_ns - session.opened_ns) // SECOND_NS
            if limits.life_s is not None and age_s >= limits.life_s:
                session.close_with(1001, "")
            elif limits.ping_every_s is not None and age_s:
                self._ping(session, age_s, limits.ping_every_s)

    def _ping(self, session: Session, age_s: int, every_s: int) -> None:
        waited_s = (self.now_ns - session.ponged_ns) // SECOND_NS
        if waited_s >= every_s + self.limits.pong_within_s:
            self.ledger.violate(self.now_ns, "ping", f"no pong for {waited_s} s", session.address)
            session.close_with(1008, "Pong timeout")
        elif age_s % every_s == 0:
            session.send_bytes(b"%d" % (self.now_ns // 1_000_000), opcode="ping")

    def _refusal(self, address: str, what: Literal["connect", "get"]) -> Answer | None:
        until_ns = self.bans.get(address, 0)
        if until_ns > self.now_ns:
            self.ledger.violate(self.now_ns, "banned", f"{what} while banned", address)
            return _refused(self.limits.ban_status, until_ns - self.now_ns)
        return None if self.faults.idle else self.faults.refusal(address, what, self.now_ns)

    def _ban(self, address: str) -> Answer:
        seconds = self.limits.ban_s
        self.bans[address] = self.now_ns + seconds * SECOND_NS
        return _refused(self.limits.excess_status, seconds * SECOND_NS)


def _refused(status: int, wait_ns: int) -> Answer:
    return Answer(status, b"", (("Retry-After", str(-(-wait_ns // SECOND_NS))),))


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
