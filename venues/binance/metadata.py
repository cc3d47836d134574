"""Tick and lot sizes: from exchangeInfo, or inferred from the texts of captured frames."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from market.errors import FrameError, OddAnswerError, VenueError
from market.record import InstrumentDefined
from venues.venue import Texts


# {"filterType":"PRICE_FILTER","minPrice":"0.00000100","maxPrice":"100000.00000000","tickSize":"0.00000100"}
# {"filterType":"LOT_SIZE","minQty":"0.001","maxQty":"1000","stepSize":"0.001"}
class Filter(msgspec.Struct):
    """One rule of a symbol."""

    filterType: str  # noqa: N815 - the venue's name
    tickSize: str = ""  # noqa: N815
    stepSize: str = ""  # noqa: N815


class Symbol(msgspec.Struct):
    """One row of exchangeInfo; contractSize on coin-M only."""

    symbol: str
    filters: list[Filter]
    contractSize: float | None = None  # noqa: N815


class ExchangeInfo(msgspec.Struct):
    """The answer of exchangeInfo, as far as it is used."""

    symbols: list[Symbol]


def read_exchange_info(name: str, body: bytes, symbols: Sequence[str], *, inverse: bool) -> list[InstrumentDefined]:
    """Definitions in the order of `symbols`; raises VenueError naming the ones that are not listed."""
    try:
        rows = {row.symbol: row for row in msgspec.json.decode(body, type=ExchangeInfo).symbols}
    except msgspec.MsgspecError as error:
        raise OddAnswerError(f"{name} answered exchangeInfo with something else ({error}); try again later") from error
    missing = [symbol for symbol in symbols if symbol not in rows]
    if missing:
        raise VenueError(
            f"{name} does not list {', '.join(missing)}; spell symbols as the venue does, such as {_example(rows)}"
        )
    return [_definition(rows[symbol], inverse=inverse) for symbol in symbols]


def _example(rows: dict[str, Symbol]) -> str:
    return next(iter(rows), "BTCUSDT")


def _definition(row: Symbol, *, inverse: bool) -> InstrumentDefined:
    steps = {rule.filterType: rule for rule in row.filters}
    try:
        tick_size, lot_size = steps["PRICE_FILTER"].tickSize, steps["LOT_SIZE"].stepSize
    except KeyError as error:
        raise VenueError(f"exchangeInfo of {row.symbol} has no filter {error}; its steps are unknown") from error
    contract_size = "1" if row.contractSize is None else f"{row.contractSize:g}"
    return InstrumentDefined(row.symbol, tick_size, lot_size, contract_size, inverse)


def texts(frame: bytes) -> Texts:
    """The symbol and the decimal texts of prices and sizes in a frame of market data; empty for others."""
    try:
        message = msgspec.json.decode(frame)
        event = message.get("data", message)
        pairs = [(price, size) for price, size in _pairs(event) if isinstance(price, str) and isinstance(size, str)]
        prices, sizes = zip(*pairs, strict=True) if pairs else ((), ())
        return Texts(str(event.get("s") or event.get("symbol") or ""), prices, sizes)
    except (msgspec.MsgspecError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise FrameError(f"not understood: {error}") from error


def _pairs(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Prices with their sizes, of the events that become rows; a 24hrTicker has `p` and `q` too, of other meaning."""
    name = event.get("e", "")
    if name in ("trade", "aggTrade"):
        yield event["p"], event["q"]
    elif name in ("", "bookTicker") and "B" in event:
        yield event["b"], event["B"]
        yield event["a"], event["A"]
    elif name in ("", "depthUpdate"):
        for side in ("b", "a", "bids", "asks"):
            yield from event.get(side, ())


def inferred_contract_size(symbol: str) -> str:
    """Coin-M contracts are worth 100 USD on BTC and 10 USD on every other coin (Binance contract specifications)."""
    return "100" if symbol.startswith("BTCUSD") else "10"
