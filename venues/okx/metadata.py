"""Tick and lot sizes: from public/instruments, or inferred from the texts of captured frames."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from market.clock import MILLISECOND_NS
from market.errors import FrameError, OddAnswerError, VenueError
from market.record import InstrumentDefined
from venues.reading import texts_of
from venues.venue import Seen, Texts

KINDS = {"SPOT": "spot", "SWAP": "perpetual", "FUTURES": "future", "OPTION": "option"}
_OPTION = re.compile(r"[A-Z0-9]+-[A-Z0-9_]+-[0-9]{6}-[0-9.]+-[CP]")
# Contract sizes of the first contracts, which archives are full of (OKX, contract specifications, 2022).
CONTRACTS = {"BTC-USDT": "0.01", "ETH-USDT": "0.1", "BTC-USDC": "0.0001", "ETH-USDC": "0.001"}
UNKNOWN_INSTRUMENT = "51001"


# {"instId":"BTC-USD-SWAP","instType":"SWAP","tickSz":"0.1","lotSz":"1","ctVal":"100","ctMult":"1","ctType":"inverse",
#  "baseCcy":"","quoteCcy":"","uly":"BTC-USD","instFamily":"BTC-USD","state":"live","instIdCode":10458,"listTime":"15…"}
class Symbol(msgspec.Struct):
    """One row of public/instruments; names in the venue's spelling."""

    instId: str  # noqa: N815
    tickSz: str  # noqa: N815
    lotSz: str  # noqa: N815
    instType: str = ""  # noqa: N815
    ctVal: str = ""  # noqa: N815
    ctMult: str = ""  # noqa: N815
    ctType: str = ""  # noqa: N815
    baseCcy: str = ""  # noqa: N815
    quoteCcy: str = ""  # noqa: N815
    uly: str = ""
    state: str = ""
    listTime: str = ""  # noqa: N815
    instIdCode: int | None = None  # noqa: N815 - stays when an instrument is renamed


class Answer(msgspec.Struct):
    """The answer of public/instruments, as far as it is used."""

    code: str
    data: list[Symbol] = []
    msg: str = ""


def instrument_type(symbol: str) -> str:
    """BTC-USDT: SPOT; BTC-USDT-SWAP; BTC-USD-220527: FUTURES; BTC-USD-250328-92000-C: OPTION."""
    parts = symbol.split("-")
    if len(parts) <= 2:
        return "SPOT"
    if parts[-1] == "SWAP":
        return "SWAP"
    return "OPTION" if _OPTION.fullmatch(symbol) else "FUTURES"


def queries(symbols: Sequence[str]) -> list[str]:
    """What to ask public/instruments for: a type each, and a family each of options."""
    found = dict[str, None]()
    for symbol in symbols:
        kind = instrument_type(symbol)
        family = f"&instFamily={'-'.join(symbol.split('-')[:2])}" if kind == "OPTION" else ""
        found[f"instType={kind}{family}"] = None
    return list(found)


def read_instruments(name: str, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
    """Definitions in the order of `symbols`; raises VenueError naming the ones that are not listed."""
    rows = {row.instId: row for body in bodies for row in _rows(name, body)}
    missing = [symbol for symbol in symbols if symbol not in rows]
    if missing:
        raise VenueError(
            f"{name} does not list {', '.join(missing)}; spell symbols as the venue does, such as"
            f" {next(iter(rows), 'BTC-USDT')}"
        )
    return [_definition(rows[symbol]) for symbol in symbols]


def _rows(name: str, body: bytes) -> list[Symbol]:
    try:
        answer = msgspec.json.decode(body, type=Answer)
    except (msgspec.MsgspecError, ValueError) as error:
        raise OddAnswerError(f"{name} answered instruments with something else ({error}); try again later") from error
    if answer.code not in ("0", UNKNOWN_INSTRUMENT):
        raise OddAnswerError(f"{name} refused public/instruments: {answer.msg} (code {answer.code}); try again later")
    return answer.data


def _definition(row: Symbol) -> InstrumentDefined:
    if not (row.tickSz and row.lotSz):
        raise VenueError(f"public/instruments of {row.instId} names no tick or lot size yet; is it listed already?")
    base, _, quote = row.uly.partition("-")
    return InstrumentDefined(
        row.instId,
        row.tickSz,
        row.lotSz,
        _contract_size(row),
        row.ctType == "inverse",
        base=row.baseCcy or base,
        quote=row.quoteCcy or quote,
        kind=KINDS.get(row.instType, ""),
        status=row.state,
        stable_id="" if row.instIdCode is None else str(row.instIdCode),
        effective_ns=int(row.listTime) * MILLISECOND_NS if row.state == "preopen" and row.listTime.isdigit() else 0,
    )


def _contract_size(row: Symbol) -> str:
    """ctVal × ctMult: coins per contract, US dollars of an inverse one; 1 on spot."""
    try:
        return f"{(Decimal(row.ctVal or 1) * Decimal(row.ctMult or 1)).normalize():f}"
    except InvalidOperation as error:
        raise VenueError(f"public/instruments of {row.instId} has a contract value that is no number") from error


def infer(symbol: str, seen: Seen) -> InstrumentDefined:
    """A definition from steps that were seen; contracts of coins outside CONTRACTS are taken for one coin."""
    kind = instrument_type(symbol)
    base, _, rest = symbol.partition("-")
    quote = rest.partition("-")[0]
    inverse = kind in ("SWAP", "FUTURES") and quote == "USD"
    contract_size = ("100" if base == "BTC" else "10") if inverse else CONTRACTS.get(f"{base}-{quote}", "1")
    return InstrumentDefined(
        symbol,
        seen.tick_size,
        seen.lot_size,
        "1" if kind in ("SPOT", "OPTION") else contract_size,
        inverse,
        base=base,
        quote=quote,
        kind=KINDS[kind],
    )


def texts(frame: bytes) -> tuple[Texts, ...]:
    """The decimal texts of prices and sizes in a frame of market data, by symbol; none in others."""
    if frame == b"pong":
        return ()
    message = texts_of(frame)
    try:
        if "event" in message:
            return ()
        symbol = message.get("arg", {}).get("instId", "")
        rows = message.get("data", [])
        if not isinstance(rows, list):
            raise TypeError("data are no array")
        return tuple(found for row in rows if isinstance(row, dict) and (found := _texts(row, symbol)).prices)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise FrameError(f"not understood: {error}") from error


def _texts(row: dict[str, Any], symbol: str) -> Texts:
    pairs = list(_pairs(row))
    prices, sizes = zip(*pairs, strict=True) if pairs else ((), ())
    return Texts(str(row.get("instId") or row.get("instrument_id") or symbol), prices, sizes)


# Keys of price and size: a trade, bid and ask of a ticker; the same of v3.
_KEYS = (
    *(("px", "sz"), ("bidPx", "bidSz"), ("askPx", "askSz")),
    *(("price", "size"), ("price", "qty"), ("best_bid", "best_bid_size"), ("best_ask", "best_ask_size")),
)


def _pairs(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for side in ("bids", "asks"):
        for price, size, *_ in row.get(side, ()):
            yield price, size
    for price, size in _KEYS:
        if row.get(price) and row.get(size):
            yield row[price], row[size]
