"""`Orders`: the orders whose end is not known, and what a new start must know of them.

    waiting → sent → live → (its end)
               └──▶ doubt ──▶ live, or its end: the venue's word, or "never arrived"

An order is in doubt when it may have been sent and no answer says what became of it. What stood in the orders journal
when the executor began is in doubt from the start.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from market.errors import SettingsError
from market.messages import OrderState, OrderUpdate
from venues.orders import OrderVenue

ENDS = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED})
STANDS = frozenset({OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED})
REMEMBERED = 20_000  # ids of orders that ended, so that none is ever taken on twice, and late word of one is known


class Stage(StrEnum):
    """How far an order is."""

    WAITING = "waiting"  # nothing of it left
    SENT = "sent"
    LIVE = "live"
    DOUBT = "doubt"


@dataclass
class Pending:
    """One order whose end is not known."""

    client_order_id: str
    instrument: str
    stage: Stage = Stage.WAITING
    decided_ns: int = 0  # receive time of the row that decided it
    sent_ns: int = 0  # wall clock; 0: not known
    last_sent_ns: int = 0  # timer clock: it was not sent later than then
    arrived: bool = False  # the venue has known it
    cancel: str = ""  # why it is to be cancelled; empty: it is not
    missing: int = 0  # answers that the venue does not know it, since it was last heard of

    def update(
        self, venue: OrderVenue, time_ns: int, state: OrderState, reason: str,
        origin: Literal["executor", "answer", "query"],
    ) -> OrderUpdate:  # fmt: skip
        """What we tell of it ourselves, and by whose word."""
        return OrderUpdate(
            venue=venue.name,
            instrument=self.instrument,
            time_ns=time_ns,
            account=venue.account,
            client_order_id=self.client_order_id,
            state=state,
            reason=reason,
            origin=origin,
            sent_ns=self.sent_ns,
        )


class Standing(NamedTuple):
    """An order that was open when the note was written."""

    client_order_id: str
    instrument: str


class Note(msgspec.Struct, frozen=True):
    """What is settled: every intent up to row `through` of the orders journal but those that stand here."""

    through: int = 0
    standing: tuple[Standing, ...] = ()
    fills_ms: int = 0  # wall clock; all fills until then are known
    venue: str = ""  # whose orders these are
    account: str = ""
    host: str = ""  # of the venue: an account with money and one on paper may have the same names; empty: not known


NOTE = "settled"  # the key of the note in the orders journal


def read_note(text: str | None) -> Note:
    """The note; one that cannot be read says that nothing is settled."""
    try:
        return msgspec.json.decode(text or "{}", type=Note)
    except msgspec.MsgspecError:
        return Note()


def account_named(venue: str, account: str, host: str = "") -> str:
    """An account, to a person.

    >>> account_named("alpaca-iex", "main", "api.alpaca.markets")
    'alpaca-iex, account main, at api.alpaca.markets'
    """
    return f"{venue}, account {account}" + (f", at {host}" if host else "")


def host_of(venue: OrderVenue) -> str:
    """The machine that orders go to."""
    return urlsplit(venue.open_orders(0).url).hostname or ""


def note_for(note: Note, venue: OrderVenue, last_row: int) -> Note:
    """The note as this account goes on from it. Raises SettingsError where orders of another one may still work: this
    venue knows nothing of them, and would be believed; and where another one has the same name.
    """
    known = (note.venue, note.account, note.host or host_of(venue))
    if not note.venue or known == (venue.name, venue.account, host_of(venue)):
        return note
    if note.standing or note.through < last_row:
        raise SettingsError(
            f"orders at {account_named(note.venue, note.account, note.host)}, may still work; execute with the settings"
            " of then until they have ended, or use another data folder"
        )
    if note.account == venue.account:
        raise SettingsError(
            f"the account {note.account} is {account_named(note.venue, note.account, note.host)}; its positions and"
            " profits are not of this one: name it otherwise by execution.account, or use another data folder"
        )
    return Note(through=note.through)


@dataclass
class Orders:
    """The orders of one executor, by client order id."""

    now: dict[str, Pending] = field(default_factory=dict)
    through: int = 0  # row of the orders journal up to which all are here, or ended
    _ended: dict[str, bool] = field(default_factory=dict)  # whether we said that it never arrived

    def add(self, order: Pending) -> bool:
        """Take on an order; False where its id was here before."""
        if order.client_order_id in self.now or order.client_order_id in self._ended:
            return False
        self.now[order.client_order_id] = order
        return True

    def heard(self, update: OrderUpdate) -> Pending | None:
        """Apply what is said of an order; the order, where it is one whose end was not known."""
        order = self.now.get(update.client_order_id)
        if order is None:
            return None
        if update.state in ENDS:
            self.end(order.client_order_id)
        elif update.state in STANDS:
            order.stage, order.arrived, order.missing = Stage.LIVE, True, 0
        return order

    def end(self, client_order_id: str, *, never_arrived: bool = False) -> None:
        """Nothing more is to be done about an order."""
        self.now.pop(client_order_id, None)
        self._ended[client_order_id] = never_arrived
        if len(self._ended) > REMEMBERED:
            self._ended.pop(next(iter(self._ended)))

    def revive(self, order: Pending) -> None:
        """Take an order on again whose end was known."""
        self._ended.pop(order.client_order_id, None)
        self.now[order.client_order_id] = order

    def came_late(self, update: OrderUpdate) -> bool:
        """Whether an order lives that we said had never arrived."""
        return update.state in STANDS and self._ended.get(update.client_order_id, False)

    def at(self, *stages: Stage) -> list[Pending]:
        """The orders at these stages."""
        return [order for order in self.now.values() if order.stage in stages]

    def note(self, fills_ms: int) -> Note:
        """What a new start must know."""
        standing = tuple(Standing(order.client_order_id, order.instrument) for order in self.now.values())
        return Note(self.through, standing, fills_ms)
