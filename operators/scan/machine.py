"""What the scanner needs of the machine and Numba does not give: reading eight bytes anywhere, counting zero bits.

Both are plain Python where nothing is compiled. Reading is safe by itself: outside the data there are zeros, which no
text contains, so whoever reads on too far finds that out.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import types
from numba.extending import intrinsic, overload, register_jitable

Function = TypeVar("Function", bound=Callable[..., Any])
integer: Any = np.int64
unsigned: Any = np.uint64  # an index that is surely not negative: nothing needs to be added to it


def part(function: Function) -> Function:
    """As `kernel.part`, and nothing else may call it compiled, which saves a quarter of the time to compile it.

    Every part is compiled by itself before it is compiled into its callers. So what is big stands in the kernel.
    """
    return register_jitable(no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def inlined(function: Function) -> Function:
    """As `part`, and always inlined: a call would cost more than most parts of the scanner do."""
    return register_jitable(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def load(data: Any, at: int) -> Any:
    """The eight bytes from a place on as one integer, the first of them lowest; zeros for those outside the data."""
    return np.uint64(int.from_bytes(bytes(data[at : at + 8]), "little")) if at >= 0 else np.uint64(0)


def zeros(word: Any) -> int:
    """Number of zero bits below the lowest one bit; 64 where there is none."""
    value = int(word)
    return (value & -value).bit_length() - 1 if value else 64


@overload(load, jit_options={"forceinline": True})
def _load(data: Any, at: Any) -> Any:  # noqa: ARG001 - Numba asks for the names
    def compiled(data: Any, at: Any) -> Any:
        return _eight_bytes(data, at) if 0 <= at <= len(data) - 8 else _fewer_bytes(data, at)

    return compiled


@part
def _fewer_bytes(data: Any, at: int) -> Any:
    """As `load`, at the end of the data and beyond."""
    word = np.uint64(0)
    for place in range(len(data) - 1, at - 1 if at >= 0 else len(data), -1):
        word = (word << np.uint64(8)) | np.uint64(data[place])
    return word


@overload(zeros, jit_options={"forceinline": True})
def _zeros(word: Any) -> Any:  # noqa: ARG001
    def compiled(word: Any) -> Any:
        return _count_zeros(word)

    return compiled


def _generate_load(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    word = context.get_value_type(types.uint64)
    place = builder.gep(array.data, [arguments[1]])
    return builder.load(builder.bitcast(place, word.as_pointer()), align=1)


def _generate_count(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
    return builder.cttz(arguments[0], context.get_constant(types.boolean, False))


def _typed_load(_context: Any, data: Any, at: Any) -> Any:
    return types.uint64(data, at), _generate_load


def _typed_count(_context: Any, word: Any) -> Any:
    return types.int64(word), _generate_count


_eight_bytes: Any = intrinsic(_typed_load)
_count_zeros: Any = intrinsic(_typed_count)
