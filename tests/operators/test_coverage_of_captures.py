import polars as pl
import pytest
from polars.testing import assert_frame_equal

from operators import coverage, decode
from operators.book import rebuild
from tests.captures import real
from tests.operators.slow_coverage import slow_coverage
from tests.rows import concat


@pytest.mark.parametrize("name", real.PAIRS)
def test_the_book_of_a_real_capture_is_valid_all_the_time_after_its_snapshot(name: str) -> None:
    batches = rebuild.stage().run(decode.stage().run(real.batches(name)))
    found = coverage.stage().run(batches)
    rows = concat(batch.tables["coverage"] for batch in found if "coverage" in batch.tables)
    expected = slow_coverage(batches, int(coverage.STALE_S * 10**9))
    assert_frame_equal(rows.drop("frame"), expected.drop("frame"), rel_tol=1e-12)
    missing = rows.select("session", missing=(pl.col("recorded_s") - pl.col("valid_s")).round(6))
    first, *others = missing.group_by("session", maintain_order=True).agg(pl.col("missing").unique()).rows()
    # All that is missing is what came before the snapshot, a fraction of a second, the same in every row of that day.
    assert len(first[1]) == 1
    assert 0 < first[1][0] < 0.5
    assert all(values == [0.0] for _, values in others)
