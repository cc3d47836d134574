"""State with one row per instrument: how it grows when an instrument is defined, outside any kernel."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

State = TypeVar("State")


def grown(state: State, empty: Callable[[int], State], instruments: int) -> State:
    """Rows of `empty` added up to `instruments`: to an array, or to each array of a NamedTuple.

    The same object where there is nothing to add, so that asking before every batch costs nothing.

    >>> grown(np.array([1.5]), lambda rows: np.full(rows, np.nan), 2)
    array([1.5, nan])
    """
    if isinstance(state, np.ndarray):
        missing = instruments - len(state)
        return state if missing <= 0 else cast(State, np.concatenate([state, cast(Any, empty(missing))]))
    arrays = cast(tuple[Any, ...], state)
    missing = instruments - len(arrays[0])
    if missing <= 0:
        return state
    build = cast(Any, type(state))
    return cast(State, build(*map(np.concatenate, zip(arrays, cast(Any, empty(missing)), strict=True))))
