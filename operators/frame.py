"""The feature frame: rows of NumPy structs, which kernels write, as one Polars frame, which people read.

The hot path never makes one: a column costs 1 to 3 µs however few rows it has, more than a kernel needs for them.
Research, tests and sinks do, once for many batches; docs/decisions/004-rows-are-structs.md has the figures.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from market.batch import Batch, Structs

POSITIONS = {"book"}  # fields that say where another row lies, of no use outside a batch
_ARROW = {np.dtype(kind): pa.from_numpy_dtype(np.dtype(kind)) for kind in (np.int8, np.int32, np.int64, np.float64)}


def frame(batch: Batch) -> pl.DataFrame:
    """The ticks of a batch and every feature computed of them: columns of market.schema.TICK, then of the features."""
    return frame_of(batch.ticks, *batch.features.values())


def frame_of(*structs: Structs) -> pl.DataFrame:
    """Rows of structs of equal length side by side, one column per field."""
    named = [pair for rows in structs for pair in _columns(rows)]
    arrays = [_arrow(values) for _, values in named]
    return pl.DataFrame(pa.RecordBatch.from_arrays(arrays, names=[name for name, _ in named]))


def joined(rows: Sequence[Structs]) -> Structs:
    """Structs one after the other: as bytes, since NumPy joins structs field by field, at sixteen times the cost."""
    dtype = rows[0].dtype
    return np.concatenate([np.ascontiguousarray(one).view(np.uint8) for one in rows]).view(dtype)


def taken(rows: Structs, which: NDArray[Any]) -> Structs:
    """Some rows, by number or mask; as bytes, for the same reason."""
    size = rows.dtype.itemsize
    return np.ascontiguousarray(rows.view(np.uint8).reshape(len(rows), size)[which]).view(rows.dtype).ravel()


def _columns(rows: Structs) -> Iterator[tuple[str, NDArray[Any]]]:
    """Fields and their values, contiguous."""
    names = rows.dtype.names or ()
    if rows.dtype.itemsize == 8 * len(names) and all(rows.dtype[name] == np.float64 for name in names):
        # One transposition of all is a tenth of the cost of copying field after field.
        yield from zip(names, np.ascontiguousarray(rows.view(np.float64).reshape(len(rows), len(names)).T), strict=True)
        return
    for name in names:
        if name not in POSITIONS:
            yield name, np.ascontiguousarray(rows[name])


def _arrow(values: NDArray[Any]) -> pa.Array:
    """An array as an Arrow array that shares its memory, but for bits."""
    if values.dtype == np.bool_:
        bits = pa.py_buffer(np.packbits(values, bitorder="little"))
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, bits])
    return pa.Array.from_buffers(_ARROW[values.dtype], len(values), [None, pa.py_buffer(values)])
