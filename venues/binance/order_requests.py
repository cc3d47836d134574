"""Requests to Binance USD-M's order API, signed: HMAC-SHA256 over all parameters, as hexadecimal text.

Over HTTP the parameters are the query string, in any order; over the order socket the key is one of them, and they are
signed by name. Docs: developers.binance.com, USDⓈ-M Futures, "General Info" and "WebSocket API General Info".
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from venues.hidden import hidden
from venues.orders import OrderRequest, SocketAnswer, Verb

PAGE = 1_000  # rows of a list, at most
WEEK_MS = 7 * 24 * 3600 * 1000  # userTrades answers at most so much at once
INCOME_TYPES = ("FUNDING_FEE", "TRANSFER")
SOCKET_METHODS = {Verb.PLACE: "order.place", Verb.CANCEL: "order.cancel", Verb.QUERY: "order.status"}


@dataclass(frozen=True)
class Signer:
    """Makes requests of one key; one that arrives `stale_ms` after its stamp is refused by the venue. The stamp is
    `lag_ms` behind the clock.
    """

    rest_url: str
    key: str = field(repr=False)
    secret: str = field(repr=False)
    stale_ms: int
    lag_ms: int = 0

    def signed(
        self, verb: Verb, method: str, path: str, now_ms: int, params: Mapping[str, str], *,
        client_order_id: str = "", instrument: str = "", weight: int = 1,
    ) -> OrderRequest:  # fmt: skip
        """A request about the account."""
        params = {**params, "recvWindow": str(self.stale_ms), "timestamp": str(now_ms - self.lag_ms)}
        text = urlencode(params)
        url = f"{self.rest_url}{path}?{text}&signature={self._signature(text)}"
        return OrderRequest(
            verb, method, url, hidden({"X-MBX-APIKEY": self.key}), b"", client_order_id, instrument, weight, 0, params
        )

    def keyed(self, verb: Verb, method: str, path: str, params: Mapping[str, str]) -> OrderRequest:
        """A request that shows the key and is not signed."""
        url = f"{self.rest_url}{path}" + (f"?{urlencode(params)}" if params else "")
        return OrderRequest(verb, method, url, hidden({"X-MBX-APIKEY": self.key}), b"")

    def socket_frame(self, request: OrderRequest, number: int) -> bytes | None:
        """A signed request as a frame of the order socket; None for one that goes by HTTP only."""
        method = SOCKET_METHODS.get(request.verb)
        if method is None:
            return None
        params = {**request.params, "apiKey": self.key}
        params["signature"] = self._signature("&".join(f"{name}={params[name]}" for name in sorted(params)))
        return msgspec.json.encode({"id": number, "method": method, "params": params})

    def _signature(self, text: str) -> str:
        return hmac.digest(self.secret.encode(), text.encode(), hashlib.sha256).hex()


class _SocketSaid(msgspec.Struct):
    """{"id":7,"status":200,"result":{…}} or {"id":7,"status":400,"error":{…}}."""

    id: int
    status: int
    result: msgspec.Raw = msgspec.Raw(b"")
    error: msgspec.Raw = msgspec.Raw(b"")


def socket_answer(frame: bytes) -> SocketAnswer | None:
    """The answer in a frame; what is no answer to a number says nothing."""
    try:
        said = msgspec.json.decode(frame, type=_SocketSaid)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    body = bytes(said.result) or bytes(said.error)
    return SocketAnswer(said.id, said.status, body) if body else None


@dataclass(frozen=True)
class Lists:
    """The long lists page by page: trades, instrument after instrument, then income, type after type."""

    signer: Signer
    instruments: tuple[str, ...]

    def first(self, since_ms: int, now_ms: int) -> OrderRequest:
        """The first page of all."""
        return self._trades(0, since_ms, now_ms, startTime=str(since_ms))

    def after_trades(self, request: OrderRequest, last_id: int | None, count: int, now_ms: int) -> OrderRequest:
        """Where to go on after a page of trades: the rest of a full one, the next week, the next instrument."""
        here, params, since_ms = self.instruments.index(request.instrument), request.params, request.since_ms
        if last_id is not None and count == PAGE:
            return self._trades(here, since_ms, now_ms, fromId=str(last_id + 1))
        week_ms = int(params.get("startTime", now_ms)) + WEEK_MS
        if week_ms < now_ms:
            return self._trades(here, since_ms, now_ms, startTime=str(week_ms))
        return self._trades(here + 1, since_ms, now_ms, startTime=str(since_ms))

    def after_income(self, request: OrderRequest, count: int, now_ms: int) -> OrderRequest | None:
        """Where to go on after a page of income; None: that was all."""
        params = request.params
        if count == PAGE:
            return self._income(params["incomeType"], int(params["page"]) + 1, request.since_ms, now_ms)
        place = INCOME_TYPES.index(params["incomeType"]) + 1
        return self._income(INCOME_TYPES[place], 1, request.since_ms, now_ms) if place < len(INCOME_TYPES) else None

    def _trades(self, place: int, since_ms: int, now_ms: int, **where: str) -> OrderRequest:
        if place >= len(self.instruments):
            return self._income(INCOME_TYPES[0], 1, since_ms, now_ms)
        symbol = self.instruments[place]
        params = {"symbol": symbol, "limit": str(PAGE), **where}
        path = "/fapi/v1/userTrades"
        made = self.signer.signed(Verb.FILLS, "GET", path, now_ms, params, instrument=symbol, weight=5)
        return made._replace(since_ms=since_ms)

    def _income(self, kind: str, page: int, since_ms: int, now_ms: int) -> OrderRequest:
        params = {"incomeType": kind, "startTime": str(since_ms), "page": str(page), "limit": str(PAGE)}
        made = self.signer.signed(Verb.FILLS, "GET", "/fapi/v1/income", now_ms, params, weight=30)
        return made._replace(since_ms=since_ms)
