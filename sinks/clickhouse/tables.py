"""How the batches of one insert block become rows of the tables: pure functions, from frames to Arrow.

`Part` keeps of a batch only what becomes rows, so that raw frames are not held until their block is full. Frames of a
block are joined first and shaped once per block; the hot path of a batch is an append.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from market.batch import Batch, Structs
from market.decisions import Decisions
from market.rows import Table, framed, given
from market.schema import NO_BOOK, NO_TIME, Kind
from operators.frame import frame_of, joined, taken
from sinks.clickhouse.schema import tables

TIME = pa.timestamp("ns", tz="UTC")
_SOURCES = {int(Kind.SNAPSHOT): "book", int(Kind.DEPTH): "book", int(Kind.TICKER): "ticker"}
_TRADES = {int(Kind.TRADE): "trade", int(Kind.AGGREGATE_TRADE): "aggregate"}


class Part(NamedTuple):
    """What one batch gives to the tables."""

    shard: str
    offset: int
    receive_time: int  # ns, of the batch; 0 where it says nothing of the present
    symbols: tuple[str, ...]  # by the integer id in `ticks`
    ticks: Structs | None
    features: Mapping[str, Structs]  # one row per tick that has a book, by operator
    tables: Mapping[str, Table]
    marks: Structs | None = None

    @property
    def empty(self) -> bool:
        """Whether it gives no row at all."""
        return self.ticks is None and self.marks is None and not self.tables

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        arrays = [rows.nbytes for rows in (self.ticks, self.marks, *self.features.values()) if rows is not None]
        return sum(arrays) + sum(int(frame.estimated_size()) for frame in self.tables.values())


def part_of(item: Batch | Decisions) -> Part:
    """What is kept of an item of the market or the trading flow."""
    known = tables()
    rows = {name: table for name, table in given(item.tables).items() if name in known and not table.is_empty()}
    if isinstance(item, Decisions):
        return Part(item.shard, item.offset, item.receive_time, (), None, {}, rows)
    marks = item.marks if len(item.marks) else None
    if not len(item.ticks):
        received = 0 if item.past else item.receive_time
        return Part(item.shard, item.offset, received, item.instruments.symbols, None, {}, rows, marks)
    booked = np.flatnonzero(item.ticks["book"] != NO_BOOK)
    features = {name: taken(measured, booked) for name, measured in item.features.items()}
    known_symbols = item.instruments.symbols
    return Part(item.shard, item.offset, item.receive_time, known_symbols, item.ticks, features, rows, marks)


def rows_of(parts: Sequence[Part]) -> Iterator[tuple[str, pa.Table]]:
    """Rows of every table that the parts of one block have rows of, in the tables' order."""
    found = _low_rate(parts) | _marks(parts) | _ticks([part for part in parts if part.ticks is not None])
    for name in tables():
        if name in found and not found[name].is_empty():
            yield name, arrow(name, found[name])


def arrow(table: str, frame: pl.DataFrame) -> pa.Table:
    """A frame with the types that its table asks for: int64 ns become times, lists of pairs become maps.

    Columns of the frame that are not in the table are an error of ours, and ClickHouse says so.
    """
    types = tables()[table].columns
    rows = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    columns = [_typed(rows.column(name), types.get(name, "")) for name in rows.column_names]
    return pa.table(columns, names=rows.column_names)


def _typed(column: pa.ChunkedArray, store_type: str) -> pa.ChunkedArray | pa.Array:
    if "DateTime64" in store_type and pa.types.is_int64(column.type):
        if store_type.startswith("Nullable"):
            column = pc.if_else(pc.equal(column, NO_TIME), pa.scalar(None, pa.int64()), column)
        return column.cast(TIME)
    if store_type.startswith("LowCardinality"):
        return column.cast(pa.string()).dictionary_encode()  # measured: a block of 100 000 rows in half the time
    if store_type.startswith("Map") and not pa.types.is_map(column.type):
        return _map(column.combine_chunks())
    return column


def _map(pairs: Any) -> pa.MapArray:
    entries = pairs.flatten()
    offsets = pa.array(pc.cumulative_sum(pc.fill_null(pc.list_value_length(pairs), 0)).cast(pa.int32()))
    starts = pa.concat_arrays([pa.array([0], pa.int32()), offsets])
    return pa.MapArray.from_arrays(starts, entries.field("key"), entries.field("value"))


def _marks(parts: Sequence[Part]) -> dict[str, pl.DataFrame]:
    """Rows of table `marks`."""
    given = [(part, part.marks) for part in parts if part.marks is not None]
    if not given:
        return {}
    offsets = np.repeat([part.offset for part, _ in given], [len(marks) for _, marks in given])
    return {"marks": _columns("marks", _named_rows(parts, joined([marks for _, marks in given]), offsets))}


def _ticks(parts: Sequence[Part]) -> dict[str, pl.DataFrame]:
    """Rows of the tables that are made of ticks; of `features` where every column of it was computed."""
    if not parts:
        return {}
    ticks = joined([part.ticks for part in parts if part.ticks is not None])
    offsets = np.repeat([part.offset for part in parts], [len(part.ticks) for part in parts if part.ticks is not None])
    kind = ticks["kind"]
    quoted, traded, booked = np.isin(kind, list(_SOURCES)), np.isin(kind, list(_TRADES)), ticks["book"] != NO_BOOK
    quotes = _named_rows(parts, taken(ticks, quoted), offsets[quoted]).with_columns(source=_named(_SOURCES))
    trades = _named_rows(parts, taken(ticks, traded), offsets[traded])
    trades = trades.with_columns(trade_id=pl.col("sequence"), kind=_named(_TRADES))
    found = {"quotes": _columns("quotes", quotes), "trades": _columns("trades", trades)}
    features = [joined([part.features[name] for part in parts]) for name in parts[-1].features]
    measured = _named_rows(parts, taken(ticks, booked), offsets[booked], *features)
    if set(tables()["features"].columns) <= set(measured.columns):
        found["features"] = _columns("features", measured)
    return found


def _named_rows(parts: Sequence[Part], rows: Structs, offsets: NDArray[np.int64], *features: Structs) -> pl.DataFrame:
    """Rows with an `instrument` as number, and what was measured of them, with provenance and names."""
    shard, frame = parts[0].shard, frame_of(rows, *features)
    symbols = next(part.symbols for part in reversed(parts) if part.symbols)
    return frame.with_columns(
        pl.Series("offset", offsets, pl.Int64),
        pl.Series("instrument", symbols, pl.String).gather(frame["instrument"]),
        venue=pl.lit(shard.split("/", 1)[0]),
        shard=pl.lit(shard),
    )


def _named(names: Mapping[int, str]) -> pl.Expr:
    return pl.col("kind").replace_strict(names, return_dtype=pl.String)


def _columns(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(list(tables()[table].columns))


def _low_rate(parts: Sequence[Part]) -> dict[str, pl.DataFrame]:
    """Rows of the low-rate tables, with the provenance that their table asks for and their frame does not give."""
    found: dict[str, list[Table]] = {}
    for part in parts:
        provenance = {"venue": part.shard.split("/", 1)[0], "shard": part.shard, "offset": part.offset}
        for name, table in part.tables.items():
            wanted = [
                pl.lit(value).alias(column)
                for column, value in provenance.items()
                if column in tables()[name].columns and column not in table.columns
            ]
            found.setdefault(name, []).append(framed([table]).with_columns(wanted) if wanted else table)
    return {name: framed(rows) for name, rows in found.items()}
