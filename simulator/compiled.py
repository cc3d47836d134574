"""`@compiled`: a Numba function that keeps its Python type, is cached on disk and runs without the GIL."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba

from market.kernel_cache import use_cache_of

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile at first use, IEEE arithmetic; with NUMBA_DISABLE_JIT=1 it stays the plain Python function."""
    use_cache_of(Path(function.__code__.co_filename))
    return cast(Function, numba.njit(cache=True, nogil=True)(function))
