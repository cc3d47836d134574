"""Instruments of Alpaca: from its list of assets, or inferred from the texts of captured frames.

The list gives crypto the steps of orders. Its data are finer at times (a trade of BTC/USD at 65614.929 where orders
step by 1), so steps are never taken to be coarser than `CRYPTO_STEP`. It gives stocks none; venues/shares.py has those.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from market.errors import OddAnswerError, VenueError
from market.record import InstrumentDefined
from venues.shares import LOT_SIZE, TICK_SIZE
from venues.venue import Seen

CRYPTO, EQUITY = "crypto", "us_equity"
CRYPTO_STEP = Decimal("0.000000001")  # docs.alpaca.markets, "Crypto orders": the finest increment of any pair


# {"id":"904837e3-3b76-47ec-b432-046db621571b","class":"us_equity","exchange":"NASDAQ","symbol":"AAPL",
#  "name":"Apple Inc. Common Stock","status":"active","tradable":true,"fractionable":true}
# {"id":"276e2673-764b-4ab6-a611-caf665ca6340","class":"crypto","exchange":"CRYPTO","symbol":"BTC/USD",
#  "status":"active","tradable":true,"min_order_size":"0.0001","min_trade_increment":"0.0001","price_increment":"1"}
class Asset(msgspec.Struct):
    """One row of the list."""

    symbol: str
    id: str = ""
    status: str = ""
    min_trade_increment: str | None = None
    price_increment: str | None = None


_assets = msgspec.json.Decoder(list[Asset]).decode


def read_assets(name: str, body: bytes, symbols: Sequence[str], asset_class: str) -> list[InstrumentDefined]:
    """Definitions in the order of `symbols`; raises VenueError naming the ones that are not listed."""
    try:
        rows = {row.symbol: row for row in _assets(body)}
    except msgspec.MsgspecError as error:
        raise OddAnswerError(
            f"{name} answered the list of assets with something else ({error}); try again later"
        ) from error
    missing = [symbol for symbol in symbols if symbol not in rows]
    if missing:
        example = "BTC/USD" if asset_class == CRYPTO else "AAPL or BRK.B"
        raise VenueError(
            f"{name} does not list {', '.join(missing)}; spell symbols as the venue does, such as {example}"
        )
    return [_definition(rows[symbol], asset_class) for symbol in symbols]


def defined(symbol: str, tick_size: str, lot_size: str, asset_class: str) -> InstrumentDefined:
    """A definition with what a symbol itself says."""
    base, _, quote = symbol.partition("/") if asset_class == CRYPTO else (symbol, "", "USD")
    kind = "spot" if asset_class == CRYPTO else "equity"
    return InstrumentDefined(symbol, tick_size, lot_size, base=base, quote=quote, kind=kind)


def infer(symbol: str, seen: Seen, asset_class: str) -> InstrumentDefined:
    """A definition from what was seen."""
    return defined(symbol, seen.tick_size, seen.lot_size, asset_class)


def _definition(row: Asset, asset_class: str) -> InstrumentDefined:
    steps = (TICK_SIZE, LOT_SIZE)
    if asset_class == CRYPTO:
        steps = _step(row.price_increment, row.symbol), _step(row.min_trade_increment, row.symbol)
    found = defined(row.symbol, *steps, asset_class)
    return msgspec.structs.replace(found, status=row.status, stable_id=row.id)


def _step(text: str | None, symbol: str) -> str:
    try:
        step = min(Decimal(text or CRYPTO_STEP), CRYPTO_STEP)
    except InvalidOperation as error:
        raise VenueError(f"the list of assets gives {symbol} the step {text!r}, which is no number") from error
    return f"{step:f}"
