"""Kraken as recorded: every frame is read, and every checksum is that of a slow obvious book of literal texts."""

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from zlib import crc32

from market.record import InstrumentDefined
from market.schema import Kind
from tests.venues import recordings
from tests.venues.mutations import check, compact
from venues.decimals import most_places
from venues.kraken import KRAKEN, KRAKEN_V1
from venues.rows import Rows

V1 = "02_ws_multivenue_cryptofeed/KRAKEN.jsonl.zst"
V2 = "03_l2_fixtures/kraken_orderbook-v2.first250.json"
SINGLE = "04_single_frames/nautilus_kraken"
COVERED = 10  # levels a side
Change = tuple[str, str]  # price, size, as they are written


class TextBook:
    """Dicts of texts, independent of the reader."""

    def __init__(self, depth: int) -> None:
        self.depth, self.bids, self.asks = depth, dict[str, str](), dict[str, str]()

    def apply(self, bids: Iterable[Change], asks: Iterable[Change]) -> None:
        for side, changes, best in ((self.bids, bids, max), (self.asks, asks, min)):
            for price, size in changes:
                side.pop(price, None) if Decimal(size) == 0 else side.update({price: size})
            while len(side) > self.depth:
                side.pop((min if best is max else max)(side, key=Decimal))

    def checksum(self) -> int:
        best = [(price, self.asks[price]) for price in sorted(self.asks, key=Decimal)[:COVERED]]
        best += [(price, self.bids[price]) for price in sorted(self.bids, key=Decimal, reverse=True)[:COVERED]]
        return crc32("".join(text.replace(".", "").lstrip("0") for pair in best for text in pair).encode())


def fixture() -> list[bytes]:
    """Its authors wrote its numbers anew, without the zeros at their ends; these are put back: one decimal, eight."""
    said = json.loads("\n".join(recordings.lines(V2)), parse_float=str, parse_int=str)
    frames = []
    for message in (said["init"], *said["updates"]):
        (book,) = message["data"]
        sides = [
            f'"{side}":[{",".join(level(row["price"], row["qty"]) for row in book[side])}]' for side in ("bids", "asks")
        ]
        timed = f',"timestamp":"{book["timestamp"]}"' if "timestamp" in book else ""
        body = f'"symbol":"{book["symbol"]}",{",".join(sides)},"checksum":{book["checksum"]}{timed}'
        frames.append(f'{{"channel":"book","type":"{message["type"]}","data":[{{{body}}}]}}'.encode())
    return frames


def level(price: str, size: str) -> str:
    return f'{{"price":{Decimal(price):.1f},"qty":{Decimal(size):.8f}}}'


def rebuilt(rows: Rows, steps: dict[int, InstrumentDefined], depth: int) -> Counter[bool]:
    """Whether the checksums of rows are those of the books that the rows make."""
    found, at, verdicts = dict[int, TextBook](), 0, Counter[bool]()
    for header in rows.headers:
        step = steps[header.instrument]
        texts = [
            (
                f"{price * Decimal(step.tick_size):.{step.price_decimals}f}",
                f"{Decimal(repr(size)):.{step.size_decimals}f}",
            )
            for price, size in zip(
                rows.level_prices[at : at + header.levels], rows.level_sizes[at : at + header.levels], strict=True
            )
        ]
        at += header.levels
        if header.kind == Kind.SNAPSHOT:
            found[header.instrument] = TextBook(depth)
        if header.kind in (Kind.SNAPSHOT, Kind.DEPTH):
            found[header.instrument].apply(texts[: header.bids], texts[header.bids :])
            if header.price:
                verdicts[found[header.instrument].checksum() == header.price] += 1
    return verdicts


def defined(venue: str, frames: Iterable[bytes]) -> list[InstrumentDefined]:
    """Pairs by what the frames' own texts show."""
    prices, sizes = dict[str, set[str]](), dict[str, set[str]]()
    speaker = KRAKEN if venue == "kraken" else KRAKEN_V1
    for frame in frames:
        for said in speaker.texts(frame):
            prices.setdefault(said.symbol, set()).update(said.prices)
            sizes.setdefault(said.symbol, set()).update(said.sizes)
    steps = recordings.steps(prices)
    return [
        InstrumentDefined(
            *(symbol, steps[symbol], "0.00000001"),
            price_decimals=most_places(prices[symbol]),
            size_decimals=most_places(sizes[symbol]),
        )
        for symbol in prices
    ]


