"""A file that is there whole or not at all, and what is written into it: Parquet or CSV.

It is written under a hidden name beside its place, made durable, and then given its name in one step. What a killed
export left under such a name is removed by the next one.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple, Protocol

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from flows.exports.text import as_text
from gateway.runfiles import alive
from market.errors import BarographError

GROUP_ROWS = 65_536  # of a row group; rows are cut the same way however they come
PIECE_BYTES = 1 << 20
FORMATS = ("parquet", "csv")


class ExportError(BarographError):
    """A file could not be written; nothing of it is there."""


class Written(NamedTuple):
    """What a file holds."""

    rows: int
    nbytes: int
    sha256: str
    watermark: dict[str, int]  # the highest row of its journal, by shard


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A new file for writing, at its place when the context ends well. Raises ExportError, leaving nothing."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent)
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _make_durable(path.parent)
    except OSError as error:
        raise ExportError(f"{path} cannot be written ({error.strerror or error}); nothing of it is there") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed exports left half written."""
    for left in folder.glob(".*.partial"):
        number = left.name.split(".")[-2]
        if number.isdigit() and not alive(int(number)):
            left.unlink(missing_ok=True)


def digest(path: Path) -> str:
    """SHA-256 of a file, hex; empty where it cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                found.update(piece)
    except OSError:
        return ""
    return found.hexdigest()


def write(
    path: Path,
    pages: Iterable[pa.Table],
    *,
    format_: str,
    facts: dict[str, str],
    formulas: bool = True,
    check: Callable[[int], None] = lambda _rows: None,
) -> Written:
    """Write pages of rows. facts: into the metadata of Parquet; a CSV has no place for them.

    formulas: of a CSV, whether text that a spreadsheet would run as a formula stays as it is. check: told the number of
    rows when all are written, and before the file gets its name; what it raises leaves no file.
    """
    rows, reached = 0, Counter[str]()
    groups = _groups(pages)
    first = next(groups)
    with whole(path) as file:
        into = _Parquet(file, first.schema) if format_ == "parquet" else _Csv(file, formulas=formulas)
        for group in _with(first, groups):
            into.add(group)
            rows += group.num_rows
            for shard, offset in _newest(group).items():
                reached[shard] = max(reached[shard], offset)
        check(rows)
        into.end(facts | {"rows": str(rows), "watermark": msgspec.json.encode(dict(sorted(reached.items()))).decode()})
    return Written(rows, path.stat().st_size, digest(path), dict(sorted(reached.items())))


class Into(Protocol):
    """A format."""

    def add(self, rows: pa.Table) -> None:
        """Write a row group."""

    def end(self, facts: dict[str, str]) -> None:
        """Write what comes after the last row."""


class _Parquet:
    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(file, schema, compression="zstd", version="2.6", store_schema=True)

    def add(self, rows: pa.Table) -> None:
        if rows.num_rows:
            self._writer.write_table(rows, row_group_size=GROUP_ROWS)

    def end(self, facts: dict[str, str]) -> None:
        self._writer.add_key_value_metadata({f"barograph.{name}": text for name, text in facts.items()})
        self._writer.close()


class _Csv:
    def __init__(self, file: IO[bytes], *, formulas: bool) -> None:
        self._file, self._formulas, self._begun = file, formulas, False

    def add(self, rows: pa.Table) -> None:
        frame = pl.DataFrame(pl.from_arrow(as_text(rows, formulas=self._formulas)))
        frame.write_csv(self._file, include_header=not self._begun, quote_style="necessary")
        self._begun = True

    def end(self, facts: dict[str, str]) -> None:
        """A CSV ends with its last row."""


def _groups(pages: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows of all pages in tables of GROUP_ROWS, the last one shorter; at least one, which may be empty."""
    held: list[pa.Table] = []
    rows, given = 0, False
    for page in pages:
        held.append(page)
        rows += page.num_rows
        while rows >= GROUP_ROWS:
            joined = pa.concat_tables(held).combine_chunks()
            yield joined.slice(0, GROUP_ROWS)
            held, rows, given = [joined.slice(GROUP_ROWS)], rows - GROUP_ROWS, True
    if rows or not given:
        yield pa.concat_tables(held).combine_chunks()


def _with(first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from rest


def _newest(group: pa.Table) -> dict[str, int]:
    """The highest offset of each shard."""
    if not {"shard", "offset"} <= set(group.column_names):
        return {}
    found = group.select(["shard", "offset"]).group_by("shard", use_threads=False).aggregate([("offset", "max")])
    return dict(zip(found["shard"].to_pylist(), found["offset_max"].to_pylist(), strict=True))


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
