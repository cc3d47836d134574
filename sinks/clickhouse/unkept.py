"""Forgetting the tokens of inserts that died half-way: their rows are on no disk, yet the store would call them known.

ClickHouse's MergeTree writes a block's token to the table's deduplication log before it renames the block's part to its
place (MergeTreeSink: the log, then renameTempPartAndAdd). Killed in between, it restarts with the token and without the
rows: the retry under the same token is acknowledged and dropped. So before the embedded store opens its folder, tokens
are struck from the logs whose part is not there, neither by itself nor merged into a larger one.

A line of a log is an operation (1 came, 2 went), a part and the block's id, with tabs between. Measured with chDB
26.9; tests/kill/test_unkept_tokens.py kills a store at exactly that place.
"""

import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger("barograph.store")

CAME, WENT = "1", "2"
_PART = re.compile(r"(?P<partition>.+?)_(?P<first>\d+)_(?P<last>\d+)_\d+(?:_\d+)?")


class Part(NamedTuple):
    """The blocks that a part holds, by the numbers in its name."""

    partition: str
    first: int
    last: int


def forget_unkept(store: Path) -> int:
    """Strike the tokens without rows from all tables of a store that nobody has open; how many there were."""
    struck = sum(_mend(folder) for folder in sorted(store.glob("store/*/*/deduplication_logs")))
    if struck:
        log.warning("%d inserts had died half-way; what sends them again is heard now", struck)
    return struck


def _mend(folder: Path) -> int:
    """Rewrite the logs of one table that hold a token without rows."""
    logs = {path: path.read_text().splitlines() for path in sorted(folder.glob("*.txt"))}
    unkept = _unkept(_fields([line for lines in logs.values() for line in lines]), _parts(folder.parent))
    for path, lines in logs.items():
        kept = [line for line in lines if tuple(line.split("\t")) not in unkept]
        if kept != lines:
            _replace(path, "".join(f"{line}\n" for line in kept))
    return len(unkept)


def _fields(lines: Iterable[str]) -> list[tuple[str, ...]]:
    return [tuple(line.split("\t")) for line in lines if line.count("\t") == 2]


def _unkept(operations: Iterable[tuple[str, ...]], parts: Iterable[Part]) -> set[tuple[str, ...]]:
    """The operations that let a token come whose rows are in no part, and that did not let it go again."""
    present = list(parts)
    known: dict[str, tuple[str, ...]] = {}
    for operation in operations:
        kind, _, block = operation
        if kind == CAME:
            known[block] = operation
        elif kind == WENT:
            known.pop(block, None)
    return {operation for operation in known.values() if not _kept(_part(operation[1]), present)}


def _kept(part: Part | None, present: Iterable[Part]) -> bool:
    """Whether a part is there; one whose name says nothing is left alone."""
    return part is None or any(
        part.partition == other.partition and other.first <= part.first and part.last <= other.last for other in present
    )


def _parts(table: Path) -> list[Part]:
    """The parts in their place; what is detached, or being written, does not count."""
    named = [_part(path.name) for path in table.iterdir() if path.is_dir()]
    return [part for part in named if part is not None and not part.partition.startswith(("tmp", "delete_tmp"))]


def _part(name: str) -> Part | None:
    """What a part's name says.

    >>> _part("202611_4_9_2")
    Part(partition='202611', first=4, last=9)
    """
    found = _PART.fullmatch(name)
    return None if found is None else Part(found["partition"], int(found["first"]), int(found["last"]))


def _replace(path: Path, text: str) -> None:
    """In one step, and durable before the store reads it."""
    partial = path.with_suffix(".partial")
    with partial.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
