"""Frozen messages between the flows: what the market flow tells the trading flow, and what trading decides.

Every message names the data time it was known (`time_ns`) and what it rests on, so that it can be explained.
"""

import hashlib
from base64 import b32encode
from enum import IntEnum, StrEnum
from typing import Literal

import msgspec


class Side(IntEnum):
    """Direction; an order's or the aggressor's."""

    BUY = 1
    SELL = -1


class OrderState(StrEnum):
    """Life of an order; UNKNOWN until the venue has answered is a state, not an error."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class Message(msgspec.Struct, frozen=True, tag_field="message", tag=str.lower, kw_only=True):
    """What all messages share."""

    venue: str
    instrument: str
    time_ns: int  # data time at which it was known


class Quote(Message, frozen=True, kw_only=True):
    """The best bid and ask of a book, the newest of its batch."""

    bid_price: float
    bid_size: float
    ask_price: float
    ask_size: float
    valid: bool
    tick_size: float
    lot_size: float
    contract_size: float = 1.0  # base units per 1 of size; quote units if inverse
    inverse: bool = False


class Traded(Message, frozen=True, kw_only=True):
    """How much changed hands in public in one batch, in the book; `time_ns` is that of its newest trade."""

    size: float


class Signal(Message, frozen=True, kw_only=True):
    """What a regime on one timeframe asks for."""

    timeframe: str
    direction: float  # −1 … +1, share of the allowed position
    confidence: float  # 0 … 1, probability of the regime it rests on
    volatility: float  # per square-root second, of log returns
    regime: str
    evidence: dict[str, float]  # the features it used, by column name


class Target(Message, frozen=True, kw_only=True):
    """Where the portfolio wants to be."""

    notional: float  # signed, quote currency
    reason: str
    request: int = 0  # of the Problem that it answers; 0: of none
    until_ns: int = 0  # data time after which no order is made for it; 0: it stands until the next
    parts: dict[str, float] = {}  # notional by strategy, signed, in proportion; empty: nobody told


class Order(Message, frozen=True, kw_only=True):
    """An intention that no gate has seen yet; execution does not accept it."""

    client_order_id: str
    side: Side
    size: float
    limit_price: float
    reason: str
    time_in_force: Literal["gtc", "ioc"] = "gtc"  # ioc: what does not fill at once is given up


class Approved(Message, frozen=True, kw_only=True):
    """An order that passed every check. Only operators/risk makes one."""

    order: Order
    checks: dict[str, float]  # name of each check and its measured value


class Refused(Message, frozen=True, kw_only=True):
    """An order that did not."""

    order: Order
    reason: str  # name of the check that refused
    checks: dict[str, float]


class Problem(Message, frozen=True, kw_only=True):
    """What the portfolio asks the solver: all that it needs, so that it can be solved again. `instrument` is empty."""

    account: str
    request: int  # row of the trading journal that it was made of
    names: tuple[str, ...]  # "venue|instrument"; all that follows is in this order
    expected: tuple[float, ...]  # return over the horizon
    confidence: tuple[float, ...]  # 0 … 1
    covariance: tuple[float, ...]  # of returns over the horizon, lower triangle by rows
    current: tuple[float, ...]  # shares of equity held now
    half_spread: tuple[float, ...]  # cost of trading a share of equity, linear part, with fees
    impact: tuple[float, ...]  # … of the 3/2-power part: cost = impact × |share|^1.5
    lot: tuple[float, ...]  # share of equity that one lot is
    min_notional: tuple[float, ...]  # as share of equity
    regime: str  # the regime that stands, for caps that depend on it
    limits: dict[str, float]  # named limits in force: gross, net, turnover, instrument, …
    caps: tuple[float, ...]  # largest absolute share of each
    groups: dict[str, tuple[int, ...]] = {}  # clusters by name: places in `names`, whose gross "cluster" limits
    equity: float = 0.0  # quote currency, what all shares are of; 0: not known


class Solution(Message, frozen=True, kw_only=True):
    """What the solver found. It is data: a replay reads it and solves nothing. `instrument` is empty."""

    account: str
    request: int  # of the Problem
    rung: Literal["optimal", "relaxed", "risk_parity", "hold", "reduce"]  # of the ladder, and why not the one above:
    reason: str
    names: tuple[str, ...]
    weights: tuple[float, ...]  # shares of equity
    duals: dict[str, float]  # by constraint: what one unit more of it is worth
    slack: dict[str, float]  # by constraint that cannot be kept: by how much it is broken
    solver: str  # name, version and status
    elapsed_ms: float  # wall time, for whoever watches; nothing rests on it
    equity: float = 0.0  # of the Problem; 0: not known


class Fill(Message, frozen=True, kw_only=True):
    """A trade of ours."""

    fill_id: str  # of the venue; unique within the account
    client_order_id: str  # empty: the venue did not say, or the order is not ours
    side: Side
    price: float
    size: float
    fee: float  # quote currency
    account: str = ""  # whose; empty: of the one account of the flow's own paper venue
    maker: bool = False  # it rested in the book
    venue_order_id: str = ""  # as in OrderUpdate: whose it is where a list of trades gives no client order id


class Cancel(Message, frozen=True, kw_only=True):
    """An intention to take back what still works of an order; it can only lessen risk, so no gate sees it."""

    account: str
    client_order_id: str
    reason: str


class OrderUpdate(Message, frozen=True, kw_only=True):
    """What became of an order outside: from the venue, or from the executor that could not reach it."""

    account: str
    client_order_id: str
    state: OrderState
    filled: float = 0.0  # size in all, as the venue counts
    venue_order_id: str = ""
    reason: str = ""  # the venue's words, or ours
    origin: Literal["executor", "answer", "stream", "query"]  # who says so
    sent_ns: int = 0  # wall clock, when the order was handed to the wire; 0: never, or not known


class Held(msgspec.Struct, frozen=True):
    """One position as the venue tells it."""

    instrument: str
    size: float  # signed
    average_price: float


class Statement(Message, frozen=True, kw_only=True):
    """The whole account as the venue tells it, for reconciliation; the venue is right. `instrument` is empty."""

    account: str
    cause: Literal["start", "reconnect", "timer", "asked"]
    positions: tuple[Held, ...]
    open_orders: tuple[str, ...]  # client order ids, of others and empty ones included
    cash: float  # quote currency, without the value of positions


class Link(Message, frozen=True, kw_only=True):
    """Whether orders can be sent and are heard of; while they cannot, none may be made. `instrument` is empty."""

    account: str
    state: Literal["up", "down"]
    reason: str


class Funding(Message, frozen=True, kw_only=True):
    """Money that came or went without a trade of ours: funding of perpetuals, interest, a dividend, a deposit."""

    account: str
    payment_id: str  # of the venue; unique within the account
    kind: Literal["funding", "interest", "dividend", "transfer", "fee"]
    amount: float  # quote currency; negative: paid


class Position(Message, frozen=True, kw_only=True):
    """What we hold after a fill."""

    size: float  # signed
    average_price: float
    mark_price: float
    realised_pnl: float  # quote currency, after fees
    unrealised_pnl: float
    fees: float


class Command(Message, frozen=True, kw_only=True):
    """A person's word to the kill switch of an account, the only way back to trading; no venue, no instrument."""

    account: str
    action: Literal["reduce", "halt", "resume"]
    reason: str  # who and why, for the audit


class Resync(Message, frozen=True, kw_only=True):
    """The market flow asks capture for a snapshot."""

    cause: str


AnyMessage = (
    Quote
    | Traded
    | Signal
    | Target
    | Problem
    | Solution
    | Order
    | Approved
    | Refused
    | Cancel
    | OrderUpdate
    | Fill
    | Statement
    | Link
    | Funding
    | Position
    | Command
    | Resync
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)


def encode(message: AnyMessage) -> bytes:
    """A message as one journal frame (JSON)."""
    return _encoder.encode(message)


def decode(frame: bytes) -> AnyMessage:
    """The message in a journal frame; raises msgspec.ValidationError or msgspec.DecodeError."""
    return _decoder.decode(frame)


def client_order_id(*parts: str | int) -> str:
    """The same order always gets the same id, so that a retry can never become a second order.

    >>> client_order_id("paper", "BTCUSDT", 1, 2)
    'bg-M5F6WMGB4GYILQWWNRBVRUUL'
    """
    digest = hashlib.sha256("|".join(str(part) for part in parts).encode()).digest()
    return "bg-" + b32encode(digest[:15]).decode()
