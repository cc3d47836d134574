"""One order as the exchange keeps it, and how it prints it."""

from typing import Literal

from simulator.orders.units import Units, money

State = Literal["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED"]
WORKING = ("NEW", "PARTIALLY_FILLED")


class Order:
    """Counted in lots and ticks. Changed by Desk only."""

    __slots__ = (
        "client_id", "filled", "i", "kind", "lots", "number", "placed_ms", "reduces", "side", "slot", "state", "ticks",
        "time_in_force", "updated_ms", "value",
    )  # fmt: skip

    def __init__(
        self, number: int, client_id: str, i: int, side: int, ticks: int, lots: int, kind: str, time_in_force: str,
        reduces: bool, now_ms: int,
    ) -> None:  # fmt: skip
        self.number = number
        self.client_id = client_id
        self.i = i  # of the instrument
        self.side = side  # +1 buys
        self.ticks = ticks  # limit price; 0 at the market
        self.lots = lots
        self.kind = kind  # LIMIT or MARKET
        self.time_in_force = time_in_force
        self.reduces = reduces
        self.filled = 0  # lots
        self.value = 0  # Σ ticks × lots of its fills
        self.state: State = "NEW"
        self.slot = -1  # in the book, while it rests there
        self.placed_ms = self.updated_ms = now_ms

    @property
    def left(self) -> int:
        """Lots that may still be filled."""
        return self.lots - self.filled if self.state in WORKING else 0

    @property
    def side_name(self) -> str:
        """BUY or SELL."""
        return "BUY" if self.side > 0 else "SELL"


def printed(order: Order, units: Units, *, as_new: bool = False) -> str:
    """The order object of the venue's answers; `as_new`: as it was before any fill, which is what an ACK says."""
    filled = 0 if as_new else order.filled
    state = "NEW" if as_new else order.state
    average = units.average(order.value, filled) if filled else "0.00"
    executed = units.size(filled)
    quote = quote_text(order.value if filled else 0, units)
    return (
        f'{{"orderId":{order.number},"symbol":"{units.symbol}","status":"{state}","clientOrderId":"{order.client_id}",'
        f'"price":"{units.price(order.ticks)}","avgPrice":"{average}","origQty":"{units.size(order.lots)}",'
        f'"executedQty":"{executed}","cumQty":"{executed}","cumQuote":"{quote}",'
        f'"timeInForce":"{order.time_in_force}","type":"{order.kind}",'
        f'"reduceOnly":{"true" if order.reduces else "false"},"closePosition":false,"side":"{order.side_name}",'
        f'"positionSide":"BOTH","stopPrice":"0","workingType":"CONTRACT_PRICE","priceProtect":false,'
        f'"origType":"{order.kind}","priceMatch":"NONE","selfTradePreventionMode":"EXPIRE_MAKER","goodTillDate":0,'
        f'"time":{order.placed_ms},"updateTime":{order.updated_ms}}}'
    )


def quote_text(value: int, units: Units) -> str:
    """Σ ticks × lots, as an amount of the quote currency."""
    return money(value * units.worth)
