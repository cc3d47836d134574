"""The benchmark of queries in small: its rows fill every table it makes, and its queries find some of them."""

from pathlib import Path

from benchmarks.queries import run
from benchmarks.queries_data import Size


def test_the_benchmark_asks_panels_and_says_what_they_read(tmp_path: Path) -> None:
    found = run(tmp_path / "data", Size(ticks=20_000, days=0.02), repeat=1, only="book/prices")
    assert [one.error for one in found] == [""] * len(found)
    assert {one.name for one in found} >= {"book/prices 15m one", "book/prices all one"}
    assert all(one.rows > 100 and 0 < one.rows_read < 20_000 and one.p99_ms > 0 for one in found)
