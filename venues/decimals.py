"""Decimal text to integer ticks, exactly: digits to an integer, never through a float."""

import re
from collections.abc import Iterable
from decimal import Decimal

from market.errors import FrameError
from market.instrument import tick_ratio

MAX_REMEMBERED = 1024  # texts remembered per instrument, about 130 kB; all are forgotten when it is full
MAX_DIGITS = 18  # of a price, the point not counted
MAX_TICKS = 2**62  # leaves room to add and subtract in int64
_DECIMAL = re.compile(r"([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,2}))?", re.ASCII)  # whole, fraction, exponent


class Ticks(dict[str, int]):
    """Integer ticks of price texts of one instrument. A dict that works out what it has not seen, as texts repeat.

    >>> Ticks(Decimal("0.5"))["1.50"]
    3
    """

    def __init__(self, tick_size: Decimal) -> None:
        super().__init__()
        self.tick_size = tick_size
        self._numerator, self._denominator = tick_ratio(tick_size)

    def __missing__(self, text: str) -> int:
        """Work out and remember; raises FrameError naming text and tick."""
        ticks = self._ticks(text)
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        self[text] = ticks
        return ticks

    def __reduce__(self) -> tuple[type["Ticks"], tuple[Decimal]]:
        """Pickle without the memory: it is no state, only speed."""
        return Ticks, (self.tick_size,)

    def _ticks(self, text: str) -> int:
        match = _matched(text)
        if match is None:
            raise FrameError(f"price {text[:40]!r} is not a decimal number of at most {MAX_DIGITS} digits")
        whole, fraction = match[1], match[2] or ""
        places = len(fraction) - int(match[3] or 0)
        scaled: int = int(whole + fraction) * self._denominator * 10 ** max(0, -places)
        step: int = self._numerator * 10 ** max(0, places)
        ticks, rest = divmod(scaled, step)
        if rest:
            raise FrameError(f"price {text} is not a multiple of the tick size {self.tick_size}")
        if ticks > MAX_TICKS:
            raise FrameError(f"price {text} is more than {MAX_TICKS} ticks of {self.tick_size}")
        return ticks


def finest_step(texts: Iterable[str], coarser_than: Decimal = Decimal(1)) -> Decimal:
    """The smallest power of ten, at most `coarser_than`, that all texts are multiples of; other texts do not count.

    >>> finest_step(["28145.10", "5000.00"])
    Decimal('0.1')
    >>> finest_step(["8.1E-7"])
    Decimal('1E-8')
    """
    places = max((_places(match) for text in texts if (match := _matched(text))), default=0)
    return min(coarser_than, Decimal(1).scaleb(-places))


def most_places(texts: Iterable[str]) -> int:
    """Decimal places as written, zeros counted, of the text that has most.

    >>> most_places(["28145.10", "5000"])
    2
    """
    return max((len(match[2] or "") for text in texts if (match := _matched(text))), default=0)


def _places(match: re.Match[str]) -> int:
    """Decimal places of a number, zeros at its end not counted."""
    digits = (match[1] + (match[2] or "")).rstrip("0")
    zeros = len(match[1]) + len(match[2] or "") - len(digits)
    return len(match[2] or "") - zeros - int(match[3] or 0) if digits else 0


def _matched(text: str) -> re.Match[str] | None:
    """The parts of a decimal number; None for any other text."""
    return _DECIMAL.fullmatch(text) if len(text) <= MAX_DIGITS + 1 else None
