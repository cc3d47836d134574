"""Market data of Alpaca: one frame to its messages, and on to their rows; or the reason why not."""

from collections.abc import Mapping
from typing import Any

from market.errors import FrameError
from venues import reading
from venues.alpaca import frames, write
from venues.messages import array, array_reader, array_texts, strings
from venues.reading import Reader
from venues.rows import Rows
from venues.venue import Listings, Texts

KEYS_OF_LEVEL = 2
MSGPACK_ARRAYS = tuple(bytes([sign]) for sign in (*range(0x90, 0xA0), 0xDC, 0xDD))
PRICES: Mapping[str, tuple[str, ...]] = {
    "t": ("p",),
    "q": ("bp", "ap"),
    "l": ("u", "d"),
    "i": ("p",),
    "c": ("op", "cp"),
    "x": ("p",),
    **dict.fromkeys("bud", ("o", "h", "l", "c")),
}
SIZES: Mapping[str, tuple[str, ...]] = {"t": ("s",), "q": ("bs", "as")}


def _inner(message: Any) -> int:
    return KEYS_OF_LEVEL * (len(message.b) + len(message.a)) if type(message) is frames.OrderBook else 0


STOCK: Reader = array_reader(frames.Stock, write.WRITERS)
CRYPTO: Reader = array_reader(frames.Crypto, write.WRITERS, _inner)


def read(reader: Reader, frame: bytes, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Append the rows of one frame. Raises FrameError with the reason."""
    if frame[:1] in MSGPACK_ARRAYS:
        raise FrameError("a frame of msgpack, the binary form of this venue; only its JSON text is read")
    reading.read(reader, frame, received, position, listings, rows)


def texts(frame: bytes) -> tuple[Texts, ...]:
    """The symbols and decimal texts of a frame, of the messages that tell prices. Raises FrameError."""
    return array_texts(frame, _texts)


def _texts(message: dict[str, Any]) -> Texts:
    kind, symbol = str(message.get("T")), message.get("S")
    levels = [level for side in "ba" for level in array(message.get(side)) if isinstance(level, dict)]
    if kind == "o":
        pairs = [(level.get("p"), level.get("s")) for level in levels]
        prices, sizes = [price for price, _ in pairs], [size for _, size in pairs]
    else:
        prices = [message.get(key) for key in PRICES.get(kind, ())]
        sizes = [message.get(key) for key in SIZES.get(kind, ())]
    return Texts(symbol if isinstance(symbol, str) else "", strings(prices), strings(sizes))
