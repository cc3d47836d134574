"""Orders on Binance USD-M futures, and so on the simulated exchange, which speaks the same.

    venue = usd_m("main", key, secret, ("BTCUSDT",))
    venue.place(approved, now_ms).url
    'https://fapi.binance.com/fapi/v1/order?symbol=BTCUSDT&side=BUY&…&signature=…'

Signed with HMAC-SHA256 over all parameters; a request that arrives `stale_ms` after its stamp is refused by the venue.
A client order id is unique among open orders only: an order that is sent twice may be filled twice, so nothing here is
ever to be sent again. Docs: developers.binance.com, USDⓈ-M Futures, "General Info", "Trade", "WebSocket API".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal
from urllib.parse import urlencode

import msgspec

from market.clock import MILLISECOND_NS
from market.errors import FrameError, VenueError
from market.messages import Approved, OrderState, OrderUpdate
from venues.binance.order_answers import (
    AccountRow,
    Failure,
    IncomeRow,
    OrderRow,
    Reader,
    Streamed,
    TradeRow,
    decoded,
    last_trade_id,
    order_update,
    rows,
)
from venues.binance.order_requests import Lists, Signer, socket_answer
from venues.orders import Answered, OrderCapability, OrderRequest, Said, SocketAnswer, Verb, Verdict

SIMULATED_KEY = "simulated"
SIMULATED_SECRET = "simulated-is-no-secret"  # noqa: S105  (of the simulated exchange; everybody may know it)
# Nobody knows whether it was done: unknown error, disconnected, unexpected response, timeout; and a client order id
# that is in use already, because then an order of this id works at the venue.
DOUBTFUL = (-1000, -1001, -1006, -1007, -4116)
NO_SUCH_ORDER = -2013
LONGEST_MS = 60_000  # of recvWindow
LISTEN_KEY = "/fapi/v1/listenKey"


@dataclass(frozen=True)
class BinanceOrders:
    """One account; see venues.orders.OrderVenue."""

    name: str
    account: str
    key: str = field(repr=False)
    secret: str = field(repr=False)
    instruments: tuple[str, ...]  # all that may be traded: trades are listed and orders cancelled one by one
    rest_url: str
    stream_base: str
    socket: str
    capability: OrderCapability
    stale_ms: int = 5_000
    lag_ms: int = 0  # by how much stamps are behind the clock
    quote: str = "USDT"
    suspend_path: str = ""

    def place(self, order: Approved, now_ms: int) -> OrderRequest:
        """A limit order; the answer tells what became of it at once."""
        one = order.order
        return self._order(
            Verb.PLACE, "POST", one.instrument, one.client_order_id, now_ms,
            side=one.side.name, type="LIMIT", timeInForce=one.time_in_force.upper(), quantity=_plain(one.size),
            price=_plain(one.limit_price), newClientOrderId=one.client_order_id, newOrderRespType="RESULT",
        )  # fmt: skip

    def cancel(self, instrument: str, client_order_id: str, now_ms: int) -> OrderRequest:
        """One order; refused where it does not work any more."""
        return self._order(
            Verb.CANCEL, "DELETE", instrument, client_order_id, now_ms, origClientOrderId=client_order_id
        )

    def cancel_all(self, now_ms: int) -> Sequence[OrderRequest]:
        """All orders, instrument by instrument."""
        verb, path, sign = Verb.CANCEL_ALL, "/fapi/v1/allOpenOrders", self._signer.signed
        return tuple(
            sign(verb, "DELETE", path, now_ms, {"symbol": symbol}, instrument=symbol) for symbol in self.instruments
        )

    def query(self, instrument: str, client_order_id: str, now_ms: int) -> OrderRequest:
        """One order, whatever became of it."""
        return self._order(Verb.QUERY, "GET", instrument, client_order_id, now_ms, origClientOrderId=client_order_id)

    def open_orders(self, now_ms: int) -> OrderRequest:
        """All that work, of everybody who trades on the account."""
        return self._signer.signed(Verb.OPEN_ORDERS, "GET", "/fapi/v1/openOrders", now_ms, {}, weight=40)

    def account_state(self, now_ms: int) -> Sequence[OrderRequest]:
        """Open orders, then positions and cash."""
        account = self._signer.signed(Verb.ACCOUNT, "GET", "/fapi/v2/account", now_ms, {}, weight=5)
        return self.open_orders(now_ms), account

    def fills_since(self, since_ms: int, now_ms: int) -> OrderRequest:
        """The first page of all trades, then of all funding and transfers; `Answered.more` leads through them."""
        return self._lists.first(since_ms, now_ms)

    def suspend(self, on: bool, now_ms: int) -> OrderRequest | None:
        """The simulated exchange can refuse all new orders; Binance cannot."""
        if not self.suspend_path:
            return None
        verb = Verb.SUSPEND if on else Verb.LIFT
        return self._signer.signed(verb, "POST" if on else "DELETE", self.suspend_path, now_ms, {})

    def close(self, instrument: str, size: float, client_order_id: str, now_ms: int) -> OrderRequest:
        """A position of signed `size`, at the market; it can only reduce."""
        return self._order(
            Verb.CLOSE, "POST", instrument, client_order_id, now_ms,
            side="SELL" if size > 0 else "BUY", type="MARKET", quantity=_plain(abs(size)), reduceOnly="true",
            newClientOrderId=client_order_id, newOrderRespType="RESULT",
        )  # fmt: skip

    def answered(self, request: OrderRequest, status: int, body: bytes, received_ns: int) -> Answered:
        """What an answer means; never raises."""
        try:
            if 200 <= status < 300:
                return self._done(request, body, received_ns)
            failure = decoded(body, Failure)
        except FrameError as error:
            return Answered(Verdict.IN_DOUBT, reason=f"status {status}, {str(error)[:200]}")
        reason = f"{failure.code} {failure.msg}"
        if not 400 <= status < 500 or status == 408 or failure.code in DOUBTFUL:  # 408: the venue's own timeout
            return Answered(Verdict.IN_DOUBT, reason=reason)
        if failure.code == NO_SUCH_ORDER and request.verb is Verb.QUERY:
            return Answered(Verdict.MISSING, reason=reason)
        said = (self._rejected(request, reason, received_ns),) if request.verb in (Verb.PLACE, Verb.CLOSE) else ()
        return Answered(Verdict.REFUSED, said, reason)

    def stream_key(self, now_ms: int) -> OrderRequest:  # noqa: ARG002 - not signed, so not stamped
        """The listen key; good for an hour."""
        return self._signer.keyed(Verb.STREAM_KEY, "POST", LISTEN_KEY, {})

    def keep_stream(self, key: str, now_ms: int) -> OrderRequest:  # noqa: ARG002
        """Give the listen key another hour."""
        return self._signer.keyed(Verb.KEEP_STREAM, "PUT", LISTEN_KEY, {"listenKey": key})

    def stream_url(self, key: str = "") -> str:
        """The user stream."""
        return f"{self.stream_base}/ws?{urlencode({'listenKey': key})}"

    def stream_hello(self, now_ms: int) -> Sequence[bytes | str]:  # noqa: ARG002
        """Nothing: the URL says it all."""
        return ()

    def stream_said(self, frame: bytes, received_ns: int) -> tuple[Said, ...]:  # noqa: ARG002 - it has its own time
        """Updates and fills; raises FrameError."""
        return self._reader.streamed(frame)

    def stream_ready(self, frame: bytes) -> bool | None:
        """False where the listen key has expired; the venue never says that it holds."""
        if b"listenKeyExpired" not in frame:
            return None
        try:
            return False if decoded(frame, Streamed).e == "listenKeyExpired" else None
        except FrameError:
            return None

    def socket_url(self) -> str:
        """The WebSocket API."""
        return self.socket

    def socket_frame(self, request: OrderRequest, number: int) -> bytes | None:
        """Placing, cancelling and asking after one order."""
        return self._signer.socket_frame(request, number)

    def socket_answer(self, frame: bytes) -> SocketAnswer | None:
        """The answer in a frame."""
        return socket_answer(frame)

    @property
    def _signer(self) -> Signer:
        return Signer(self.rest_url, self.key, self.secret, self.stale_ms, self.lag_ms)

    @property
    def _lists(self) -> Lists:
        return Lists(self._signer, self.instruments)

    def _order(
        self, verb: Verb, method: str, instrument: str, client_order_id: str, now_ms: int, **params: str
    ) -> OrderRequest:
        """A request about one order."""
        return self._signer.signed(
            verb, method, "/fapi/v1/order", now_ms, {"symbol": instrument, **params},
            client_order_id=client_order_id, instrument=instrument,
        )  # fmt: skip

    @property
    def _reader(self) -> Reader:
        return Reader(self.name, self.account, self.quote)

    def _done(self, request: OrderRequest, body: bytes, received_ns: int) -> Answered:
        verb, origin = request.verb, _origin(request.verb)
        if verb in (Verb.PLACE, Verb.CLOSE, Verb.CANCEL, Verb.QUERY):
            update = order_update(decoded(body, OrderRow), self.name, self.account, origin)
            if update.client_order_id != request.client_order_id:
                raise FrameError(f"the answer is about {update.client_order_id[:40]!r}")
            return Answered(Verdict.DONE, (update,))
        if verb is Verb.OPEN_ORDERS:
            said = rows(body, OrderRow, lambda row: order_update(row, self.name, self.account, origin))
            return Answered(Verdict.DONE, said)
        if verb is Verb.ACCOUNT:
            return Answered(Verdict.DONE, (self._reader.statement(decoded(body, AccountRow), received_ns),))
        if verb is Verb.FILLS:
            return self._page(request, body, received_ns // MILLISECOND_NS)
        if verb is Verb.STREAM_KEY:
            return Answered(Verdict.DONE, stream_key=decoded(body, _ListenKey).listenKey)
        if verb is Verb.CANCEL_ALL and decoded(body, Failure).code != 200:
            raise FrameError("orders may not all be cancelled")
        return Answered(Verdict.DONE)

    def _rejected(self, request: OrderRequest, reason: str, received_ns: int) -> OrderUpdate:
        return OrderUpdate(
            venue=self.name,
            instrument=request.instrument,
            time_ns=received_ns,
            account=self.account,
            client_order_id=request.client_order_id,
            state=OrderState.REJECTED,
            reason=reason,
            origin="answer",
        )

    def _page(self, request: OrderRequest, body: bytes, now_ms: int) -> Answered:
        if not request.instrument:
            said = rows(body, IncomeRow, self._reader.funding)
            return Answered(Verdict.DONE, said, more=self._lists.after_income(request, len(said), now_ms))
        said = rows(body, TradeRow, self._reader.fill)
        more = self._lists.after_trades(request, last_trade_id(body), len(said), now_ms)
        return Answered(Verdict.DONE, said, more=more)


SIMULATED = OrderCapability(
    suspends=True,
    requests_per_minute=1_000_000,
    quiet_s=60.0,
    greets=False,
    keep_stream_s=1_800.0,
    stale_s=1.0,
)


class _ListenKey(msgspec.Struct):
    listenKey: str  # noqa: N815  (the venue's name)


def usd_m(account: str, key: str, secret: str, instruments: Sequence[str]) -> BinanceOrders:
    """Binance USD-M, with real money. No setting leads here: it keeps to the contract of all venues for orders, and was
    never tried at Binance itself.
    """
    return BinanceOrders(
        name="binance-usdm",
        account=account,
        key=key,
        secret=secret,
        instruments=tuple(instruments),
        rest_url="https://fapi.binance.com",
        stream_base="wss://fstream.binance.com/private",
        socket="wss://ws-fapi.binance.com/ws-fapi/v1",
        capability=OrderCapability(
            suspends=False,
            requests_per_minute=1_200,  # the limit of new orders; that of questions, 2 400, is not reached before it
            quiet_s=60.0,
            greets=False,
            keep_stream_s=1_800.0,
            stale_s=5.0,
        ),
    )


def patient(venue: BinanceOrders) -> BinanceOrders:
    """The same for who only ends orders, which is never too late: requests are good for as long as the venue allows,
    so that a clock that is half a minute off, or a machine out of breath, keeps none from being taken.
    """
    return replace(venue, stale_ms=LONGEST_MS, lag_ms=LONGEST_MS // 2)


def simulated(account: str, port: int, instruments: Sequence[str]) -> BinanceOrders:
    """The simulated exchange on this machine; `port` is that of its order side."""
    return BinanceOrders(
        name="simulated",
        account=account,
        key=SIMULATED_KEY,
        secret=SIMULATED_SECRET,
        instruments=tuple(instruments),
        rest_url=f"http://127.0.0.1:{port}",
        stream_base=f"ws://127.0.0.1:{port}/private",
        socket=f"ws://127.0.0.1:{port}/ws-fapi/v1",
        capability=SIMULATED,
        stale_ms=1_000,
        suspend_path="/simulator/suspend",
    )


def _plain(value: float) -> str:
    """A decimal text without an exponent; raises VenueError for what is no positive number.

    >>> _plain(1e-05), _plain(60000.0)
    ('0.00001', '60000')
    """
    if not 0.0 < value < float("inf"):
        raise VenueError(f"{value} is no price and no size")
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _origin(verb: Verb) -> Literal["answer", "query"]:
    return "query" if verb in (Verb.QUERY, Verb.OPEN_ORDERS) else "answer"
