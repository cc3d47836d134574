"""The rows that the API answers with: the columns of the tables, under the same names.

Times are RFC 3339 texts in UTC with nanoseconds, because a JSON number would lose digits. None stands where a value is
not ready or not defined. The same classes decode the store's answer, describe the API and feed the terminal view.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

Time = str  # "2026-01-31T12:00:00.123456789Z"
SECOND_NS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """An instrument as last defined; steps in quote currency and in base units or contracts."""

    venue: str
    instrument: str
    tick_size: float
    lot_size: float
    contract_size: float
    inverse: bool
    base: str
    quote: str
    kind: str
    status: str
    detection: str  # how a lost book message shows; none: books of this venue are unverifiable
    stable_id: str
    renamed_from: str
    effective_time: Time
    receive_time: Time


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Best bid and ask; `source` is book (rebuilt) or ticker (the venue's own message)."""

    venue: str
    instrument: str
    source: str
    exchange_time: Time | None
    receive_time: Time
    sequence: int
    bid_price: float | None
    bid_size: float | None
    ask_price: float | None
    ask_size: float | None
    valid: bool


@dataclass(frozen=True, kw_only=True)
class Features:
    """The chief measures of one book update; the table has more, and docs/tables.md their units."""

    venue: str
    instrument: str
    exchange_time: Time | None
    receive_time: Time
    sequence: int
    mid_price: float | None
    micro_price: float | None
    weighted_mid: float | None
    spread: float | None
    spread_bps: float | None
    imbalance: float | None
    imbalance_10: float | None
    ofi_10: float | None
    ofi_25: float | None
    ofi_50: float | None
    ofi_integrated_10: float | None
    ofi_integrated_25: float | None
    ofi_integrated_50: float | None
    signed_volume_10: float | None
    signed_volume_25: float | None
    signed_volume_50: float | None
    trade_imbalance_50: float | None
    vpin: float | None
    hawkes_buy: float | None
    hawkes_sell: float | None
    effective_spread_bps: float | None
    realised_spread_bps: float | None
    bid_depth_10bps: float | None
    ask_depth_10bps: float | None
    resiliency_s: float | None
    cancel_ratio: float | None
    realised_volatility: float | None
    bipower_volatility: float | None
    jump_statistic: float | None
    kyle_lambda: float | None
    kyle_lambda_error: float | None


@dataclass(frozen=True, kw_only=True)
class Signal:
    """What a regime asks for: direction −1 … +1 and the evidence by column name."""

    venue: str
    instrument: str
    timeframe: str
    time: Time
    receive_time: Time
    direction: float | None
    confidence: float | None
    volatility: float | None
    regime: str
    evidence: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Position:
    """What an account holds; money in quote currency, realised_pnl after fees."""

    account: str
    venue: str
    instrument: str
    time: Time
    receive_time: Time
    size: float
    average_price: float | None
    mark_price: float | None
    realised_pnl: float | None
    unrealised_pnl: float | None
    fees: float | None


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A hole, a repetition or a silence in a feed, and whether it is healed."""

    venue: str
    instrument: str
    receive_time: Time
    channel: str
    cause: str
    state: str
    start_time: Time | None
    expected_sequence: int
    received_sequence: int


@dataclass(frozen=True, kw_only=True)
class OpenGap:
    """A gap that no snapshot has healed yet."""

    venue: str
    instrument: str
    channel: str
    cause: str
    since: Time


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """For what share of a trading session the book of an instrument was valid; the session under way as of `time`."""

    venue: str
    instrument: str
    session: str
    session_start: Time
    session_end: Time
    time: Time
    receive_time: Time
    valid_s: float
    recorded_s: float
    elapsed_s: float
    share: float
    ended: bool
    detection: str  # how a lost book message shows; none: what is called valid is unverifiable


@dataclass(frozen=True, kw_only=True)
class Availability:
    """What 99.9 and 99.99 % allow a subscription to be down in its newest day or 30 days, used and left; seconds."""

    venue: str
    instrument: str
    channel: str
    window: str  # day, 30 days
    counted_s: float  # since the subscription began, in the window, with an open market
    used_s: float  # down
    allowed_999_s: float
    left_999_s: float  # below 0: exceeded
    allowed_9999_s: float
    left_9999_s: float
    share_up: float | None  # of the counted seconds; None where there are none
    share_unverifiable: float | None  # up as far as can be told, but the venue gives no means to see a loss
    chief_cause: str  # what it was down for longest in the window, "" for nothing
    as_of: Time


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Time from receipt to the end of a stage, over `count` messages."""

    venue: str
    shard: str
    stage: str
    receive_time: Time
    count: int
    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int


@dataclass(frozen=True, kw_only=True)
class Mids:
    """Mid prices at one-second closes, oldest first."""

    venue: str
    instrument: str
    mid_prices: list[float | None]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Frames per second over the last ten seconds of recorded time; the epoch where there are none."""

    data_time: Time
    frames_per_s: float


@dataclass(frozen=True, kw_only=True)
class StoredOffset:
    """How far the tables hold a shard's journal."""

    shard: str
    stored_offset: int
    stored_time: Time


@dataclass(frozen=True, kw_only=True)
class TableRows:
    """Size of one table."""

    table: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """Frames that could not be understood, ever."""

    dead_letters: int


def time_text(time_ns: int) -> Time:
    """A time as the API writes it.

    >>> time_text(1_700_000_000_000_000_005)
    '2023-11-14T22:13:20.000000005Z'
    """
    seconds, rest = divmod(time_ns, SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def time_ns(text: Time) -> int:
    """The inverse of `time_text`; any number of digits after the second. Raises ValueError, also for another zone.

    >>> time_ns("2023-11-14T22:13:20.000000005Z"), time_ns("2023-11-14T22:13:20+00:00")
    (1700000000000000005, 1700000000000000000)
    """
    whole, _, rest = text.removesuffix("Z").removesuffix("+00:00").partition(".")
    moment = datetime.fromisoformat(whole)
    if moment.tzinfo is not None or (rest and not (rest.isascii() and rest.isdigit())):
        raise ValueError(f"{text} is no time in UTC")
    return int(moment.replace(tzinfo=UTC).timestamp()) * SECOND_NS + int(rest.ljust(9, "0")[:9] or 0)
