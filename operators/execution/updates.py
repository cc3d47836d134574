"""What a word from an outside venue does to an order, whatever was said before: late, twice, or against itself.

- An order that has ended never opens again, and never ends a second time.
- The larger filled size wins: neither fills nor what the venue counts ever go back.
- A state that the order has passed already is late, and changes nothing.
- UNKNOWN is entered from any open state, and left by whatever shows that the venue knows the order.
- Σ fills decides that an order is filled; an end with fewer fills heard than told leaves the rest owed
  (`WorkingOrder.open_size`), so that what is reserved for it stays reserved.

What contradicts is said in `trouble`, for the audit. Nothing here raises: every step is one that LEGAL allows.
"""

from math import isfinite
from typing import NamedTuple

from msgspec.structs import replace

from market.messages import OrderState
from operators.execution.holding import snapped
from operators.execution.orders import LEGAL, WorkingOrder, is_open, moved

_RANK = {OrderState.SUBMITTED: 0, OrderState.ACCEPTED: 1, OrderState.PARTIALLY_FILLED: 2}


class Heard(NamedTuple):
    """An order after a word from outside."""

    working: WorkingOrder
    entered: tuple[OrderState, ...] = ()
    trouble: str = ""  # what contradicts; empty where nothing does


def told(working: WorkingOrder, state: OrderState, filled: float, lot_size: float) -> Heard:
    """The order after an OrderUpdate; filled: in all, as the venue counts, 0 where it did not say."""
    size, half_lot = working.order.size, 0.5 * lot_size
    said = filled if isfinite(filled) and filled > 0 else 0.0
    if state is OrderState.FILLED and said == 0.0:
        said = size
    before, trouble = working.told, _objection(working, state, said, half_lot)
    working = replace(working, told=max(before, said))
    if not is_open(working):
        if LEGAL[state] or (state is working.state and working.told == before):
            return Heard(working, (), trouble)
        return Heard(working, (), trouble or f"{state.value} after {working.state.value}")
    if not LEGAL[state]:
        return _ended(working, state, half_lot, trouble)
    if state is OrderState.UNKNOWN:
        return _entered(working, () if working.state is OrderState.UNKNOWN else (state,), trouble)
    if state is OrderState.SUBMITTED:
        return Heard(working, (), trouble)
    state = OrderState.PARTIALLY_FILLED if working.told > 0 else state
    late = working.state is not OrderState.UNKNOWN and _RANK[state] <= _RANK[working.state]
    return _entered(working, () if late else _way(working, state), trouble)


def traded(working: WorkingOrder, size: float, lot_size: float) -> Heard:
    """The order after a fill of a positive size that was not heard before."""
    half_lot = 0.5 * lot_size
    filled = snapped(working.filled + size, lot_size)
    trouble = ""
    if filled > working.order.size + half_lot:
        trouble = "more filled than ordered"
    elif not is_open(working) and filled > working.told + half_lot:
        trouble = f"fill after {working.state.value}"
    working = replace(working, filled=filled, fills=working.fills + 1, told=max(working.told, filled))
    if not is_open(working):
        return Heard(working, (), trouble)
    full = filled >= working.order.size - half_lot
    state = OrderState.FILLED if full else OrderState.PARTIALLY_FILLED
    return _entered(working, _way(working, state), trouble)


def is_done(working: WorkingOrder, lot_size: float) -> bool:
    """Whether nothing more may come of an order: it has ended, and all fills that were told are heard."""
    return not is_open(working) and working.open_size < 0.5 * lot_size


def _objection(working: WorkingOrder, state: OrderState, said: float, half_lot: float) -> str:
    """What the size told contradicts."""
    if said > working.order.size + half_lot:
        return "more filled than ordered"
    if state is OrderState.FILLED and said < working.order.size - half_lot:
        return "filled with less than ordered"
    if not LEGAL[state] and 0 < said < max(working.told, working.filled) - half_lot:
        return "less filled than before"
    return ""


def _ended(working: WorkingOrder, state: OrderState, half_lot: float, trouble: str) -> Heard:
    """The end of an open order, as its fills allow it."""
    if working.told >= working.order.size - half_lot:
        trouble = trouble or ("rejected after fills" if state is OrderState.REJECTED else "")
        state = OrderState.FILLED
    elif state is OrderState.REJECTED and (working.told > 0 or state not in LEGAL[working.state]):
        state, trouble = OrderState.CANCELLED, trouble or "rejected after fills"
    return _entered(working, _way(working, state), trouble)


def _way(working: WorkingOrder, state: OrderState) -> tuple[OrderState, ...]:
    """States to enter, in order, so that each may follow the one before."""
    if state in LEGAL[working.state]:
        return (state,)
    return OrderState.ACCEPTED, state


def _entered(working: WorkingOrder, states: tuple[OrderState, ...], trouble: str) -> Heard:
    for state in states:
        working = moved(working, state)
    return Heard(working, states, trouble)
