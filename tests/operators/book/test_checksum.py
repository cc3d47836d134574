"""Checksums of the literal text of a book: the venue's own example, real captures, and numbers at their limits."""

import zlib
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest

import venues
from market import record
from market.batch import Batch
from market.frames import Frames
from market.schema import Kind
from operators import decode
from operators.book import rebuild
from operators.book.checksum import text_for
from operators.book.crc32 import crc32
from operators.book.digits import EXACT, GUESS, UNWRITABLE, units_of, write_decimal
from tests.operators.book.stream_rows import batch, in_band, instrument, kraken_sum, okx_sum, rows  # noqa: F401
from tests.venues import recordings
from tests.venues.test_kraken_captures import V1, V2, fixture
from venues.decimals import finest_step, most_places
from venues.venue import Seen

# Kraken, "Spot WebSocket v2 book checksum": the sum is given there.
ASKS = """45285.2/0.00100000 45286.4/1.54571953 45286.6/1.54571109 45289.6/1.54560911 45290.2/0.15890660
45291.8/1.54553491 45294.7/0.04454749 45296.1/0.35380000 45297.5/0.09945542 45299.5/0.18772827"""
BIDS = """45283.5/0.10000000 45283.4/1.54582015 45282.1/0.10000000 45281.0/0.10000000 45280.3/1.54592586
45279.0/0.07990000 45277.6/0.03310103 45277.5/0.30000000 45277.3/1.54602737 45276.6/0.15445238"""
SUM = 3310070434
Pairs = list[tuple[str, str]]


def pairs(texts: str) -> Pairs:
    return [(text.split("/")[0], text.split("/")[1]) for text in texts.split()]


def book(bids: Pairs, asks: Pairs, **more: object) -> list[tuple[object, ...]]:
    return rows(Kind.SNAPSHOT, [*((1, *level) for level in bids), *((-1, *level) for level in asks)], **more)  # type: ignore[arg-type]


def checked(venue: str, *messages: list[tuple[object, ...]], **more: object) -> list[int]:
    """How many checksums matched, did not, and could not be verified."""
    stage = rebuild.stage()
    state = stage.empty()
    stage.advance(state, batch(venue, *messages, **more))  # type: ignore[arg-type]
    return [int(number) for number in state.ladders.books["checked"][0]]


def test_the_sum_is_that_of_zlib() -> None:
    chance = np.random.default_rng(1)
    for length in range(60):
        text = chance.integers(0, 256, length)
        assert crc32(text, length) == zlib.crc32(text.astype(np.uint8).tobytes())


def test_the_example_of_kraken_is_a_match_and_another_size_is_not() -> None:
    assert kraken_sum(pairs(BIDS), pairs(ASKS)) == SUM
    assert checked("summed", book(pairs(BIDS), pairs(ASKS), checksum=SUM)) == [1, 0, 0]
    wrong = [*pairs(BIDS)[:-1], ("45276.6", "0.15445239")]
    assert checked("summed", book(wrong, pairs(ASKS), checksum=SUM)) == [0, 1, 0]


@pytest.mark.parametrize(("bids", "asks"), [(30, 30), (3, 25), (26, 1), (0, 2)])
def test_okx_joins_ranks_as_far_as_there_are_any(bids: int, asks: int) -> None:
    below = [(f"{100 - n}", f"0.{n + 1}1") for n in range(bids)]
    above = [(f"{101 + n}.5", f"{n + 7}") for n in range(asks)]
    assert checked("summed-okx", book(below, above, checksum=okx_sum(below, above))) == [1, 0, 0]


def test_prices_and_sizes_without_places_are_texts_too() -> None:
    said = kraken_sum([("99", "2"), ("98", "1")], [("101", "5")])
    message = book([("9.9", "2"), ("9.8", "1")], [("10.1", "5")], checksum=said)  # in ticks: 99, 98 and 101
    assert checked("summed", message, of=instrument("1", "1", prices=0, sizes=0)) == [1, 0, 0]


def test_the_longest_text_has_room() -> None:
    below = [(f"{999_999_900 - n}.5", "9999999.99999999") for n in range(25)]
    above = [(f"{999_999_950 + n}.5", "9999999.99999998") for n in range(25)]
    assert len(text_for(2)) > len(":".join(":".join(level) for level in (*below, *above))) > len(text_for(2)) * 0.6
    assert checked("summed-okx", book(below, above, checksum=okx_sum(below, above))) == [1, 0, 0]


def test_levels_in_the_overflow_are_in_the_text() -> None:
    below = [(f"{90_000 - n * n * 40}.0", f"0.0000000{n + 1}") for n in range(9)]
    assert checked("summed", book(below, [("90001.0", "2.00000000")], checksum=SUM)) == [0, 1, 0]
    true = kraken_sum(below, [("90001.0", "2.00000000")])
    assert checked("summed", book(below, [("90001.0", "2.00000000")], checksum=true)) == [1, 0, 0]


