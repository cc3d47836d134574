"""The life of an order: which state may follow which. Anything else is a bug of ours and stops the flow.

    submitted → accepted → partially_filled → filled
        each but the last also → cancelled, expired;  submitted, accepted → rejected;  any open one → unknown → any

UNKNOWN is for a venue that did not answer; the paper venue always answers. What an outside venue says out of order,
twice or against itself is made legal by updates.py first.
"""

import msgspec
from msgspec.structs import replace

from market.messages import Approved, Order, OrderState

_ENDS = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED})
LEGAL: dict[OrderState, frozenset[OrderState]] = {
    OrderState.SUBMITTED: frozenset({OrderState.ACCEPTED, OrderState.REJECTED, OrderState.CANCELLED,
                                     OrderState.EXPIRED, OrderState.UNKNOWN}),
    OrderState.ACCEPTED: _ENDS | {OrderState.PARTIALLY_FILLED, OrderState.REJECTED, OrderState.UNKNOWN},
    OrderState.PARTIALLY_FILLED: _ENDS | {OrderState.PARTIALLY_FILLED, OrderState.UNKNOWN},
    OrderState.UNKNOWN: _ENDS | {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED, OrderState.REJECTED},
    OrderState.FILLED: frozenset(),
    OrderState.CANCELLED: frozenset(),
    OrderState.REJECTED: frozenset(),
    OrderState.EXPIRED: frozenset(),
}  # fmt: skip


class IllegalTransitionError(RuntimeError):
    """An order was about to enter a state that cannot follow the one it is in."""


class WorkingOrder(msgspec.Struct, frozen=True):
    """An approved order and what became of it."""

    approved: Approved
    state: OrderState
    submitted_ns: int  # data time
    filled: float = 0.0  # size, summed over the fills that were heard
    fills: int = 0  # number of fills, for their ids
    cancel_ns: int | None = None  # when its cancellation was last asked for, data time
    told: float = 0.0  # size filled as the venue counts, at most that was ever said; fills may lag behind

    @property
    def open_size(self) -> float:
        """What may still become a fill: all that is not filled; of an ended order, what is told and not heard."""
        most = max(self.order.size, self.told) if LEGAL[self.state] else self.told
        return max(most - self.filled, 0.0)

    @property
    def order(self) -> Order:
        """The order as it was intended."""
        return self.approved.order


def submit(approved: Approved, time_ns: int) -> WorkingOrder:
    """Begin an order's life. Raises TypeError for whatever the gate has not approved."""
    if not isinstance(approved, Approved):
        raise TypeError(f"execution takes Approved orders only, got {type(approved).__name__}")
    return WorkingOrder(approved, OrderState.SUBMITTED, time_ns)


def moved(working: WorkingOrder, state: OrderState) -> WorkingOrder:
    """The order in its next state; raises IllegalTransitionError."""
    if state not in LEGAL[working.state]:
        raise IllegalTransitionError(f"order {working.order.client_order_id} cannot go from {working.state} to {state}")
    return replace(working, state=state)


def is_open(working: WorkingOrder) -> bool:
    """Whether it may still be filled."""
    return bool(LEGAL[working.state])
