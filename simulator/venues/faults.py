"""What a fault script does to a desk, and a record of all it did: each thing with its time, kind and stream."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from market.clock import SECOND_NS
from simulator.venues.book import Level
from simulator.venues.frame import Answer, Close, Frame, Role
from simulator.venues.script import MOMENTS, Fault
from simulator.venues.spoil import Rogue

if TYPE_CHECKING:
    from simulator.venues.desk import Desk
    from simulator.venues.session import Session

NEVER_NS = 1 << 62
WAIT_MOST_S = 86_400  # as Retry-After says
FRAME_KINDS = ("drop", "gap", "duplicate", "reorder", "field_added", "field_removed", "field_retyped")
ACK_KINDS = ("wrong_ack", "no_ack", "ack_silence")


class Injected(NamedTuple):
    """One thing that went wrong; of what lasts, its beginning for each stream."""

    time_ns: int
    kind: str
    stream: str
    detail: str


@dataclass
class _Running:
    fault: Fault
    start_ns: int
    end_ns: int
    left: int  # frames
    told: set[str] = field(default_factory=set)  # of which streams it is recorded that it began


@dataclass
class Faults:
    """The script of one desk, and the record of what was done. Without a script it does nothing."""

    script: Sequence[Fault] = ()
    seed: int = 0
    injected: list[Injected] = field(default_factory=list)
    skew_ns: int = 0
    _rogue: Rogue = field(init=False, repr=False)
    _waiting: list[_Running] = field(default_factory=list, repr=False)
    _running: list[_Running] = field(default_factory=list, repr=False)
    _deaf: set[int] = field(default_factory=set, repr=False)  # numbers of connections that are half open
    _silent: set[tuple[int, str]] = field(default_factory=set, repr=False)  # (connection, stream)
    _swapped: dict[tuple[int, str], Frame] = field(default_factory=dict, repr=False)
    _stale: dict[str, Answer] = field(default_factory=dict, repr=False)
    _now_ns: int = 0
    _over_ns: int = 0  # when the last fault that is over ended

    def __post_init__(self) -> None:
        self._rogue = Rogue(self.seed)

    @property
    def idle(self) -> bool:
        """Whether nothing is, was or will be wrong."""
        return not self.script

    @property
    def healed_ns(self) -> int:
        """When the last fault of the script is over; what is half open stays so until its client leaves."""
        ends = [one.start_ns if one.fault.kind in MOMENTS else one.end_ns for one in (*self._waiting, *self._running)]
        return max([self._over_ns, *ends])

    def begin(self, start_ns: int) -> None:
        """Set the times of the script."""
        self._now_ns = self._over_ns = start_ns
        self._waiting = [_timed(fault, start_ns) for fault in self.script]
        self._waiting.sort(key=lambda one: one.start_ns)

    def add(self, desk: "Desk", fault: Fault) -> None:
        """One more fault, `at_s` from now."""
        self.script = [*self.script, fault]
        self._waiting.append(_timed(fault, desk.now_ns))
        self._waiting.sort(key=lambda one: one.start_ns)
        self.advance(desk, desk.now_ns)

    def next_ns(self, now_ns: int) -> int:
        """When a fault begins or ends next."""
        times = [one.start_ns for one in self._waiting[:1]] + [one.end_ns for one in self._running]
        return min((time for time in times if time > now_ns), default=NEVER_NS)

    def advance(self, desk: "Desk", now_ns: int) -> None:
        """Let faults begin and end."""
        self._now_ns = now_ns
        if not self._waiting and not self._running:
            return
        running, self._running = self._running, []
        for one in running:
            if one.end_ns > now_ns and one.left > 0:
                self._running.append(one)
            else:
                self._over_ns = max(self._over_ns, min(one.end_ns, now_ns))
        while self._waiting and self._waiting[0].start_ns <= now_ns:
            one = self._waiting.pop(0)
            self._strike(desk, one)
            if one.fault.kind in MOMENTS:
                self._over_ns = max(self._over_ns, one.start_ns)
            else:
                self._running.append(one)
        self.skew_ns = int(sum(one.fault.number for one in self._of("skew")) * SECOND_NS)

    def refusal(self, address: str, what: Literal["connect", "get"], now_ns: int) -> Answer | None:
        """The HTTP answer to somebody who is not let in now."""
        for one in self._of("refuse", "ban"):
            if one.fault.address in ("", address) and one.fault.text in ("", what):
                self._note(one.fault.kind, "", f"{what} answered {one.fault.number:.0f}")
                wait_s = -(-(one.end_ns - now_ns) // SECOND_NS)
                return Answer(int(one.fault.number), b"", (("Retry-After", str(min(wait_s, WAIT_MOST_S))),))
        return None

    def deaf(self, session: "Session") -> bool:
        """Whether a connection is half open."""
        return session.number in self._deaf

    def muted(self, stream: str) -> bool:
        """Whether a stream says nothing now."""
        return any(self._lasts(one, stream) for one in self._of("mute"))

    def refuses(self, kind: Literal["bad_symbol", "login_refused"], name: str) -> bool:
        """Whether a symbol is unknown, or no login accepted, now."""
        return any(self._lasts(one, name) for one in self._of(kind))

    def haunt(self, stream: str, bids: list[Level], asks: list[Level]) -> tuple[list[Level], list[Level]]:
        """Changes of a book without some of its removals."""
        for one in self._of("ghost"):
            if one.fault.hits(stream):
                bids, asks = self._without(one, stream, bids), self._without(one, stream, asks)
        return bids, asks

    def body(self, path: str, answer: Answer) -> Answer:
        """The REST answer, or an older one."""
        if answer.status == 200 and path in self._stale and self._of("stale"):
            self._note("stale", path, "")
            return self._stale[path]
        return answer

    def torn(self) -> tuple[bool, bool]:
        """Whether frames are split, and whether they drip, on a socket now."""
        return bool(self._of("split")), bool(self._of("drip"))

    def spoken_anew(self, session: "Session", stream: str) -> None:
        """A stream is subscribed to again, so its silence is over."""
        self._silent.discard((session.number, stream))

    def outgoing(self, session: "Session", frames: list[Frame], now_ns: int) -> tuple[list[Frame], Close | None]:
        """What a connection sends instead, now."""
        if self.deaf(session):
            session.held.clear()
            return [], None
        for one in self._of("split"):
            self._lasts(one, "")
        answers = [self._answered(session, frame) for frame in frames if frame.role == "answer"]
        for frame in frames:
            for hit in answers.pop(0) if frame.role == "answer" else self._struck(session, frame):
                session.held.append((now_ns + self._delay_ns(session, hit, now_ns), hit))
        ready = [frame for due_ns, frame in session.held if due_ns <= now_ns]
        session.held = [item for item in session.held if item[0] > now_ns]
        return ready, session.close

    def _delay_ns(self, session: "Session", frame: Frame, now_ns: int) -> int:
        """How long a frame waits. Nothing overtakes what drips, but everything a snapshot that is late."""
        drip_s = late_s = 0.0
        for one in self._of("drip", "late"):
            if one.fault.kind == "drip" and self._lasts(one, ""):
                drip_s = max(drip_s, one.fault.number)
            elif frame.role == "snapshot" and self._lasts(one, frame.stream):
                late_s = max(late_s, one.fault.number)
        behind_ns = max((due_ns for due_ns, held in session.held if held.role != "snapshot"), default=now_ns) - now_ns
        return max(int(drip_s * SECOND_NS), behind_ns) + int(late_s * SECOND_NS)

    def _struck(self, session: "Session", frame: Frame) -> list[Frame]:
        if frame.role in ("control", "claim"):
            return [frame]
        if (session.number, frame.stream) in self._silent:
            return []
        after = self._swapped.pop((session.number, frame.stream), None)
        found = [frame]
        for one in self._of(*FRAME_KINDS):
            if found and one.fault.hits(frame.stream):
                found = self._hit(one, session, found, swapping=after is not None)
        return found if after is None else [*found, after]

    def _hit(self, one: _Running, session: "Session", found: list[Frame], *, swapping: bool) -> list[Frame]:
        frame, kind = found[0], one.fault.kind
        if kind == "reorder" and swapping:
            return found  # one at a time: this frame overtakes another already
        if kind.startswith("field"):
            data = self._rogue.drift(kind, frame.data)
            if data == frame.data:
                return found  # it has no such field
            found = [frame._replace(data=data)] * len(found)
        elif kind == "duplicate":
            found = [*found, frame]
        else:
            found = []
        if kind == "reorder":
            self._swapped[session.number, frame.stream] = frame
        one.left -= 1
        self._note(kind, frame.stream, f"connection {session.number}")
        return found

    def _answered(self, session: "Session", frame: Frame) -> list[Frame]:
        for one in self._of(*ACK_KINDS):
            data = frame.data
            if one.fault.kind == "wrong_ack":
                data = self._rogue.other(data, session.desk.symbols)
                if data == frame.data:
                    continue  # it names neither request nor symbol
            one.left -= 1
            self._note(one.fault.kind, "", data[:200].decode("utf-8", "replace"))
            if one.fault.kind == "no_ack":
                return []
            if one.fault.kind == "wrong_ack":
                return [frame._replace(data=data)]
            newest_ns = max(session.streams.values(), default=0)
            self._silent |= {(session.number, name) for name, since in session.streams.items() if since == newest_ns}
        return [frame]

    def _without(self, one: _Running, stream: str, levels: list[Level]) -> list[Level]:
        kept = []
        for level in levels:
            if level[1] == 0 and one.left > 0:
                one.left -= 1
                self._note("ghost", stream, str(level[0]))
            else:
                kept.append(level)
        return kept

    def _strike(self, desk: "Desk", one: _Running) -> None:
        """What happens at the moment a fault begins."""
        fault = one.fault
        if fault.kind == "stale":
            self._stale = {path: desk.answer(path, {})[0] for path in desk.dialect.books(desk)}
        elif fault.kind == "skew":
            self._note("skew", "", f"{fault.number:+g} s")
        elif fault.kind == "notice":
            if desk.dialect.notice(desk, fault.text):
                self._note("notice", "", fault.text)
        elif fault.kind in MOMENTS or fault.kind == "ban":
            for session in desk.alive():
                if fault.address in ("", session.address) and not self.deaf(session):
                    self._strike_at(session, fault)

    def _strike_at(self, session: "Session", fault: Fault) -> None:
        detail = ""
        if fault.kind == "half_open":
            self._deaf.add(session.number)
        elif fault.kind == "close":
            detail = f"{fault.number:.0f} {fault.text}"
            session.close_with(int(fault.number), fault.text)
        elif fault.kind == "ban":
            session.close_with(1006)
        elif fault.kind == "oversized":
            session.send_bytes(self._rogue.oversized(int(fault.number)), opcode="text")
        else:
            for _ in range(fault.frames):
                detail, data = self._rogue.hostile(fault.text, session.last)
                role: Role = "claim" if detail == "claim" else "control"
                session.send_bytes(data, opcode="binary" if detail == "binary" else "text", role=role)
                self._note("hostile", "", f"connection {session.number} {detail}")
            return
        self._note(fault.kind, "", f"connection {session.number} {detail}".rstrip())

    def _of(self, *kinds: str) -> list[_Running]:
        """What is on now, of these kinds."""
        if not self._running:
            return []
        return [one for one in self._running if one.fault.kind in kinds and one.left > 0]

    def _lasts(self, one: _Running, stream: str) -> bool:
        """Whether a fault that lasts hits a stream; the first time is recorded."""
        if not one.fault.hits(stream):
            return False
        if stream not in one.told:
            one.told.add(stream)
            self._note(one.fault.kind, stream, f"{one.fault.number:g}" if one.fault.kind in ("drip", "late") else "")
        return True

    def _note(self, kind: str, stream: str, detail: str) -> None:
        self.injected.append(Injected(self._now_ns, kind, stream, detail))


def _timed(fault: Fault, start_ns: int) -> _Running:
    at_ns = start_ns + int(fault.at_s * SECOND_NS)
    return _Running(fault, at_ns, at_ns + int(fault.for_s * SECOND_NS), fault.frames)
