"""Symbols, sizes and prices as Alpaca's trading API writes them.

Placing Orders, docs.alpaca.markets/docs/orders-at-alpaca (2026-01): a limit price of a dollar or more has at most two
decimals, one below at most four; anything finer is refused (code 42210000). Sizes have at most nine decimals.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, InvalidOperation
from math import isfinite

import msgspec

from market.errors import OddAnswerError, VenueError
from market.messages import Side
from venues.alpaca.metadata import CRYPTO

FINEST = Decimal("0.000000001")  # of sizes, and of prices of crypto
CENT, SUBPENNY = Decimal("0.01"), Decimal("0.0001")
QUOTES = ("USDT", "USDC", "USD", "BTC")  # currencies that crypto is quoted in
CODE_LETTERS = 2  # the least that a base currency has


@dataclass(frozen=True)
class Steps:
    """Steps of orders of one crypto pair, as the list of assets gives them."""

    price: Decimal = FINEST
    size: Decimal = FINEST


@dataclass(frozen=True)
class Spelling:
    """Symbols both ways: positions write BTCUSD what orders and market data write BTC/USD."""

    instruments: tuple[str, ...] = ()
    _known: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = {symbol.replace("/", ""): symbol for symbol in self.instruments if is_crypto(symbol)}
        object.__setattr__(self, "_known", known)

    def ours(self, symbol: str, asset_class: str) -> str:
        """As market data write it.

        >>> Spelling().ours("BTCUSD", "crypto"), Spelling().ours("BTCUSD", "us_equity"), Spelling().ours("ETH/BTC", "")
        ('BTC/USD', 'BTCUSD', 'ETH/BTC')
        """
        if is_crypto(symbol) or asset_class not in (CRYPTO, ""):
            return symbol
        if symbol in self._known:
            return self._known[symbol]
        return _split(symbol) if asset_class == CRYPTO else symbol


def is_crypto(symbol: str) -> bool:
    """Whether market data write it with a slash."""
    return "/" in symbol


def _split(symbol: str) -> str:
    for quote in QUOTES:
        if symbol.endswith(quote) and len(symbol) - len(quote) >= CODE_LETTERS:
            return f"{symbol.removesuffix(quote)}/{quote}"
    return symbol


def size_text(symbol: str, size: float, step: Decimal = FINEST) -> str:
    """A size as the decimal text of the nearest step, which is as far as floats err; raises VenueError below a step.

    >>> size_text("BTC/USD", 1e-05), size_text("AAPL", 10.0), size_text("BTC/USD", 0.1 + 0.2)
    ('0.00001', '10', '0.3')
    """
    return plain(_stepped(f"size of {symbol}", size, step, ROUND_HALF_EVEN))


def price_text(symbol: str, price: float, side: Side, step: Decimal | None = None) -> str:
    """A limit price on the venue's step, never worse than asked: a buy rounds down, a sell up.

    >>> price_text("AAPL", 290.123, Side.BUY), price_text("AAPL", 290.123, Side.SELL), price_text("F", 0.123, Side.BUY)
    ('290.12', '290.13', '0.123')
    """
    snapped = _stepped(f"limit price of {symbol}", price, FINEST, ROUND_HALF_EVEN)
    if step is None:
        step = FINEST if is_crypto(symbol) else CENT if snapped >= 1 else SUBPENNY
    rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    stepped = (snapped / step).to_integral_value(rounding) * step
    if stepped <= 0:
        raise VenueError(f"a limit price of {price!r} for {symbol} is below its smallest step {plain(step)}")
    return plain(stepped)


def plain(number: Decimal) -> str:
    """Without exponent and without zeros at the end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _stepped(what: str, value: float, step: Decimal, rounding: str) -> Decimal:
    if not (isfinite(value) and value > 0):
        raise VenueError(f"the {what} must be finite and more than 0, it is {value!r}")
    try:
        stepped = (Decimal(repr(float(value))) / step).to_integral_value(rounding) * step
    except InvalidOperation as error:
        raise VenueError(f"the {what} has more digits than Alpaca takes: {value!r}") from error
    if stepped <= 0:
        raise VenueError(f"the {what} is below the smallest step {plain(step)}: {value!r}")
    return stepped


# {"symbol":"BTC/USD","min_trade_increment":"0.0001","price_increment":"1", …}
class _Asset(msgspec.Struct):
    symbol: str
    min_trade_increment: str | None = None
    price_increment: str | None = None


def read_steps(body: bytes) -> Mapping[str, Steps]:
    """Steps out of the list of assets of crypto; raises OddAnswerError for something else."""
    try:
        rows = msgspec.json.decode(body, type=list[_Asset])
        return {row.symbol: Steps(_step(row.price_increment), _step(row.min_trade_increment)) for row in rows}
    except (msgspec.MsgspecError, InvalidOperation) as error:
        raise OddAnswerError(f"Alpaca answered its list of assets with something else ({error})") from error


def _step(text: str | None) -> Decimal:
    step = Decimal(text) if text else FINEST
    if not (step.is_finite() and step > 0):
        raise InvalidOperation(f"a step of {text}")
    return step
