from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from market.batch import Batch
from market.instrument import tick_ratio
from market.schema import Kind
from operators import decode
from operators.book import rebuild
from operators.frame import frame
from tests.captures import real
from tests.market_case import outputs
from tests.operators.book.levels import Sides, same, shape
from tests.operators.book.messages import Levels
from tests.operators.book.slow_book import book_rows, oracle
from tests.rows import TICKS, concat

QUOTE = ["bid_price", "bid_size", "ask_price", "ask_size"]
# Update ids that both the rebuilt book and the venue's own bookTicker carry. All of them agree: see docs/captures.md.
SHARED = {"usdm-btc": 1565, "usdm-eth": 834, "spot-btc": 1072, "coinm-eth": 1345}


def rebuilt(batches: list[Batch]) -> list[Batch]:
    return rebuild.stage().run(decode.stage().run(batches))


def quotes(ticks: pl.DataFrame, *kinds: Kind) -> pl.DataFrame:
    valid = ticks.filter(pl.col("kind").is_in([int(kind) for kind in kinds]) & pl.col("valid"))
    return valid.select("sequence", *QUOTE).unique(maintain_order=True)


@pytest.mark.parametrize("name", real.PAIRS)
def test_the_book_is_the_venues_own_best_bid_and_ask_wherever_both_have_an_id(name: str) -> None:
    ticks = concat(frame(batch) for batch in rebuilt(real.batches(name)))
    book, ticker = quotes(ticks, Kind.SNAPSHOT, Kind.DEPTH), quotes(ticks, Kind.TICKER)
    both = book.join(ticker, on="sequence", suffix="_said")
    assert len(both) == SHARED[name]
    said = both.select("sequence", *(pl.col(f"{column}_said").alias(column) for column in QUOTE))
    assert_frame_equal(both.select("sequence", *QUOTE), said, check_exact=True)


@pytest.mark.parametrize("name", real.PAIRS)
def test_a_capture_is_whole_after_its_snapshot(name: str) -> None:
    out = rebuilt(real.batches(name))
    ticks = concat(frame(batch) for batch in out)
    gaps = [
        row for batch in out if "gaps" in batch.tables for row in batch.tables["gaps"].select("cause", "state").rows()
    ]
    assert gaps in ([], [("unsynchronised", "open"), ("unsynchronised", "healed")])
    after = ticks.filter(pl.col("kind") == int(Kind.SNAPSHOT)).item(0, "receive_time")
    late = ticks.filter((pl.col("kind") == int(Kind.DEPTH)) & (pl.col("receive_time") > after))
    assert late["valid"].all()
    assert not any("dead_letters" in batch.tables for batch in out)


@pytest.mark.parametrize("name", [name for name, pair in real.PAIRS.items() if " " in pair[-1]])
def test_a_capture_without_a_snapshot_never_has_a_valid_book(name: str) -> None:
    out = rebuilt(real.batches(name, files=slice(1, 2)))
    ticks = concat(frame(batch) for batch in out)
    assert len(ticks) > 10_000
    assert not ticks.filter(pl.col("kind") != int(Kind.TICKER))["valid"].any()
    asked = pl.concat([batch.tables["control"] for batch in out if "control" in batch.tables])
    assert 1 <= len(asked) <= 12


@pytest.mark.parametrize("name", real.PAIRS)
def test_every_row_equals_a_book_of_dictionaries(name: str) -> None:
    batches = real.batches(name, limit=1_500)
    out = rebuilt(batches)
    found = outputs(list(TICKS), ["gaps", "control"])(out) | {"books": book_rows(out)}
    for table, expected in oracle(batches).items():
        if len(expected):
            assert_frame_equal(found[table], expected, check_exact=table != "books", rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.parametrize("name", real.PAIRS)
def test_every_twentieth_row_of_a_whole_capture_equals_dictionaries_of_levels(name: str) -> None:
    out = rebuilt(real.batches(name))
    compared = 0
    sides: Sides = ({}, {})
    waiting: list[tuple[int, Levels]] = []
    for batch in out:
        for tick, event, rows in messages(batch):
            before = (sides[0].copy(), sides[1].copy()) if compared % 20 == 0 else sides
            if tick["kind"] == Kind.SNAPSHOT:
                sides = ({}, {})
                put(sides, rows)
                for sequence, more in waiting:
                    put(sides, more if sequence > event["sequence"] else [])
            elif tick["valid"]:
                put(sides, rows)
            else:
                waiting.append((event["sequence"], rows))
            if tick["valid"] and (compared := compared + 1) % 20 == 1:
                changed = [] if tick["kind"] == Kind.SNAPSHOT else rows
                step = tick_ratio(batch.instruments[0].tick_size)
                same(batch.books[tick["book"]][None], shape(sides, step, before, changed))
    assert compared > 6_000


def messages(batch: Batch) -> Iterator[tuple[np.void, np.void, Levels]]:
    """The tick, header and levels of every book message."""
    heads = np.flatnonzero(batch.events["kind"] != Kind.LEVEL)
    for tick, head in zip(batch.ticks, heads, strict=True):
        if tick["kind"] in (Kind.SNAPSHOT, Kind.DEPTH):
            rows = batch.events[head + 1 : head + 1 + batch.events[head]["levels"]]
            yield tick, batch.events[head], rows[["side", "price", "size"]].tolist()


def put(sides: Sides, rows: Levels) -> None:
    for side, price, size in rows:
        sides[side < 0].pop(price, None)
        if size > 0:
            sides[side < 0][price] = size
