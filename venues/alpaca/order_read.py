"""What Alpaca says of orders, fills, positions and money, as the messages of the house.

A fill is told apart by its order and the size filled by then, which both the stream and the list of activities say.
That the id of an execution on the stream is the id of the activity is nowhere documented, and two ids of one fill
would count it twice.

Fees are 0: trades of stocks have no commission, those that regulators ask for come as activities at the day's end, and
a fee of crypto is taken from the coin bought, so that only the position shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Literal, TypeVar

import msgspec

from market.errors import FrameError
from market.messages import Fill, Funding, Held, OrderState, OrderUpdate, Side, Statement
from venues.alpaca import order_frames as frames
from venues.alpaca.order_frames import Number
from venues.alpaca.order_texts import Spelling, plain
from venues.orders import Said
from venues.times import from_rfc3339

FILLS = ("fill", "partial_fill")
CORRECTED = ("trade_bust", "trade_correct")  # executions that the exchange took back or changed: see trade_update
SIDES: tuple[tuple[str, Side], ...] = (("buy", Side.BUY), ("sell", Side.SELL))  # sell_short, buy_minus, … begin so
# docs.alpaca.markets/docs/orders-at-alpaca, "Order Lifecycle", and alpaca.trading.enums.OrderStatus.
ENDED: Mapping[str, OrderState] = {
    "filled": OrderState.FILLED,
    "canceled": OrderState.CANCELLED,
    "replaced": OrderState.CANCELLED,  # another order, of an id of its own, stands in its place
    "expired": OrderState.EXPIRED,
    "rejected": OrderState.REJECTED,
}
WORKING = (
    "accepted",
    "accepted_for_bidding",
    "calculated",
    "done_for_day",
    "held",
    "new",
    "partially_filled",
    "pending_cancel",
    "pending_new",
    "pending_replace",
    "pending_review",
    "stopped",
    "suspended",
)
Body = TypeVar("Body")
Kind = Literal["funding", "interest", "dividend", "transfer", "fee"]
KINDS: tuple[tuple[str, Kind], ...] = (  # by how the type of an activity begins; whatever else is a transfer
    ("DIV", "dividend"),
    ("INT", "interest"),
    ("CFEE", "fee"),
    ("FEE", "fee"),
    ("PTC", "fee"),
)


@dataclass(frozen=True)
class Reading:
    """For whom, and when it was heard."""

    venue: str
    account: str
    spelling: Spelling
    received_ns: int


def order_update(
    order: frames.Order, reading: Reading, origin: Literal["answer", "stream", "query"], event: str = ""
) -> OrderUpdate:
    """An order as it stands; raises FrameError for numbers that are none."""
    filled = _number(order.filled_qty or 0, "filled_qty")
    state, reason = _state(order, filled)
    return OrderUpdate(
        venue=reading.venue,
        instrument=_instrument(order, reading),
        time_ns=reading.received_ns,
        account=reading.account,
        client_order_id=order.client_order_id,
        state=state,
        filled=filled,
        venue_order_id=order.id,
        reason=": ".join(part for part in (event, order.reject_reason, reason) if part),
        origin=origin,
    )


def _instrument(order: frames.Order, reading: Reading) -> str:
    return reading.spelling.ours(order.symbol or "", order.asset_class or "")


def _state(order: frames.Order, filled: float) -> tuple[OrderState, str]:
    if order.status in ENDED:
        return ENDED[order.status], f"replaced by {order.replaced_by}" if order.status == "replaced" else ""
    if order.status not in WORKING:
        return OrderState.UNKNOWN, f"Alpaca says {order.status[:40]!r}, which we do not know"
    return (OrderState.PARTIALLY_FILLED if filled > 0 else OrderState.ACCEPTED), ""


def trade_update(update: frames.TradeUpdate, reading: Reading) -> tuple[Said, ...]:
    """An event: the fill first, so that it is booked before its order ends.

    What the exchange takes back or corrects changes positions and money in ways that the event does not tell; the
    order says so, and the next statement sets it right.
    """
    order = update.order
    event = "" if update.event in {*FILLS, "new", "canceled", "expired"} else update.event[:40]
    said = order_update(order, reading, "stream", event)
    if update.event not in FILLS:
        return (said,)
    named = (order.id, order.client_order_id, said.instrument)
    fill = _fill(reading, named, order.side, update, order.filled_qty, update.timestamp)
    return (fill, said)


def activity(row: frames.Activity, reading: Reading) -> Said | None:
    """An execution, or money; None for what is neither, such as a split or a corrected trade. Raises FrameError."""
    if row.activity_type == "FILL":
        if row.type not in FILLS:
            return None
        instrument = reading.spelling.ours(row.symbol or "", "")
        named = (row.order_id or "", "", instrument)
        return _fill(reading, named, row.side, row, row.cum_qty, row.transaction_time)
    amount = _number(row.net_amount or 0, "net_amount")
    if not amount or row.status == "canceled":
        return None
    return Funding(
        venue=reading.venue,
        instrument=reading.spelling.ours(row.symbol or "", ""),
        time_ns=reading.received_ns,
        account=reading.account,
        payment_id=row.id,
        kind=next((kind for word, kind in KINDS if row.activity_type.startswith(word)), "transfer"),
        amount=amount,
    )


def _fill(
    reading: Reading,
    named: tuple[str, str, str],
    side: str | None,
    of: frames.TradeUpdate | frames.Activity,
    filled: Number,
    traded: str | None,
) -> Fill:
    """`named`: Alpaca's id of the order, ours, the instrument; `filled`: in all, with this one; `traded`: when."""
    order_id, client_order_id, instrument = named
    bought = next((known for word, known in SIDES if (side or "").startswith(word)), None)
    if bought is None or not order_id:
        raise FrameError(f"a fill of order {order_id or 'without id'} on side {str(side)[:20]!r}")
    return Fill(
        venue=reading.venue,
        instrument=instrument,
        time_ns=from_rfc3339(traded or ""),
        fill_id=f"{order_id}:{plain(_decimal(filled, 'size filled in all'))}",
        client_order_id=client_order_id,
        venue_order_id=order_id,
        side=bought,
        price=_positive(of.price, "price"),
        size=_positive(of.qty, "size"),
        fee=0.0,
        account=reading.account,
    )


