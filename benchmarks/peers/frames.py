"""The frames as msgspec structs, as the peers that bring no decoder of their own read them.

Prices and sizes become floats inside the decoder. Measured per frame of the capture: this 1.1 µs, orjson and `float` on
the texts 3.7 µs.
"""

import msgspec

Levels = list[tuple[float, float]]


class Depth(msgspec.Struct, tag_field="e", tag="depthUpdate", gc=False):
    T: int
    s: str
    u: int
    pu: int
    b: Levels
    a: Levels


class Ticker(msgspec.Struct, tag_field="e", tag="bookTicker", gc=False):
    T: int
    s: str
    u: int
    b: float
    B: float
    a: float
    A: float


class Trade(msgspec.Struct, tag_field="e", tag="trade", gc=False):
    T: int
    s: str
    t: int
    p: float
    q: float
    X: str
    m: bool


class Mark(msgspec.Struct, tag_field="e", tag="markPriceUpdate", gc=False):
    E: int
    s: str
    p: float
    i: float
    r: float


class Combined(msgspec.Struct, gc=False):
    data: Depth | Ticker | Trade | Mark


class Snapshot(msgspec.Struct, gc=False):
    lastUpdateId: int  # noqa: N815 - the venue's name
    T: int
    bids: Levels
    asks: Levels


_combined = msgspec.json.Decoder(Combined, strict=False).decode
_snapshot = msgspec.json.Decoder(Snapshot, strict=False).decode


def decode(frame: bytes) -> Depth | Ticker | Trade | Mark | Snapshot:
    """A frame as its struct."""
    return _combined(frame).data if frame.startswith(b'{"stream"') else _snapshot(frame)
