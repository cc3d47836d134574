"""How numbers and times are written on the wire: decimals of integer ticks and lots, RFC 3339, and compact JSON."""

import json
from datetime import UTC, datetime
from decimal import Decimal

from market.clock import SECOND_NS
from simulator.listing import Listing

TEXTS_MOST = 1 << 16  # texts kept for each instrument and kind


class Decimals:
    """The texts of multiples of a step, such as prices of a tick of 0.1 with 2 decimals.

    >>> Decimals("0.1", 2).text(281451), Decimals("0.1", 2, zeros=False).text(281450)
    ('28145.10', '28145')
    """

    def __init__(self, step: str, decimals: int, *, zeros: bool = True) -> None:
        """Without `zeros` a text ends in no zero behind the point, nor in the point."""
        self._units = int(Decimal(step).scaleb(decimals))
        self._decimals = decimals
        self._zeros = zeros
        self._texts: dict[int, str] = {}

    def text(self, count: int) -> str:
        """The text of so many steps."""
        found = self._texts.get(count)
        if found is None:
            if len(self._texts) >= TEXTS_MOST:
                self._texts.clear()
            found = self._texts[count] = self._write(count)
        return found

    def _write(self, count: int) -> str:
        if not self._decimals:
            return str(count * self._units)
        sign, digits = ("-" if count < 0 else ""), str(abs(count) * self._units).zfill(self._decimals + 1)
        text = f"{sign}{digits[: -self._decimals]}.{digits[-self._decimals :]}"
        return text if self._zeros else text.rstrip("0").rstrip(".")


class Printer:
    """Prices and sizes of one instrument."""

    def __init__(self, row: Listing, *, zeros: bool = True) -> None:
        self._prices = Decimals(row.tick_size, row.price_decimals, zeros=zeros)
        self._sizes = Decimals(row.lot_size, row.size_decimals, zeros=zeros)
        self.price = self._prices.text
        self.size = self._sizes.text


class Clock:
    """RFC 3339 texts of times in ns; the second is kept, as most texts are of the same one."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def text(self, time_ns: int, *, digits: int = 6, zeros: bool = True) -> str:
        """The text with so many digits behind the second; without `zeros` the last ones are left out.

        >>> Clock().text(1_786_309_542_514_310_000, zeros=False)
        '2026-08-09T21:05:42.51431Z'
        """
        second, rest = divmod(time_ns, SECOND_NS)
        if second != self._second:
            self._second, self._text = second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        fraction = f"{rest:09d}"[:digits]
        if not zeros:
            fraction = fraction.rstrip("0")
        return f"{self._text}.{fraction}Z" if fraction else f"{self._text}Z"


def compact(value: object) -> str:
    """JSON without blanks, in the order of the keys."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def read(data: bytes) -> dict[str, object] | None:
    """The JSON object that a client sent; None where it is something else."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def texts(value: object) -> list[str]:
    """The strings of a list that a client sent; nothing where it is no list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
