"""The names of a topic's partitions: of which shard a file is, and which partitions a recovery store knows."""

import sqlite3
from contextlib import closing
from pathlib import Path

from market.errors import JournalError
from market.shards import shard_of_file
from sources.journal_reader import JournalReader


def shard_of(data: Path, topic: str, name: str) -> str:
    """The shard of a partition, as its file says; where there is none to ask, as its name does."""
    try:
        with JournalReader(data / "journal" / topic / f"{name}.db") as journal:
            return journal.meta()["shard"]
    except JournalError:
        return shard_of_file(name)


def resumable(recovery: Path, step_id: str) -> set[str]:
    """The partitions of a step that a Bytewax recovery store holds states of; all of them must be listed again."""
    found: set[str] = set()
    for part in sorted(recovery.glob("part-*.sqlite3")):
        with closing(sqlite3.connect(f"{part.absolute().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("select distinct state_key from snaps where step_id = ?", (step_id,))
            found.update(key for (key,) in rows)
    return found
