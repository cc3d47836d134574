"""Venues that send snapshots in band, and pictures: all that an operator owes, against dictionaries of texts."""

import random
from functools import partial

import polars as pl
import pytest

from market.batch import Batch
from market.schema import CONTROL, Kind
from operators.book import rebuild
from tests.contract import CHECKS, Case, Tables
from tests.market_case import outputs
from tests.operators.book import stream_tape
from tests.operators.book.slow_book import book_rows
from tests.operators.book.slow_stream import oracle
from tests.operators.book.stream_rows import in_band  # noqa: F401
from tests.rows import TICKS

MESSAGES = 500


def added(batches: list[Batch]) -> Tables:
    found = outputs(list(TICKS), ["gaps", "control"])(batches) | {"books": book_rows(batches)}
    return found if len(found["control"]) else found | {"control": pl.DataFrame(schema=CONTROL)}


def items(name: str, seed: int, length: int) -> list[Batch]:
    return stream_tape.batches(name, stream_tape.tape(name, seed, MESSAGES * length))


def cut(name: str, batches: list[Batch], chance: random.Random) -> list[Batch]:
    return stream_tape.batches(name, stream_tape.uncut(batches), chance)


CASES = {
    name: Case(
        "book.rebuild",
        rebuild.stage,
        partial(items, name),
        partial(cut, name),
        added,
        oracle,
        stream_tape.empty,
        (stream_tape.stage,),
        tolerance=1e-9,
    )
    for name in stream_tape.FEEDS
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_contract(name: str, check) -> None:  # type: ignore[no-untyped-def]
    check(CASES[name], 1)


@pytest.mark.parametrize("seed", range(2, 6))
@pytest.mark.parametrize("name", CASES)
def test_every_row_equals_a_book_of_texts(name: str, seed: int) -> None:
    CHECKS[[check.__name__ for check in CHECKS].index("check_equals_its_oracle")](CASES[name], seed)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", ["summed", "summed-okx", "chained"])
def test_a_valid_book_is_the_venues_own_whatever_is_lost_doubled_or_out_of_order(name: str, seed: int) -> None:
    feed = stream_tape.feed(name, seed, 800, plain=True)
    frames = stream_tape.frames_of(feed)
    (batch,) = rebuild.stage().run(stream_tape.stage().run([stream_tape._batch(name, 0, frames)]))
    newest, shown = 0, 0
    for tick, frame in zip(batch.ticks, frames, strict=True):
        # A snapshot that the book had left behind shows the book, not the snapshot.
        if tick["valid"] and (tick["kind"] != Kind.SNAPSHOT or tick["exchange_time"] >= newest):
            newest, row = tick["exchange_time"], batch.books[tick["book"]]
            truth = feed.truths[frame.decode()]
            for side, prices, sizes in (
                (1, row["bid_price"], row["bid_size"]),
                (-1, row["ask_price"], row["ask_size"]),
            ):
                count = len(truth[side])
                assert list(zip(prices[:count].tolist(), sizes[:count].tolist(), strict=True)) == truth[side]
            shown += 1
    assert shown > len(frames) // 3
