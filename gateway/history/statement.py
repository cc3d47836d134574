"""The SQL of one page. Names of tables and columns are those of our own schema; every value is bound.

Rows that were written twice are told once: `limit 1 by` the row key, which costs less than `final` as the order is
that of the key. Of corrections the last counts.
"""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.history.resources import Resource
from gateway.history.window import Look, Value, Walk

TIME = "DateTime64(9, 'UTC')"
SECOND_NS = 1_000_000_000
Parameters = dict[str, str | int | list[str] | list[int]]


class Asked(NamedTuple):
    """Which rows of a resource are meant; "" for a filter that is not set."""

    filters: Mapping[str, str]  # by column
    known_at: int | None  # receive time after which nothing is known, ns
    newest_first: bool


def statement(
    resource: Resource, asked: Asked, walk: Walk, look: Look, *, select: str, limit: int
) -> tuple[str, Parameters]:
    """Text and parameters; `select` is what stands after that word."""
    values: Parameters = {"since": seconds(look.since), "until": seconds(look.until), "limit": limit}
    conditions = [f"{resource.time} >= {{since:{TIME}}}", f"{resource.time} < {{until:{TIME}}}"]
    if resource.time != "receive_time":
        conditions.append(f"receive_time >= {{since:{TIME}}}")  # nothing is known before its time; leaves out parts
    if asked.known_at is not None:
        conditions.append(f"receive_time <= {{known_at:{TIME}}}")
        values["known_at"] = seconds(asked.known_at)
    for column, value in asked.filters.items():
        if value:
            conditions.append(f"{column} = {{{column}:String}}")
            values[column] = value
    conditions += _pinned(resource, walk.marks, values)
    conditions += _after(resource, walk, asked.newest_first, values)
    return "\n".join(
        (
            f"select {select}",
            f"from {resource.table}",
            f"where {' and '.join(conditions)}",
            f"order by {_order(resource, asked.newest_first)}",
            f"limit 1 by {_names(resource.key)}",
            "limit {limit:UInt32}",
        )
    ), values


def seconds(time_ns: int) -> str:
    """A time as ClickHouse reads it without loss.

    >>> seconds(1_700_000_000_000_000_005)
    '1700000000.000000005'
    """
    return f"{time_ns // SECOND_NS}.{time_ns % SECOND_NS:09d}"


def plain_type(kind: str) -> str:
    """A column's type without what matters only on disk.

    >>> plain_type("LowCardinality(String)")
    'String'
    """
    return kind.removeprefix("LowCardinality(").removesuffix(")") if kind.startswith("LowCardinality(") else kind


def quoted(column: str) -> str:
    """A column's name in SQL."""
    return f"`{column}`"


def _pinned(resource: Resource, marks: Mapping[str, int], values: Parameters) -> list[str]:
    """Only rows that were in the tables, in whole blocks, when the walk began."""
    if resource.pin == "none":
        return []
    if resource.pin == "trading":
        values["mark"] = max((mark for shard, mark in marks.items() if shard.startswith("trading/")), default=0)
        return ["`offset` <= {mark:Int64}"]
    values["shards"], values["marks"] = list(marks), list(marks.values())
    return ["`offset` <= mapFromArrays({shards:Array(String)}, {marks:Array(Int64)})[shard]"]


def _after(resource: Resource, walk: Walk, newest_first: bool, values: Parameters) -> list[str]:
    if walk.after is None:
        return []
    kinds = [plain_type(resource.columns[name]) for name in resource.key]
    values |= {f"after{n}": bound(kind, value) for n, (kind, value) in enumerate(zip(kinds, walk.after, strict=True))}
    placeholders = ", ".join(f"{{after{n}:{kind}}}" for n, kind in enumerate(kinds))
    return [f"({_names(resource.key)}) {'<' if newest_first else '>'} ({placeholders})"]


def bound(kind: str, value: Value) -> str | int:
    """A key's value as a parameter."""
    return seconds(int(value)) if kind.startswith("DateTime64") else value


def _order(resource: Resource, newest_first: bool) -> str:
    way = " desc" if newest_first else ""
    keys = ", ".join(f"{quoted(name)}{way}" for name in resource.key)
    return f"{keys}, {resource.revised_by} desc" if resource.revised_by else keys


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, columns))
