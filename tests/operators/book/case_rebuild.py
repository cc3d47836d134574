import polars as pl

from market.batch import Batch
from operators import decode
from operators.book import rebuild
from tests.contract import Tables
from tests.market_case import case, outputs
from tests.operators.book.slow_book import book_rows, oracle
from tests.rows import TICKS


def added(batches: list[Batch]) -> Tables:
    """Tick and book rows, requests, and the gaps of books; gaps of other channels are decode's."""
    found = outputs(list(TICKS), ["gaps", "control"])(batches)
    gaps = found["gaps"]
    depth = gaps.filter(pl.col("channel") == "depth") if len(gaps) else gaps
    return found | {"gaps": depth, "books": book_rows(batches)}


# Sums of sizes are taken in another order; that quotes are exact is in test_captures.
CASE = case("book.rebuild", rebuild.stage, (decode.stage,), added, oracle, tolerance=1e-9)
