from pathlib import Path

import pytest

from market.errors import JournalError
from market.journal import partition_path
from sinks.journal import JournalWriter
from sources import recorded as module
from sources.recorded import recorded


def write(data: Path, shard: str, rows: int) -> None:
    path = partition_path(data, "market", shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = JournalWriter(path, venue=shard.split("/")[0], shard=shard, block_ns=10**9)
    for number in range(rows):
        writer.append([number], [f"{shard} {number}".encode()])
    writer.close()


def test_every_row_comes_once_and_in_order_over_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_ROWS", 3)
    write(tmp_path, "v/0", 7)
    found = list(recorded(tmp_path, "v/0"))
    assert [batch.frames[0] for batch in found] == [f"v/0 {number}".encode() for number in range(7)]
    assert {batch.shard for batch in found} == {"v/0"}


def test_the_only_shard_need_not_be_named_and_another_must(tmp_path: Path) -> None:
    write(tmp_path, "v/btc", 1)
    assert next(recorded(tmp_path)).shard == "v/btc"
    write(tmp_path, "v/eth", 1)
    with pytest.raises(JournalError, match="there are v/btc, v/eth"):
        next(recorded(tmp_path))


def test_where_nothing_was_recorded_it_says_what_makes_a_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="barograph import"):
        next(recorded(tmp_path, "v/0"))
