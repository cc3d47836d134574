"""`@compiled`: a Numba function that keeps its Python type, is cached on disk and runs without the GIL."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile at first use, IEEE arithmetic; with NUMBA_DISABLE_JIT=1 it stays the plain Python function."""
    return cast(Function, numba.njit(cache=True, nogil=True)(function))