def positions(rows: list[frames.Position], reading: Reading) -> Statement:
    """All positions; the money is said elsewhere. Raises FrameError."""
    return _statement(reading, tuple(_held(row, reading) for row in rows), 0.0)


def _held(row: frames.Position, reading: Reading) -> Held:
    size = _number(row.qty, "size of a position")
    return Held(
        instrument=reading.spelling.ours(row.symbol, row.asset_class),
        size=-abs(size) if row.side == "short" else size,
        average_price=_number(row.avg_entry_price or 0, "average price"),
    )


def money(account: frames.Account, reading: Reading) -> Statement:
    """The money; the positions are said elsewhere. Raises FrameError."""
    return _statement(reading, (), _number(account.cash, "cash"))


def _statement(reading: Reading, held: tuple[Held, ...], cash: float) -> Statement:
    return Statement(
        venue=reading.venue,
        instrument="",
        time_ns=reading.received_ns,
        account=reading.account,
        cause="asked",
        positions=held,
        open_orders=(),
        cash=cash,
    )


def _number(value: Number, what: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = float("nan")
    if not isfinite(number):
        raise FrameError(f"the {what} is {str(value)[:40]!r}, which is no number")
    return number


def _positive(value: Number, what: str) -> float:
    number = _number(value, what)
    if number <= 0:
        raise FrameError(f"the {what} of a fill is {number}")
    return number


def _decimal(value: Number, what: str) -> Decimal:
    _positive(value, what)
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise FrameError(f"the {what} is {str(value)[:40]!r}, which is no number") from error


def decoded(body: bytes, kind: type[Body]) -> Body:
    """A body as what it should be; raises FrameError."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise FrameError(f"not what Alpaca's documentation shows: {error}") from error
