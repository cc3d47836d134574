"""The look-ahead check: the same input cut off at random times must give the same decisions up to the cut, bit by bit.

Whatever is decided at a time can then rest on nothing later. Compared, by receive time up to the cut, are the regimes
and signals of the market flow, every message that trading was told, quotes too, and all tables of the trading flow
(problems, solutions, targets, orders, fills, positions, risk events, …).
Limits: it finds what depends on later input by any way at all, in the operators and in the backtest itself; it cannot
find a file whose rows themselves carry the future (revised data, times that say when a bar opened where it closed).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from flows.backtest.drive import driven
from flows.backtest.tape import Progress, Source, Tape
from market.messages import encode
from operators.stage import Stage

TIME = "receive_time"
UPSTREAM = (
    "regimes",
    "signals",
    "messages",
    "correlations",
    "rebalances",
    "problems",
    "solutions",
    "targets",
    "intents",
    "orders",
    "fills",
    "positions",
)  # which table rests on which
EARLIEST = 0.2  # share of the time after which cuts may be: before, most models know nothing yet


class Difference(NamedTuple):
    """The first thing that was decided otherwise."""

    cut_ns: int
    table: str
    column: str
    time_ns: int
    whole: str  # the value with the later input
    cut: str  # and without


class Checked(NamedTuple):
    """What the check found."""

    cuts: tuple[int, ...]  # ns
    rows: int  # compared, over all cuts
    differences: tuple[Difference, ...]  # the first of each cut that has one


Tables = Mapping[str, pl.DataFrame]


def decided(tape: Tape, stages: Sequence[Stage]) -> dict[str, pl.DataFrame]:
    """Every table of a tape, its messages and every table of the trading flow on it."""
    tables: dict[str, list[pl.DataFrame]] = {name: [rows] for name, rows in tape.tables.items() if len(rows)}
    tables["messages"] = [_messages(tape)]
    for item in driven(tape.rows, stages):
        for name, rows in item.tables.items():
            tables.setdefault(name, []).append(rows)
    return {name: pl.concat(parts) for name, parts in sorted(tables.items())}


def _messages(tape: Tape) -> pl.DataFrame:
    """What trading was told, quotes too, as texts."""
    told = [(row.receive_time, encode(message).decode()) for row in tape.rows for message in row.messages]
    return pl.DataFrame(told, schema={TIME: pl.Int64, "message": pl.String}, orient="row")


def check(
    source: Source, stages: Callable[[], Sequence[Stage]], *, cuts: int, seed: int, progress: Progress
) -> Checked:
    """Compare the whole with `cuts` truncations. stages: of the trading flow, made anew for every run."""
    whole_tape = source.read(None, progress)
    whole = decided(whole_tape, stages())
    first, last = whole_tape.first_ns, whole_tape.last_ns
    luck = np.random.Generator(np.random.PCG64(seed))
    chosen = np.sort(luck.integers(first + round((last - first) * EARLIEST), max(last, first + 1), cuts))
    times = np.array([row.receive_time for row in whole_tape.rows], np.int64)
    at = [int(times[np.searchsorted(times, cut, side="right") - 1]) for cut in chosen.tolist()] if len(times) else []
    rows, found = 0, []
    for number, cut_ns in enumerate(at):
        progress("checking for look-ahead", number, len(at))
        part = decided(source.read(cut_ns, progress), stages())
        rows += sum(len(_until(table, cut_ns)) for table in whole.values())
        difference = first_difference(whole, part, cut_ns)
        if difference is not None:
            found.append(difference)
    return Checked(tuple(at), rows, tuple(found))


def first_difference(whole: Tables, cut: Tables, cut_ns: int) -> Difference | None:
    """The earliest row up to the cut that is not the same in both, of the first table in the order of the data, and its
    first column; None where all are the same.
    """
    found = []
    for name in sorted({*whole, *cut}):
        rows, others = (_until(tables.get(name), cut_ns) for tables in (whole, cut))
        difference = _compared(name, rows, others, cut_ns)
        if difference is not None:
            found.append(difference)
    return min(found, key=lambda one: (one.time_ns, _place(one.table), one.table)) if found else None


def _place(table: str) -> int:
    return UPSTREAM.index(table) if table in UPSTREAM else len(UPSTREAM)


def _until(rows: pl.DataFrame | None, cut_ns: int) -> pl.DataFrame:
    if rows is None or rows.is_empty():
        return pl.DataFrame()
    return rows.filter(pl.col(TIME) <= cut_ns)


def _compared(name: str, rows: pl.DataFrame, others: pl.DataFrame, cut_ns: int) -> Difference | None:
    if rows.equals(others):
        return None
    for row, other in zip(rows.iter_rows(named=True), others.iter_rows(named=True), strict=False):
        for column, value in row.items():
            if repr(value) != repr(other.get(column)):
                return Difference(cut_ns, name, column, row[TIME], _short(value), _short(other.get(column)))
    if len(rows) == len(others):
        return None  # NaN is equal to itself here
    longer, place = (rows, len(others)) if len(rows) > len(others) else (others, len(rows))
    told = (f"{len(rows):,} rows", f"{len(others):,} rows")
    return Difference(cut_ns, name, "(rows)", longer.row(place, named=True)[TIME], *told)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
