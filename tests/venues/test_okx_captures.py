"""A recording of OKX in May 2022, when books had checksums and no ids, against a book of literal texts."""

import json
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any
from zlib import crc32

import pytest

from market.errors import FrameError
from market.instrument import Instrument
from market.schema import NO_SEQUENCE, Kind
from tests.venues import recordings
from venues.okx import OKX
from venues.rows import Rows
from venues.venue import listing

FILE = "02_ws_multivenue_cryptofeed/OKX.jsonl.zst"
SYMBOLS = ["BTC-USD-220527", "BTC-USDT", "UNI-USD-SWAP"]
CHECKED_LEVELS = 25


def messages(channel: str) -> list[dict[str, Any]]:
    found = map(json.loads, recordings.received(FILE))
    return [message for message in found if message["arg"]["channel"] == channel and "data" in message]


def public_instruments() -> list[bytes]:
    rows = map(json.loads, recordings.lines(FILE))
    return [row["data"].encode() for row in rows if row["t"] == "http"]


@pytest.fixture(scope="module")
def everything() -> Any:
    listings = recordings.listings(OKX.read_metadata(public_instruments(), SYMBOLS))
    return recordings.read(OKX, recordings.received(FILE), listings)


def test_every_frame_is_read_or_known_to_say_nothing(everything: Any) -> None:
    rows, dead_letters = everything
    assert dead_letters == []
    kinds = Counter(header.kind for header in rows.headers)
    assert kinds == {Kind.SNAPSHOT: 3, Kind.DEPTH: 287, Kind.TRADE: 74, Kind.TICKER: 28}
    silent = [frame for frame in recordings.received(FILE) if not OKX.streams_of(frame)]
    replies = [OKX.reply(frame) for frame in silent]
    assert Counter((reply.kind, *reply.streams) for reply in replies if reply) == {
        ("ack", f"{channel}:{symbol}"): count
        for channel, count in (("tickers", 3), ("trades", 2), ("books", 1))
        for symbol in SYMBOLS
    }


def test_contracts_are_worth_what_the_venue_says() -> None:
    sizes = {
        said.symbol: (said.contract_size, said.inverse) for said in OKX.read_metadata(public_instruments(), SYMBOLS)
    }
    assert sizes == {"BTC-USD-220527": ("100", True), "BTC-USDT": ("1", False), "UNI-USD-SWAP": ("10", True)}


def literal_books() -> list[tuple[str, int, int]]:
    """Per message: instrument, the venue's checksum, and that of a book of texts as they were sent."""
    books: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
    found = []
    for message in messages("books"):
        symbol, (data,) = message["arg"]["instId"], message["data"]
        if message["action"] == "snapshot":
            books[symbol] = {}, {}
        for side, changes in zip(books[symbol], (data["bids"], data["asks"]), strict=True):
            for price, size, *_ in changes:
                side[price] = size
                if not Decimal(size):
                    del side[price]  # deletes of levels that are not there are routine
        bids, asks = books[symbol]
        best = sorted(bids, key=Decimal, reverse=True)[:CHECKED_LEVELS], sorted(asks, key=Decimal)[:CHECKED_LEVELS]
        rows = [
            f"{prices[at]}:{side[prices[at]]}"
            for at in range(CHECKED_LEVELS)
            for prices, side in zip(best, (bids, asks), strict=True)
            if at < len(prices)
        ]
        found.append((symbol, data["checksum"] & 0xFFFFFFFF, crc32(":".join(rows).encode())))
    return found


def test_all_checksums_are_those_of_a_book_of_literal_texts() -> None:
    found = literal_books()
    assert Counter(symbol for symbol, told, made in found if told == made) == dict(
        zip(SYMBOLS, (99, 98, 93), strict=True)
    )
    assert all(told == made for _, told, made in found)


def test_rows_have_the_checksums_and_no_ids(everything: Any) -> None:
    rows, _ = everything
    books = [header for header in rows.headers if header.kind in (Kind.SNAPSHOT, Kind.DEPTH)]
    assert [header.price for header in books] == [told for _, told, _ in literal_books()]
    assert {(header.sequence, header.previous) for header in books} == {(0, NO_SEQUENCE)}


