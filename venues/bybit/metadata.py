"""Tick and lot sizes: from instruments-info, or inferred from the texts of captured frames."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from market.clock import MILLISECOND_NS
from market.errors import FrameError, OddAnswerError, VenueError
from market.record import InstrumentDefined
from venues.reading import texts_of
from venues.venue import Seen, Texts

UNKNOWN_SYMBOL = 10001  # "params error: symbol invalid"
KINDS = {
    "LinearPerpetual": "perpetual",
    "InversePerpetual": "perpetual",
    "LinearFutures": "future",
    "InverseFutures": "future",
    "": "spot",
}
QUOTES = ("USDT", "USDC", "USD", "EUR", "BTC", "ETH", "BRL", "PLN", "TRY", "MNT")


class Steps(msgspec.Struct):
    """priceFilter and lotSizeFilter, as far as they are used; basePrecision on spot only."""

    tickSize: str = ""  # noqa: N815 - the venue's names
    qtyStep: str = ""  # noqa: N815
    basePrecision: str = ""  # noqa: N815


# {"symbol":"BTCUSDT","symbolId":5,"contractType":"LinearPerpetual","status":"Trading","baseCoin":"BTC",
#  "quoteCoin":"USDT","launchTime":"1584230400000","priceFilter":{"tickSize":"0.10"},"lotSizeFilter":{"qtyStep":"1"}}
class Symbol(msgspec.Struct):
    """One row of instruments-info."""

    symbol: str
    priceFilter: Steps  # noqa: N815
    lotSizeFilter: Steps  # noqa: N815
    contractType: str = ""  # noqa: N815
    status: str = ""
    baseCoin: str = ""  # noqa: N815
    quoteCoin: str = ""  # noqa: N815
    launchTime: str = ""  # noqa: N815
    symbolId: int | None = None  # noqa: N815 - stays when a symbol is renamed


class Listed(msgspec.Struct):
    """One page."""

    symbols: list[Symbol] = msgspec.field(default_factory=list, name="list")


class Answer(msgspec.Struct):
    """The answer of instruments-info, as far as it is used."""

    retCode: int  # noqa: N815
    retMsg: str = ""  # noqa: N815
    result: Listed = msgspec.field(default_factory=Listed)


def read_instruments(
    name: str, bodies: Sequence[bytes], symbols: Sequence[str], *, inverse: bool
) -> list[InstrumentDefined]:
    """Definitions in the order of `symbols`; raises VenueError naming the ones that are not listed."""
    rows = {row.symbol: row for body in bodies for row in _rows(name, body)}
    missing = [symbol for symbol in symbols if symbol not in rows]
    if missing:
        raise VenueError(
            f"{name} does not list {', '.join(missing)}; spell symbols as the venue does, such as"
            f" {next(iter(rows), 'BTCUSDT')}"
        )
    return [_definition(rows[symbol], inverse=inverse) for symbol in symbols]


def _rows(name: str, body: bytes) -> list[Symbol]:
    try:
        answer = msgspec.json.decode(body, type=Answer)
    except (msgspec.MsgspecError, ValueError) as error:
        raise OddAnswerError(
            f"{name} answered instruments-info with something else ({error}); try again later"
        ) from error
    if answer.retCode not in (0, UNKNOWN_SYMBOL):
        raise OddAnswerError(
            f"{name} refused instruments-info: {answer.retMsg} (code {answer.retCode}); try again later"
        )
    return answer.result.symbols


def _definition(row: Symbol, *, inverse: bool) -> InstrumentDefined:
    lot_size = row.lotSizeFilter.qtyStep or row.lotSizeFilter.basePrecision
    if not (row.priceFilter.tickSize and lot_size):
        raise VenueError(f"instruments-info of {row.symbol} names no tick or lot size; its steps are unknown")
    return InstrumentDefined(
        row.symbol,
        row.priceFilter.tickSize,
        lot_size,
        inverse=inverse,  # a contract is worth one coin, an inverse one 1 USD
        base=row.baseCoin,
        quote=row.quoteCoin,
        kind=KINDS.get(row.contractType, ""),
        status=row.status,
        stable_id="" if row.symbolId is None else str(row.symbolId),
        effective_ns=_launch(row),
    )


def _launch(row: Symbol) -> int:
    """When an instrument that does not trade yet will, in ns; 0 for others."""
    return int(row.launchTime) * MILLISECOND_NS if row.status == "PreLaunch" and row.launchTime.isdigit() else 0


def infer(symbol: str, seen: Seen, *, inverse: bool) -> InstrumentDefined:
    """A definition from steps that were seen: BTCUSDT, BTC-26DEC25, BTCPERP (USDC), BTCUSD."""
    pair, dash, _ = symbol.partition("-")
    base = pair.removesuffix("PERP")
    quote = "USDC" if base != pair or dash else ""
    for known in QUOTES:
        if pair.endswith(known) and len(pair) > len(known):
            base, quote = pair.removesuffix(known), known
            break
    return InstrumentDefined(symbol, seen.tick_size, seen.lot_size, inverse=inverse, base=base, quote=quote)


def texts(frame: bytes) -> tuple[Texts, ...]:
    """The decimal texts of prices and sizes in a frame of market data, by symbol; none in others."""
    message = texts_of(frame)
    try:
        kind = str(message.get("topic", "")).partition(".")[0]
        data = message.get("data")
        if kind == "publicTrade":
            return tuple(Texts(str(trade["s"]), (trade["p"],), (trade["v"],)) for trade in data)
        pairs = list(_pairs(kind, data))
        prices, sizes = zip(*pairs, strict=True) if pairs else ((), ())
        return (Texts(str(data.get("s") or data.get("symbol") or ""), prices, sizes),) if pairs else ()
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise FrameError(f"not understood: {error}") from error


def _pairs(kind: str, data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if kind == "orderbook":
        for side in ("b", "a"):
            for price, size in data[side]:
                yield price, size
    elif kind == "tickers":
        for side in ("bid1", "ask1"):
            price, size = data.get(f"{side}Price"), data.get(f"{side}Size")
            if price and size:
                yield price, size
