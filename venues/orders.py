"""What a venue offers to those who trade there: its order protocol as pure functions; no sockets, no clock.

Requests out, market.messages in. What a venue says of orders, fills, positions and money comes back as OrderUpdate,
Fill, Statement and Funding, whatever it was that said so: an answer, the user stream or a query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from market.messages import Approved, Fill, Funding, OrderUpdate, Statement

Said = OrderUpdate | Fill | Statement | Funding


class Verb(StrEnum):
    """What a request is for; an answer is read by it."""

    PLACE = "place"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel_all"
    QUERY = "query"  # one order, by our id
    OPEN_ORDERS = "open_orders"
    ACCOUNT = "account"  # positions and cash
    FILLS = "fills"  # since a time
    SUSPEND = "suspend"  # no new order is taken at the venue until it is lifted
    LIFT = "lift"
    CLOSE = "close"  # one position, at the market
    STREAM_KEY = "stream_key"  # what the URL of the user stream needs, where it needs one
    KEEP_STREAM = "keep_stream"  # so that the key stays good


class OrderRequest(NamedTuple):
    """One request as it goes on the wire; headers carry signatures and must never be logged."""

    verb: Verb
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    client_order_id: str = ""  # whom it is about, where it is about one order
    instrument: str = ""
    weight: int = 1
    since_ms: int = 0  # of a list that has pages; it does not go on the wire
    params: Mapping[str, str] = {}  # as they were before they were signed and became text


class Verdict(StrEnum):
    """What an answer means for the request."""

    DONE = "done"  # the venue did it
    REFUSED = "refused"  # the venue did not, and will not
    MISSING = "missing"  # the venue knows no such order
    IN_DOUBT = "in_doubt"  # it may have done it or not: ask, never send it again


class Answered(NamedTuple):
    """What an answer says."""

    verdict: Verdict
    said: tuple[Said, ...] = ()
    reason: str = ""  # the venue's own words
    more: OrderRequest | None = None  # the next page of a list
    stream_key: str = ""  # for stream_url


@dataclass(frozen=True)
class OrderCapability:
    """What the executor must know of a venue."""

    suspends: bool  # it can refuse all new orders on request
    requests_per_minute: int
    quiet_s: float  # a user stream that says nothing, not even a sign of life, for so long is dead
    greets: bool = True  # the user stream says when login and subscription hold; False: they hold once it is open
    keep_stream_s: float = 0.0  # how often keep_stream is to be sent; 0: never
    stale_s: float = 0.0  # a request that arrives so long after its stamp is refused; 0: it is taken however late
    margined: bool = True  # the cash it tells is a wallet that positions are not paid from, as futures have it


class SocketAnswer(NamedTuple):
    """An answer that came over the order socket; status and body are what HTTP would have given."""

    number: int  # of the request
    status: int
    body: bytes


class OrderVenue(Protocol):
    """A venue and an account there. `now_ms` is wall clock, given by who calls."""

    @property
    def name(self) -> str:
        """Of the venue, as in market data."""

    @property
    def account(self) -> str:
        """As the trading flow calls it."""

    @property
    def capability(self) -> OrderCapability:
        """What it can do."""

    def place(self, order: Approved, now_ms: int) -> OrderRequest:
        """Send an order; once, whatever comes of it. Raises VenueError for one that the venue cannot take as it is."""

    def cancel(self, instrument: str, client_order_id: str, now_ms: int) -> OrderRequest:
        """Take back what still works of an order."""

    def cancel_all(self, now_ms: int) -> Sequence[OrderRequest]:
        """Take back all that works on the account, of whomever."""

    def query(self, instrument: str, client_order_id: str, now_ms: int) -> OrderRequest:
        """Ask what became of an order."""

    def open_orders(self, now_ms: int) -> OrderRequest:
        """Ask for all that works on the account; the answer says one OrderUpdate for each."""

    def account_state(self, now_ms: int) -> Sequence[OrderRequest]:
        """Ask for open orders, positions and cash; the answer to ACCOUNT says a Statement without open orders."""

    def fills_since(self, since_ms: int, now_ms: int) -> OrderRequest:
        """Ask for all trades and payments from a time on; `Answered.more` leads through the pages."""

    def suspend(self, on: bool, now_ms: int) -> OrderRequest | None:
        """Let the venue take no new order, or take them again; None: it cannot."""

    def close(self, instrument: str, size: float, client_order_id: str, now_ms: int) -> OrderRequest:
        """Close a position of signed `size` at the market; it can only reduce."""

    def answered(self, request: OrderRequest, status: int, body: bytes, received_ns: int) -> Answered:
        """What an answer means; never raises: what cannot be read leaves the request in doubt."""

    def stream_key(self, now_ms: int) -> OrderRequest | None:
        """What is to be asked first; its answer has the key. None: the user stream needs none."""

    def keep_stream(self, key: str, now_ms: int) -> OrderRequest | None:
        """Keep the key of the user stream good; None: there is nothing to keep."""

    def stream_url(self, key: str = "") -> str:
        """Where the user stream is."""

    def stream_hello(self, now_ms: int) -> Sequence[bytes | str]:
        """What is sent first, in order: the login, the subscription."""

    def stream_said(self, frame: bytes, received_ns: int) -> tuple[Said, ...]:
        """What a frame of the user stream says; raises FrameError for one that cannot be read."""

    def stream_ready(self, frame: bytes) -> bool | None:
        """Whether a frame says that login and subscription hold; None: it says neither."""

    def socket_url(self) -> str | None:
        """Where orders may be sent as WebSocket frames instead of HTTP requests, which is quicker; None: nowhere."""

    def socket_frame(self, request: OrderRequest, number: int) -> bytes | None:
        """The request as a frame of the order socket; None: this one goes by HTTP only."""

    def socket_answer(self, frame: bytes) -> SocketAnswer | None:
        """The answer in a frame of the order socket, to be given to `answered`; None: it is no answer."""
