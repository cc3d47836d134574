"""Alpaca's trading API, paper and live: limit orders of US stocks and of crypto, and what it says of them.

docs.alpaca.markets, "Placing Orders", "Websocket Streaming", "Account Activities" (2026-01 to 2026-05); alpaca-py 0.44,
whose models check what we send. Its transport is not used: it sends an order again after a 504, and waits for ever.

- Orders are cancelled by Alpaca's id. Where it is not remembered, it is asked for first, and `more` of that answer is
  the cancellation itself.
- Fills of the list name Alpaca's id only; updates of an order bring both together.
- Closing a position takes no id of ours; the order that does it comes with one of Alpaca's.
- While trading is suspended, closing is refused too: it places an order.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal
from urllib.parse import quote, urlencode

import msgspec

from market.errors import FrameError, VenueError
from market.messages import Approved, Order
from venues.alpaca import order_frames as frames
from venues.alpaca.order_answers import Context, fills_path, open_orders_path, read
from venues.alpaca.order_ids import Ids
from venues.alpaca.order_read import Reading, decoded, trade_update
from venues.alpaca.order_texts import Spelling, Steps, is_crypto, price_text, size_text
from venues.hidden import hidden
from venues.orders import Answered, OrderCapability, OrderRequest, Said, SocketAnswer, Verb

PAPER, LIVE = "https://paper-api.alpaca.markets", "https://api.alpaca.markets"
CAPABILITY = OrderCapability(
    suspends=True,
    requests_per_minute=200,  # per account: docs.alpaca.markets, "Is there a usage limit"
    quiet_s=30.0,  # the stream answers pings; alpaca-py sends one every 10 s
    margined=False,  # shares are paid for
)
MOST_ID_LETTERS = 48  # the oldest documented limit; newer pages say 128
TRADE_UPDATES = "trade_updates"


@dataclass(frozen=True)
class AlpacaOrders:
    """One account. Steps are those of crypto pairs where they are coarser than nine decimals (`read_steps`)."""

    name: str
    account: str
    key: str = field(repr=False)
    secret: str = field(repr=False)
    live: bool = False
    account_number: str = ""  # that the key must belong to; empty: any, and live orders cannot be placed
    instruments: tuple[str, ...] = ()
    steps: Mapping[str, Steps] = field(default_factory=dict, repr=False)
    rest: Literal["day", "gtc"] = "day"  # how long an order of a whole number of shares rests
    rest_url: str = PAPER
    stream: str = ""  # where it is not beside rest_url
    capability: OrderCapability = CAPABILITY
    ids: Ids = field(default_factory=Ids, repr=False, compare=False)
    _headers: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _spelling: Spelling = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not (self.key and self.secret):
            raise VenueError(
                "orders at Alpaca need BAROGRAPH_ALPACA_KEY and BAROGRAPH_ALPACA_SECRET in the environment"
            )
        if self.rest_url.startswith(LIVE) and not self.live:
            raise VenueError(f"paper orders cannot go to {LIVE}")
        headers = {"APCA-API-KEY-ID": self.key, "APCA-API-SECRET-KEY": self.secret, "Content-Type": "application/json"}
        object.__setattr__(self, "_headers", hidden(headers))
        object.__setattr__(self, "_spelling", Spelling(self.instruments))

    def warm(self) -> None:
        """Import alpaca-py, which takes one or two seconds (it imports pandas), before the first order waits for it."""
        _models()

    def place(self, order: Approved, now_ms: int) -> OrderRequest:  # noqa: ARG002 - nothing is stamped
        """POST the limit order; raises VenueError for one that Alpaca cannot take as it is."""
        asked = order.order
        if self.live and not self.account_number:
            raise VenueError("live orders at Alpaca need the number of the account that they are meant for")
        return self._request(
            Verb.PLACE, "POST", "/v2/orders", self._body(asked), asked.client_order_id, asked.instrument
        )

    def _body(self, order: Order) -> bytes:
        """The order as alpaca-py's model has it, with decimal texts in place of its floats."""
        symbol, steps = order.instrument, self.steps.get(order.instrument)
        size = size_text(symbol, order.size, steps.size) if steps else size_text(symbol, order.size)
        price = price_text(symbol, order.limit_price, order.side, steps.price if steps else None)
        if not 0 < len(order.client_order_id) <= MOST_ID_LETTERS:
            raise VenueError(f"the id {order.client_order_id[:60]!r} has not 1 to {MOST_ID_LETTERS} letters")
        limit_order, side, in_force = _models()
        asked = limit_order(
            symbol=symbol,
            qty=float(size),
            side=side(order.side.name.lower()),
            time_in_force=in_force(self._in_force(order, whole="." not in size)),
            limit_price=float(price),
            extended_hours=False,
            client_order_id=order.client_order_id,
        )
        return msgspec.json.encode({**asked.to_request_fields(), "qty": size, "limit_price": price})

    def _in_force(self, order: Order, *, whole: bool) -> str:
        """Crypto takes gtc and ioc, fractions of shares day only, whole shares all of them."""
        if is_crypto(order.instrument):
            return order.time_in_force
        if order.time_in_force == "ioc":
            if not whole:
                raise VenueError(
                    f"Alpaca takes {order.size!r} shares of {order.instrument}, a fraction, for the day only, not ioc"
                )
            return "ioc"
        return self.rest if whole else "day"

    def cancel(self, instrument: str, client_order_id: str, now_ms: int) -> OrderRequest:  # noqa: ARG002
        """DELETE the order if its id at Alpaca is remembered; else ask for it first."""
        theirs = self.ids.theirs(client_order_id)
        if theirs is None:
            return self._by_client_id(Verb.CANCEL, instrument, client_order_id)
        return self._delete(Verb.CANCEL, f"/v2/orders/{quote(theirs, safe='')}", client_order_id, instrument)

    def cancel_all(self, now_ms: int) -> Sequence[OrderRequest]:  # noqa: ARG002
        """DELETE all open orders of the account."""
        return (self._delete(Verb.CANCEL_ALL, "/v2/orders"),)

    def query(self, instrument: str, client_order_id: str, now_ms: int) -> OrderRequest:  # noqa: ARG002
        """GET one order by our id."""
        return self._by_client_id(Verb.QUERY, instrument, client_order_id)

    def open_orders(self, now_ms: int) -> OrderRequest:  # noqa: ARG002
        """GET all that works."""
        return self._get(Verb.OPEN_ORDERS, open_orders_path())

    def account_state(self, now_ms: int) -> Sequence[OrderRequest]:
        """GET the open orders, the positions and the money; one Statement for each of the last two."""
        return (
            self.open_orders(now_ms),
            self._get(Verb.ACCOUNT, "/v2/positions"),
            self._get(Verb.ACCOUNT, "/v2/account"),
        )

    def fills_since(self, since_ms: int, now_ms: int) -> OrderRequest:  # noqa: ARG002
        """GET executions, then other money, page by page through `more`."""
        return self._get(Verb.FILLS, fills_path(since_ms))

    def suspend(self, on: bool, now_ms: int) -> OrderRequest | None:  # noqa: ARG002
        """PATCH the account so that it takes no new orders, or takes them again."""
        body = msgspec.json.encode({"suspend_trade": on})
        return self._request(Verb.SUSPEND if on else Verb.LIFT, "PATCH", "/v2/account/configurations", body)

    def close(self, instrument: str, size: float, client_order_id: str, now_ms: int) -> OrderRequest:  # noqa: ARG002
        """DELETE the position, whatever its size is by then: it cannot turn round, and no digit of it can be lost."""
        path = f"/v2/positions/{quote(instrument.replace('/', ''), safe='')}"
        return self._delete(Verb.CLOSE, path, client_order_id, instrument)

    def answered(self, request: OrderRequest, status: int, body: bytes, received_ns: int) -> Answered:
        """What an answer means; status 0 is no answer. Never raises."""
        context = Context(self._reading(received_ns), self.ids, self.account_number)
        return read(request, status, body, context)

    def stream_key(self, now_ms: int) -> OrderRequest | None:  # noqa: ARG002
        """None: the login is a message."""
        return None

    def keep_stream(self, key: str, now_ms: int) -> OrderRequest | None:  # noqa: ARG002
        """None."""
        return None

    def stream_url(self, key: str = "") -> str:  # noqa: ARG002
        """`wss://paper-api.alpaca.markets/stream`."""
        return self.stream or self.rest_url.replace("http", "ws", 1) + "/stream"

    def stream_hello(self, now_ms: int) -> Sequence[bytes | str]:  # noqa: ARG002
        """Login and subscription; the first carries the secret."""
        login = {"action": "authenticate", "data": {"key_id": self.key, "secret_key": self.secret}}
        listen = {"action": "listen", "data": {"streams": [TRADE_UPDATES]}}
        return (msgspec.json.encode(login).decode(), msgspec.json.encode(listen).decode())

    def stream_said(self, frame: bytes, received_ns: int) -> tuple[Said, ...]:
        """What a frame says, binary or text; raises FrameError for one that cannot be read."""
        envelope = decoded(frame, frames.Envelope)
        if envelope.stream != TRADE_UPDATES:
            return ()
        update = decoded(bytes(envelope.data), frames.TradeUpdate)
        self.ids.learn(update.order.client_order_id, update.order.id)
        return trade_update(update, self._reading(received_ns))

    def stream_ready(self, frame: bytes) -> bool | None:
        """Whether a frame says that login and subscription hold; None: neither."""
        try:
            envelope = decoded(frame, frames.Envelope)
            if envelope.stream not in ("authorization", "listening"):
                return None
            told = decoded(bytes(envelope.data), frames.Told)
        except FrameError:
            return None
        if envelope.stream == "authorization":
            return None if told.status == "authorized" else False
        return not told.error and TRADE_UPDATES in (told.streams or ())

    def socket_url(self) -> str | None:
        """None: orders go by HTTP."""
        return None

    def socket_frame(self, request: OrderRequest, number: int) -> bytes | None:  # noqa: ARG002
        """None."""
        return None

    def socket_answer(self, frame: bytes) -> SocketAnswer | None:  # noqa: ARG002
        """None."""
        return None

    def _reading(self, received_ns: int) -> Reading:
        return Reading(self.name, self.account, self._spelling, received_ns)

    def _by_client_id(self, verb: Verb, instrument: str, client_order_id: str) -> OrderRequest:
        asked = urlencode({"client_order_id": client_order_id})
        return self._get(verb, f"/v2/orders:by_client_order_id?{asked}", client_order_id, instrument)

    def _get(self, verb: Verb, path: str, client_order_id: str = "", instrument: str = "") -> OrderRequest:
        return self._request(verb, "GET", path, b"", client_order_id, instrument)

    def _delete(self, verb: Verb, path: str, client_order_id: str = "", instrument: str = "") -> OrderRequest:
        return self._request(verb, "DELETE", path, b"", client_order_id, instrument)

    def _request(
        self, verb: Verb, method: str, path: str, body: bytes, client_order_id: str = "", instrument: str = ""
    ) -> OrderRequest:
        return OrderRequest(verb, method, self.rest_url + path, self._headers, body, client_order_id, instrument)


def paper(
    name: str, account: str, key: str, secret: str, *, instruments: Sequence[str] = (), rest_url: str = PAPER
) -> AlpacaOrders:
    """A paper account, which is the default everywhere."""
    return AlpacaOrders(name, account, key, secret, instruments=tuple(instruments), rest_url=rest_url.rstrip("/"))


def live(
    name: str, account: str, key: str, secret: str, *, account_number: str, instruments: Sequence[str] = ()
) -> AlpacaOrders:
    """An account with money, by its number; flows/live.py says whether orders may go there.

    Without a number it can be asked, cancelled and closed, but takes no order: the kill switch needs no permission.
    """
    named = tuple(instruments)
    return AlpacaOrders(
        name, account, key, secret, live=True, account_number=account_number, instruments=named, rest_url=LIVE
    )


@cache
def _models() -> tuple[Any, Any, Any]:
    """alpaca-py's model of a limit order and its words; imported when first needed, as reading needs none of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of websockets.legacy, for its stream, which we do not use
        from alpaca.trading.enums import OrderSide, TimeInForce  # noqa: PLC0415
        from alpaca.trading.requests import LimitOrderRequest  # noqa: PLC0415

    return LimitOrderRequest, OrderSide, TimeInForce
