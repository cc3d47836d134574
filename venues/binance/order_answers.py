"""What Binance USD-M says of orders, trades, positions and money, as messages. Bytes in, messages out.

Endpoints: developers.binance.com, USDⓈ-M Futures, "Trade" (REST and WebSocket API), "Account", "User Data Streams".
Decimals come as texts. What is not finite or out of place raises FrameError.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeVar

import msgspec

from market.clock import EARLIEST_NS, LATEST_NS, MILLISECOND_NS
from market.errors import FrameError
from market.messages import Fill, Funding, Held, OrderState, OrderUpdate, Side, Statement
from venues.orders import Said

STATES = {
    "NEW": OrderState.ACCEPTED,
    "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELLED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,  # taken out of the way of our own order
    "REJECTED": OrderState.REJECTED,
}
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
INCOME = {"FUNDING_FEE": "funding", "TRANSFER": "transfer"}


class Failure(msgspec.Struct):
    """{"code":-2011,"msg":"Unknown order sent."}."""

    code: int
    msg: str = ""


class OrderRow(msgspec.Struct, rename="camel"):
    """An order, as all answers have it."""

    symbol: str
    order_id: int
    client_order_id: str
    status: str
    executed_qty: float
    update_time: int


class TradeRow(msgspec.Struct, rename="camel"):
    """A row of userTrades; it names the order by the venue's number only."""

    symbol: str
    id: int
    order_id: int
    side: str
    price: float
    qty: float
    commission: float
    commission_asset: str
    maker: bool
    time: int


class IncomeRow(msgspec.Struct, rename="camel"):
    """A row of income; tranId is unique for one income type."""

    symbol: str
    income_type: str
    income: float
    asset: str
    time: int
    tran_id: int


class AssetRow(msgspec.Struct, rename="camel"):
    """One balance."""

    asset: str
    wallet_balance: float


class PositionRow(msgspec.Struct, rename="camel"):
    """One position; v3 has no entry price, but what it comes from."""

    symbol: str
    position_side: str
    position_amt: float
    entry_price: float | None = None
    notional: float = 0.0
    unrealized_profit: float = 0.0


class AccountRow(msgspec.Struct):
    """GET /fapi/v2/account."""

    assets: list[AssetRow]
    positions: list[PositionRow]


class StreamedOrder(msgspec.Struct):
    """`o` of ORDER_TRADE_UPDATE."""

    s: str  # symbol
    c: str  # client order id
    S: str  # side
    x: str  # execution type
    X: str  # status
    i: int  # order id
    z: float  # filled in all
    T: int
    l: float = 0.0  # filled last  # noqa: E741  (the venue's name)
    L: float = 0.0  # at this price
    n: float = 0.0  # commission
    N: str = ""  # … in this asset
    t: int = 0  # trade id
    m: bool = False


class Streamed(msgspec.Struct):
    """A frame of the user stream, as far as it is used."""

    e: str = ""
    o: StreamedOrder | None = None
    data: msgspec.Raw = msgspec.Raw(b"")  # of the combined form


Row = TypeVar("Row")


def decoded(body: bytes, type_: type[Row]) -> Row:
    """JSON with decimals in texts; raises FrameError."""
    try:
        return msgspec.json.decode(body, type=type_, strict=False)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FrameError(f"not understood: {error}") from error


def order_update(row: OrderRow, venue: str, account: str, origin: Any) -> OrderUpdate:
    """What became of an order."""
    return OrderUpdate(
        venue=venue,
        instrument=row.symbol,
        time_ns=_time_ns(row.update_time),
        account=account,
        client_order_id=row.client_order_id,
        state=_known(STATES, row.status),
        filled=_at_least_zero(row.executed_qty),
        venue_order_id=str(row.order_id),
        origin=origin,
    )


