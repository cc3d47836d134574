"""Proofs: what is whole is proven, and every way of not being whole is found and named."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1] / "sinks" / "clickhouse"))

from flow_items import MILLISECOND, SHARD, batch
from store_process import start

from flows.proofs import FAILED, PROVEN, UNPROVEN, Commit, Journal, newest_source, proof_of, settled, stretches
from flows.reconcile import reconcile, render_proofs, waiting
from market.accounts import Accounts
from market.batch import Batch
from market.journal import partition_path
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.schema import sql_files
from sinks.clickhouse.sink import ClickHouseSink
from sinks.journal import JournalWriter

FRAMES = 5  # of every journal row here


def commit(previous: int, last: int, *, source: str = "new", first: int | None = None, rows: int = 3) -> Commit:
    count = last - previous
    frames = FRAMES * count
    accounts = Accounts(received=frames, applied=frames - 2, duplicate=1, control=1)
    return Commit(source, previous, first or previous + 1, last, last, count, accounts, {"quotes": rows, "trades": 1})


def held(rows: int) -> Journal:
    return Journal(rows, FRAMES * rows)


def found(commits: Sequence[Commit]) -> dict[str, int]:
    return {"quotes": sum(of.rows["quotes"] for of in commits), "trades": sum(of.rows["trades"] for of in commits)}


CHAIN = [commit(0, 2), commit(2, 3), commit(3, 7)]


def test_what_is_whole_is_proven() -> None:
    (stretch,) = stretches(CHAIN, 0)
    proof = proof_of(stretch, held(7), found(CHAIN))
    assert (proof.verdict, proof.reason) == (PROVEN, "")
    assert (proof.first_offset, proof.last_offset, proof.blocks, proof.frames) == (1, 7, 3, 35)
    assert proof.accounts.balanced
    assert proof.rows_committed == proof.rows_found == 12


def test_long_chains_are_cut_into_stretches_that_follow_one_another() -> None:
    commits = [commit(number, number + 1) for number in range(10)]
    cut = list(stretches(commits, 0, blocks=4))
    assert [(of.previous_offset, of.last_offset) for of in cut] == [(0, 4), (4, 8), (8, 10)]
    assert all(proof_of(of, held(len(of.chain)), found(of.chain)).verdict == PROVEN for of in cut)


def test_what_was_proven_is_left_out() -> None:
    (stretch,) = stretches(CHAIN, 3)
    assert (stretch.previous_offset, stretch.last_offset, stretch.overlaps) == (3, 7, 0)
    assert list(stretches(CHAIN, 7)) == []


def test_a_block_that_was_cut_shorter_when_it_was_proven_is_proven_whole() -> None:
    (stretch,) = stretches(CHAIN, 5)
    assert proof_of(stretch, held(7 - stretch.previous_offset), found(CHAIN[2:])).verdict == PROVEN
    assert stretch.previous_offset == 3


@pytest.mark.parametrize(
    ("commits", "journal", "rows", "reason"),
    [
        ([CHAIN[0], CHAIN[2]], held(7), found([CHAIN[0], CHAIN[2]]), "rows 3 to 3 of the journal are in no block"),
        (CHAIN, held(8), found(CHAIN), "the journal holds 8 rows, the blocks 7"),
        (CHAIN, Journal(7, 36), found(CHAIN), "36 frames stand in the journal, 35 were accounted for"),
        (CHAIN, held(7), found(CHAIN) | {"trades": 2}, "2 rows of trades are there, 3 were written"),
        (CHAIN, held(7), {"quotes": 9}, "0 rows of trades are there, 3 were written"),
        (
            [commit(0, 7)._replace(accounts=Accounts())],
            held(7),
            {"quotes": 3, "trades": 1},
            "none of 35 frames was ever",
        ),
        (
            [commit(0, 7)._replace(accounts=Accounts(received=35, applied=34))],
            held(7),
            {"quotes": 3, "trades": 1},
            "35 frames were received, 34 became something",
        ),
    ],
)
def test_every_fault_is_found_and_named(
    commits: list[Commit], journal: Journal, rows: dict[str, int], reason: str
) -> None:
    (stretch,) = stretches(commits, 0)
    proof = proof_of(stretch, journal, rows)
    assert proof.verdict == FAILED
    assert reason in proof.reason


def test_what_the_journal_no_longer_holds_cannot_be_proven() -> None:
    (stretch,) = stretches(CHAIN, 0)
    proof = proof_of(stretch, held(4), found(CHAIN))
    assert (proof.verdict, proof.frames) == (UNPROVEN, -1)


def test_blocks_that_were_cut_otherwise_before_are_counted_and_no_fault() -> None:
    stopped = [commit(3, 5), commit(5, 7)]  # a stop cut early, and then the flow began anew
    (stretch,) = stretches([*CHAIN, *stopped], 0)
    proof = proof_of(stretch, held(7), found(CHAIN))
    assert (proof.verdict, proof.overlaps, proof.blocks) == (PROVEN, 2, 3)


def test_what_the_end_of_a_flow_added_belongs_to_the_block_before() -> None:
    addition = Commit("new", 7, 7, 7, 7, 0, Accounts(), {"gaps": 1})
    (stretch,) = stretches([*CHAIN, addition], 0)
    assert proof_of(stretch, held(7), found(CHAIN) | {"gaps": 1}).verdict == PROVEN


def test_a_stretch_reaches_its_newest_row_though_the_end_of_a_flow_stands_in_the_midst_of_it() -> None:
    """An idle run ends and adds a row, then more is recorded: that addition sorts behind the longer block."""
    addition = Commit("new", 3, 3, 3, 3, 0, Accounts(), {"gaps": 1})
    (stretch,) = stretches([*CHAIN, addition], 0)
    proof = proof_of(stretch, held(7), found(CHAIN) | {"gaps": 1})
    assert (proof.verdict, proof.last_offset, proof.receive_ns) == (PROVEN, 7, 7)


def test_rows_of_another_version_beside_those_of_this_one_leave_a_stretch_unproven() -> None:
    (stretch,) = stretches(CHAIN, 0)
    more, fewer = found(CHAIN) | {"trades": 9}, found(CHAIN) | {"trades": 2}
    told = proof_of(stretch, held(7), more, mixed=True)
    assert (told.verdict, told.frames) == (UNPROVEN, 35)
    assert "another version" in told.reason
    assert proof_of(stretch, held(7), fewer, mixed=True).verdict == FAILED


@pytest.mark.parametrize(
    ("told", "until"),
    [
        ([], 0),
        ([(1, 9, PROVEN), (10, 19, PROVEN)], 19),
        ([(1, 9, PROVEN), (10, 19, FAILED), (20, 29, PROVEN)], 9),
        ([(1, 9, FAILED), (10, 19, PROVEN)], 0),
        ([(1, 9, FAILED), (1, 14, PROVEN)], 14),
        ([(1, 14, PROVEN), (1, 9, FAILED)], 0),
        ([(1, 9, UNPROVEN), (10, 19, PROVEN)], 19),
        ([(1, 9, PROVEN), (1, 9, FAILED), (1, 9, PROVEN)], 9),
    ],
)
def test_what_failed_is_asked_again_until_it_is_proven(told: list[tuple[int, int, str]], until: int) -> None:
    assert settled(told) == until


def test_the_present_version_is_proven_and_an_older_one_where_there_is_no_other() -> None:
    older = [commit(0, 9, source="old")]
    assert newest_source([*older, *CHAIN], "new") == "new"
    assert newest_source(older, "new") == "old"


def accounted(item: Batch) -> Batch:
    return item._replace(accounts=Accounts(received=FRAMES, applied=FRAMES - 2, duplicate=1, control=1))


def test_a_journal_in_a_store_is_proven_and_what_is_lost_is_found(tmp_path: Path) -> None:
    """The whole way: a journal, its batches through the sink, the tables of a real store."""
    items = [accounted(batch(offset, step_ms=90, names=())) for offset in range(1, 40)]
    path = partition_path(tmp_path, "market", SHARD)
    with JournalWriter(path, venue="binance-usdm", shard=SHARD, block_ns=250 * MILLISECOND) as journal:
        for item in items:
            journal.append([item.receive_time] * FRAMES, [b"{}"] * FRAMES)
    store = start(tmp_path)
    client = connect(store.dsn)
    migrate(client)

    def write(some: list[Batch]) -> None:
        sink = ClickHouseSink(store.dsn, block_ns=250 * MILLISECOND, close_s=60).build_part("tables", SHARD, None)
        sink.write_batch(some)
        sink.finish()

    write([*items[:30], batch(30, step_ms=90, names=(), last=True)])
    ((shard, proof),) = reconcile(tmp_path, store.dsn, now_ns=1)
    assert (shard, proof.verdict, proof.reason) == (SHARD, PROVEN, "")
    assert (proof.first_offset, proof.last_offset, proof.frames) == (1, 30, 30 * FRAMES)
    assert reconcile(tmp_path, store.dsn, now_ns=2) == []  # nine rows of the journal wait, which is no fault
    assert waiting(tmp_path, store.dsn) == {SHARD: 9}
    written = client.query("select verdict, received, applied, rows_found from reconciliations").result_rows
    assert written == [(PROVEN, 30 * FRAMES, 30 * (FRAMES - 2), 30 * 5 + 10)]

    write([*items, batch(39, step_ms=90, names=(), last=True)])  # begun anew: the last block was cut early before
    ((_, proof),) = reconcile(tmp_path, store.dsn, now_ns=3)
    assert (proof.verdict, proof.last_offset) == (PROVEN, 39)

    client.command("create table kept as trades")
    client.command("insert into kept select * from trades where `offset` = 7")
    client.command("alter table trades delete where `offset` = 7 settings mutations_sync = 2")
    check = sql_files("checks")["reconciliations_failed"]
    ((_, proof),) = reconcile(tmp_path, store.dsn, now_ns=4, everything=True)
    assert (proof.verdict, proof.reason) == (FAILED, "76 rows of trades are there, 78 were written")
    ((_, proof),) = reconcile(tmp_path, store.dsn, now_ns=5)
    assert proof.verdict == FAILED, "asked again by itself"
    assert [row[1:3] for row in client.query(check).result_rows] == [(1, 39)]

    client.command("insert into trades select * from kept")
    ((_, proof),) = reconcile(tmp_path, store.dsn, now_ns=6)
    assert proof.verdict == PROVEN
    assert client.query(check).result_rows == []
    client.close()
    store.end()


def test_the_page_names_what_waits_and_says_so_where_nothing_is_new() -> None:
    (stretch,) = stretches(CHAIN, 0)
    page = io.StringIO()
    Console(width=120, file=page).print(render_proofs([(SHARD, proof_of(stretch, held(7), found(CHAIN)))], {}))
    assert "1 to 7" in page.getvalue()
    page = io.StringIO()
    Console(width=200, file=page).print(render_proofs([], {SHARD: 7_598}))
    assert page.getvalue().splitlines() == [
        "There is nothing new to prove.",
        f"7,598 rows of the journal of {SHARD} are in no table yet: a flow writes them, `barograph up` or"
        " `barograph replay`.",
    ]
