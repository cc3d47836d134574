"""A recording of Bybit's linear contracts, against a book of plain dicts that knows none of our code."""

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from market.errors import FrameError
from market.instrument import Instrument
from market.schema import Kind
from tests.venues import recordings
from venues.bybit import INVERSE, LINEAR, SPOT
from venues.rows import Rows
from venues.venue import listing

FILE = "02_ws_multivenue_cryptofeed/BYBIT.first_half.jsonl.zst"
SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT"]
Quote = tuple[str, str, str, str]  # bid price and size, ask price and size


def messages(kind: str) -> list[dict[str, Any]]:
    found = map(json.loads, recordings.received(FILE))
    return [message for message in found if message.get("topic", "").startswith(kind)]


def instruments_info() -> list[bytes]:
    rows = map(json.loads, recordings.lines(FILE))
    return [row["data"].encode() for row in rows if row["t"] == "http" and "category=linear" in row["url"]]


@pytest.fixture(scope="module")
def everything() -> Any:
    listings = recordings.listings(LINEAR.read_metadata(instruments_info(), SYMBOLS))
    return recordings.read(LINEAR, recordings.received(FILE), listings)


def test_every_frame_is_read_or_known_to_say_nothing(everything: Any) -> None:
    rows, dead_letters = everything
    assert dead_letters == []
    kinds = Counter(header.kind for header in rows.headers)
    assert kinds == {Kind.SNAPSHOT: 4, Kind.DEPTH: 989, Kind.TRADE: 162, Kind.TICKER: 88}
    assert len(rows.marks) == 89
    silent = [frame for frame in recordings.received(FILE) if not LINEAR.streams_of(frame)]
    assert (len(silent), {LINEAR.reply(frame).kind for frame in silent if LINEAR.reply(frame)}) == (17, {"ack"})


def test_steps_that_are_inferred_are_those_of_the_venue() -> None:
    told = {said.symbol: Decimal(said.tick_size) for said in LINEAR.read_metadata(instruments_info(), SYMBOLS)}
    seen = recordings.inferred(LINEAR, recordings.received(FILE))
    assert {symbol: seen[symbol].ticks.tick_size for symbol in SYMBOLS} == told


def test_update_ids_have_no_gap(everything: Any) -> None:
    rows, _ = everything
    for instrument, count in enumerate((258, 263, 238, 234)):
        books = [
            header
            for header in rows.headers
            if header.instrument == instrument and header.kind in (Kind.SNAPSHOT, Kind.DEPTH)
        ]
        assert (len(books), books[0].kind) == (count, Kind.SNAPSHOT)
        assert all(after.previous == before.sequence for before, after in pairwise(books))
        assert all(after.sequence == after.previous + 1 for after in books[1:])


def dict_books() -> dict[str, list[tuple[int, Quote, int, int]]]:
    """Per symbol after each message: cross sequence, best quote, levels of either side."""
    books: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
    found = defaultdict(list)
    for message in messages("orderbook"):
        data = message["data"]
        if message["type"] == "snapshot":
            books[data["s"]] = {}, {}
        bids, asks = books[data["s"]]
        for side, changes in ((bids, data["b"]), (asks, data["a"])):
            for price, size in changes:
                if Decimal(size):
                    side[price] = size
                else:
                    del side[price]  # the venue deletes only what there is
        bid, ask = max(bids, key=Decimal), min(asks, key=Decimal)
        found[data["s"]].append((data["seq"], (bid, bids[bid], ask, asks[ask]), len(bids), len(asks)))
    return found


def test_the_venue_itself_keeps_a_book_at_two_hundred_levels() -> None:
    for states in dict_books().values():
        assert {count for _, _, *counts in states for count in counts} == {200}


def test_best_quotes_of_the_book_are_those_of_the_tickers() -> None:
    """Comparable are tickers between two messages with the same best quote, so that it can hardly have changed."""
    books, quotes = dict_books(), defaultdict[str, dict[str, str]](dict)
    comparable = equal = 0
    for message in messages("tickers"):
        symbol = message["data"]["symbol"]
        quotes[symbol] |= message["data"]
        ticker = tuple(quotes[symbol][key] for key in ("bid1Price", "bid1Size", "ask1Price", "ask1Size"))
        at = bisect_right([seq for seq, *_ in books[symbol]], message["cs"])
        if 0 < at < len(books[symbol]) and books[symbol][at - 1][1] == books[symbol][at][1]:
            comparable += 1
            equal += ticker == books[symbol][at][1]
    assert (equal, comparable) == (179, 188)  # 95 %: a quote may change and change back within 100 ms


