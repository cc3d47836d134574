"""Records that we add to a journal beside the venue's own frames: what the venue did not say but a flow must know.

A record is one frame: the byte 0x1E (record separator, RFC 7464) and a JSON object tagged by `record`. No venue frame
can be mistaken for one, because `foreign` puts a blank before any received frame that starts with that byte.
"""

from typing import Any

import msgspec

SEPARATOR = b"\x1e"


class InstrumentDefined(msgspec.Struct, frozen=True, tag_field="record", tag="instrument", omit_defaults=True):
    """An instrument and its steps, from the venue's metadata or inferred at import; holds from here on.

    An `assumed` one, as history needs, holds only until there is another: its steps are a guess.
    """

    symbol: str
    tick_size: str
    lot_size: str
    contract_size: str = "1"
    inverse: bool = False
    assumed: bool = False
    price_decimals: int | None = None  # of price texts on the wire, where a checksum depends on them
    size_decimals: int | None = None
    base: str = ""  # BTC, in every venue's spelling
    quote: str = ""
    kind: str = ""  # spot, perpetual, future, option, equity
    status: str = ""  # the venue's word
    stable_id: str = ""  # the venue's id that outlives renames
    renamed_from: str = ""
    effective_ns: int = 0  # when this holds from; 0: from when it was received


class Bar(msgspec.Struct, frozen=True, tag_field="record", tag="bar", omit_defaults=True):
    """A bar of history, as a person imported it; it counts where nothing has told of its time yet.

    None, and no trades, where the file does not say.
    """

    symbol: str
    timeframe: str  # of market.schema.TIMEFRAMES
    open_time: int  # ns, a multiple of the timeframe
    open: float
    high: float
    low: float
    close: float
    volume: float | None = None
    buy_volume: float | None = None
    sell_volume: float | None = None
    notional: float | None = None
    trades: int = 0


class Began(msgspec.Struct, frozen=True, tag_field="record", tag="began"):
    """Capture goes on with a journal that it, or one before it, left: nothing that came after `since_ns`, the receive
    time of the newest row before this one, was recorded.
    """

    since_ns: int
    symbols: list[str]


class ClockStepped(msgspec.Struct, frozen=True, tag_field="record", tag="clock"):
    """The machine's wall clock was set. Receive times follow it only where it is `adopted`."""

    step_ns: int  # wall clock minus the clock of the receive times
    adopted: bool


class Torn(msgspec.Struct, frozen=True, tag_field="record", tag="torn"):
    """A row of the journal that can be read no more. The reader puts this in its place; it stands in no journal."""

    reason: str


class Connected(msgspec.Struct, frozen=True, tag_field="record", tag="connected"):
    """A socket is open again: whatever it carried before may be incomplete, so its books start anew.

    An overlapped rotation (`overlap`) lost nothing and resets nothing.
    """

    route: str
    generation: int
    symbols: list[str]
    overlap: bool = False


class Disconnected(msgspec.Struct, frozen=True, tag_field="record", tag="disconnected"):
    """A socket is gone; the books it fed are not valid until their next snapshot."""

    route: str
    reason: str
    symbols: list[str]


class Silent(msgspec.Struct, frozen=True, tag_field="record", tag="silent"):
    """A subscription gave no data for longer than its limit, though its socket answers."""

    stream: str
    symbol: str
    since_ns: int


class Shed(msgspec.Struct, frozen=True, tag_field="record", tag="shed"):
    """Frames of these symbols were not kept because a named queue was full; never trades."""

    queue: str
    symbols: dict[str, int]  # frames lost by symbol


class Snapshot(msgspec.Struct, frozen=True, tag_field="record", tag="snapshot"):
    """A full book that was asked for over REST; `body` is the venue's answer, untouched."""

    symbol: str
    body: msgspec.Raw


class Skipped(msgspec.Struct, frozen=True, tag_field="record", tag="skipped", omit_defaults=True):
    """What an imported file holds that is no `<time> <frame>`, or no bar; kept for the dead letters."""

    line: bytes
    reason: str
    past: bool = False  # of history


class Alive(msgspec.Struct, frozen=True, tag_field="record", tag="alive"):
    """Nothing came for a second, and capture is there: recorded time goes on, and what waits for it is not held up."""


Record = (
    Alive
    | Bar
    | Began
    | ClockStepped
    | Connected
    | Disconnected
    | InstrumentDefined
    | Shed
    | Silent
    | Skipped
    | Snapshot
    | Torn
)

_decoder = msgspec.json.Decoder(Record)
_encoder = msgspec.json.Encoder()


def is_past(record: Any) -> bool:
    """Whether a record is of history: what it says is not of the time at which it stands."""
    match record:
        case Bar() | InstrumentDefined(assumed=True) | Skipped(past=True):
            return True
    return False


def encode(record: Record) -> bytes:
    """The frame of a record."""
    return SEPARATOR + _encoder.encode(record)


def is_record(frame: bytes) -> bool:
    """Whether a frame of a journal is ours and not the venue's."""
    return frame[:1] == SEPARATOR


def decode(frame: bytes) -> Any:
    """The record in a frame of ours; raises msgspec.ValidationError or msgspec.DecodeError."""
    return _decoder.decode(frame[1:])


def foreign(frame: bytes) -> bytes:
    """A received frame, safe to append: it can never pass for a record of ours."""
    return b" " + frame if is_record(frame) else frame
