"""How venues list the same coins: openings and steps by base coin; every venue spells and rounds in its own way."""

from decimal import Decimal

from simulator.listing import Listing, listing

QUOTES = ("USDT", "USDC", "USD", "EUR", "BTC", "ETH")
STOCKS = {"AAPL": 230.0, "MSFT": 420.0, "SPY": 590.0, "TSLA": 340.0, "FAKEPACA": 135.0}


def coin(symbol: str, base: str, *, tick_size: str = "", lot_size: str = "0.00000001") -> Listing:
    """A listing of a base coin with the steps of a venue; an unknown coin is invented from its name.

    >>> coin("BTC/USD", "BTC").tick_size, coin("BTC/USD", "BTC", tick_size="0.01").price_decimals
    ('0.1', 2)
    """
    known = listing(f"{base}USDT")
    tick_size = tick_size or known.tick_size
    return known._replace(
        symbol=symbol,
        tick_size=tick_size,
        lot_size=lot_size,
        price_decimals=places(tick_size),
        size_decimals=places(lot_size),
    )


def stock(symbol: str) -> Listing:
    """A stock in cents and single shares."""
    if not symbol.replace(".", "").isalpha() or symbol != symbol.upper():
        raise ValueError(f"{symbol!r} is not a stock: use upper-case letters, such as AAPL")
    price = STOCKS.get(symbol) or max(1.0, round(listing(f"{symbol.replace('.', '')}USD").price, 2))
    return Listing(symbol, price, "0.01", "1", 2, 0)


def split(symbol: str, between: str) -> tuple[str, str]:
    """Base and quote of a symbol; without a sign between them the quote is one that is known.

    >>> split("BTC/USD", "/"), split("BTCUSDT", "")
    (('BTC', 'USD'), ('BTC', 'USDT'))
    """
    if between:
        base, _, quote = symbol.partition(between)
    else:
        quote = next((name for name in QUOTES if symbol.endswith(name)), "")
        base = symbol.removesuffix(quote)
    if not base.isalnum() or not quote.isalnum() or symbol != symbol.upper():
        raise ValueError(
            f"{symbol!r} is not a symbol of this venue: write it like BTC{between}USD{'' if between else 'T'}"
        )
    return base, quote


def places(step: str) -> int:
    """Decimals that a step needs."""
    return max(0, -int(Decimal(step).normalize().as_tuple().exponent))
