"""Rows of tables, made frames only where somebody asks for one: a frame takes 0.1 ms, however few its rows are.

They become one column by column: Polars reads a column of one type in a fourth of the time it takes for rows, and
while it reads no other thread of the process runs, and a flow has orders to make.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

import polars as pl

from market.pairs import PAIRS, paired


@dataclass(frozen=True)
class Rows:
    """Rows of one table, each with a value for every column; read as a frame is.

    >>> rows = Rows({"size": pl.Float64, "price": pl.Float64}, [(1.0, 2.0), (3.0, 4.0)])
    >>> list(rows.select(["price"]).iter_rows()) == list(rows.frame().select(["price"]).iter_rows())
    True
    """

    schema: Mapping[str, Any]
    values: Sequence[tuple[Any, ...]]

    @property
    def columns(self) -> list[str]:
        """Their names."""
        return list(self.schema)

    @property
    def height(self) -> int:
        """How many there are."""
        return len(self.values)

    def is_empty(self) -> bool:
        """Whether there is none."""
        return not self.values

    def iter_rows(self, *, named: bool = False) -> Iterator[Any]:
        """Each as a tuple, or by column name."""
        return (dict(zip(self.schema, row, strict=True)) for row in self.values) if named else iter(self.values)

    def select(self, columns: Sequence[str]) -> "Rows":
        """Some columns."""
        places = [self.columns.index(column) for column in columns]
        return Rows({column: self.schema[column] for column in columns},
                    [tuple(row[place] for place in places) for row in self.values])  # fmt: skip

    def estimated_size(self) -> int:
        """About how many bytes they take: what a text takes, for every value."""
        return 64 * len(self.schema) * len(self.values)

    def frame(self) -> pl.DataFrame:
        """The same as a frame; raises TypeError for a value that is not of its column's type."""
        if not self.values:
            return pl.DataFrame(schema=self.schema)
        columns = zip(self.schema.items(), zip(*self.values, strict=True), strict=True)
        return pl.DataFrame([_column(name, values, type_) for (name, type_), values in columns])


def _column(name: str, values: tuple[Any, ...], type_: Any) -> pl.Series:
    return paired(name, values) if type_ == PAIRS else pl.Series(name, values, dtype=type_)


Table = pl.DataFrame | Rows


class Tables(Mapping[str, pl.DataFrame]):
    """Frames by table name; `given` has what they are made of.

    >>> Tables({"ticks": Rows({"price": pl.Float64}, [(1.0,), (2.0,)])})["ticks"]["price"].sum()
    3.0
    """

    def __init__(self, given: Mapping[str, Table]) -> None:
        self.given = given
        self._frames: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._frames:
            self._frames[name] = framed([self.given[name]])
        return self._frames[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


NO_TABLES = Tables({})


def given(tables: Mapping[str, pl.DataFrame]) -> Mapping[str, Table]:
    """Tables as they were given, for who needs no frame."""
    return tables.given if isinstance(tables, Tables) else tables


def framed(tables: Sequence[Table]) -> pl.DataFrame:
    """All rows, in order, as one frame; rows of one schema that follow one another become a frame at once."""
    frames: list[pl.DataFrame] = []
    for _, alike in groupby(tables, lambda table: table.schema if isinstance(table, Rows) else None):
        run = list(alike)
        rows = [table for table in run if isinstance(table, Rows)]
        if rows:
            frames.append(Rows(rows[0].schema, list(chain.from_iterable(table.values for table in rows))).frame())
        else:
            frames += [table for table in run if isinstance(table, pl.DataFrame)]
    return frames[0] if len(frames) == 1 else pl.concat(frames)
