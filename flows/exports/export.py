"""`barograph export`: tables as one file, or as a folder with a file for every day.

A folder is gone on with: days whose rows and files are as they were stay, others are written anew. A file of a day that
the table begins to forget (store.*_days) stays as well. Every file is there whole or not at all.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from flows.exports import manifest
from flows.exports.files import ExportError, Written, digest, write
from flows.exports.manifest import Choices, DayFile
from flows.exports.pages import Fingerprint, Reader, Span
from flows.exports.questions import Questions
from flows.exports.relations import Relation, relations, watermark
from flows.settings import Settings
from flows.tables import opened_store, server_dsn
from gateway.exposition import our_version
from gateway.rows import time_text
from market.errors import SettingsError, StoreError

DAY_NS = 86_400_000_000_000
EPOCH = date(1970, 1, 1)
TRIES = 3  # of a file whose rows were replaced while it was written
SINGLE = {".parquet": "parquet", ".csv": "csv"}

Progress = Callable[[str, int, int], None]  # file, rows of it so far, rows of it


class Wanted(NamedTuple):
    """What is to be exported."""

    tables: tuple[str, ...]
    output: Path
    format: str
    span: Span
    formulas: bool


class Done(NamedTuple):
    """One file."""

    path: Path
    rows: int
    nbytes: int
    state: str  # written, unchanged, or kept, since the table has fewer rows than it now


def run_export(settings: Settings, wanted: Wanted, progress: Progress) -> Iterator[Done]:
    """Write the files, telling each. Raises SettingsError, StoreError or ExportError."""
    if not server_dsn(settings) and not (settings.data / "store").exists():
        raise StoreError(f"{settings.data} holds no store yet; `barograph up` makes one")
    with opened_store(settings) as dsn, closing(Questions(dsn)) as questions:
        mark = watermark(questions)
        found = relations(questions, wanted.tables)
        for relation in found:
            _check(relation, wanted)
        empty = True
        for relation in found:
            for done in _exported(Reader(questions, relation, mark), wanted, progress):
                empty = False
                yield done
        if empty:
            raise StoreError(f"{', '.join(wanted.tables)}: no settled rows in this range; nothing was written")


def is_single(output: Path) -> bool:
    """Whether a file is meant and not a folder."""
    return output.suffix in SINGLE


def _check(relation: Relation, wanted: Wanted) -> None:
    span = wanted.span
    if span.instruments and "instrument" not in relation.columns:
        raise SettingsError(f"{relation.name} has no instruments; leave --instrument out")
    if relation.time is None and (span.since_ns is not None or span.until_ns is not None):
        raise SettingsError(f"{relation.name} has no times; leave --since and --until out")
    if not is_single(wanted.output) and any(at is not None and at % DAY_NS for at in (span.since_ns, span.until_ns)):
        raise SettingsError(
            f"a folder holds whole days (UTC): give --since and --until as days, or --output FILE.{wanted.format}"
        )


def _exported(reader: Reader, wanted: Wanted, progress: Progress) -> Iterator[Done]:
    if not is_single(wanted.output):
        yield from _folder(reader, wanted, progress)
        return
    found = reader.fingerprint(wanted.span)
    if found.rows:
        written, _ = _written(reader, wanted.output, wanted, wanted.span, found, progress)
        yield Done(wanted.output, written.rows, written.nbytes, "written")


def _folder(reader: Reader, wanted: Wanted, progress: Progress) -> Iterator[Done]:
    relation, folder = reader.relation, wanted.output / reader.relation.name
    choices = Choices(relation.name, wanted.format, wanted.span.instruments, wanted.formulas)
    files = manifest.load(folder, choices)
    for name, span in _days(reader, wanted.span):
        path = folder / f"{name}.{wanted.format}"
        found = reader.fingerprint(span)
        known = files.get(name)
        if known is not None and digest(path) == known.sha256 and found.rows < known.rows:
            yield Done(path, known.rows, known.bytes, "kept, since the table has fewer rows of this day now")
        elif known is not None and manifest.stands(folder, known, found.rows, found.hash, relation.schema):
            yield Done(path, known.rows, known.bytes, "unchanged")
        elif found.rows:
            written, found = _written(reader, path, wanted, span, found, progress)
            files[name] = DayFile(
                path.name, name, written.rows, written.nbytes, written.sha256, found.hash, relation.schema,
                our_version(), written.watermark,
            )  # fmt: skip
            manifest.save(folder, choices, relation.columns, files)
            yield Done(path, written.rows, written.nbytes, "written")


def _days(reader: Reader, span: Span) -> Iterator[tuple[str, Span]]:
    """What is a file each; of a table without times, all of it."""
    if reader.relation.time is None:
        yield "all", span
        return
    for day in reader.days(span):
        yield (
            (EPOCH + timedelta(days=day)).isoformat(),
            span._replace(since_ns=day * DAY_NS, until_ns=(day + 1) * DAY_NS),
        )


def _written(
    reader: Reader, path: Path, wanted: Wanted, span: Span, found: Fingerprint, progress: Progress
) -> tuple[Written, Fingerprint]:
    """Write a file of the rows that were found; again where some were replaced meanwhile: it never holds a mixture."""
    relation = reader.relation
    facts = {
        "table": relation.name,
        "schema": relation.schema,
        "version": our_version(),
        "since": _said(span.since_ns),
        "until": _said(span.until_ns),
        "instruments": ",".join(span.instruments),
    }
    for _ in range(TRIES):
        pages = _told(reader.pages(span), path.name, found.rows, progress)
        check = partial(_same, reader, span, found)
        with suppress(_ReplacedError):
            written = write(path, pages, format_=wanted.format, facts=facts, formulas=wanted.formulas, check=check)
            return written, found
        found = reader.fingerprint(span)
    raise ExportError(f"rows of {relation.name} are being replaced all the time; try again when that is over")


class _ReplacedError(Exception):
    """Rows are others than when their file was begun."""


def _same(reader: Reader, span: Span, found: Fingerprint, rows: int) -> None:
    if rows != found.rows or reader.fingerprint(span) != found:
        raise _ReplacedError


def _told(pages: Iterator[pa.Table], name: str, rows: int, progress: Progress) -> Iterator[pa.Table]:
    given = 0
    for page in pages:
        yield page
        given += page.num_rows
        progress(name, given, rows)


def _said(time_ns: int | None) -> str:
    return "" if time_ns is None else time_text(time_ns)
