"""Coinbase as recorded: every frame is read, no number is missing, and the books are those of a slow obvious one."""

from collections import Counter
from decimal import Decimal
from functools import cache

import msgspec

from market.record import InstrumentDefined
from market.schema import Kind
from tests.venues import recordings
from tests.venues.mutations import check, compact
from venues.coinbase import COINBASE, COINBASE_EXCHANGE
from venues.rows import Rows
from venues.venue import Listing

ADVANCED = "02_ws_multivenue_cryptofeed/COINBASE.first_half.jsonl.zst"
SINGLE = "04_single_frames/nautilus_coinbase"
PRO = "02_ws_multivenue_cryptofeed/COINBASE.ws.28.0"
SYMBOLS = ("BTC-USD", "ETH-USD")
Sides = tuple[dict[int, float], dict[int, float]]


def advanced_listings() -> dict[str, Listing]:
    return recordings.listings(COINBASE.read_metadata([recordings.answered(ADVANCED)], SYMBOLS))


@cache
def advanced() -> tuple[Rows, tuple[str, ...]]:
    rows, dead_letters = recordings.read(COINBASE, recordings.received(ADVANCED), advanced_listings())
    return rows, tuple(dead_letters)


@cache
def pro_frames() -> tuple[bytes, ...]:
    """`<time>: <frame>`, and lines about the connection."""
    pairs = [line.partition(": ") for line in recordings.lines(PRO) if not line.startswith("wss://")]
    return tuple(frame.encode() for _, _, frame in pairs if frame)


def books(frames: tuple[bytes, ...], tick: str) -> dict[str, Sides]:
    """Independent of the reader: plain JSON, a dict a side, by the venue's own words."""
    found: dict[str, Sides] = {}
    for frame in frames:
        message = msgspec.json.decode(frame)
        for event in message["events"] if message.get("channel") == "l2_data" else ():
            if event["type"] == "snapshot":
                found[event["product_id"]] = {}, {}
            for update in event["updates"]:
                side = found[event["product_id"]][("bid", "offer").index(update["side"])]
                change(side, int(Decimal(update["price_level"]) / Decimal(tick)), float(update["new_quantity"]))
    return found


def change(side: dict[int, float], price: int, size: float) -> None:
    if size:
        side[price] = size
    else:
        side.pop(price, None)


def rebuilt(rows: Rows) -> dict[int, Sides]:
    """The books that rows make."""
    found: dict[int, Sides] = {}
    at = 0
    for header in rows.headers:
        levels = range(at, at := at + header.levels)
        if header.kind == Kind.SNAPSHOT:
            found[header.instrument] = {}, {}
        for rank, level in enumerate(levels):
            if header.kind in (Kind.SNAPSHOT, Kind.DEPTH):
                side = found[header.instrument][rank >= header.bids]
                change(side, rows.level_prices[level], rows.level_sizes[level])
    return found


def test_every_frame_is_read() -> None:
    rows, dead_letters = advanced()
    assert dead_letters == ()
    kinds = Counter(header.kind for header in rows.headers)
    assert kinds == {Kind.SNAPSHOT: 2, Kind.DEPTH: 365, Kind.TICKER: 84, Kind.TRADE: 253}


def test_numbers_of_frames_have_no_gap() -> None:
    rows, _ = advanced()
    count = len(recordings.received(ADVANCED))
    assert rows.numbers == [(number, number) for number in range(count)]
    assert count == 511


def test_books_are_those_of_a_plain_dict() -> None:
    rows, _ = advanced()
    plain, ours = books(recordings.received(ADVANCED), "0.01"), rebuilt(rows)
    assert [ours[0], ours[1]] == [plain["BTC-USD"], plain["ETH-USD"]]
    assert sum(map(len, (*ours[0], *ours[1]))) > 69_000