@dataclass(frozen=True)
class Reader:
    """Reads lists, accounts and the stream for one account; `quote` is the asset that money is counted in."""

    venue: str
    account: str
    quote: str

    def fill(self, row: TradeRow) -> Fill:
        """A trade of a list; the list does not say whose order it was of ours."""
        return self._fill(
            row.symbol, row.id, ("", row.order_id), row.side, row.price, row.qty,
            self._fee(row.commission, row.commission_asset), maker=row.maker, time_ms=row.time,
        )  # fmt: skip

    def funding(self, row: IncomeRow) -> Funding:
        """Money that came or went without a trade."""
        return Funding(
            venue=self.venue,
            instrument=row.symbol,
            time_ns=_time_ns(row.time),
            account=self.account,
            payment_id=f"{row.income_type}-{row.tran_id}-{row.symbol}",
            kind=_known(INCOME, row.income_type),  # type: ignore[arg-type]
            amount=_finite(row.income),
        )

    def statement(self, row: AccountRow, received_ns: int) -> Statement:
        """Positions and cash; open orders are told elsewhere."""
        if any(one.position_amt and one.position_side != "BOTH" for one in row.positions):
            raise FrameError("the account is in hedge mode; set it to one-way mode")
        cash = [one.wallet_balance for one in row.assets if one.asset == self.quote]
        if len(cash) != 1:
            raise FrameError(f"the account tells {len(cash)} balances of {self.quote}, one is expected")
        held = [one for one in row.positions if one.position_amt]
        return Statement(
            venue=self.venue,
            instrument="",
            time_ns=received_ns,
            account=self.account,
            cause="asked",
            positions=tuple(Held(one.symbol, _finite(one.position_amt), _entry_price(one)) for one in held),
            open_orders=(),
            cash=_finite(cash[0]),
        )

    def streamed(self, frame: bytes) -> tuple[Said, ...]:
        """Fill first, then the update that counts it. Balances and funding say nothing: they carry no id."""
        event = decoded(frame, Streamed)
        if bytes(event.data):
            event = decoded(bytes(event.data), Streamed)
        if event.e != "ORDER_TRADE_UPDATE":
            return ()
        order = event.o
        if order is None:
            raise FrameError("ORDER_TRADE_UPDATE without an order")
        row = OrderRow(order.s, order.i, order.c, order.X, order.z, order.T)
        update = order_update(row, self.venue, self.account, "stream")
        if order.x not in ("TRADE", "CALCULATED"):  # CALCULATED: a liquidation
            return (update,)
        fee = self._fee(order.n, order.N)
        named = (order.c, order.i)
        fill = self._fill(order.s, order.t, named, order.S, order.L, order.l, fee, maker=order.m, time_ms=order.T)
        return fill, update

    def _fee(self, amount: float, asset: str) -> float:
        """Fees paid in another asset do not touch the cash of the quote currency: 0."""
        return _finite(amount) if asset == self.quote else 0.0

    def _fill(
        self, symbol: str, number: int, named: tuple[str, int], side: str, price: float, size: float, fee: float, *,
        maker: bool, time_ms: int,
    ) -> Fill:  # fmt: skip
        """`named`: our id of the order, and Binance's."""
        if not (isfinite(price) and price > 0 and isfinite(size) and size > 0):
            raise FrameError(f"a trade of {symbol} at {price} of {size}")
        return Fill(
            venue=self.venue,
            instrument=symbol,
            time_ns=_time_ns(time_ms),
            fill_id=f"{symbol}-{number}",
            client_order_id=named[0],
            venue_order_id=str(named[1]),
            side=_known(SIDES, side),
            price=price,
            size=size,
            fee=fee,
            account=self.account,
            maker=maker,
        )


def rows(body: bytes, type_: type[Row], read: Callable[[Row], Said]) -> tuple[Said, ...]:
    """A list, row by row."""
    return tuple(read(row) for row in decoded(body, list[type_]))  # type: ignore[valid-type]


def last_trade_id(body: bytes) -> int | None:
    """Of a list of trades; None where it is empty."""
    found: Sequence[TradeRow] = decoded(body, list[TradeRow])
    return max((row.id for row in found), default=None)


def _entry_price(row: PositionRow) -> float:
    if row.entry_price is not None:
        return _at_least_zero(row.entry_price)
    return _at_least_zero((row.notional - row.unrealized_profit) / row.position_amt)


def _time_ns(time_ms: int) -> int:
    """A time of the venue's; raises FrameError for what is none, such as microseconds: tables could not hold it."""
    if not EARLIEST_NS <= time_ms * MILLISECOND_NS < LATEST_NS:
        raise FrameError(f"{str(time_ms)[:40]} ms is no time between 2000 and 2100")
    return time_ms * MILLISECOND_NS


def _finite(value: float) -> float:
    if not isfinite(value):
        raise FrameError(f"{value} is no finite number")
    return value


def _at_least_zero(value: float) -> float:
    if not (isfinite(value) and value >= 0):
        raise FrameError(f"{value} is not at least 0")
    return value


def _known(names: dict[str, Row], name: str) -> Row:
    if name not in names:
        raise FrameError(f"{name[:40]!r} is none of {', '.join(names)}")
    return names[name]