def test_places_that_are_not_known_or_too_coarse_are_unverifiable() -> None:
    message = book(pairs(BIDS), pairs(ASKS), checksum=SUM)
    for known in (instrument(prices=0), instrument(sizes=3), instrument(prices=40)):
        assert checked("summed", message, of=known) == [0, 0, 1]
    assert checked("summed", message, of=instrument(prices=1, sizes=8)) == [1, 0, 0]
    assert checked("summed", message, of=instrument(prices=2, sizes=8)) == [0, 1, 0]


@pytest.mark.parametrize(
    ("size", "units", "doubt"),
    [
        ("0.00000001", 1, EXACT),
        ("9999999.99999999", 10**15 - 1, EXACT),
        ("45035996.27370495", 2**52 - 1, EXACT),
        ("123456789", 123456789 * 10**8, GUESS),
        ("79999999.99999998", 7_999_999_999_999_999, GUESS),  # two texts are as near
        ("1e10", 10**18, GUESS),
        ("0.123456789", 0, UNWRITABLE),  # more places than there are
        ("123456789.12345678", 0, UNWRITABLE),  # more digits than a float64 has
        ("1e11", 0, UNWRITABLE),
    ],
)
def test_sizes_are_found_again_or_known_to_be_in_doubt(size: str, units: int, doubt: int) -> None:
    assert units_of(float(size), 8) == (units, doubt)


def test_every_size_of_fifteen_digits_is_found_again() -> None:
    chance = np.random.default_rng(2)
    for places in (0, 3, 8, 15):
        for units in 10 ** chance.uniform(0, 15, 2_000):
            text = f"{Decimal(int(units)).scaleb(-places):f}"
            assert units_of(float(text), places) == (int(units), EXACT)


@pytest.mark.parametrize("text", ["30261", "0.5", "0.00000001", "120", "30238.81", "1000000000000000000"])
def test_the_shortest_text_of_a_number(text: str) -> None:
    room, places = text_for(1), 8 if len(text) < 12 else 0
    length = write_decimal(room, 0, int(Decimal(text).scaleb(places)), places)
    assert bytes(room[:length].tolist()).decode() == text


def test_a_likely_text_that_does_not_match_is_no_mismatch() -> None:
    above: Pairs = [("101.0", "1.00000000")]
    guessed, other = [("100.0", "123456789.00000000")], [("100.0", "123456789.00000001")]
    assert checked("summed", book(guessed, above, checksum=kraken_sum(guessed, above))) == [1, 0, 0]
    assert checked("summed", book(guessed, above, checksum=kraken_sum(other, above))) == [0, 0, 1]


def replayed(venue: str, frames: list[bytes], definitions: list[record.InstrumentDefined]) -> tuple[list[int], Counter]:
    """Verdicts on the checksums of a capture, and (cause, state) of its gaps."""
    known = [record.encode(said) for said in definitions]
    stages, tables = (decode.stage(), rebuild.stage()), Counter[tuple[str, str]]()
    states = [stage.empty() for stage in stages]
    every = [*known, *frames]
    for number, start in enumerate(range(0, len(every), 64)):
        part = every[start : start + 64]
        item = Batch(f"{venue}/0", number, np.arange(start, start + len(part)) * 10**7, Frames.of(part))
        for stage, state in zip(stages, states, strict=True):
            item = stage.advance(state, item)
        for row in item.tables["gaps"].iter_rows(named=True) if "gaps" in item.tables else ():
            if row["channel"] == "depth":
                tables[row["cause"], row["state"]] += 1
    return states[1].ladders.books["checked"].sum(axis=0).tolist(), tables


def definitions(venue: str, name: str) -> list[record.InstrumentDefined]:
    """As an import infers them: of the texts that are there."""
    prices: dict[str, set[str]] = {}
    sizes: dict[str, set[str]] = {}
    for frame in recordings.received(name):
        for texts in venues.get(venue).texts(frame):
            prices.setdefault(texts.symbol, set()).update(texts.prices)
            sizes.setdefault(texts.symbol, set()).update(texts.sizes)
    return [
        venues.get(venue).infer(symbol, Seen(*map(str, map(finest_step, both)), *map(most_places, both)))
        for symbol in prices
        if (both := (prices[symbol], sizes[symbol])) and symbol
    ]


def test_every_checksum_of_the_kraken_v1_capture_matches() -> None:
    frames = list(recordings.received(V1))
    assert replayed("kraken-v1", frames, definitions("kraken-v1", V1)) == ([4269, 0, 0], Counter())


def test_every_checksum_of_the_kraken_v2_capture_matches() -> None:
    recordings.path(V2)
    known = [record.InstrumentDefined("BTC/USD", "0.1", "0.00000001", price_decimals=1, size_decimals=8)]
    assert replayed("kraken", fixture(), known) == ([251, 0, 0], Counter())


def test_every_checksum_of_the_okx_capture_matches() -> None:
    name = "02_ws_multivenue_cryptofeed/OKX.jsonl.zst"
    frames = list(recordings.received(name))
    assert replayed("okx", frames, definitions("okx", name)) == ([290, 0, 0], Counter())
