"""Boards held against the schema of Grafana's foundation SDK, strictly: it decodes what it knows and drops the rest."""

import enum
import json
import types
import typing
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.build import clickhouse, grafana_live


def faults(board: dict[str, Any]) -> list[str]:
    """What the schema does not know, loses, or knows as of another type; empty for a sound board."""
    clickhouse.register()
    grafana_live.register()
    decoded = clickhouse.decoded(board)
    again = json.loads(JSONEncoder().encode(decoded))
    return [*_differences(board, again, ""), *_mistyped(decoded, "")]


def _differences(told: Any, kept: Any, where: str) -> Iterator[str]:
    if isinstance(told, dict) and isinstance(kept, dict):
        for name in sorted(told.keys() | kept.keys()):
            if name not in kept:
                yield f"{where}.{name} is not known"
            elif name not in told:
                yield f"{where}.{name} is missing"
            else:
                yield from _differences(told[name], kept[name], f"{where}.{name}")
    elif isinstance(told, list) and isinstance(kept, list) and len(told) == len(kept):
        for at, (one, other) in enumerate(zip(told, kept, strict=True)):
            yield from _differences(one, other, f"{where}[{at}]")
    elif told != kept:
        yield f"{where} is {told!r}, and becomes {kept!r}"


def _mistyped(value: Any, where: str) -> Iterator[str]:
    if type(value).__module__.startswith("grafana_foundation_sdk.models") and not isinstance(value, enum.Enum):
        for name, kind in typing.get_type_hints(type(value)).items():
            held = getattr(value, name, None)
            if not _fits(held, kind):
                yield f"{where}.{name} is {held!r}, not {kind}"
            yield from _mistyped(held, f"{where}.{name}")
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _mistyped(one, f"{where}[{at}]")


def _fits(value: Any, kind: Any) -> bool:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind in (object, Any):
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is typing.Literal:
        return value in inner
    if origin is list:
        return isinstance(value, list) and all(_fits(one, inner[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(one, inner[1]) for one in value.values())
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return value in {one.value for one in kind} or isinstance(value, kind)
    if isinstance(value, dict):
        return kind.__module__.startswith("grafana_foundation_sdk")  # links and transformations are left as they are
    return isinstance(value, kind)
