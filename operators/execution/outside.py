"""Trading at an outside venue: its terms, and what an account knows of what is outside.

Orders that the gate approved leave the stage as messages; a process beside the flow sends them and tells what became
of them (updates.py says what that does to an order, reconcile.py what a statement of the whole account does).

Orders are made only while the link is up and a statement was heard since it was last down. What is remembered to tell
repeats from news is bounded: `MOST_SEEN` fills and payments. One that is older than all that is remembered could be
either; it is not counted, an event says so, and the next statement settles the difference.
"""

from dataclasses import dataclass, field
from math import isfinite
from typing import Literal, NamedTuple

from msgspec.structs import replace

from market.messages import Fill, OrderUpdate, Statement
from operators.execution.ended import EndedOrders

Key = tuple[str, str]  # venue, instrument
MOST_SEEN = 50_000
MOST_NUMBERS = 12_000  # orders: those whose end is remembered, and those that work
MOST_FOREIGN = 10_000


@dataclass(frozen=True)
class Outside:
    """Terms of an outside venue; times are data time."""

    margined: bool = True  # cash in its statements: a wallet that positions are not paid from, as futures have it
    max_working: int = 8  # orders at once per instrument
    time_in_force_s: float = 10.0  # an order that works for longer is taken back
    answer_s: float = 10.0  # an order without any word for so long is UNKNOWN
    cancel_retry_s: float = 5.0  # a cancellation without an end is asked for again
    settle_s: float = 5.0  # after a fill, so long a statement may be older than it
    cash_tolerance: float = 0.01  # quote currency; a smaller difference is rounding
    foreign_orders: Literal["cancel", "leave"] = "cancel"  # open orders there that are not of this account's flow
    immediate: bool = False  # orders give up what does not fill at once

    def __post_init__(self) -> None:
        for name in ("time_in_force_s", "answer_s", "cancel_retry_s", "settle_s", "cash_tolerance"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be finite and above 0, got {getattr(self, name)}")
        if not 1 <= self.max_working <= 1_000:
            raise ValueError(f"max_working must be from 1 to 1000, got {self.max_working}")
        if self.foreign_orders not in ("cancel", "leave"):
            raise ValueError(f"foreign_orders must be cancel or leave, got {self.foreign_orders!r}")


class Seen:
    """Ids that were heard, with the time of what they name; the oldest heard are forgotten beyond `most`."""

    def __init__(self, most: int = MOST_SEEN) -> None:
        self._most = most
        self._times: dict[str, int] = {}
        self._forgotten_ns = 0  # newest time of all that is forgotten

    def verdict(self, name: str, time_ns: int) -> Literal["new", "repeat", "too_old"]:
        """Whether an id was heard before; it is remembered.

        >>> seen = Seen(most=1)
        >>> [seen.verdict(*one) for one in (("a", 5), ("a", 5), ("b", 6), ("a", 5), ("c", 6))]
        ['new', 'repeat', 'new', 'too_old', 'new']
        """
        if name in self._times:
            return "repeat"
        if time_ns <= self._forgotten_ns:
            return "too_old"
        self._times[name] = time_ns
        if len(self._times) > self._most:
            oldest = next(iter(self._times))
            self._forgotten_ns = max(self._forgotten_ns, self._times.pop(oldest))
        return "new"


class Numbers:
    """Our ids of orders by the venue's own; the oldest heard are forgotten beyond `most`."""

    def __init__(self, most: int = MOST_NUMBERS) -> None:
        self._most = most
        self._ours: dict[str, str] = {}

    def learn(self, said: OrderUpdate | Fill) -> None:
        """Remember what is said of an order of ours."""
        if said.venue_order_id:
            self._ours[f"{said.instrument}|{said.venue_order_id}"] = said.client_order_id
            if len(self._ours) > self._most:
                del self._ours[next(iter(self._ours))]

    def named(self, fill: Fill) -> Fill:
        """The fill with our id of its order, where only the venue's is told and known."""
        name = fill.client_order_id or self._ours.get(f"{fill.instrument}|{fill.venue_order_id}", "")
        return fill if name == fill.client_order_id else replace(fill, client_order_id=name)


class Suspect(NamedTuple):
    """A difference that the newest statement told while something was in flight."""

    told: float
    ours: float
    strange: bool = False  # more than what is in flight can explain


@dataclass
class Dealings:
    """What the account knows of the venue outside."""

    linked: bool = False
    stated: bool = False  # a statement was heard since the link was last down
    opened_ns: int = 0  # time of the first statement, part of every id; 0 before
    seen: Seen = field(default_factory=Seen)
    numbers: Numbers = field(default_factory=Numbers)
    working: dict[str, Key] = field(default_factory=dict)  # by client order id, all instruments
    ended: EndedOrders = field(default_factory=EndedOrders)
    foreign: dict[str, Key] = field(default_factory=dict)  # open there and not ours; instrument empty: not known
    asked_back: dict[str, int] = field(default_factory=dict)  # foreign orders: when their cancellation was asked for
    absent: tuple[str, ...] = ()  # working orders that the newest statement did not list
    returned: tuple[str, ...] = ()  # ended ones that it did list
    pending: Statement | None = None  # heard while the link was down; judged when it is up
    unpriced: dict[Key, tuple[float, float]] = field(default_factory=dict)  # held without any quote: size, average
    cash_told: Suspect | None = None  # what the newest statement told, different or not
    cash_adopted_ns: int = 0  # time of the statement that cash was last adopted from
    transferred: float = 0.0  # told since a statement last agreed with our cash, or was adopted from

    @property
    def ready(self) -> bool:
        """Whether orders may be made at all."""
        return self.linked and self.stated