def test_every_frame_of_v1_is_read_and_every_checksum_matches() -> None:
    frames = recordings.received(V1)
    definitions = defined("kraken-v1", frames)
    rows, dead_letters = recordings.read(KRAKEN_V1, frames, recordings.listings(definitions))
    assert dead_letters == []
    kinds = Counter(row.kind for row in rows.headers)
    assert kinds == {Kind.SNAPSHOT: 10, Kind.DEPTH: 4269, Kind.TICKER: 18, Kind.TRADE: 10}
    assert rebuilt(rows, dict(enumerate(definitions)), depth=1000) == {True: 4269}


def test_checksums_of_v1_are_those_of_the_texts_themselves() -> None:
    """Without our reader."""
    books, verdicts = dict[str, TextBook](), Counter[bool]()
    for frame in recordings.received(V1):
        message = json.loads(frame)
        if not isinstance(message, list) or not message[-2].startswith("book"):
            continue
        for payload in message[1:-2]:
            if "as" in payload:
                books[message[-1]] = TextBook(1000)
            sides = [
                [(row[0], row[1]) for key in keys for row in payload.get(key, ())]
                for keys in (("bs", "b"), ("as", "a"))
            ]
            books[message[-1]].apply(*sides)
        if "c" in payload:
            verdicts[books[message[-1]].checksum() == int(payload["c"])] += 1
    assert verdicts == {True: 4269}


def test_decimals_of_v1_are_not_those_of_the_list_of_pairs() -> None:
    listed = json.loads(recordings.answered(V1))["result"]
    decimals = {pair["wsname"]: pair["pair_decimals"] for pair in listed.values() if "wsname" in pair}
    definitions = defined("kraken-v1", recordings.received(V1))
    assert sum(said.price_decimals != decimals[said.symbol] for said in definitions) == 9


def test_every_frame_of_v2_is_read_and_every_checksum_matches() -> None:
    frames = fixture()
    definitions = defined("kraken", frames)
    rows, dead_letters = recordings.read(KRAKEN, frames, recordings.listings(definitions))
    assert dead_letters == []
    assert [(said.tick_size, said.price_decimals, said.size_decimals) for said in definitions] == [("0.1", 1, 8)]
    assert rebuilt(rows, dict(enumerate(definitions)), depth=10) == {True: 251}


def test_a_book_that_is_not_cut_fails() -> None:
    frames = fixture()
    definitions = defined("kraken", frames)
    rows, _ = recordings.read(KRAKEN, frames, recordings.listings(definitions))
    assert rebuilt(rows, dict(enumerate(definitions)), depth=1000)[False] > 0


def test_the_example_of_the_documentation() -> None:
    book = TextBook(10)
    asks = (
        "45285.2/0.00100000 45286.4/1.54571953 45286.6/1.54571109 45289.6/1.54560911 45290.2/0.15890660"
        " 45291.8/1.54553491 45294.7/0.04454749 45296.1/0.35380000 45297.5/0.09945542 45299.5/0.18772827"
    )
    bids = (
        "45283.5/0.10000000 45283.4/1.54582015 45282.1/0.10000000 45281.0/0.10000000 45280.3/1.54592586"
        " 45279.0/0.07990000 45277.6/0.03310103 45277.5/0.30000000 45277.3/1.54602737 45276.6/0.15445238"
    )
    changes = [[tuple(pair.split("/")) for pair in side.split()] for side in (bids, asks)]
    book.apply(*changes)  # type: ignore[arg-type]
    assert book.checksum() == 3310070434


def test_single_frames_of_the_public_channels_are_read() -> None:
    symbols = recordings.listings([InstrumentDefined("BTC/USD", "0.1", "0.00000001")])
    read = 0
    for file in sorted(recordings.path(SINGLE).glob("ws_*.json")):
        if any(word in file.name for word in ("futures", "l3", "batch")):
            continue
        _, dead_letters = recordings.read(KRAKEN, [compact(file.name, file.read_text()), file.read_bytes()], symbols)
        assert dead_letters == []
        read += 1
    assert read == 7


def test_mutated_frames_are_read_or_refused() -> None:
    frames = [*fixture(), *(file.read_bytes() for file in recordings.path(SINGLE).glob("ws_*.json"))]
    listings = recordings.listings([InstrumentDefined("BTC/USD", "0.1", "0.00000001")])
    assert 0 < check(KRAKEN, frames, listings, count=20_000) < 20_000


def test_mutated_frames_of_v1_are_read_or_refused() -> None:
    frames = [frame for frame in recordings.received(V1) if len(frame) < 4000]
    listings = recordings.listings(defined("kraken-v1", frames))
    some = [*[frame for frame in frames if b"book" not in frame], *frames[:60]]
    assert 0 < check(KRAKEN_V1, some, listings, count=20_000) < 20_000
