"""Tick and lot sizes: from AssetPairs, or inferred from the texts of captured frames.

Kraken has three spellings of a pair: XXBTZUSD in REST, which is its stable id, XBT/USD (`wsname`) in WebSocket v1, and
BTC/USD in v2, which renames two assets.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from market.errors import FrameError, OddAnswerError, VenueError
from market.record import InstrumentDefined
from venues.reading import texts_of
from venues.venue import Seen, Texts

RENAMED = {"XBT": "BTC", "XDG": "DOGE"}
MOST_DECIMALS = 18
PATH = "/0/public/AssetPairs"


# "XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","base":"XXBT","quote":"ZUSD","pair_decimals":1,"lot_decimals":8,
#  "tick_size":"0.1","status":"online",…}
class AssetPair(msgspec.Struct):
    """One pair; the names of dark pools have no `wsname`. Before 2023 there was no `tick_size`."""

    pair_decimals: int
    lot_decimals: int
    wsname: str = ""
    tick_size: str = ""
    status: str = ""


# {"error":[],"result":{"XXBTZUSD":{…}}}
class AssetPairs(msgspec.Struct):
    """The answer of AssetPairs."""

    error: list[str] = []
    result: dict[str, AssetPair] = {}


def path(_symbols: Sequence[str]) -> str:
    """Where all pairs are listed: of a list with one unknown name in it, the venue answers nothing."""
    return PATH


def read_pairs(name: str, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
    """Definitions in the order of `symbols`, by the names of v2; VenueError names those that are not listed."""
    pairs = _pairs(name, bodies)
    keys = {today(pair.wsname): key for key, pair in pairs.items() if pair.wsname}
    missing = [symbol for symbol in symbols if symbol not in keys]
    if missing:
        example = next(iter(keys), "BTC/USD")
        raise VenueError(f"{name} does not list {', '.join(missing)}; spell symbols as it does, such as {example}")
    return [_definition(symbol, keys[symbol], pairs[keys[symbol]]) for symbol in symbols]


def refuse_v1(name: str, _bodies: Sequence[bytes], _symbols: Sequence[str]) -> NoReturn:
    """Always VenueError: prices of v1 have more decimals than AssetPairs says, and the checksum is over all of them."""
    raise VenueError(
        f"{name} is for recordings, whose texts show their decimals, which its checksums need and no list tells;"
        " capture from kraken"
    )


def infer(symbol: str, seen: Seen) -> InstrumentDefined:
    """A definition from what was seen; checksums need the decimals of the wire."""
    base, quote = currencies(symbol)
    return InstrumentDefined(
        symbol,
        seen.tick_size,
        seen.lot_size,
        price_decimals=seen.price_decimals,
        size_decimals=seen.size_decimals,
        base=base,
        quote=quote,
        kind="spot",
    )


def today(wsname: str) -> str:
    """A pair's name in v2.

    >>> today("XBT/USD"), today("XDG/XBT")
    ('BTC/USD', 'DOGE/BTC')
    """
    return "/".join(RENAMED.get(part, part) for part in wsname.split("/"))


def currencies(symbol: str) -> tuple[str, str]:
    """What is traded, and in what it is paid, in everybody's spelling."""
    base, _, quote = today(symbol).partition("/")
    return base, quote


def texts(frame: bytes) -> list[Texts]:
    """Symbols and decimal texts of prices and sizes, of the messages that become rows. Raises FrameError."""
    try:
        message = texts_of(frame)
        return [_texts(symbol, pairs) for symbol, pairs in _messages(message)] if isinstance(message, dict) else []
    except (TypeError, AttributeError, LookupError, ValueError) as error:
        raise FrameError(f"not understood: {error}") from error


def _messages(message: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[Any, Any]]]]:
    """Symbols with pairs of price and size."""
    match message.get("channel"):
        case "book":
            for book in message["data"]:
                yield book["symbol"], [(row["price"], row["qty"]) for row in book["bids"] + book["asks"]]
        case "trade":
            for trade in message["data"]:
                yield trade["symbol"], [(trade["price"], trade["qty"])]
        case "ticker":
            for ticker in message["data"]:
                yield ticker["symbol"], [(ticker["bid"], ticker["bid_qty"]), (ticker["ask"], ticker["ask_qty"])]


def v1_texts(frame: bytes) -> list[Texts]:
    """The same of v1."""
    try:
        message = texts_of(frame)
        if not isinstance(message, list):
            return []
        *payloads, channel, pair = message[1:]
        return [_texts(pair, list(_v1_pairs(channel.partition("-")[0], payload))) for payload in payloads]
    except (TypeError, AttributeError, LookupError, ValueError) as error:
        raise FrameError(f"not understood: {error}") from error


def _v1_pairs(channel: str, payload: Any) -> Iterator[tuple[Any, Any]]:
    """Prices with sizes."""
    match channel:
        case "book":
            for side in ("as", "bs", "a", "b"):
                yield from ((level[0], level[1]) for level in payload.get(side, ()))
        case "trade":
            yield from ((trade[0], trade[1]) for trade in payload)
        case "ticker":
            yield from ((payload[side][0], payload[side][2]) for side in ("b", "a"))
        case "spread":
            yield from ((payload[0], payload[3]), (payload[1], payload[4]))


def _texts(symbol: str, pairs: list[tuple[Any, Any]]) -> Texts:
    return Texts(symbol, tuple(str(price) for price, _ in pairs), tuple(str(size) for _, size in pairs))


def _definition(symbol: str, key: str, pair: AssetPair) -> InstrumentDefined:
    base, quote = currencies(symbol)
    return InstrumentDefined(
        symbol,
        pair.tick_size or step_of(pair.pair_decimals),
        step_of(pair.lot_decimals),
        price_decimals=pair.pair_decimals,
        size_decimals=pair.lot_decimals,
        base=base,
        quote=quote,
        kind="spot",
        status=pair.status,
        stable_id=key,
    )


def step_of(decimals: int) -> str:
    """A power of ten as text.

    >>> step_of(2)
    '0.01'
    """
    if not 0 <= decimals <= MOST_DECIMALS:
        raise VenueError(f"{decimals} decimals are not from 0 to {MOST_DECIMALS}; the venue's list of pairs is odd")
    return f"{Decimal(1).scaleb(-decimals):f}"


def _pairs(name: str, bodies: Sequence[bytes]) -> dict[str, AssetPair]:
    try:
        answers = [msgspec.json.decode(body, type=AssetPairs) for body in bodies]
    except msgspec.MsgspecError as error:
        raise OddAnswerError(f"{name} answered AssetPairs with something else ({error}); try again later") from error
    if errors := [error for answer in answers for error in answer.error]:
        raise OddAnswerError(f"{name} refused AssetPairs: {', '.join(errors)}; try again later")
    return {key: pair for answer in answers for key, pair in answer.result.items()}
