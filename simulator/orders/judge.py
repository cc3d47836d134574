"""Whether the desk takes an order: the venue's filters in the venue's words. Changes nothing."""

import re
from typing import NamedTuple, Protocol

from simulator import engine
from simulator.engine import BUY, LEVELS, SELL
from simulator.exchange import Exchange
from simulator.orders import refusals
from simulator.orders.account import Account
from simulator.orders.order import WORKING, Order
from simulator.orders.refusals import Refusal, missing
from simulator.orders.rules import MIN_NOTIONAL, MONEY, Rules
from simulator.orders.units import Units, parsed

CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX")
LOTS_MOST = 10**12


class Placing(NamedTuple):
    """An order as it is asked for, in the venue's words."""

    symbol: str
    side: str
    quantity: str
    price: str = ""
    kind: str = "LIMIT"
    time_in_force: str = "GTC"
    client_id: str = ""  # empty: the exchange makes one up
    reduces: bool = False
    position_side: str = "BOTH"


class Known(Protocol):
    """What is to be known of the desk; see there."""

    exchange: Exchange
    rules: Rules
    units: tuple[Units, ...]
    account: Account
    suspended: bool
    places: dict[str, int]
    by_client_id: dict[str, Order]
    open: tuple[dict[int, Order], ...]
    last_number: int

    @property
    def now_ms(self) -> int:
        """The venue's time, ms."""


def judged(desk: Known, asked: Placing) -> Order | Refusal:
    """The order, numbered and not yet in the book, or why it is refused."""
    i = desk.places.get(asked.symbol)
    if i is None:
        return refusals.BAD_SYMBOL
    refusal = _words(asked)
    if refusal is not None:
        return refusal
    try:
        numbers = _numbers(asked, desk.units[i])
    except ValueError as error:
        return Refusal(-1100, f"Illegal characters found in a parameter: {error}")
    if isinstance(numbers, Refusal):
        return numbers
    ticks, lots = numbers
    number = desk.last_number + 1
    time_in_force = asked.time_in_force if asked.kind == "LIMIT" else "GTC"
    order = Order(
        number, asked.client_id or f"auto-{number}", i, BUY if asked.side == "BUY" else SELL, ticks, lots, asked.kind,
        time_in_force, asked.reduces, desk.now_ms,
    )  # fmt: skip
    return _reducing(desk, order) or _standing(desk, order) or _at_once(desk, order) or order


def _words(asked: Placing) -> Refusal | None:
    if asked.side not in ("BUY", "SELL"):
        return refusals.BAD_SIDE
    if asked.kind not in ("LIMIT", "MARKET"):
        return refusals.BAD_TYPE
    if asked.kind == "LIMIT" and asked.time_in_force not in TIMES_IN_FORCE:
        return refusals.BAD_TIME_IN_FORCE
    if asked.position_side != "BOTH":
        return refusals.BAD_POSITION_SIDE
    if asked.client_id and CLIENT_ID.fullmatch(asked.client_id) is None:
        return refusals.BAD_CLIENT_ID
    if not asked.quantity:
        return missing("quantity")
    return missing("price") if asked.kind == "LIMIT" and not asked.price else None


def _numbers(asked: Placing, units: Units) -> tuple[int, int] | Refusal:
    """Ticks and lots; ticks are 0 for an order at the market."""
    size = parsed(asked.quantity, units.size_decimals)
    price = parsed(asked.price, units.price_decimals) if asked.kind == "LIMIT" else 0
    if size is None or price is None:
        return refusals.TOO_PRECISE
    lots, rest = divmod(size, units.lot)
    if size <= 0:
        return refusals.NO_QUANTITY
    if rest:
        return refusals.OFF_LOT
    if lots > LOTS_MOST or size > 10**6 * 10**units.size_decimals:
        return refusals.QUANTITY_BEYOND
    ticks, rest = divmod(price, units.tick)
    if rest:
        return refusals.OFF_TICK
    if asked.kind == "LIMIT" and not 0 < ticks - units.base_ticks < LEVELS - 1:
        return refusals.PRICE_BEYOND
    if asked.kind == "LIMIT" and not asked.reduces and ticks * lots * units.worth < MIN_NOTIONAL * MONEY:
        return refusals.TOO_SMALL
    return ticks, lots


def _reducing(desk: Known, order: Order) -> Refusal | None:
    """A reducing order is cut to the position, and does not rest: the position might be smaller when it is filled."""
    if not order.reduces:
        return None
    held = desk.account.positions[order.i].lots
    rests = order.kind == "LIMIT" and order.time_in_force in ("GTC", "GTX")
    if held * order.side >= 0 or rests:
        return refusals.NOT_REDUCING
    order.lots = min(order.lots, abs(held))
    return None


def _standing(desk: Known, order: Order) -> Refusal | None:
    """What depends on the account."""
    if desk.suspended and not order.reduces:
        return refusals.SUSPENDED
    known = desk.by_client_id.get(order.client_id)
    if known is not None and known.state in WORKING:
        return refusals.DOUBLE_CLIENT_ID
    if len(desk.open[order.i]) >= desk.rules.open_orders:
        return refusals.TOO_MANY_OPEN
    if desk.exchange.world.book.tops[order.i]["live"] >= engine.ORDERS:
        return refusals.OVERLOADED
    return None if desk.account.affords(order.i, order.side, order.lots) else refusals.NO_MARGIN


def _at_once(desk: Known, order: Order) -> Refusal | None:
    """What depends on the other side of the book."""
    book, level = desk.exchange.world.book, order.ticks - desk.units[order.i].base_ticks
    if order.time_in_force == "GTX":
        best = int(book.tops[order.i]["ask" if order.side > 0 else "bid"])
        if (best - level) * order.side <= 0 and 0 <= best < LEVELS:
            return refusals.NOT_A_MAKER
    if order.time_in_force == "FOK" and engine.lots_within(book, order.i, order.side, level) < order.lots:
        return refusals.NOT_AT_ONCE
    return None
