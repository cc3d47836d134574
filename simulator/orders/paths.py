"""What is served: the paths of the venue's REST API and the methods of its order socket, each with its handler.

Two paths are ours, not the venue's: /simulator/suspend (POST: no new order is taken but reducing ones; DELETE: all are
taken again) and GET /simulator/orders (every order that was ever taken).
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import msgspec

from simulator.orders import refusals, reports
from simulator.orders.desk import Desk
from simulator.orders.judge import Placing
from simulator.orders.order import Order, printed
from simulator.orders.refusals import Refusal, missing

Params = Mapping[str, str]
EMPTY = b"{}"
ALL_CANCELLED = b'{"code":200,"msg":"The operation of cancel all open order is done."}'


class Front(Protocol):
    """What the handlers need of simulator/orders/front.py."""

    desk: Desk
    listen_key: str
    now_ms: int

    def new_key(self) -> str:
        """The listen key, made where there is none."""

    def keep_key(self) -> bool:
        """Give the listen key another hour; whether there is one."""


Handler = Callable[[Front, Params], bytes | Refusal]


class Served(NamedTuple):
    """How a path is served."""

    handler: Handler
    weight: int = 1
    keyed: bool = True  # the key must be there
    signed: bool = True
    is_order: bool = False  # places or cancels one: latency and fates act on it
    places: bool = False


def _told(front: Front, outcome: Order | Refusal, *, as_new: bool = False) -> bytes | Refusal:
    if isinstance(outcome, Refusal):
        return outcome
    return printed(outcome, front.desk.units[outcome.i], as_new=as_new).encode()


def _place(front: Front, params: Params) -> bytes | Refusal:
    for name in ("symbol", "side", "type"):
        if not params.get(name):
            return missing(name)
    if params["type"] == "LIMIT" and "timeInForce" not in params:
        return missing("timeInForce")
    asked = Placing(
        symbol=params["symbol"],
        side=params["side"],
        quantity=params.get("quantity", ""),
        price=params.get("price", ""),
        kind=params["type"],
        time_in_force=params.get("timeInForce", "GTC"),
        client_id=params.get("newClientOrderId", ""),
        reduces=params.get("reduceOnly", "false").lower() == "true",
        position_side=params.get("positionSide", "BOTH"),
    )
    return _told(front, front.desk.place(asked), as_new=params.get("newOrderRespType", "ACK") != "RESULT")


def _named(params: Params) -> tuple[str, int | None, str] | Refusal:
    """Symbol, number and client id of the order that a request is about."""
    number, client_id = params.get("orderId", ""), params.get("origClientOrderId", "")
    if not params.get("symbol"):
        return missing("symbol")
    if number:
        return (params["symbol"], int(number), "") if number.isdecimal() and len(number) < 19 else missing("orderId")
    return (params["symbol"], None, client_id) if client_id else missing("orderId")


def _cancel(front: Front, params: Params) -> bytes | Refusal:
    named = _named(params)
    if isinstance(named, Refusal):
        return named
    return _told(front, front.desk.cancel(named[0], number=named[1], client_id=named[2]))


def _query(front: Front, params: Params) -> bytes | Refusal:
    named = _named(params)
    if isinstance(named, Refusal):
        return named
    front.desk.settle()
    return _told(front, front.desk.find(named[0], number=named[1], client_id=named[2]) or refusals.NO_ORDER)


def _cancel_all(front: Front, params: Params) -> bytes | Refusal:
    if params.get("symbol", "") not in front.desk.places:
        return refusals.BAD_SYMBOL
    front.desk.cancel_all(params["symbol"])
    return ALL_CANCELLED


def _suspend(on: bool) -> Handler:
    def switch(front: Front, _: Params) -> bytes:
        front.desk.suspended = on
        return msgspec.json.encode({"suspended": on})

    return switch


def _make_key(front: Front, _: Params) -> bytes:
    return msgspec.json.encode({"listenKey": front.new_key()})


def _keep_key(front: Front, _: Params) -> bytes | Refusal:
    return msgspec.json.encode({"listenKey": front.listen_key}) if front.keep_key() else refusals.BAD_LISTEN_KEY


def _drop_key(front: Front, _: Params) -> bytes:
    front.listen_key = ""
    return EMPTY


def _settled(report: Callable[[Desk, Params], bytes | Refusal]) -> Handler:
    def told(front: Front, params: Params) -> bytes | Refusal:
        front.desk.settle()
        return report(front.desk, params)

    return told


def _time(front: Front, _: Params) -> bytes:
    return msgspec.json.encode({"serverTime": front.now_ms})


_ACCOUNT = Served(_settled(lambda desk, _: reports.account(desk)), 5)
_POSITIONS = Served(_settled(reports.position_risk), 5)
PATHS: dict[tuple[str, str], Served] = {
    ("GET", "/fapi/v1/ping"): Served(lambda _, __: EMPTY, keyed=False, signed=False),
    ("GET", "/fapi/v1/time"): Served(_time, keyed=False, signed=False),
    ("POST", "/fapi/v1/order"): Served(_place, is_order=True, places=True),
    ("DELETE", "/fapi/v1/order"): Served(_cancel, is_order=True),
    ("GET", "/fapi/v1/order"): Served(_query),
    ("DELETE", "/fapi/v1/allOpenOrders"): Served(_cancel_all),
    ("GET", "/fapi/v1/openOrders"): Served(_settled(reports.open_orders)),
    ("GET", "/fapi/v2/account"): _ACCOUNT,
    ("GET", "/fapi/v3/account"): _ACCOUNT,
    ("GET", "/fapi/v2/positionRisk"): _POSITIONS,
    ("GET", "/fapi/v3/positionRisk"): _POSITIONS,
    ("GET", "/fapi/v1/userTrades"): Served(_settled(reports.trades), 5),
    ("GET", "/fapi/v1/income"): Served(_settled(reports.income), 30),
    ("POST", "/fapi/v1/listenKey"): Served(_make_key, signed=False),
    ("PUT", "/fapi/v1/listenKey"): Served(_keep_key, signed=False),
    ("DELETE", "/fapi/v1/listenKey"): Served(_drop_key, signed=False),
    ("POST", "/simulator/suspend"): Served(_suspend(True)),
    ("DELETE", "/simulator/suspend"): Served(_suspend(False)),
    ("GET", "/simulator/orders"): Served(_settled(reports.listed), keyed=False, signed=False),
}
METHODS = {  # of the order socket
    "order.place": ("POST", "/fapi/v1/order"),
    "order.cancel": ("DELETE", "/fapi/v1/order"),
    "order.status": ("GET", "/fapi/v1/order"),
    "account.status": ("GET", "/fapi/v2/account"),
    "v2/account.status": ("GET", "/fapi/v3/account"),
    "account.position": ("GET", "/fapi/v2/positionRisk"),
    "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
    "userDataStream.start": ("POST", "/fapi/v1/listenKey"),
    "userDataStream.ping": ("PUT", "/fapi/v1/listenKey"),
    "userDataStream.stop": ("DELETE", "/fapi/v1/listenKey"),
    "ping": ("GET", "/fapi/v1/ping"),
    "time": ("GET", "/fapi/v1/time"),
}
