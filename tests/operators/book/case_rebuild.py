import polars as pl

from market.batch import Batch
from operators import decode
from operators.book import rebuild
from tests.contract import Tables
from tests.market_case import case, outputs
from tests.operators.book.slow_book import oracle
from tests.rows import TICKS


def added(batches: list[Batch]) -> Tables:
    """Tick rows, requests, and the gaps of books; gaps of other channels are decode's."""
    found = outputs(list(TICKS), ["gaps", "control"])(batches)
    gaps = found["gaps"]
    return found | {"gaps": gaps.filter(pl.col("channel") == "depth") if len(gaps) else gaps}


CASE = case("book.rebuild", rebuild.stage, (decode.stage,), added, oracle)
