"""Market data of Massive: one frame to its messages, and on to their rows; or the reason why not."""

from collections.abc import Mapping
from typing import Any

from venues.massive import frames, write
from venues.messages import array, array_reader, array_texts, strings
from venues.reading import Reader
from venues.venue import Texts

PRICES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("T", "XT"), ("p",)),
    **dict.fromkeys(("Q", "XQ"), ("bp", "ap")),
    **dict.fromkeys(("A", "AM", "XA", "XAS"), ("o", "h", "l", "c")),
    "LULD": ("h", "l"),
}
SIZES: Mapping[str, tuple[str, ...]] = {
    "T": ("s", "ds"),
    "XT": ("s",),
    **dict.fromkeys(("Q", "XQ"), ("bs", "as")),
}
SYMBOLS: Mapping[str, str] = {
    **dict.fromkeys(("T", "Q", "A", "AM"), "sym"),
    **dict.fromkeys(("XT", "XQ", "XL2", "XA", "XAS"), "pair"),
    "LULD": "T",
}

STOCK: Reader = array_reader(frames.Stock, write.WRITERS)
CRYPTO: Reader = array_reader(frames.Crypto, write.WRITERS)


def texts(frame: bytes) -> tuple[Texts, ...]:
    """The symbols and decimal texts of a frame, of the messages that tell prices. Raises FrameError."""
    return array_texts(frame, _texts)


def _texts(message: dict[str, Any]) -> Texts:
    kind = str(message.get("ev"))
    symbol = str(message.get(SYMBOLS.get(kind, ""), ""))
    if kind == "XL2":
        levels = [level for side in "ba" for level in array(message.get(side)) if len(array(level)) == 2]
        exchange = f"{symbol}@{message.get('x')}"
        return Texts(exchange, strings([level[0] for level in levels]), strings([level[1] for level in levels]))
    prices = [message.get(key) for key in PRICES.get(kind, ())]
    return Texts(symbol, strings(prices), strings([message.get(key) for key in SIZES.get(kind, ())]))
