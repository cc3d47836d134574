"""Market data of Massive: one frame to its messages, and on to their rows; or the reason why not."""

from collections.abc import Mapping
from typing import Any

from market.errors import FrameError
from venues.massive import frames, write
from venues.messages import array_reader
from venues.reading import Reader, texts_of
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

STOCK: Reader = array_reader(frames.Stock, write.messages)
CRYPTO: Reader = array_reader(frames.Crypto, write.messages)


def texts(frame: bytes) -> tuple[Texts, ...]:
    """The symbols and decimal texts of a frame, of the messages that tell prices. Raises FrameError."""
    found = texts_of(frame)
    if not (isinstance(found, list) and all(isinstance(message, dict) for message in found)):
        raise FrameError("not understood: no array of messages")
    return tuple(map(_texts, found))


def _texts(message: dict[str, Any]) -> Texts:
    kind = str(message.get("ev"))
    symbol = str(message.get(SYMBOLS.get(kind, ""), ""))
    if kind == "XL2":
        levels = [level for side in "ba" for level in _list(message.get(side)) if len(_list(level)) == 2]
        exchange = f"{symbol}@{message.get('x')}"
        return Texts(exchange, _strings([level[0] for level in levels]), _strings([level[1] for level in levels]))
    prices = [message.get(key) for key in PRICES.get(kind, ())]
    return Texts(symbol, _strings(prices), _strings([message.get(key) for key in SIZES.get(kind, ())]))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _strings(values: list[Any]) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str))
