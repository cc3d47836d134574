"""Roll-ups: `quotes`, `trades` and `features` by buckets of 1 s, 1 min and 1 h, always computed from what lies there.

Materialised views write into the ledger `touched` which stretch of time every insert wrote rows of. `roll_up` takes
what stands in the ledger, computes these buckets again from the rows, with every key once, and then the minutes and
hours from the seconds; only then it strikes the notes off. So it does not matter how often a row was sent, in which
blocks, under which token, how late, or who died when: docs/decisions/010-roll-ups.md.

A row is in its table before its note is in the ledger: who reads the note reads the row.
"""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.limits import NOTES_PER_PASS, ROLL_UP_MEMORY_BYTES, ROW_SLICE_S, STRETCH_PER_PASS_S
from sinks.clickhouse.schema import Table, sql_files, table_of

DAY_S = 86_400
LEVELS = {"1s": 1, "1m": 60, "1h": 3600}  # seconds of a bucket; each is computed from the one before
TOUCHED = "touched"
# One thread and one merged stream: then the sums of floats do not depend on how the rows lie in parts.
_SETTINGS = {
    "max_threads": 1,
    "max_insert_threads": 1,
    "do_not_merge_across_partitions_select_final": 1,
    "split_parts_ranges_into_intersecting_and_non_intersecting_final": 0,
    "max_bytes_before_external_group_by": ROLL_UP_MEMORY_BYTES,
}
_OUTSTANDING = f"""
select name, venue, toUnixTimestamp(first_time), toUnixTimestamp(last_time), id,
    toUnixTimestamp64Milli(noted_at) as noted_ms
from {TOUCHED} final
where sign = 1
order by last_time desc, noted_at desc
limit {NOTES_PER_PASS}
"""
_NOTED = ("name", "venue", "first_time", "last_time", "id", "noted_at")


class Pass(NamedTuple):
    """What one pass did."""

    notes: int  # that were done
    more: bool  # whether others wait, known to the store when the pass began


class Note(NamedTuple):
    """A stretch of time that rows were written of."""

    name: str  # of the table
    venue: str
    first_s: int  # seconds since 1970, inclusive
    last_s: int
    id: Any
    noted_ms: int  # when it was noted, as the store holds it: a client's time zone must not come between


class Family(NamedTuple):
    """The roll-ups of one table."""

    name: str  # of the table
    tables: Mapping[str, Table]  # by level
    note: str  # the materialised view that writes the ledger
    rows: str  # seconds from rows
    buckets: str  # coarser from finer

    @property
    def checksum(self) -> str:
        """SHA-256 of everything that decides what the roll-ups hold, hex."""
        texts = (*(table.statement for table in self.tables.values()), self.note, self.rows, self.buckets)
        return hashlib.sha256("".join(texts).encode()).hexdigest()


@cache
def families() -> dict[str, Family]:
    """The roll-ups by the table that they are made of."""
    files = {part: sql_files(f"rollups/{part}") for part in ("tables", "notes", "rows", "buckets")}
    return {
        name: Family(name, _levels(name, files["tables"][name]), files["notes"][name], rows, files["buckets"][name])
        for name, rows in files["rows"].items()
    }


@cache
def ledger() -> Table:
    """The table `touched`."""
    return table_of(0, TOUCHED, sql_files("rollups/tables")[TOUCHED])


@cache
def derived() -> frozenset[str]:
    """Names of all tables that hold nothing but what others do: the roll-ups and their ledger."""
    return frozenset({TOUCHED, *(table.name for family in families().values() for table in family.tables.values())})


def roll_up(client: Client) -> int:
    """Bring all roll-ups up to date with what the ledger says; how many notes were done."""
    done = 0
    while passed := roll_up_once(client).notes:
        done += passed
    return done


def roll_up_once(client: Client) -> Pass:
    """One pass, bounded: the newest notes first, so that a long backlog does not hold up the present."""
    found = [Note(*row) for row in client.query(_OUTSTANDING).result_rows]
    notes = _within_a_pass(found)
    stretches = defaultdict(list)
    for note in notes:
        stretches[note.name, note.venue].append((note.first_s, note.last_s + 1))
    for (name, venue), noted in stretches.items():
        for first_s, end_s in merged(noted):
            _compute(client, families()[name], venue, first_s, end_s)
    if notes:
        rows = [[*note, -1] for note in notes]
        client.insert(TOUCHED, rows, column_names=[*_NOTED, "sign"], settings={"async_insert": 0})
    return Pass(len(notes), len(notes) < len(found))


def merged(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches, end exclusive, with those that meet or overlap made one.

    >>> merged([(5, 7), (1, 2), (2, 4)])
    [(1, 4), (5, 7)]
    """
    found: list[tuple[int, int]] = []
    for first, end in sorted(stretches):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((first, end))
    return found


def slices(first: int, end: int, step: int) -> Iterator[tuple[int, int]]:
    """A stretch cut at multiples of a step, which no slice crosses.

    >>> list(slices(5, 21, 10))
    [(5, 10), (10, 20), (20, 21)]
    """
    cuts = [first, *range((first // step + 1) * step, end, step), end]
    return itertools.pairwise(cuts)


def _within_a_pass(notes: Iterable[Note]) -> list[Note]:
    """As many notes as are a pass; at least one."""
    taken: list[Note] = []
    left_s = STRETCH_PER_PASS_S
    for note in notes:
        left_s -= note.last_s - note.first_s + 1
        if taken and left_s < 0:
            break
        taken.append(note)
    return taken


def _compute(client: Client, family: Family, venue: str, first_s: int, end_s: int) -> None:
    """All levels of one table over a stretch of time."""
    finer = ""
    for level, seconds in LEVELS.items():
        table = family.tables[level]
        statement = f"insert into {table.name} ({', '.join(table.columns)})\n{family.buckets if finer else family.rows}"
        whole = first_s // seconds * seconds, -(-end_s // seconds) * seconds
        for start, end in slices(*whole, DAY_S if finer else ROW_SLICE_S):
            given = {"venue": venue, "from": _time(start), "to": _time(end)}
            more = {"finer": finer, "seconds": seconds} if finer else {}
            client.command(statement, parameters=given | more, settings=_SETTINGS)
        finer = table.name


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _levels(name: str, statement: str) -> dict[str, Table]:
    """The tables of one family: the file's for 1 s, and the same with larger buckets and partitions."""
    found = {}
    for level in LEVELS:
        text = statement.replace(f"create table {name}_1s\n", f"create table {name}_{level}\n")
        if level != "1s":
            text = text.replace("partition by toYYYYMMDD(time)", "partition by toYYYYMM(time)")
        found[level] = table_of(0, f"{name}_{level}", text)
    return found
