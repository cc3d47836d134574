"""The rows of a table as the description of the API has them: made from its columns and their comments."""

import re
from typing import Any

from gateway.history.pages import MEDIA, Form
from gateway.history.resources import Resource
from gateway.history.statement import plain_type

TIME = {"type": "string", "format": "date-time", "description": "UTC, nanoseconds"}
INTEGER = re.compile("U?Int(8|16|32|64)")
DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"
NEXT = {
    "Barograph-Next": {"description": "cursor of the next page; absent on the last", "schema": {"type": "string"}},
    "Link": {"description": 'the next page, rel="next"', "schema": {"type": "string"}},
    "ETag": {"description": "of the content; send it as If-None-Match", "schema": {"type": "string"}},
}


def responses(resource: Resource) -> dict[int | str, dict[str, Any]]:
    """The answer 200 of a resource, in its three forms."""
    binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
    rows = {"type": "array", "items": row(resource)}
    content = {MEDIA[Form.json]: {"schema": rows}, MEDIA[Form.arrow]: binary, MEDIA[Form.parquet]: binary}
    return {200: {"description": "rows, in order", "content": content, "headers": NEXT}}


def row(resource: Resource) -> dict[str, Any]:
    """JSON schema of a row. No column is required, as fewer may be asked for."""
    columns = {
        name: {**column(kind), "description": resource.comments.get(name, "")}
        for name, kind in resource.columns.items()
    }
    return {"type": "object", "title": resource.table, "properties": columns, "additionalProperties": False}


def column(kind: str) -> dict[str, Any]:
    """JSON schema of a ClickHouse type; NaN, not ready, is null.

    >>> column("LowCardinality(String)"), column("Float64")
    ({'type': 'string'}, {'type': ['number', 'null']})
    >>> column("Map(LowCardinality(String), Array(String))")["additionalProperties"]
    {'type': 'array', 'items': {'type': 'string'}}
    """
    plain = plain_type(kind)
    if plain.startswith("Nullable("):
        inner = column(plain.removeprefix("Nullable(").removesuffix(")"))
        return {**inner, "type": sorted({*_types(inner), "null"})}
    if plain.startswith("DateTime"):
        return {"type": "string", "format": "date-time"}
    if plain.startswith("Map("):
        return {"type": "object", "additionalProperties": column(plain.removesuffix(")").partition(", ")[2])}
    if plain.startswith("Array("):
        return {"type": "array", "items": column(plain.removeprefix("Array(").removesuffix(")"))}
    if plain.startswith("Decimal("):
        return {"type": "string", "pattern": DECIMAL}
    if INTEGER.fullmatch(plain):
        return {"type": "integer"}
    if plain == "Float64":
        return {"type": ["number", "null"]}
    return {"type": "boolean" if plain == "Bool" else "string"}


def _types(schema: dict[str, Any]) -> list[str]:
    kind = schema["type"]
    return kind if isinstance(kind, list) else [kind]
