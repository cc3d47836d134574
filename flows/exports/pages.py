"""Rows of a relation, page by page: each page begins after the key of the last row, so that no question is long.

What is read at once is bounded whatever the table holds, a page that the store finds too large is asked for in smaller
ones, and the rows are the same however they are cut.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from flows.exports.questions import Questions, TooLargeError, Value, quoted
from flows.exports.relations import Relation, Watermark
from market.errors import StoreError

PAGE_ROWS = 50_000
MOST_VIEW_ROWS = 1_000_000  # of a view, which has no key to read it by pages
BYTES = frozenset({("dead_letters", "raw")})  # text columns that hold what came, which may be no text
UTC_NS = pa.timestamp("ns", tz="UTC")


class Span(NamedTuple):
    """Which rows. Times are ns since 1970, until is exclusive; None: no bound."""

    since_ns: int | None = None
    until_ns: int | None = None
    instruments: tuple[str, ...] = ()  # empty: all


class Fingerprint(NamedTuple):
    """By what rows are known again."""

    rows: int
    hash: str  # another when any value of them is


class Reader:
    """Reads one relation as of one watermark."""

    def __init__(self, questions: Questions, relation: Relation, mark: Watermark) -> None:
        self._questions, self.relation = questions, relation
        self._settled, self._mark = mark.clause(relation)
        self._final = "final" if relation.keys else ""

    def days(self, span: Span) -> list[int]:
        """The days that have rows, as days since 1970, ascending."""
        time, (where, values) = quoted(self.relation.time or ""), self._within(span)
        found = self._questions.ask(
            f"select distinct toInt32(toDate(toDateTime({time}, 'UTC'))) as day from {self._from(where)} order by day",
            **values,
        )
        return [int(day) for day in found["day"].to_pylist()]

    def fingerprint(self, span: Span) -> Fingerprint:
        """Of the rows as they are now."""
        where, values = self._within(span)
        found = self._questions.ask(
            f"select count() as rows, toString(sum(cityHash64(tuple(*)))) as hash from {self._from(where)}", **values
        )
        return Fingerprint(int(found["rows"][0].as_py()), str(found["hash"][0].as_py()))

    def pages(self, span: Span) -> Iterator[pa.Table]:
        """The rows in order; the first page tells the columns, even where it has no rows."""
        after: dict[str, Value] = {}
        limit = PAGE_ROWS if self.relation.keys else MOST_VIEW_ROWS + 1
        while True:
            try:
                page = self._page(span, after, limit)
            except TooLargeError:
                if limit <= 1 or not self.relation.keys:
                    raise
                limit = max(1, limit // 4)
                continue
            if page.num_rows or not after:
                yield page
            if not self.relation.keys:
                if page.num_rows > MOST_VIEW_ROWS:
                    raise StoreError(
                        f"the view {self.relation.name} has over {MOST_VIEW_ROWS} rows; export the table that it shows"
                    )
                return
            if not page.num_rows:
                return
            after = {name: _value(page[name][-1]) for name in self.relation.keys}

    def _page(self, span: Span, after: dict[str, Value], limit: int) -> pa.Table:
        where, values = self._within(span)
        if after:
            where = [*where, _beyond(self.relation, self.relation.keys)]
            values |= {f"after_{number}": value for number, value in enumerate(after.values())}
        columns = ", ".join(map(quoted, self.relation.columns))
        sql = f"select {columns} from {self._from(where)} order by {self.relation.order} limit {limit}"
        return typed(self.relation, self._questions.ask(sql, **values))

    def _from(self, where: list[str]) -> str:
        conditions = f"where {' and '.join(where)}" if where else ""
        return f"{quoted(self.relation.source)} {self._final} {self._settled} {conditions}"

    def _within(self, span: Span) -> tuple[list[str], dict[str, Value]]:
        time, where, values = quoted(self.relation.time or ""), [], dict(self._mark)
        if span.since_ns is not None:
            where.append(f"{time} >= fromUnixTimestamp64Nano({{since:Int64}}, 'UTC')")
            values["since"] = span.since_ns
        if span.until_ns is not None:
            where.append(f"{time} < fromUnixTimestamp64Nano({{until:Int64}}, 'UTC')")
            values["until"] = span.until_ns
        if span.instruments:
            where.append("instrument in {instruments:Array(String)}")
            values["instruments"] = list(span.instruments)
        return where, values


def _beyond(relation: Relation, keys: tuple[str, ...], number: int = 0) -> str:
    """That a row comes after the key `after_0`, `after_1`, …: in a form whose use of the primary key was measured.

    A comparison of tuples reads six times the rows: ClickHouse does not look it up in the primary key.
    """
    name, kind = quoted(keys[0]), _plain(relation.columns[keys[0]])
    value = f"{{after_{number}:{kind}}}"
    if len(keys) == 1:
        return f"{name} > {value}"
    return f"({name} > {value} or ({name} = {value} and {_beyond(relation, keys[1:], number + 1)}))"


def _plain(kind: str) -> str:
    return kind.removeprefix("LowCardinality(").removesuffix(")") if kind.startswith("LowCardinality(") else kind


def _value(scalar: pa.Scalar) -> Value:
    """A key as a parameter."""
    if pa.types.is_timestamp(scalar.type):
        return str(pc.strftime(scalar, "%Y-%m-%d %H:%M:%S").as_py())
    found = scalar.as_py()
    return found if isinstance(found, str) else int(found)


def typed(relation: Relation, page: pa.Table) -> pa.Table:
    """A page with times in ns UTC, and bytes as bytes. Raises StoreError for text that is none."""
    for number, (name, kind) in enumerate(relation.columns.items()):
        column = page.column(number)
        if pa.types.is_timestamp(column.type):
            column = column.cast(UTC_NS)
        elif kind.startswith("DateTime("):
            column = column.cast(pa.int64()).cast(pa.timestamp("s", tz="UTC")).cast(UTC_NS)
        elif (relation.source, name) in BYTES:
            column = column.cast(pa.binary())
        if column is not page.column(number):
            page = page.set_column(number, pa.field(name, column.type, page.field(number).nullable), column)
    try:
        page.validate(full=True)
    except pa.ArrowInvalid as error:
        raise StoreError(f"{relation.name} holds what is no text: {error}") from error
    return page
