"""State with one row per instrument: how it grows when an instrument is defined, outside any kernel."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

State = TypeVar("State")


def grown(state: State, empty: Callable[[int], State], instruments: int) -> State:
    """Rows of `empty` added up to `instruments`, to every array and list of a state.

    Arrays and lists have a row per instrument; tuples, dicts and dataclasses are made of such parts, the first of which
    has all its rows (a part may have none at all: `empty` gives it none). The same object where there is nothing to
    add, so that asking before every batch costs nothing.

    >>> grown(np.array([1.5]), lambda rows: np.full(rows, np.nan), 2)
    array([1.5, nan])
    """
    missing = instruments - _rows(state)
    return state if missing <= 0 else _joined(state, empty(missing))


def _rows(state: Any) -> int:
    """Rows of the first array or list."""
    while not isinstance(state, np.ndarray | list):
        state = next(iter(_parts(state).values()))
    return len(state)


def _parts(state: Any) -> dict[Any, Any]:
    """What a dict or dataclass is made of; a tuple's parts by their numbers."""
    if is_dataclass(state):
        return {field.name: getattr(state, field.name) for field in fields(state)}
    return state if isinstance(state, dict) else dict(enumerate(state))


def _joined(state: Any, more: Any) -> Any:
    """The rows of both, part by part."""
    if isinstance(state, np.ndarray):
        return np.concatenate([state, more])
    if isinstance(state, list):
        return state + more
    others = _parts(more)
    parts = {name: _joined(part, others[name]) for name, part in _parts(state).items()}
    if isinstance(state, dict):
        return parts
    if isinstance(state, tuple):
        return type(state)(*parts.values()) if hasattr(state, "_fields") else tuple(parts.values())
    return replace(state, **parts)
