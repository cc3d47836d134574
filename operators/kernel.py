"""`@kernel`: a Numba loop, compiled once for declared argument types and cached on disk.

Declared types keep a kernel from silently compiling a second time in production: Polars hands read-only arrays for
frames of one chunk and writable ones for others, so every input column is declared read-only, which accepts both.
Cost: the first compilation takes seconds, a cached kernel about 14 ms per process. With NUMBA_DISABLE_JIT=1 a kernel
is its plain Python function.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numba import types
from numba.extending import register_jitable

from market.kernel_cache import use_cache_of
from market.schema import BOOK, EVENT, TICK

Function = TypeVar("Function", bound=Callable[..., Any])

int8 = types.int8
int32 = types.int32
int64 = types.int64
float64 = types.float64
boolean = types.boolean


def column(scalar: types.Type) -> types.Array:
    """Type of a read-only, contiguous input column."""
    return types.Array(scalar, 1, "C", readonly=True)


def output(scalar: types.Type) -> types.Array:
    """Type of a writable, contiguous output column."""
    return types.Array(scalar, 1, "C")


def rows_type(dtype: "np.dtype[np.void]") -> types.Array:
    """Type of read-only, contiguous rows of a struct."""
    return types.Array(numba.from_dtype(dtype), 1, "C", readonly=True)


def out_type(dtype: "np.dtype[np.void]") -> types.Array:
    """Type of writable, contiguous rows of a struct: outputs, and states with one row per instrument."""
    return types.Array(numba.from_dtype(dtype), 1, "C")


EVENTS = rows_type(EVENT)
TICKS = rows_type(TICK)
BOOKS = rows_type(BOOK)


def state_type(state: Any) -> types.Type:
    """Type of a NamedTuple of arrays, taken from an example of it."""
    found: types.Type = numba.typeof(state)  # type: ignore[no-untyped-call]
    return found


def kernel(*arguments: types.Type, counted: bool = True) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function for exactly these argument types: cached, without the GIL, with IEEE arithmetic.

    A division by zero gives inf or NaN, as IEEE says: no row may stop a flow that must never stop.

    counted: whether it counts references to arrays. One that makes no array need not: where its parts take arrays,
    counting can cost several times what they do.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        use_cache_of(Path(function.__code__.co_filename))
        manner: dict[str, Any] = {"fastmath": False, "error_model": "numpy", "_nrt": counted}
        return numba.njit([tuple(arguments)], cache=True, nogil=True, **manner)(function)

    return compiled


def part(function: Function) -> Function:
    """A helper that kernels call: compiled into them, a plain function everywhere else."""
    return register_jitable(function)
