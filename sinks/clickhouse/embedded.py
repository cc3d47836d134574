"""chDB as an engine for many clients: one process, one path, a fresh handle for every request.

A handle costs 0.2 ms and carries everything that a request sets (database, settings, parameters, readonly); closing it
forgets all of that, so requests cannot leak into each other. Measured: a failed INTO OUTFILE left its output in the
next result of the same handle.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import chdb

from market.errors import StoreError
from sinks.clickhouse.exceptions import from_engine
from sinks.clickhouse.limits import QUERY_MEMORY_BYTES, QUERY_SECONDS, RESULT_BYTES
from sinks.clickhouse.unkept import forget_unkept

Handle = Any  # chdb's Connection, which is not typed
# Each block that chDB streams is encoded on its own; only in these formats do blocks make one valid result.
STREAMED = frozenset(
    {
        "Native", "RowBinary", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "Raw", "CSV", "JSONEachRow",
        "JSONLines", "NDJSON", "JSONCompactEachRow", "JSONStringsEachRow", "LineAsString",
    }
)  # fmt: skip
DEFAULTS: dict[str, int | str] = {
    "max_memory_usage": QUERY_MEMORY_BYTES,
    "max_execution_time": QUERY_SECONDS,
    "async_insert": 0,  # we cut our own insert blocks; an acknowledged insert must be there after a kill
    "allow_introspection_functions": 0,
    "session_timezone": "UTC",  # whatever the machine's own is
}
CAPS = {  # 0 means no limit: never for a reader
    "max_memory_usage": QUERY_MEMORY_BYTES,
    "max_execution_time": QUERY_SECONDS,
    "max_result_bytes": RESULT_BYTES,
}
READERS_OWN = frozenset({"readonly", "allow_ddl", "allow_introspection_functions"})


class Counts(NamedTuple):
    """What a statement read and wrote, for X-ClickHouse-Summary."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    elapsed_ns: int = 0


class Context(NamedTuple):
    """What one request asks of its handle."""

    database: str = ""
    settings: Mapping[str, str] = {}
    parameters: Mapping[str, str] = {}
    readonly: int = 0  # 0 may do all, 1 reads and may set nothing, 2 reads


class Engine:
    """The one engine of this process. Every method may be called from many threads at once."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        forget_unkept(path)
        try:
            self._keep = _open(self._path)  # while one handle is open, the next ones are cheap
        except RuntimeError as error:
            raise StoreError(f"{path} cannot be opened as a store: {from_engine(error)}") from error
        self._closing = threading.Lock()
        self.version = self._value("select version()")
        self.timezone = self._value("select timezone()")
        self.table_functions = self._value(
            "select arrayStringConcat(groupArray(name), ' ') from system.table_functions"
        ).split()
        self.canonical = lru_cache(512)(self._formatted)

    @contextmanager
    def handle(self, context: Context) -> Iterator[Handle]:
        """A handle prepared for one request, closed at the end. Raises QueryError for a setting that is refused."""
        handle = _open(self._path)
        try:
            prepare(handle, context)
            yield handle
        finally:
            handle.close()

    def kill_all(self) -> None:
        """Cancel everything that runs; for stopping only."""
        self._keep.query("kill query where query_id != queryID() async")

    def close(self) -> None:
        """Close the engine, once."""
        with self._closing:
            self._keep.close()

    def _formatted(self, query: str) -> str:
        with self.handle(Context()) as handle:
            return run(handle, f"select formatQuerySingleLine({literal(query)})", "TSVRaw")[0].decode().rstrip("\n")

    def _value(self, query: str) -> str:
        return bytes(self._keep.query(query, "TSVRaw").bytes()).decode().rstrip("\n")


def _open(path: str) -> Handle:
    return cast(Callable[[str], Handle], chdb.connect)(path)


def prepare(handle: Handle, context: Context) -> None:
    """Give a handle its database, settings, parameters and, last, as nothing may be set after it, readonly."""
    settings = DEFAULTS | dict(_allowed(context))
    given = [f"{_identifier(name)} = {_value(value)}" for name, value in settings.items()]
    given += [f"{_identifier(f'param_{name}')} = {literal(value)}" for name, value in context.parameters.items()]
    statements = ["set " + ", ".join(given)]  # in one go: each statement costs 0.1 ms
    if context.database:
        statements.append(f"use {_identifier(context.database)}")
    if context.readonly:
        statements.append(f"set readonly = {context.readonly}")
    for statement in statements:
        run(handle, statement, "Null")


def run(handle: Handle, query: str, output_format: str) -> tuple[bytes, Counts]:
    """Run one statement to its end; raises QueryError."""
    try:
        result = handle.query(query, output_format)
    except (RuntimeError, chdb.ChdbError) as error:
        raise from_engine(error) from error
    return bytes(result.bytes()), _counts(result)


def stream(handle: Handle, query: str, output_format: str) -> Iterator[tuple[bytes, Counts]]:
    """The blocks of a result as they are made; raises QueryError, even after some blocks."""
    try:
        result = handle.send_query(query, output_format)
    except (RuntimeError, chdb.ChdbError) as error:
        raise from_engine(error) from error
    try:
        while True:
            try:
                block = result.fetch()
            except (RuntimeError, chdb.ChdbError) as error:
                raise from_engine(error) from error
            if block is None:
                return
            yield bytes(block.bytes()), _counts(block)
    finally:
        result.close()


def insert(handle: Handle, statement: str, data_format: str, pieces: Iterable[bytes]) -> Counts:
    """Run an INSERT whose data is given in pieces; nothing is written unless all of it is well formed."""
    try:
        inserter = handle.send_insert(statement, data_format)
    except (RuntimeError, chdb.ChdbError) as error:
        raise from_engine(error) from error
    try:
        with inserter:
            for piece in pieces:
                inserter.append(piece)
            done = inserter.finish()
    except (RuntimeError, chdb.ChdbError) as error:
        raise from_engine(error) from error
    return Counts(done.rows_written, done.bytes_written, done.rows_written, done.bytes_written, int(done.elapsed * 1e9))


def literal(text: str) -> str:
    """A text as an SQL literal.

    >>> print(literal("it's"))
    'it\\'s'
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _value(value: Any) -> str:
    return str(value) if isinstance(value, int) else literal(str(value))


def _allowed(context: Context) -> Iterator[tuple[str, str]]:
    for name, value in context.settings.items():
        if context.readonly == 1 and name in READERS_OWN:
            continue
        capped = context.readonly == 1 and name in CAPS
        yield name, _capped(value, CAPS[name]) if capped else value


def _capped(value: str, cap: int) -> str:
    try:
        return value if 0 < float(value) <= cap else str(cap)
    except ValueError:
        return value  # the engine says what is wrong with it


def _counts(result: Any) -> Counts:
    return Counts(
        int(result.storage_rows_read()), int(result.storage_bytes_read()),
        int(result.rows_written()), int(result.bytes_written()), int(result.elapsed() * 1e9),
    )  # fmt: skip
