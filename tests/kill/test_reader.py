"""The reader of the kill tests can fail: half a block, a row twice, rows that vanish and a watermark that goes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from market.journal import LIVE_BLOCK_NS, partition_path
from sinks.clickhouse.client import connect
from sinks.journal import JournalWriter
from tests.kill.reader import Seen, look
from tests.sinks.clickhouse.store_process import start

SHARD = "test/0"
START_NS = 1_700_000_000 * LIVE_BLOCK_NS
CREATE = """
create table rows (shard String, `offset` Int64, frame Int32, receive_time DateTime64(9))
engine = MergeTree order by (shard, `offset`, frame)
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    store = start(tmp_path_factory.mktemp("store"))
    yield connect(store.dsn)
    store.end()


@pytest.fixture
def seen(client: Client, tmp_path: Path) -> Seen:
    """After a look at two whole blocks of two offsets each, of which the first is settled."""
    path = partition_path(tmp_path, "market", SHARD)
    with JournalWriter(path, venue="test", shard=SHARD, block_ns=LIVE_BLOCK_NS) as journal:
        for offset in range(8):
            journal.append([START_NS + offset * LIVE_BLOCK_NS // 2], [b"frame"])
    client.command("drop table if exists rows sync")
    client.command(CREATE)
    insert(client, 1, 2, 3, 4)
    found = Seen()
    look(client, tmp_path, found)
    assert (found.wrong, found.settled, found.polls) == ([], {SHARD: 2}, 1)
    return found


def insert(client: Client, *offsets: int, frame: int = 0) -> None:
    values = ", ".join(f"('{SHARD}', {offset}, {frame}, now())" for offset in offsets)
    client.command(f"insert into rows values {values}")


def test_blocks_that_come_whole_are_fine(client: Client, tmp_path: Path, seen: Seen) -> None:
    insert(client, 5, 6)
    look(client, tmp_path, seen)
    assert (seen.wrong, seen.settled) == ([], {SHARD: 4})


def test_a_row_that_comes_to_a_settled_block_is_half_a_block_seen(client: Client, tmp_path: Path, seen: Seen) -> None:
    insert(client, 2, frame=1)
    look(client, tmp_path, seen)
    assert seen.wrong == ["3 rows of rows settled at 2 of test/0, 2 before"]


def test_a_row_is_seen_twice_also_where_nothing_is_settled(client: Client, tmp_path: Path, seen: Seen) -> None:
    insert(client, 4)
    look(client, tmp_path, seen)
    assert seen.wrong == ["1 rows of rows twice, of test/0 after 2"]


def test_a_settled_row_that_comes_again_is_seen(client: Client, tmp_path: Path, seen: Seen) -> None:
    insert(client, 2)
    look(client, tmp_path, seen)
    assert seen.wrong == ["3 rows of rows settled at 2 of test/0, 2 before"]


def test_settled_rows_that_vanish_are_seen(client: Client, tmp_path: Path, seen: Seen) -> None:
    client.command("alter table rows delete where `offset` = 1 settings mutations_sync = 2")
    look(client, tmp_path, seen)
    assert seen.wrong == ["1 rows of rows settled at 2 of test/0, 2 before"]


def test_a_watermark_that_goes_back_is_seen(client: Client, tmp_path: Path, seen: Seen) -> None:
    client.command("alter table rows delete where `offset` > 2 settings mutations_sync = 2")
    look(client, tmp_path, seen)
    assert seen.wrong[0] == "the watermark of test/0 went back from 2 to 0"
