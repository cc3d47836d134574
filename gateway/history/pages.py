"""One page of rows from the store, in the form that was asked for.

One row more than the page holds is asked for, which tells whether there is a next page. JSON comes from ClickHouse as
it is; Arrow and Parquet are cut and written by pyarrow, whole, so that the same rows are always the same bytes.
"""

import io
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from gateway import limits
from gateway.history.resources import Resource
from gateway.history.statement import Asked, plain_type, quoted, statement
from gateway.history.window import Value, Walk, going_on, looked_at
from gateway.rows import time_ns
from gateway.store import Store

Key = tuple[Value, ...]


class Form(StrEnum):
    """What a page may be."""

    json = "json"
    arrow = "arrow"
    parquet = "parquet"


MEDIA = {
    Form.json: "application/json",
    Form.arrow: "application/vnd.apache.arrow.stream",
    Form.parquet: "application/vnd.apache.parquet",
}
VALUES = {Form.json: limits.MAX_JSON_VALUES, Form.arrow: limits.MAX_FRAME_VALUES, Form.parquet: limits.MAX_FRAME_VALUES}
SETTINGS: dict[str, int] = {
    "enable_named_columns_in_function_tuple": 1,
    "output_format_json_escape_forward_slashes": 0,
    "output_format_json_quote_decimals": 1,  # money to the last digit, which a JSON number may lose
    "max_memory_usage": limits.QUERY_MEMORY_BYTES,
    "max_rows_to_read": limits.QUERY_ROWS_READ,
}


class Page(NamedTuple):
    """A page, and what is left of the walk after it."""

    body: bytes
    media: str
    rows: int
    left: Walk | None


class _Cut(NamedTuple):
    """Rows of a page; `last`: key of the last where there were more, so that the next page begins after it."""

    body: bytes
    rows: int
    last: Key | None


def page(
    store: Store, resource: Resource, asked: Asked, walk: Walk, *, columns: Sequence[str], form: Form, limit: int
) -> Page:
    """The next page of a walk. Stretches that hold no row are passed over, a few of them. Raises StoreError."""
    most = max(1, min(limit, VALUES[form] // values_of_a_row(resource, columns)))
    look = resource.look(asked.filters.get("timeframe", ""), asked.filters.get("instrument", ""))
    left: Walk | None = walk
    cut = _Cut(b"", 0, None)
    for _ in range(limits.EMPTY_LOOKS):
        assert left is not None
        walk, seen = left, looked_at(left, look, asked.newest_first)
        sql, values = statement(resource, asked, walk, seen, select=_select(resource, columns, form), limit=most + 1)
        cut = CUTS[form](store, sql, values, resource, columns, most)
        left = going_on(walk, seen, cut.last, asked.newest_first)
        if cut.rows or left is None:
            break
    return Page(cut.body, MEDIA[form], cut.rows, left)


def values_of_a_row(resource: Resource, columns: Sequence[str]) -> int:
    """What a row of these columns counts as."""
    wide = sum(resource.columns[name].startswith(("Map(", "Array(")) for name in columns)
    return len(columns) + wide * (limits.VALUES_OF_A_MAP - 1)


def _select(resource: Resource, columns: Sequence[str], form: Form) -> str:
    if form is Form.json:
        names = ", ".join(map(quoted, columns))
        return f"tuple({names}) as _row, tuple({', '.join(map(quoted, resource.key))}) as _key"
    further = [name for name in resource.key if name not in columns]
    return ", ".join(map(quoted, (*columns, *further)))


def _json(store: Store, sql: str, values: Any, resource: Resource, _columns: Sequence[str], most: int) -> _Cut:
    answer = store.ask(sql, values, "JSONCompactEachRow", SETTINGS)
    lines = msgspec.json.Decoder(tuple[msgspec.Raw, msgspec.Raw]).decode_lines(answer)
    body = b"[" + b",".join(bytes(row) for row, _ in lines[:most]) + b"]"
    if len(lines) <= most:
        return _Cut(body, len(lines), None)
    told = msgspec.json.decode(lines[most - 1][1], type=dict[str, Value])
    return _Cut(body, most, _key(resource, told))


def _frame(write: Callable[[Any, Any], None]) -> Callable[..., _Cut]:
    """Arrow in, what `write` makes of it out."""

    def cut(store: Store, sql: str, values: Any, resource: Resource, columns: Sequence[str], most: int) -> _Cut:
        import pyarrow as pa  # noqa: PLC0415 a gateway that nobody asks for frames starts without it

        answer = store.ask(sql, values, "ArrowStream", SETTINGS)
        table = pa.ipc.open_stream(answer).read_all() if answer else None
        assert table is not None
        last = None
        if table.num_rows > most:
            row = table.slice(most - 1, 1)
            last = tuple(_value(row.column(name)[0]) for name in resource.key)
        table = table.slice(0, most).select(list(columns)).combine_chunks()
        sink = io.BytesIO()
        write(table, sink)
        return _Cut(sink.getvalue(), table.num_rows, last)

    return cut


def _write_arrow(table: Any, sink: Any) -> None:
    import pyarrow as pa  # noqa: PLC0415

    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def _write_parquet(table: Any, sink: Any) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415

    pq.write_table(table, sink, compression="zstd")


CUTS = {Form.json: _json, Form.arrow: _frame(_write_arrow), Form.parquet: _frame(_write_parquet)}


def _key(resource: Resource, told: dict[str, Value]) -> Key:
    """A key as JSON has it, with times in ns."""
    return tuple(
        time_ns(str(told[name])) if plain_type(resource.columns[name]).startswith("DateTime64") else told[name]
        for name in resource.key
    )


def _value(scalar: Any) -> Value:
    import pyarrow as pa  # noqa: PLC0415

    value: Value = scalar.cast(pa.int64()).as_py() if pa.types.is_timestamp(scalar.type) else scalar.as_py()
    return value
