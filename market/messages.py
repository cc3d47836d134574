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


class Order(Message, frozen=True, kw_only=True):
    """An intention that no gate has seen yet; execution does not accept it."""

    client_order_id: str
    side: Side
    size: float
    limit_price: float
    reason: str


class Approved(Message, frozen=True, kw_only=True):
    """An order that passed every check. Only operators/risk makes one."""

    order: Order
    checks: dict[str, float]  # name of each check and its measured value


class Refused(Message, frozen=True, kw_only=True):
    """An order that did not."""

    order: Order
    reason: str  # name of the check that refused
    checks: dict[str, float]


class Fill(Message, frozen=True, kw_only=True):
    """A trade of ours."""

    fill_id: str
    client_order_id: str
    side: Side
    price: float
    size: float
    fee: float  # quote currency


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


AnyMessage = Quote | Signal | Target | Order | Approved | Refused | Fill | Position | Command | Resync

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
