"""The order API: a request in the venue's words → the desk → an answer. No sockets; faults and latency act here."""

import hashlib
import heapq
import hmac
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.orders import keys, refusals
from simulator.orders.desk import Desk
from simulator.orders.events import key_expired
from simulator.orders.faults import OrderFaults
from simulator.orders.paths import PATHS, Served
from simulator.orders.refusals import Refusal, no_path

KEY_LIFE_MS = 60 * 60 * 1000
WAITING_MOST = 10_000  # requests on their way to the desk; a further one is refused
UNAVAILABLE = Refusal(-1000, "Unknown error, please check your request or try again later.", 503)


class Request(NamedTuple):
    """One request, by HTTP or over the order socket."""

    method: str
    path: str
    params: Mapping[str, str]
    key: str = ""  # of the API
    signed: str = ""  # text that the signature is of


class Reply(NamedTuple):
    """One answer."""

    status: int
    body: bytes


CUT = Reply(0, b"")  # no answer: the connection ends
Answer = Callable[[Reply], None]


@dataclass
class Window:
    """What was used in the last while, against a limit; 0 is no limit."""

    most: int
    length_ms: int
    used: int = 0
    _rows: deque[tuple[int, int]] = field(default_factory=deque)

    def takes(self, weight: int, now_ms: int) -> bool:
        """Whether there is room; if so, it is used."""
        if not self.most:
            return True
        while self._rows and now_ms - self._rows[0][0] >= self.length_ms:
            self.used -= self._rows.popleft()[1]
        if self.used + weight > self.most:
            return False
        self._rows.append((now_ms, weight))
        self.used += weight
        return True


class Front:
    """Everything that is asked of the exchange for its account."""

    def __init__(self, desk: Desk, faults: OrderFaults | None = None) -> None:
        self.desk = desk
        self.faults = faults or OrderFaults()
        self.listen_key = ""
        self.now_ms = 0  # wall clock at the newest request
        self._key_until_ms = 0
        self._keys = 0
        self._orders = Window(desk.rules.orders_per_10s, 10_000)
        self._weights = Window(desk.rules.weight_per_minute, 60_000)
        self._waiting: list[tuple[int, int, Request, Answer]] = []
        self._count = 0

    def submit(self, request: Request, now_ms: int, answer: Answer) -> None:
        """Serve a request; `answer` is called at once, later by `advance`, twice or never."""
        self.now_ms = now_ms
        served = PATHS.get((request.method, request.path))
        if served is None:
            answer(_reply(no_path(request.method, request.path)))
            return
        refusal = self._refused(served, request, now_ms)
        if refusal is not None:
            answer(_reply(refusal))
            return
        delay_ns = self.faults.delay_ns() if served.is_order else 0
        if not delay_ns:
            self._serve(served, request, answer)
            return
        if len(self._waiting) >= WAITING_MOST:
            answer(_reply(refusals.OVERLOADED))
            return
        self._count += 1
        heapq.heappush(self._waiting, (self.desk.exchange.time_ns + delay_ns, self._count, request, answer))

    def advance(self, now_ms: int) -> None:
        """After a slice of the market: what was under way arrives, and fills are taken in."""
        self.now_ms = now_ms
        self.desk.settle()
        while self._waiting and self._waiting[0][0] <= self.desk.exchange.time_ns:
            _, _, request, answer = heapq.heappop(self._waiting)
            late = keys.stale(request.params, now_ms)
            if late is not None:
                answer(_reply(late))
            else:
                self._serve(PATHS[request.method, request.path], request, answer)

    def events(self) -> list[str]:
        """What the user streams say now."""
        said = self.faults.delivered(self.desk.take_events(), self.desk.exchange.time_ns)
        expired = self.now_ms > self._key_until_ms or self.faults.expire_requested
        self.faults.expire_requested = False
        if self.listen_key and expired:
            self.faults.injected["expire"] += 1
            said.append(key_expired(self.listen_key, self.desk.now_ms))
            self.listen_key = ""
        return said

    def new_key(self) -> str:
        """The listen key, made where there is none; either way it is good for another hour."""
        if not self.listen_key:
            self._keys += 1
            text = f"{self.desk.first_number} {self._keys}"
            self.listen_key = hashlib.sha256(text.encode()).hexdigest()
        self._key_until_ms = self.now_ms + KEY_LIFE_MS
        return self.listen_key

    def is_listen_key(self, key: str) -> bool:
        """Whether a user stream may be opened with it."""
        known = self.listen_key
        return bool(known) and hmac.compare_digest(key.encode(), known.encode())

    def keep_key(self) -> bool:
        """Give the listen key another hour; whether there is one."""
        if self.listen_key:
            self._key_until_ms = self.now_ms + KEY_LIFE_MS
        return bool(self.listen_key)

    def _refused(self, served: Served, request: Request, now_ms: int) -> Refusal | None:
        if served.signed:
            refusal = keys.refused(request.key, request.params, request.signed, now_ms)
        else:
            refusal = keys.wrong_key(request.key) if served.keyed else None
        if refusal is not None:
            return refusal
        if served.places:
            return None if self._orders.takes(1, now_ms) else refusals.TOO_MANY_ORDERS
        if served.is_order:
            return None
        return None if self._weights.takes(served.weight, now_ms) else refusals.TOO_MANY_REQUESTS

    def _serve(self, served: Served, request: Request, answer: Answer) -> None:
        if not served.is_order:
            blind = served.signed and self.faults.is_blind()
            answer(_reply(UNAVAILABLE if blind else served.handler(self, request.params)))
            return
        fate = self.faults.fate()
        if fate == "lose":
            return
        if fate in ("reject", "unavailable_lost"):
            answer(_reply(refusals.REJECTED if fate == "reject" else UNAVAILABLE))
            return
        reply = _reply(served.handler(self, request.params))
        if fate in ("pass", "double"):
            answer(reply)
        if fate == "disconnect":
            answer(CUT)
        elif fate == "double":
            answer(reply)
        elif fate in ("unavailable", "timeout"):
            answer(_reply(UNAVAILABLE if fate == "unavailable" else refusals.TIMEOUT))


def _reply(outcome: bytes | Refusal) -> Reply:
    return Reply(outcome.status, outcome.body()) if isinstance(outcome, Refusal) else Reply(200, outcome)
