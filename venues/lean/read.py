"""A tick to rows: trades, quotes of the national best, and what their conditions say of the market's phase."""

import re
from math import nan

from market.errors import FrameError
from market.schema import NO_SEQUENCE, Flag, Kind
from venues.lean import conditions
from venues.lean.exchanges import code
from venues.lean.frames import Tick, tick
from venues.rows import Header, Rows, Status
from venues.venue import Listing, Listings, Texts

IDS_PER_DAY = 10**9
_PRICE = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?", re.ASCII)
_SIZE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII)


def read(frame: bytes, receive_time: int, position: int, listings: Listings, rows: Rows) -> None:
    """Append the rows of one frame, all or none. Raises FrameError with the reason."""
    said = tick(frame)
    if said.symbol not in listings:
        raise FrameError(f"no instrument is defined for {said.symbol}")
    write = _trade if said.what == "trade" else _quote
    write(said, receive_time, position, listings[said.symbol], rows)


def texts(frame: bytes) -> Texts:
    """The symbol, the prices in dollars and the sizes of a tick; prices of 0 are none."""
    said = tick(frame)
    values = said.values
    pairs = [values[0:2]] if said.what == "trade" else [values[0:2], values[2:4]]
    told = [(dollars(price), size) for price, size in pairs if price != "0"]
    return Texts(said.symbol, tuple(price for price, _ in told), tuple(size for _, size in told))


def dollars(text: str) -> str:
    """A price in 1/10 000 dollar, in dollars; raises FrameError where it is no number.

    >>> dollars("1815200"), dollars("50"), dollars("1815200.5")
    ('181.5200', '0.0050', '181.52005')
    """
    match = _PRICE.fullmatch(text)
    if match is None:
        raise FrameError(f"price {text[:40]!r} is not a decimal number of at most 12 digits and 6 decimals")
    whole = match[1].rjust(5, "0")
    return f"{whole[:-4]}.{whole[-4:]}{match[2] or ''}"


def _size(text: str) -> float:
    if _SIZE.fullmatch(text) is None:
        raise FrameError(f"size {text[:40]!r} is not a decimal number of at most 12 digits and 9 decimals")
    return float(text)


def _is_suspicious(text: str) -> bool:
    if text not in ("0", "1"):
        raise FrameError(f"suspicious is 0 or 1, not {text[:40]!r}")
    return text == "1"


def _trade(said: Tick, received: int, position: int, listing: Listing, rows: Rows) -> None:
    """The tape names no aggressor. Prints of auctions are trades, official prices are none."""
    price, size, exchange, condition, suspicious = said.values
    bits, ticks, shares = conditions.bits(condition), listing.ticks[dollars(price)], _size(size)
    code(exchange)
    if ticks == 0:
        raise FrameError("a trade at price 0")
    off_book = Flag.OFF_BOOK if _is_suspicious(suspicious) or bits & conditions.NO_PRICE else 0
    number = int(said.date) * IDS_PER_DAY + said.number
    header = Header(
        *(said.time, received, number, NO_SEQUENCE, ticks, listing.instrument, position, Kind.TRADE, 0, off_book),
        bids=0,
        levels=0,
    )
    rows.add(header, shares)
    _phases(said, received, position, conditions.said(bits, conditions.SALE_PHASES), exchange, (nan, nan), rows)


def _quote(said: Tick, received: int, position: int, listing: Listing, rows: Rows) -> None:
    """Where the best bid, the best ask or both are now; size 0, or a zero on both sides, takes them away."""
    bid, bid_size, ask, ask_size, exchange, condition, suspicious = said.values
    bits, doubted, number = conditions.bits(condition), _is_suspicious(suspicious), code(exchange)
    ticks = [listing.ticks[dollars(price)] for price in (bid, ask)]
    sizes = [_size(bid_size), _size(ask_size)]
    told = [side for side in range(2) if ticks[side]] or [0, 1]
    if bits & (conditions.HALTED | conditions.Quotation.NON_FIRM):
        told, sizes = [0, 1] if bits & conditions.HALTED else told, [0.0, 0.0]
    phases = conditions.said(bits, conditions.QUOTE_PHASES)
    if not bits & conditions.INDICATED:
        flags = Flag.BEST | (Flag.OFF_BOOK if doubted else 0)
        header = Header(
            *(said.time, received, 0, number, 0, listing.instrument, position, Kind.QUOTE, 0, flags),
            bids=int(0 in told),
            levels=len(told),
        )
        rows.add_levels(header, [ticks[side] for side in told], [sizes[side] for side in told])
    band = [float(dollars(price)) if price != "0" else nan for price in (bid, ask)]
    is_band = bits & (conditions.Quotation.PRICE_BAND | conditions.Quotation.PRICE_BAND_AGAIN)
    _phases(said, received, position, phases, exchange, (band[0], band[1]) if is_band else (nan, nan), rows)


def _phases(
    said: Tick,
    received: int,
    position: int,
    phases: list[tuple[str, str]],
    exchange: str,
    band: tuple[float, float],
    rows: Rows,
) -> None:
    """Rows of what the conditions tell of the phase, with the exchange as the reason."""
    times = said.time, received
    for phase, word in phases:
        prices = band if phase == "limits" else (nan, nan)
        rows.statuses.append(Status(said.symbol, *times, phase, f"{word} {said.what}", exchange, *prices, position))
