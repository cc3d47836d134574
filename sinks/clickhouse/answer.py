"""From a request to its answer: which statement may run, how its result is made, which headers go with it.

Everything here runs in a worker thread and knows nothing of sockets.
"""

import json
import secrets
from collections.abc import Generator, Iterator
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from sinks.clickhouse import embedded
from sinks.clickhouse.embedded import STREAMED, Context, Counts, Engine
from sinks.clickhouse.exceptions import QUERY_IS_TOO_LARGE, READONLY, SYNTAX_ERROR, QueryError, refused
from sinks.clickhouse.guard import Guard, stays_inside
from sinks.clickhouse.limits import CHUNK_BYTES, MEMORY_RESULT_BYTES, QUERY_TEXT_BYTES, RESULT_BYTES
from sinks.clickhouse.native import WITH_SERIALIZATION_FLAGS, with_block_info
from sinks.clickhouse.request import Request
from sinks.clickhouse.statement import Statement, parse
from sinks.clickhouse.users import READER

Pieces = Generator[bytes, None, None]
SELECTS = frozenset({"SELECT", "WITH", "FROM"})  # chDB streams no others
_TYPES = {
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "Arrow": "application/octet-stream",
    "ArrowStream": "application/octet-stream",
    "Native": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "RowBinary": "application/octet-stream",
}


class Task(NamedTuple):
    """A statement that may run."""

    statement: Statement
    context: Context
    format: str  # of the result
    data: Iterator[bytes]  # INSERT data; empty otherwise


class Answer(NamedTuple):
    """A result, whole or with its first piece there: then only the rest can fail."""

    headers: dict[str, str]
    whole: bytes | None  # None: in pieces
    pieces: Pieces  # closing it lets go of the query
    tag: str  # marks an exception among the pieces


def begin(engine: Engine, guard: Guard, user: str, request: Request, body: IO[bytes]) -> Answer:
    """Run a statement as far as its first piece, or to its end if the client waits for that; raises QueryError."""
    task = plan(engine, guard, user, request, body)
    if task.statement.data_start is not None:
        with engine.handle(task.context) as handle:
            counts = embedded.insert(handle, task.statement.text, task.statement.format or "Values", task.data)
        return Answer(_headers(engine, request, task, counts), b"", _nothing(), "")
    if not _streamable(task.statement, task.format):
        with engine.handle(task.context) as handle:
            result, counts = embedded.run(handle, task.statement.text, task.format)
        return Answer(_headers(engine, request, task, counts), result, _nothing(), "")
    pieces, counts = _streamed(engine, task, request.protocol_version)
    headers = _headers(engine, request, task, counts)
    if not request.waits_for_end:
        tag = secrets.token_hex(8)
        return Answer(headers | {"X-ClickHouse-Exception-Tag": tag}, None, pieces, tag)
    spool = _collected(pieces)
    if isinstance(spool, bytes):
        return Answer(headers, spool, _nothing(), "")
    return Answer(headers, None, _read(spool), "")


def plan(engine: Engine, guard: Guard, user: str, request: Request, body: IO[bytes]) -> Task:
    """What a request asks to run, if its user may; raises QueryError."""
    prefix = body.read(QUERY_TEXT_BYTES)
    text = b"\n".join(part for part in (request.query.encode("utf-8", "surrogateescape"), prefix) if part)
    statement = parse(text)
    if not statement.verb:
        raise refused(SYNTAX_ERROR, "Syntax error (Empty query)")
    if statement.data_start is None and (len(text) > QUERY_TEXT_BYTES or body.read(1)):
        raise refused(QUERY_IS_TOO_LARGE, f"The statement is over the limit of {QUERY_TEXT_BYTES} bytes")
    readonly = 1 if user == READER else 2 if request.method in ("GET", "HEAD") else 0
    settings = request.settings
    if user == READER:
        if statement.verb == "INSERT":
            raise refused(READONLY, "reader: Cannot execute INSERT query in readonly mode.")
        statement = parse(guard.readable(statement.text).encode("utf-8", "surrogateescape"))
    elif statement.words & {"OUTFILE", "INFILE"}:
        stays_inside(engine.canonical(statement.text))
    if statement.ends:
        engine.canonical(statement.text)  # refuses several statements in ClickHouse's own words
    if not _streamable(statement, statement.format or request.default_format):
        settings.setdefault("max_result_bytes", str(RESULT_BYTES))
    context = Context(request.database, settings, request.bound, readonly)
    start = statement.data_start
    data = iter(()) if start is None else chain((text[start:],), iter(lambda: body.read(CHUNK_BYTES), b""))
    return Task(statement, context, statement.format or request.default_format, data)


def exception_block(tag: str, error: QueryError) -> bytes:
    """What follows the pieces of a result that failed after its first, so that no client takes it for whole."""
    message = str(error).encode() + b"\n"
    mark = tag.encode()
    return b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n" % (mark, message, len(message), mark)


def _streamable(statement: Statement, result_format: str) -> bool:
    return statement.verb in SELECTS and result_format in STREAMED and not statement.words & {"TOTALS", "EXTREMES"}


def _streamed(engine: Engine, task: Task, protocol_version: int) -> tuple[Pieces, Counts]:
    blocks = _blocks(engine, task)
    first = next(blocks, None)
    if first is None:
        return _nothing(), Counts()
    pieces = _pieces(first[0], blocks)
    if task.format == "Native" and protocol_version >= WITH_SERIALIZATION_FLAGS:
        pieces = with_block_info(pieces)
    return pieces, first[1]


def _blocks(engine: Engine, task: Task) -> Generator[tuple[bytes, Counts], None, None]:
    with engine.handle(task.context) as handle:
        yield from embedded.stream(handle, task.statement.text, task.format)


def _pieces(first: bytes, rest: Generator[tuple[bytes, Counts], None, None]) -> Pieces:
    try:
        yield first
        for block, _ in rest:
            yield block
    finally:
        rest.close()


def _nothing() -> Pieces:
    yield from ()


def _collected(pieces: Pieces) -> bytes | IO[bytes]:
    """All pieces of a result: in memory or, if large, in a temporary file."""
    spool: IO[bytes] = SpooledTemporaryFile(MEMORY_RESULT_BYTES)  # noqa: SIM115 closed by its reader
    for piece in pieces:
        spool.write(piece)
    size = spool.tell()
    spool.seek(0)
    if size > MEMORY_RESULT_BYTES:
        return spool
    with spool:
        return spool.read()


def _read(spool: IO[bytes]) -> Pieces:
    with spool:
        yield from iter(lambda: spool.read(CHUNK_BYTES), b"")


def _headers(engine: Engine, request: Request, task: Task, counts: Counts) -> dict[str, str]:
    summary = {name: str(value) for name, value in counts._asdict().items()}
    return {
        "Content-Type": _TYPES.get(task.format, "text/plain; charset=UTF-8"),
        "X-ClickHouse-Format": task.format,
        "X-ClickHouse-Query-Id": request.query_id,
        "X-ClickHouse-Server-Display-Name": "barograph",
        "X-ClickHouse-Summary": json.dumps(summary, separators=(",", ":")),
        "X-ClickHouse-Timezone": engine.timezone,
    }
