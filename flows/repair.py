"""Every row of every journal looked at; what is damaged is made anew from its whole rows, and kept besides."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from flows.settings import Settings
from flows.up import only_one
from market import record
from market.errors import JournalError
from market.journal import partitions, unpack
from sinks.journal_faults import UNSURE, leave_mark
from sinks.journal_file import finish_repair, repair
from sources.journal_reader import JournalReader

CAPTURED = "market"
TOPICS = (CAPTURED, "trading", "problems", "orders", "control", "broadcast")
ROWS_AT_ONCE = 256


class Looked(NamedTuple):
    """What was found in one journal."""

    path: Path
    rows: int  # that are whole
    torn: tuple[str, ...]  # what is told in the place of others
    damaged: bool  # the file; what is missing may be missing for good, since an earlier repair or a power loss

    def __str__(self) -> str:
        state = "DAMAGED" if self.damaged else "whole"
        missing = f"; missing in {len(self.torn)} places: {self.torn[0]}" if self.torn else ""
        return f"{self.path.parent.name}/{self.path.name}: {state}, {self.rows:,} rows{missing}"


def looked_through(path: Path) -> Looked:
    """Read a journal to its end. One of which nothing can be read counts as torn."""
    rows, torn, damaged = 0, list[str](), True
    try:
        with JournalReader(path) as reader:
            after = 0
            while found := reader.rows(after, ROWS_AT_ONCE):
                for row in found:
                    said = _torn(unpack(row.offset, row.frames).frames[0])
                    rows, torn = (rows + 1, torn) if said is None else (rows, [*torn, said])
                after = found[-1].offset
            damaged = reader.is_damaged
    except JournalError as error:
        torn.append(str(error))
    return Looked(path, rows, tuple(torn), damaged)


def run_repair(settings: Settings, *, check: bool) -> int:
    """Tell of every journal, repair unless only to check; 1 where something is, or stays, damaged."""
    console = Console(highlight=False, soft_wrap=True)
    failed = False
    with nullcontext() if check else only_one(settings.data):
        for path in _journals(settings.data, finish=not check):
            found = looked_through(path)
            console.print(str(found), markup=False)
            if found.damaged and not check:
                try:
                    rows = repair(path)
                    if path.parent.name == CAPTURED:
                        leave_mark(path, UNSURE)  # its newest rows may be lost: their offsets must not be given again
                    console.print(f"  made anew from {rows:,} whole rows; the damaged file is kept", markup=False)
                except JournalError as error:
                    failed = True
                    console.print(f"  {error}", markup=False)
            failed = failed or (check and found.damaged)
    return int(failed)


def _journals(data: Path, *, finish: bool) -> Iterator[Path]:
    for topic in TOPICS:
        if finish:
            for path in sorted((data / "journal" / topic).glob("*.repaired")):
                finish_repair(path.with_suffix(".db"))
        yield from partitions(data, topic)


def _torn(frame: bytes) -> str | None:
    if not record.is_record(frame):
        return None
    said = record.decode(frame)
    return said.reason if isinstance(said, record.Torn) else None
