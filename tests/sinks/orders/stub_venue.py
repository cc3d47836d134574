"""The order protocol of the stub exchange: JSON both ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from market.errors import FrameError
from market.messages import Approved, Fill, Held, Order, OrderState, OrderUpdate, Side, Statement
from tests.sinks.orders.stub_exchange import StubExchange
from venues.orders import Answered, OrderCapability, OrderRequest, Said, SocketAnswer, Verb, Verdict

STATES = {
    "new": OrderState.ACCEPTED,
    "partial": OrderState.PARTIALLY_FILLED,
    "filled": OrderState.FILLED,
    "cancelled": OrderState.CANCELLED,
}
ABLE = OrderCapability(suspends=False, requests_per_minute=600_000, quiet_s=2.0)


@dataclass(frozen=True)
class StubVenue:
    """Implements venues.orders.OrderVenue."""

    port: int
    stream_port: int
    capability: OrderCapability = ABLE
    name: str = "stub"
    account: str = "main"
    host: str = "127.0.0.1"
    window_s: float = 0.0  # for which a request is good; 0: as the exchange likes

    def place(self, order: Approved, now_ms: int) -> OrderRequest:
        wanted = order.order
        return self._request(
            Verb.PLACE,
            now_ms,
            wanted.instrument,
            wanted.client_order_id,
            side=int(wanted.side),
            size=wanted.size,
            price=wanted.limit_price,
        )

    def cancel(self, instrument: str, client_order_id: str, now_ms: int) -> OrderRequest:
        return self._request(Verb.CANCEL, now_ms, instrument, client_order_id)

    def cancel_all(self, now_ms: int) -> Sequence[OrderRequest]:
        return [self._request(Verb.CANCEL_ALL, now_ms)]

    def query(self, instrument: str, client_order_id: str, now_ms: int) -> OrderRequest:
        return self._request(Verb.QUERY, now_ms, instrument, client_order_id)

    def open_orders(self, now_ms: int) -> OrderRequest:
        return self._request(Verb.OPEN_ORDERS, now_ms)

    def account_state(self, now_ms: int) -> Sequence[OrderRequest]:
        return [self._request(Verb.ACCOUNT, now_ms)]

    def fills_since(self, since_ms: int, now_ms: int) -> OrderRequest:
        return self._request(Verb.FILLS, now_ms, since=since_ms)

    def suspend(self, on: bool, now_ms: int) -> OrderRequest | None:
        return self._request(Verb.SUSPEND if on else Verb.LIFT, now_ms) if self.capability.suspends else None

    def close(self, instrument: str, size: float, client_order_id: str, now_ms: int) -> OrderRequest:
        return self._request(Verb.CLOSE, now_ms, instrument, client_order_id, side=0, size=size, price=0.0)

    def answered(self, request: OrderRequest, status: int, body: bytes, received_ns: int) -> Answered:
        if status != 200:
            return Answered(Verdict.IN_DOUBT, reason=f"answered {status}")
        told = msgspec.json.decode(body)
        said: list[Said] = [self._update(update, received_ns, request) for update in told.get("updates", ())]
        said += [self._fill(fill) for fill in told.get("fills", ())]
        if "positions" in told:
            held = tuple(Held(name, size, 100.0) for name, size in told["positions"].items())
            said.append(
                Statement(
                    venue=self.name,
                    instrument="",
                    time_ns=received_ns,
                    account=self.account,
                    cause="asked",
                    positions=held,
                    open_orders=(),
                    cash=told["cash"],
                )
            )
        return Answered(Verdict(told["verdict"]), tuple(said), told.get("reason", ""))

    def stream_key(self, now_ms: int) -> OrderRequest | None:
        return None

    def keep_stream(self, key: str, now_ms: int) -> OrderRequest | None:
        return None

    def stream_url(self, key: str = "") -> str:
        return f"ws://{self.host}:{self.stream_port}"

    def stream_hello(self, now_ms: int) -> Sequence[bytes | str]:
        return ['{"login": "secret"}']

    def stream_said(self, frame: bytes, received_ns: int) -> tuple[Said, ...]:
        try:
            told = msgspec.json.decode(frame)
        except msgspec.DecodeError as error:
            raise FrameError(str(error)) from error
        if "update" in told:
            return (self._update(told["update"], received_ns, None),)
        return (self._fill(told["fill"]),) if "fill" in told else ()

    def stream_ready(self, frame: bytes) -> bool | None:
        return True if frame == b'{"ready": true}' else None

    def socket_url(self) -> str | None:
        return None

    def socket_frame(self, request: OrderRequest, number: int) -> bytes | None:
        return None

    def socket_answer(self, frame: bytes) -> SocketAnswer | None:
        return None

    def _request(
        self, verb: Verb, now_ms: int, instrument: str = "", client_order_id: str = "", **facts: Any
    ) -> OrderRequest:
        about = {"instrument": instrument, "id": client_order_id, "window_s": self.window_s}
        asked = {"verb": verb, "stamp": now_ms / 1000, **about, **facts}
        headers: Mapping[str, str] = {"Content-Type": "application/json"}
        url = f"http://{self.host}:{self.port}/{verb}"
        return OrderRequest(verb, "POST", url, headers, msgspec.json.encode(asked), client_order_id, instrument)

    def _update(self, told: dict[str, Any], received_ns: int, request: OrderRequest | None) -> OrderUpdate:
        return OrderUpdate(
            venue=self.name,
            instrument=told["instrument"],
            time_ns=received_ns,
            account=self.account,
            client_order_id=told["id"],
            state=STATES[told["state"]],
            filled=told["filled"],
            venue_order_id=str(told["number"]),
            origin="stream" if request is None else "answer" if request.verb is Verb.PLACE else "query",
        )

    def _fill(self, told: dict[str, Any]) -> Fill:
        return Fill(
            venue=self.name,
            instrument=told["instrument"],
            time_ns=int(told["time"] * 1e9),
            fill_id=told["fill_id"],
            client_order_id=told["id"],
            venue_order_id=str(told["number"]),
            side=Side(told["side"]),
            price=100.0,
            size=told["size"],
            fee=0.0,
            account=self.account,
        )


def venue_of(exchange: StubExchange, **capability: Any) -> StubVenue:
    """The protocol of a running exchange."""
    return StubVenue(exchange.port, exchange.stream_port, replace(ABLE, stale_s=exchange.stale_s, **capability))


def patient(venue: StubVenue) -> StubVenue:
    """The same with requests that are good for longer, as the kill switch sends them."""
    return replace(venue, window_s=60.0)


def approved(client_order_id: str, *, price: float = 100.0, size: float = 1.0, venue: str = "stub") -> Approved:
    """An order that passed; at 100 it rests, at 200 it fills."""
    order = Order(
        venue=venue,
        instrument="X",
        time_ns=0,
        client_order_id=client_order_id,
        side=Side.BUY,
        size=size,
        limit_price=price,
        reason="a test",
    )
    return Approved(venue=venue, instrument="X", time_ns=0, order=order, checks={})
