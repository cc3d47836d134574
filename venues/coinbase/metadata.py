"""Tick and lot sizes: from the product lists of Coinbase, or inferred from the texts of captured frames."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from market.errors import FrameError, OddAnswerError, VenueError
from market.record import InstrumentDefined
from venues.reading import texts_of
from venues.venue import Seen, Texts

Pair = tuple[Any, Any]  # price, size


# {"contract_size":"0.01","contract_root_unit":"BTC","contract_expiry_type":"EXPIRING",…}
class Future(msgspec.Struct):
    """What a product is a contract on."""

    contract_size: str = "1"
    contract_root_unit: str = ""
    contract_expiry_type: str = ""


# {"product_id":"BTC-USD","base_increment":"0.00000001","quote_increment":"0.01","price_increment":"0.01",
#  "status":"online","product_type":"SPOT","quote_currency_id":"USD","base_currency_id":"BTC","alias":"",…}
class Product(msgspec.Struct):
    """One product of Advanced Trade; `alias` is the product whose data this one shows."""

    product_id: str
    base_increment: str
    quote_increment: str
    price_increment: str = ""
    base_currency_id: str = ""
    quote_currency_id: str = ""
    product_type: str = ""
    status: str = ""
    alias: str = ""
    future_product_details: Future | None = None


class Products(msgspec.Struct):
    """The answer of GET market/products."""

    products: list[Product]


# {"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01","base_increment":"0.00000001",
#  "status":"online",…}
class ExchangeProduct(msgspec.Struct):
    """One product of Exchange."""

    id: str
    base_currency: str
    quote_currency: str
    base_increment: str
    quote_increment: str
    status: str = ""


def products_path(symbols: Sequence[str]) -> str:
    """Where the products of these symbols are listed."""
    return "/api/v3/brokerage/market/products?" + "&".join(f"product_ids={symbol}" for symbol in symbols)


def exchange_products_path(_symbols: Sequence[str]) -> str:
    """Where all products of Exchange are listed."""
    return "/products"


def read_products(name: str, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
    """Definitions in the order of `symbols`; raises VenueError naming those that are not listed, and aliases."""
    rows = {row.product_id: row for body in bodies for row in _decoded(name, body, Products).products}
    _refuse_missing(name, symbols, rows)
    for symbol in symbols:
        if rows[symbol].alias:
            raise VenueError(f"{name} sends the data of {symbol} as those of {rows[symbol].alias}; ask for that one")
    return [_definition(rows[symbol]) for symbol in symbols]


def read_exchange_products(name: str, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
    """The same of Exchange."""
    rows = {row.id: row for body in bodies for row in _decoded(name, body, list[ExchangeProduct])}
    _refuse_missing(name, symbols, rows)
    return [
        InstrumentDefined(
            row.id,
            row.quote_increment,
            row.base_increment,
            base=row.base_currency,
            quote=row.quote_currency,
            kind="spot",
            status=row.status,
        )
        for row in (rows[symbol] for symbol in symbols)
    ]


def infer(symbol: str, seen: Seen) -> InstrumentDefined:
    """A definition from steps that were seen; the currencies are the parts of the symbol."""
    base, _, quote = symbol.partition("-")
    return InstrumentDefined(symbol, seen.tick_size, seen.lot_size, base=base, quote=quote, kind="spot")


def texts(frame: bytes) -> list[Texts]:
    """Symbols and decimal texts of prices and sizes, of the messages that become rows. Raises FrameError."""
    try:
        return [_texts(symbol, pairs) for symbol, pairs in _messages(texts_of(frame))]
    except (TypeError, AttributeError, LookupError, ValueError) as error:
        raise FrameError(f"not understood: {error}") from error


def _messages(message: Mapping[str, Any]) -> Iterator[tuple[str, list[Pair]]]:
    """Symbols with pairs of price and size."""
    match message.get("channel") or message.get("type"):
        case "l2_data":
            for event in message["events"]:
                yield event["product_id"], [(row["price_level"], row["new_quantity"]) for row in event["updates"]]
        case "market_trades":
            for trade in (trade for event in message["events"] for trade in event["trades"]):
                yield trade["product_id"], [(trade["price"], trade["size"])]
        case "ticker" if "events" in message:
            for ticker in (ticker for event in message["events"] for ticker in event["tickers"]):
                quotes = [(ticker.get(f"best_{side}"), ticker.get(f"best_{side}_quantity")) for side in ("bid", "ask")]
                yield ticker["product_id"], quotes
        case "snapshot":
            yield message["product_id"], [(price, size) for price, size, *_ in message["bids"] + message["asks"]]
        case "l2update":
            yield message["product_id"], [(price, size) for _, price, size in message["changes"]]
        case "match" | "last_match":
            yield message["product_id"], [(message["price"], message["size"])]
        case "ticker":
            quotes = [(message.get(f"best_{side}"), message.get(f"best_{side}_size")) for side in ("bid", "ask")]
            yield message["product_id"], quotes


def _texts(symbol: str, pairs: list[Pair]) -> Texts:
    prices, sizes = ([text for text in column if isinstance(text, str) and text] for column in _columns(pairs))
    return Texts(str(symbol), tuple(prices), tuple(sizes))


def _columns(pairs: list[Pair]) -> tuple[list[Any], list[Any]]:
    return [price for price, _ in pairs], [size for _, size in pairs]


def _definition(row: Product) -> InstrumentDefined:
    future = row.future_product_details if row.product_type == "FUTURE" else None
    steps = row.price_increment or row.quote_increment, row.base_increment
    if future is None:
        base, kind, contract_size = row.base_currency_id, "spot", "1"
    else:
        base, contract_size = row.base_currency_id or future.contract_root_unit, future.contract_size
        kind = "perpetual" if future.contract_expiry_type == "PERPETUAL" else "future"
    quote, status = row.quote_currency_id, row.status
    return InstrumentDefined(row.product_id, *steps, contract_size, base=base, quote=quote, kind=kind, status=status)


def _decoded(name: str, body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise OddAnswerError(f"{name} answered with something else than products ({error}); try again later") from error


def _refuse_missing(name: str, symbols: Sequence[str], rows: Mapping[str, object]) -> None:
    missing = [symbol for symbol in symbols if symbol not in rows]
    if missing:
        raise VenueError(f"{name} does not list {', '.join(missing)}; spell symbols as the venue does, such as BTC-USD")
