"""`barograph reconcile`: proves from the journal itself that every frame is accounted for in the tables.

Independent of the flows: it reads the journals again and counts, asks the tables what they hold, and writes a proof per
stretch of insert blocks to the table `reconciliations`. Rows of the journal that no block holds yet are no fault, and
are told beside: a flow follows, or waits for the store. What was proven is not asked again, unless all is; what failed
is.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from clickhouse_connect.driver.client import Client
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows.console import console
from flows.proofs import (
    FAILED,
    PROVEN,
    UNPROVEN,
    Commit,
    Journal,
    Proof,
    Stretch,
    newest_source,
    proof_of,
    settled,
    stretches,
)
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
COLUMNS = ("shard", "#rows of the journal", "#frames", "#shed", "#rows written", "#found", "verdict", "why")
COLOURS = {PROVEN: "green", UNPROVEN: "yellow", FAILED: "red"}
DIM = "bright_black"
ROWS_PER_READ = 512
_COUNTS = ("received", "applied", "duplicate", "dead_lettered", "control", "shed")
_COMMITS = f"""
select source, previous_offset, first_offset, last_offset, toUnixTimestamp64Nano(receive_time) as time, journal_rows,
    {", ".join(_COUNTS)}, rows
from commits final
where shard = {{shard:String}}
order by last_offset, first_offset
"""
_TOLD = """
select first_offset, last_offset, verdict from reconciliations final
where shard = {shard:String} and source = {source:String}
order by time, last_offset
"""
_COMMITTED = "select shard, last_offset from watermarks"
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
        behind = waiting(settings.data, dsn)
    if as_json:
        print(json.dumps([_flat(shard, proof) for shard, proof in proofs]))
    else:
        console().print(render_proofs(proofs, behind))
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


def waiting(data: Path, dsn: str) -> dict[str, int]:
    """How many rows of each journal no block holds yet, where there are any."""
    client = connect(dsn)
    try:
        committed = {row[0]: int(row[1]) for row in client.query(_COMMITTED).result_rows}
    finally:
        client.close()
    found = {}
    for topic in TOPICS:
        for path in partitions(data, topic):
            with JournalReader(path) as journal:
                shard = journal.meta()["shard"]
                rows = journal.last_offset() - committed.get(shard, 0)
            if rows > 0:
                found[shard] = rows
    return found


def render_proofs(proofs: list[tuple[str, Proof]], behind: Mapping[str, int]) -> RenderableType:
    """The proofs as a table, and what waits; one sentence where nothing is new."""
    waits = [f"{rows:,} rows of the journal of {shard} are in no table yet" for shard, rows in behind.items()]
    told = f"{'; '.join(waits)}: a flow writes them, `barograph up` or `barograph replay`." if waits else ""
    first = _shown(proofs) if proofs else Text("There is nothing new to prove.")
    return Group(first, Text(told, DIM)) if told else first


def _proofs(client: Client, path: Path, topic: str, everything: bool) -> Iterator[tuple[str, Proof]]:
    with JournalReader(path) as journal:
        shard = journal.meta()["shard"]
        commits = _commits(client, shard)
        if not commits:
            return
        source = newest_source(commits, source_digest()[:16])
        named = {"shard": shard, "source": source}
        after = 0 if everything else settled((*row,) for row in client.query(_TOLD, parameters=named).result_rows)
        for stretch in stretches([commit for commit in commits if commit.source == source], after):
            held = _counted(journal, stretch.previous_offset, stretch.last_offset)
            mixed = any(_beside(commit, source, stretch) for commit in commits)
            yield shard, proof_of(stretch, held, _present(client, shard, topic, stretch), mixed=mixed)


def _beside(commit: Commit, source: str, stretch: Stretch) -> bool:
    """Whether a block is of another version, and of rows of the journal that a stretch has too."""
    within = commit.first_offset <= stretch.last_offset and commit.last_offset > stretch.previous_offset
    return within and commit.source != source


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


def _flat(shard: str, proof: Proof) -> dict[str, Any]:
    """A proof as a row."""
    row = {"shard": shard} | proof._asdict() | proof.accounts._asdict()
    return {name: value for name, value in row.items() if name != "accounts"}


def _write(client: Client, shard: str, proof: Proof, now_ns: int) -> None:
    row = _flat(shard, proof) | {"receive_time": proof.receive_ns, "time": now_ns}
    frame = pl.DataFrame([[row[name] for name in _SCHEMA]], schema=_SCHEMA, orient="row")
    token = f"reconciliations|{shard}|{proof.first_offset}|{proof.last_offset}|{proof.source}|{now_ns}"
    insert(client, "reconciliations", arrow("reconciliations", frame), token)


def _shown(proofs: list[tuple[str, Proof]]) -> Table:
    shown = Table(title="Proofs", title_justify="left", title_style="bold", box=None, pad_edge=False)
    shown.header_style = DIM
    for name in COLUMNS:
        numeric = name.startswith("#")
        shown.add_column(name.removeprefix("#"), justify="right" if numeric else "left", no_wrap=numeric)
    for shard, proof in proofs:
        numbers = (proof.accounts.received, proof.accounts.shed, proof.rows_committed, proof.rows_found)
        shown.add_row(
            shard,
            f"{proof.first_offset:,} to {proof.last_offset:,}",
            *(f"{number:,}" for number in numbers),
            Text(proof.verdict, COLOURS[proof.verdict]),
            proof.reason,
        )
    return shown