def test_rows_rebuild_the_same_book(everything: Any) -> None:
    rows, _ = everything
    events, states = rows.events(), dict_books()
    listings = recordings.listings(LINEAR.read_metadata(instruments_info(), SYMBOLS))
    headers = np.flatnonzero(np.isin(events["kind"], (Kind.SNAPSHOT, Kind.DEPTH)))
    sides: dict[int, tuple[dict[int, float], dict[int, float]]] = {}
    told = {number: iter(states[symbol]) for number, symbol in enumerate(SYMBOLS)}
    for at in headers:
        header = events[at]
        instrument = int(header["instrument"])
        if header["kind"] == Kind.SNAPSHOT:
            sides[instrument] = {}, {}
        for level in events[at + 1 : at + 1 + header["levels"]]:
            side = sides[instrument][0 if level["side"] > 0 else 1]
            side[int(level["price"])] = float(level["size"])
            if level["size"] == 0:
                del side[int(level["price"])]
        bids, asks = sides[instrument]
        _, (bid, bid_size, ask, ask_size), *_ = next(told[instrument])
        ticks = listings[SYMBOLS[instrument]].ticks
        assert (max(bids), min(asks)) == (ticks[bid], ticks[ask])
        assert (bids[max(bids)], asks[min(asks)]) == (float(bid_size), float(ask_size))


@pytest.mark.parametrize(
    ("name", "rows", "reason"),
    [
        ("ws_orderbook_snapshot", 1, ""),
        ("ws_orderbook_delta", 1, ""),
        ("ws_ticker_linear", 1, ""),
        ("ws_kline", 0, ""),
        ("ws_subscription_ack", 0, ""),
        ("ws_auth_success", 0, ""),
        ("ws_subscription_failure", 0, "refused request None: Invalid topic"),
        ("ws_auth_failure", 0, "refused request None: Invalid apikey"),
        ("ws_public_trade", 0, r"no reader for trade\.linear"),  # a topic that the venue does not have
        ("ws_ticker_option", 0, "no instrument is defined"),
    ],
)
def test_single_frames_of_others_are_read_or_refused_with_a_reason(name: str, rows: int, reason: str) -> None:
    frame = recordings.path(f"04_single_frames/nautilus_bybit/{name}.json").read_bytes()
    found, ours = Rows(), {"BTCUSDT": listing(0, Instrument("", "BTCUSDT", Decimal("0.1"), Decimal("0.001")))}
    if reason:
        with pytest.raises(FrameError, match=reason):
            LINEAR.read(frame, 1, 0, ours, found)
    else:
        LINEAR.read(frame, 1, 0, ours, found)
    assert len(found.headers) == rows


@pytest.mark.parametrize(
    ("venue", "name", "steps"),
    [
        (LINEAR, "linear", {"BTCUSDT": ("0.5", "0.001"), "ETHUSDT": ("0.05", "0.01")}),
        (LINEAR, "linear_symbol_type", {"TSLAUSDT": ("0.01", "0.001")}),
        (INVERSE, "inverse", {"BTCUSD": ("0.5", "1")}),
        (SPOT, "spot", {"BTCUSDT": ("0.1", "0.0001"), "ETHUSDT": ("0.01", "0.00001")}),
        (SPOT, "spot_xstocks", {"AAPLUSDT": ("0.01", "0.0001")}),
    ],
)
def test_metadata_of_others_are_read(venue: Any, name: str, steps: dict[str, tuple[str, str]]) -> None:
    body = recordings.path(f"04_single_frames/nautilus_bybit/http_get_instruments_{name}.json").read_bytes()
    found = venue.read_metadata([body], list(steps))
    assert {said.symbol: (said.tick_size, said.lot_size) for said in found} == steps
