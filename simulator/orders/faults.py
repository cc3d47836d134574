"""What goes wrong with orders on purpose, by a seeded generator: the same requests in the same order, the same faults.

A fate befalls an order request (place or cancel), at random or by script; each is one of FATES. Questions fail by
`blind`. Events of the user stream are dropped, doubled or late. Latency is drawn for every order request: lognormal
around its median, and now and then a spike. Everything can be set while the exchange runs.
"""

import heapq
import math
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Fate = Literal["pass", "reject", "lose", "unavailable_lost", "mute", "unavailable", "timeout", "disconnect", "double"]
FATES: tuple[Fate, ...] = (
    "reject",  # refused for no reason, code −2010
    "lose",  # it never arrives, and is never answered
    "unavailable_lost",  # it never arrives, and is answered with 503
    "mute",  # it is done, and never answered
    "unavailable",  # it is done, and answered with 503
    "timeout",  # it is done, and answered with −1007: execution status unknown
    "disconnect",  # it is done, and the connection it came by is cut instead of an answer
    "double",  # it is done, and answered twice; over HTTP, which has no second answer, once
)
EVENT_FAULTS = ("event_drop", "event_double", "event_late")
MILLISECOND_NS = 1_000_000


@dataclass
class OrderFaults:
    """Switches and the count of what was injected; the default does nothing."""

    reject: float = 0.0  # probability per order request, as all fates
    lose: float = 0.0
    unavailable_lost: float = 0.0
    mute: float = 0.0
    unavailable: float = 0.0
    timeout: float = 0.0
    disconnect: float = 0.0
    double: float = 0.0
    blind: float = 0.0  # probability that a question is answered with 503
    event_drop: float = 0.0  # probability per event, as the next three
    event_double: float = 0.0
    event_late: float = 0.0
    stream_cut: float = 0.0  # the user streams are cut after it, without a goodbye
    late_ms: float = 500.0  # how late
    latency_ms: float = 0.0  # median from arrival to matching; 0: none
    latency_sigma: float = 0.5  # standard deviation of its logarithm
    spike: float = 0.0  # probability of a spike, per order request
    spike_ms: float = 250.0
    seed: int = 0
    script: dict[int, Fate] = field(default_factory=dict)  # by number of the order request, 1 is the first
    injected: Counter[str] = field(default_factory=Counter)
    cut_requested: bool = False
    expire_requested: bool = False
    _random: random.Random = field(init=False, repr=False)
    _requests: int = field(default=0, repr=False)
    _held: list[tuple[int, int, str]] = field(default_factory=list, repr=False)
    _events: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        for name in (*FATES, *EVENT_FAULTS, "blind", "stream_cut", "spike"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name)}, must be a probability from 0 to 1")
        for names in (FATES, EVENT_FAULTS):
            if sum(getattr(self, name) for name in names) > 1.0:
                raise ValueError(f"{', '.join(names)} are more than 1 together")
        for name in ("late_ms", "latency_ms", "latency_sigma", "spike_ms"):
            if not 0.0 <= getattr(self, name) <= 1e6:
                raise ValueError(f"{name} is {getattr(self, name)}, must be from 0 to 1e6")
        self._random = random.Random(self.seed)  # noqa: S311  (repeatable on purpose)

    def strike(self, fate: Fate, *, after: int = 1) -> None:
        """Let one order request have this fate: the next one, or the one `after` that many."""
        self.script[self._requests + after] = fate

    def cut(self) -> None:
        """Cut all user streams now."""
        self.cut_requested = True

    def expire(self) -> None:
        """Let the listen key expire now."""
        self.expire_requested = True

    def fate(self) -> Fate:
        """Of the next order request."""
        self._requests += 1
        chosen = self.script.pop(self._requests, None) or self._drawn(FATES)
        if chosen is None:
            return "pass"
        self.injected[chosen] += 1
        return chosen  # type: ignore[return-value]

    def is_blind(self) -> bool:
        """Whether this question fails."""
        hit = self.blind > 0.0 and self._random.random() < self.blind
        self.injected["blind"] += hit
        return hit

    def delay_ns(self) -> int:
        """From the arrival of an order request to its matching."""
        if not self.latency_ms and not self.spike:
            return 0
        delay_ms = self.latency_ms * math.exp(self.latency_sigma * self._random.gauss(0.0, 1.0))
        if self.spike and self._random.random() < self.spike:
            self.injected["spike"] += 1
            delay_ms += self.spike_ms
        return int(delay_ms * MILLISECOND_NS)

    def delivered(self, events: list[str], time_ns: int) -> list[str]:
        """The events to send now instead, those that were late and are due among them."""
        if not events and not self._held:
            return events
        sent: list[str] = []
        for event in events:
            kind = self._drawn(EVENT_FAULTS)
            if kind is not None:
                self.injected[kind] += 1
            if kind == "event_late":
                self._events += 1
                heapq.heappush(self._held, (time_ns + int(self.late_ms * MILLISECOND_NS), self._events, event))
            elif kind != "event_drop":
                sent += [event, event] if kind == "event_double" else [event]
            if self.stream_cut and self._random.random() < self.stream_cut:
                self.cut_requested = True
        while self._held and self._held[0][0] <= time_ns:
            sent.append(heapq.heappop(self._held)[2])
        return sent

    def _drawn(self, names: tuple[str, ...]) -> str | None:
        chances = [getattr(self, name) for name in names]
        if not any(chances):
            return None
        chance = self._random.random()
        for name, share in zip(names, chances, strict=True):
            if chance < share:
                return name
            chance -= share
        return None
