"""Rows as the text of a CSV: times as ISO 8601 UTC with nanoseconds, lists and maps as JSON, bytes as text."""

from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

ISO = "%Y-%m-%dT%H:%M:%SZ"  # seconds come with their nine decimals
# What a spreadsheet takes for the beginning of a formula.
FORMULA = r"^\s*[=+\-@＝＋－＠]|^[\t\r]"


def as_text(rows: pa.Table, *, formulas: bool) -> pa.Table:
    """Rows whose columns are numbers, truth values or text. formulas: whether such text stays as it is, else ' is put
    before it.
    """
    columns = [_column(rows.column(number), formulas=formulas) for number in range(rows.num_columns)]
    return pa.table(columns, names=rows.column_names)


def _column(column: pa.ChunkedArray, *, formulas: bool) -> pa.ChunkedArray | pa.Array:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return pc.strftime(column, ISO)
    if pa.types.is_binary(kind):
        column = pa.array([None if one is None else one.decode("utf-8", "backslashreplace") for one in _plain(column)])
    elif pa.types.is_nested(kind):
        return pa.array([None if one is None else _json(one) for one in _plain(column)], pa.string())
    if pa.types.is_string(column.type) and not formulas:
        return pc.if_else(
            pc.match_substring_regex(column, FORMULA), pc.binary_join_element_wise("'", column, ""), column
        )
    return column


def _plain(column: pa.ChunkedArray) -> list[Any]:
    return list(column.to_pylist(maps_as_pydicts="strict") if pa.types.is_nested(column.type) else column.to_pylist())


def _json(value: object) -> str:
    """NaN is null, as in the API."""
    return msgspec.json.encode(value).decode()
