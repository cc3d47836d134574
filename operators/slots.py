"""State arrays with one row per instrument: how they grow when an instrument is defined, outside any kernel."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

State = TypeVar("State", bound=tuple[Any, ...])


def grown(state: State, empty: Callable[[int], State], instruments: int) -> State:
    """A NamedTuple of arrays whose first axis is the instrument, with rows of `empty` added up to `instruments`.

    The same object where there is nothing to add, so that asking before every batch costs nothing.

    >>> from typing import NamedTuple
    >>> class Last(NamedTuple):
    ...     price: np.ndarray
    >>> grown(Last(np.array([1.5])), lambda rows: Last(np.full(rows, np.nan)), 2)
    Last(price=array([1.5, nan]))
    """
    missing = instruments - len(state[0])
    if missing <= 0:
        return state
    build = cast(Any, type(state))
    return cast(State, build(*map(np.concatenate, zip(state, empty(missing), strict=True))))
