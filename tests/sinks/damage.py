"""Journals whose every row can be told apart in the bytes of their file, and what may be done to those bytes."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from market import record
from market.journal import LIVE_BLOCK_NS
from sinks.journal import JournalWriter
from sources.journal_reader import JournalReader

BLOCK = 512  # bytes a disk loses at once
PAGE = 4096
SIZES = (40, 900, 20, 5000, 300, 13000, 60, 2000)

Damage = Callable[[bytearray, int], None]


def frames_of(offset: int) -> list[bytes]:
    """Two frames that say all over which row they belong to."""
    return [(f"<row {offset:03}>" * (1 + SIZES[offset % len(SIZES)] // 9)).encode(), b"end"]


def times_of(offset: int) -> list[int]:
    return [1_790_000_000_000_000_000 + offset * 1000, 1_790_000_000_000_000_000 + offset * 1000 + 1]


def writer(path: Path, **options: object) -> JournalWriter:
    arguments = {"venue": "okx", "shard": "okx/0", "block_ns": LIVE_BLOCK_NS, **options}
    return JournalWriter(path, **arguments)  # type: ignore[arg-type]


def append(journal: JournalWriter, rows: int) -> None:
    for _ in range(rows):
        offset = journal.last_offset() + 1
        journal.append(times_of(offset), frames_of(offset))


def rows_by_page(data: bytes) -> list[set[int]]:
    """Which rows have bytes on each page."""
    pages = range(0, len(data), PAGE)
    return [{int(found) for found in re.findall(rb"<row (\d{3})>", data[start : start + PAGE])} for start in pages]


def flip(data: bytearray, at: int) -> None:
    data[at] ^= 1 << at // BLOCK % 8


def zero(data: bytearray, at: int) -> None:
    data[at : at + BLOCK] = bytes(len(data[at : at + BLOCK]))


def cut(data: bytearray, at: int) -> None:
    del data[at:]


def read(path: Path, limit: int = 1000) -> tuple[dict[int, tuple[list[int], list[bytes]]], list[str]]:
    """The rows that are there, by offset, and what is told of others."""
    rows: dict[int, tuple[list[int], list[bytes]]] = {}
    told: list[str] = []
    with JournalReader(path) as reader:
        after = 0
        while found := reader.read(after, limit):
            assert [row.offset for row in found] == sorted({row.offset for row in found})
            assert found[0].offset > after
            for row in found:
                frames = list(row.frames)
                if record.is_record(frames[0]) and isinstance(said := record.decode(frames[0]), record.Torn):
                    told.append(said.reason)
                else:
                    rows[row.offset] = row.received_ns.tolist(), frames
            after = found[-1].offset
    return rows, told


def clear(path: Path) -> None:
    """Nothing left of a journal and what lies beside it."""
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