def test_tickers_agree_with_the_book_but_for_what_has_moved_since() -> None:
    """A ticker is of the last match, the book goes on: 72 of 78 tickers show its best prices."""
    rows, _ = advanced()
    found: dict[int, Sides] = {}
    agreed, at = Counter[bool](), 0
    for header in rows.headers:
        prices, sizes = (part[at : at + header.levels] for part in (rows.level_prices, rows.level_sizes))
        at += header.levels
        if header.kind == Kind.SNAPSHOT:
            found[header.instrument] = {}, {}
        if header.kind in (Kind.SNAPSHOT, Kind.DEPTH):
            for rank, (price, size) in enumerate(zip(prices, sizes, strict=True)):
                change(found[header.instrument][rank >= header.bids], price, size)
        elif header.kind == Kind.TICKER and header.instrument in found:
            bids, asks = found[header.instrument]
            agreed[prices == [max(bids), min(asks)]] += 1
    assert agreed == {True: 72, False: 6}


def test_trades_met_the_side_that_stood() -> None:
    """Aggressive buys at the ask and above, sells at the bid and below, of the last ticker: 51 of 51."""
    rows, _ = advanced()
    quotes: dict[int, list[int]] = {}
    agreed, at = Counter[bool](), 0
    for header in rows.headers:
        if header.kind == Kind.TICKER:
            quotes[header.instrument] = rows.level_prices[at : at + 2]
        elif header.kind == Kind.TRADE and header.instrument in quotes:
            bid, ask = quotes[header.instrument]
            if not bid < header.price < ask:
                agreed[header.side == (1 if header.price >= ask else -1)] += 1
        at += header.levels
    assert agreed == {True: 51}


def test_ids_of_trades_grow() -> None:
    rows, _ = advanced()
    for instrument in (0, 1):
        ids = [row.sequence for row in rows.headers if row.kind == Kind.TRADE and row.instrument == instrument]
        assert ids == sorted(set(ids))


def test_every_frame_of_pro_is_read() -> None:
    frames = pro_frames()
    rows, dead_letters = recordings.read(COINBASE_EXCHANGE, frames, recordings.inferred(COINBASE_EXCHANGE, frames))
    assert dead_letters == []
    kinds = Counter(header.kind for header in rows.headers)
    assert kinds == {Kind.SNAPSHOT: 10, Kind.DEPTH: 9719, Kind.TICKER: 107, Kind.TRADE: 107}
    assert len(frames) == sum(kinds.values()) + 3  # the acks


def test_books_of_pro_are_never_crossed() -> None:
    frames = pro_frames()
    rows, _ = recordings.read(COINBASE_EXCHANGE, frames, recordings.inferred(COINBASE_EXCHANGE, frames))
    for bids, asks in rebuilt(rows).values():
        assert max(bids) < min(asks)


def test_single_frames_are_read_but_for_those_of_an_account() -> None:
    listings = recordings.listings([InstrumentDefined("BTC-USD", "0.01", "0.00000001")])
    files = sorted(recordings.path(SINGLE).glob("ws_*.json"))
    refused = []
    for file in files:
        frames = [compact(file.name, file.read_text()), file.read_bytes()]
        rows, dead_letters = recordings.read(COINBASE, frames, listings)
        assert len(rows.numbers) == 2
        refused += [file.name for _ in dead_letters]
    assert (len(files), refused) == (8, ["ws_user.json"] * 2)


def test_mutated_frames_are_read_or_refused() -> None:
    frames = [frame for frame in recordings.received(ADVANCED) if len(frame) < 4000]
    assert 0 < check(COINBASE, frames, advanced_listings(), count=20_000) < 20_000


def test_mutated_frames_of_pro_are_read_or_refused() -> None:
    frames = [frame for frame in pro_frames() if len(frame) < 4000]
    listings = recordings.inferred(COINBASE_EXCHANGE, frames)
    some = [*frames[:40], *[frame for frame in frames if b"l2update" not in frame]]
    assert 0 < check(COINBASE_EXCHANGE, some, listings, count=20_000) < 20_000