def test_texts_are_as_short_as_they_can_be_so_that_a_checksum_can_be_made_of_numbers() -> None:
    for message in messages("books"):
        for side in ("bids", "asks"):
            for text in (text for level in message["data"][0][side] for text in level[:2]):
                assert text == f"{Decimal(text).normalize():f}"


def test_trade_ids_are_dense(everything: Any) -> None:
    rows, _ = everything
    ids = defaultdict(list)
    for header in rows.headers:
        if header.kind == Kind.TRADE:
            ids[header.instrument].append(header.sequence)
    assert {len(found) for found in ids.values()} == {4, 69, 1}
    for found in ids.values():
        assert found == list(range(found[0], found[0] + len(found)))


def test_best_quotes_of_the_tickers_are_seconds_old_and_no_measure_of_the_book(everything: Any) -> None:
    """In 2022 a ticker came with a trade and kept its quote for up to 4 s: not one is the best of the book then."""
    rows, _ = everything
    best: dict[int, tuple[int, int]] = {}
    sides: dict[int, tuple[set[int], set[int]]] = {}
    compared = Counter[bool]()
    at = 0
    for header in rows.headers:
        prices, sizes = rows.level_prices[at : at + header.levels], rows.level_sizes[at : at + header.levels]
        at += header.levels
        if header.kind == Kind.SNAPSHOT:
            sides[header.instrument] = set(), set()
        if header.kind in (Kind.SNAPSHOT, Kind.DEPTH):
            for number, (price, size) in enumerate(zip(prices, sizes, strict=True)):
                side = sides[header.instrument][0 if number < header.bids else 1]
                (side.add if size else side.discard)(price)
            bids, asks = sides[header.instrument]
            best[header.instrument] = max(bids), min(asks)
        elif header.kind == Kind.TICKER and header.instrument in best:
            compared[best[header.instrument] == tuple(prices)] += 1
    assert compared[True] <= 1
    assert compared[False] >= 20


@pytest.mark.parametrize(
    ("name", "headers", "others", "reason"),
    [
        ("ws_books_snapshot", 1, 0, ""),
        ("ws_books_update", 1, 0, ""),
        ("ws_bbo_tbt", 1, 0, ""),
        ("ws_tickers", 1, 0, ""),
        ("ws_trades", 1, 0, ""),
        ("ws_funding_rate", 0, 1, ""),
        ("ws_instruments", 0, 1, ""),
        ("ws_candle", 0, 0, ""),
        ("ws_opt_summary", 0, 0, "not understood"),  # an array, without the envelope
    ],
)
def test_single_frames_of_others_are_read_or_refused(name: str, headers: int, others: int, reason: str) -> None:
    frame = recordings.path(f"04_single_frames/nautilus_okx/{name}.json").read_bytes()
    symbols = ("BTC-USDT", "BTC-USD", "BTC-USDT-SWAP")
    ours = {symbol: listing(0, Instrument("", symbol, Decimal("0.01"), Decimal("1e-8"))) for symbol in symbols}
    rows = Rows()
    if reason:
        with pytest.raises(FrameError, match=reason):
            OKX.read(frame, 1, 0, ours, rows)
    else:
        OKX.read(frame, 1, 0, ours, rows)
    assert (len(rows.headers), len(rows.marks) + len(rows.statuses)) == (headers, others)


@pytest.mark.parametrize(
    ("name", "symbol", "contract_size", "inverse"),
    [
        ("spot", "BTC-USD", "1", False),
        ("swap", "BTC-USD-SWAP", "100", True),
        ("swap", "ETH-USDT-SWAP", "0.1", False),
        ("futures", "BTC-USD-250627", "100", True),
    ],
)
def test_metadata_of_others_are_read(name: str, symbol: str, contract_size: str, inverse: bool) -> None:
    body = recordings.path(f"04_single_frames/nautilus_okx/http_get_instruments_{name}.json").read_bytes()
    (said,) = OKX.read_metadata([body], [symbol])
    assert (said.contract_size, said.inverse, said.status) == (contract_size, inverse, "live")
