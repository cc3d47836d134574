"""Any one depth frame lost, doubled or out of order is seen, told, and healed by the next snapshot, in its own book."""

from functools import cache

import polars as pl
import pytest

from market.batch import Batch
from market.schema import Kind
from operators import decode
from operators.book import rebuild
from operators.frame import frame
from tests import tape
from tests.rows import concat

VICTIM, OTHER = "AAAUSDT", "BBBUSDT"
FAULTS = ("dropped", "duplicated", "reordered")


@cache
def whole() -> tape.Tape:
    return tape.tape(7, messages=260, faults=False)


def tampered(fault: str, at: int, after: int) -> tape.Tape:
    """The tape with the frame at `at` dropped, received twice, or received after the one at `after`."""
    rows = list(whole())
    row = rows.pop(at)
    if fault == "duplicated":
        rows[at:at] = [row, row]
    elif fault == "reordered":
        rows.insert(after, (rows[after - 1][0], row[1]))
    return rows


def ran(rows: tape.Tape) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tick rows and gaps rows, stamped with the place of their frame in `rows`."""
    out: list[Batch] = rebuild.stage().run(decode.stage().run(tape.cut(rows)))
    ticks = concat(frame(batch).with_columns(pl.col("frame") + 16 * batch.offset) for batch in out)
    gaps = pl.concat([batch.tables["gaps"] for batch in out if "gaps" in batch.tables])
    return ticks, gaps


def of(ticks: pl.DataFrame, instrument: int) -> pl.DataFrame:
    return ticks.filter(pl.col("instrument") == instrument).drop("frame", "receive_time")


@cache
def untouched() -> tuple[pl.DataFrame, pl.DataFrame]:
    return ran(whole())


def test_the_tape_itself_has_no_fault() -> None:
    ticks, gaps = untouched()
    assert set(gaps["cause"]) <= {"unsynchronised", "disconnected"}  # of the first connection
    assert ticks["valid"].mean() > 0.9


# The first frame is the one whose loss nothing could show; the last has none after it that would.
CANDIDATES = tape.positions(whole(), VICTIM)[1:-1]


@pytest.mark.parametrize("fault", FAULTS)
def test_every_depth_frame_is_missed_when_it_is(fault: str) -> None:
    expected, quiet = untouched()
    depths = tape.positions(whole(), VICTIM)
    for at, after in zip(CANDIDATES, depths[2:], strict=True):
        rows = tampered(fault, at, after)
        ticks, gaps = ran(rows)
        told = gaps.join(quiet, on=["instrument", "cause", "state"], how="anti", nulls_equal=True)
        assert set(told["cause"]) <= {"sequence", "duplicate"}, f"{fault} frame {at}"
        assert len(told) > 0, f"nobody noticed that frame {at} was {fault}"
        assert set(told["instrument"]) == {VICTIM}
        assert of(ticks, 1).equals(of(expected, 1), null_equal=True), f"{OTHER} suffered from {VICTIM}'s {fault} frame"
        check_healing(ticks, gaps, expected, fault)


def check_healing(ticks: pl.DataFrame, gaps: pl.DataFrame, expected: pl.DataFrame, fault: str) -> None:
    """A sequence gap opens and heals at the first snapshot after it; never is a valid quote a wrong one."""
    opened = gaps.filter((pl.col("cause") == "sequence") & (pl.col("state") == "open"))
    healed = gaps.filter((pl.col("cause") == "sequence") & (pl.col("state") == "healed"))
    assert len(opened) == len(healed) == (0 if fault == "duplicated" else 1)
    book = (pl.col("instrument") == 0) & pl.col("kind").is_in([int(Kind.SNAPSHOT), int(Kind.DEPTH)])
    quotes = ["bid_price", "bid_size", "ask_price", "ask_size"]
    truth = expected.filter(book & pl.col("valid")).select("sequence", *quotes).unique()
    shown = ticks.filter(book & pl.col("valid")).select("sequence", *quotes).unique()
    assert len(shown.join(truth, on=["sequence", *quotes], how="anti")) == 0
    if len(opened):
        start, end = opened.item(0, "receive_time"), healed.item(0, "receive_time")
        snapshots = ticks.filter(book & (pl.col("kind") == int(Kind.SNAPSHOT)) & (pl.col("receive_time") >= start))
        assert snapshots.item(0, "receive_time") == end
        between = ticks.filter(book & pl.col("receive_time").is_between(start, end, closed="none"))
        assert not between["valid"].any()
        assert ticks.filter(book & (pl.col("receive_time") > end))["valid"].all()
