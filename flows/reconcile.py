"""`barograph reconcile`: proves from the journal itself that every frame is accounted for in the tables.

Independent of the flows: it reads the journals again and counts, asks the tables what they hold, and writes a proof per
stretch of insert blocks to the table `reconciliations`. Rows of the journal that no block holds yet are no fault: a
flow follows, or waits for the store. What was proven is not asked again, unless all is.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.table import Table

from flows.proofs import FAILED, PROVEN, Commit, Journal, Proof, Stretch, newest_source, proof_of, stretches
from flows.settings import Settings
from flows.tables import opened_store
from market.accounts import Accounts
from market.clock import SystemClock
from market.errors import SettingsError
from market.journal import partitions
from market.source import source_digest
from sinks.clickhouse.client import connect
from sinks.clickhouse.inserter import insert
from sinks.clickhouse.schema import tables
from sinks.clickhouse.tables import arrow
from sources.journal_reader import JournalReader

log = logging.getLogger("barograph.reconcile")

TOPICS = ("market", "trading")
ROWS_PER_READ = 512
_COUNTS = ("received", "applied", "duplicate", "dead_lettered", "control", "shed")
_COMMITS = f"""
select source, previous_offset, first_offset, last_offset, toUnixTimestamp64Nano(receive_time) as time, journal_rows,
    {", ".join(_COUNTS)}, rows
from commits final
where shard = {{shard:String}}
order by last_offset, first_offset
"""
_PROVEN = """
select max(last_offset) from (
    select last_offset, argMax(verdict, time) as newest from reconciliations
    where shard = {shard:String} and source = {source:String} group by first_offset, last_offset
) where newest = 'proven'
"""
_NUMBERS = ("blocks", "holes", "overlaps", "frames", *_COUNTS, "rows_committed", "rows_found")
_SCHEMA = {
    "shard": pl.String, "source": pl.String, "first_offset": pl.Int64, "last_offset": pl.Int64,
    "receive_time": pl.Int64, "time": pl.Int64, "verdict": pl.String, "reason": pl.String,
    **dict.fromkeys(_NUMBERS, pl.Int64),
}  # fmt: skip


def run_reconcile(settings: Settings, *, everything: bool = False, as_json: bool = False) -> int:
    """Prove what can be proven now and print it; 0 where nothing is wrong or unknown, otherwise 1."""
    if not any(partitions(settings.data, topic) for topic in TOPICS):
        raise SettingsError(f"{settings.data} holds no journal; `barograph import` or `barograph up` makes one")
    with opened_store(settings) as dsn:
        proofs = reconcile(settings.data, dsn, now_ns=SystemClock().now_ns(), everything=everything)
    if as_json:
        print(json.dumps([{"shard": shard} | proof._asdict() for shard, proof in proofs]))
    else:
        Console(highlight=False).print(_shown(proofs) if proofs else "nothing new to reconcile")
    return 0 if all(proof.verdict == PROVEN for _, proof in proofs) else 1


def reconcile(data: Path, dsn: str, *, now_ns: int, everything: bool = False) -> list[tuple[str, Proof]]:
    """Proofs by shard, as they were written to `reconciliations`; what failed is logged as an error."""
    client = connect(dsn)
    try:
        found = [
            (shard, proof)
            for topic in TOPICS
            for path in partitions(data, topic)
            for shard, proof in _proofs(client, path, topic, everything)
        ]
        for shard, proof in found:
            _write(client, shard, proof, now_ns)
            if proof.verdict == FAILED:
                log.error("rows %d to %d of %s: %s", proof.first_offset, proof.last_offset, shard, proof.reason)
    finally:
        client.close()
    return found


def _proofs(client: Client, path: Path, topic: str, everything: bool) -> Iterator[tuple[str, Proof]]:
    with JournalReader(path) as journal:
        shard = journal.meta()["shard"]
        commits = _commits(client, shard)
        if not commits:
            return
        source = newest_source(commits, source_digest()[:16])
        named = {"shard": shard, "source": source}
        after = 0 if everything else int(client.query(_PROVEN, parameters=named).result_rows[0][0])
        for stretch in stretches([commit for commit in commits if commit.source == source], after):
            held = _counted(journal, stretch.previous_offset, stretch.last_offset)
            yield shard, proof_of(stretch, held, _present(client, shard, topic, stretch))


def _commits(client: Client, shard: str) -> list[Commit]:
    rows = client.query(_COMMITS, parameters={"shard": shard}).result_rows
    return [Commit(*row[:6], Accounts(*row[6:12]), dict(row[12])) for row in rows]  # type: ignore[call-arg]


def _counted(journal: JournalReader, after: int, until: int) -> Journal:
    """What the journal holds after one row, up to another."""
    rows = frames = 0
    while after < until:
        found = [batch for batch in journal.read(after, ROWS_PER_READ) if batch.offset <= until]
        if not found:
            break
        rows += len(found)
        frames += sum(len(batch.frames) for batch in found)
        after = found[-1].offset
    return Journal(rows, frames)


def _present(client: Client, shard: str, topic: str, stretch: Stretch) -> Mapping[str, int]:
    """Rows of every table that the blocks wrote to; where there are more, copies of a key are counted once."""
    counted = {}
    for table, written in stretch.written().items():
        of_shard = "shard = {shard:String} and " if "shard" in tables()[table].columns else ""
        if not of_shard and topic != "trading":
            raise ValueError(f"table {table} of the market flow has no column shard")
        where = f"where {of_shard}`offset` > {{after:Int64}} and `offset` <= {{until:Int64}}"
        named = {"shard": shard, "after": stretch.previous_offset, "until": stretch.last_offset}
        found = client.query(f"select count() from {table} {where}", parameters=named).result_rows[0][0]
        if found > written:
            found = client.query(f"select count() from {table} final {where}", parameters=named).result_rows[0][0]
        counted[table] = int(found)
    return counted


def _write(client: Client, shard: str, proof: Proof, now_ns: int) -> None:
    numbers = proof._asdict() | proof.accounts._asdict()
    row = (
        shard, proof.source, proof.first_offset, proof.last_offset, proof.receive_ns, now_ns, proof.verdict,
        proof.reason, *(numbers[name] for name in _NUMBERS),
    )  # fmt: skip
    frame = pl.DataFrame([row], schema=_SCHEMA, orient="row")
    token = f"reconciliations|{shard}|{proof.first_offset}|{proof.last_offset}|{proof.source}|{now_ns}"
    insert(client, "reconciliations", arrow("reconciliations", frame), token)


def _shown(proofs: list[tuple[str, Proof]]) -> Table:
    shown = Table("shard", "rows of the journal", "frames", "shed", "rows written", "verdict", "why", box=None)
    for shard, proof in proofs:
        shown.add_row(
            shard,
            f"{proof.first_offset}–{proof.last_offset}",
            str(proof.accounts.received),
            str(proof.accounts.shed),
            str(proof.rows_committed),
            proof.verdict,
            proof.reason,
        )
    return shown
