"""Coverage the slow obvious way: every stretch between two frames is kept, and summed anew for every row."""

from collections.abc import Iterator
from typing import Any

import polars as pl

import venues
from market.batch import Batch
from market.schema import Kind
from operators.coverage import COVERAGE, MINUTE_NS
from operators.frame import frame

DAY = 86_400 * 10**9
Stretch = tuple[int, int, bool]  # from, to, whether the book was valid
BOOK = (Kind.SNAPSHOT, Kind.DEPTH, Kind.RESET)


class SlowBook:
    """One instrument."""

    def __init__(self, number: int) -> None:
        self.number, self.stretches = number, list[Stretch]()
        self.valid, self.sequence = False, -1

    def take(self, row: dict[str, Any]) -> None:
        if row["kind"] not in BOOK:
            return
        contained = row["kind"] == Kind.DEPTH and 0 < row["sequence"] <= self.sequence
        if row["valid"] or not (self.valid and contained):
            self.valid = row["valid"]
        if row["valid"]:
            self.sequence = row["sequence"]

    def seconds(self, start: int, end: int, *, valid: bool) -> float:
        return sum(max(0, min(b, end) - max(a, start)) for a, b, was in self.stretches if was or not valid) / 1e9


def slow_coverage(batches: list[Batch], stale_ns: int) -> pl.DataFrame:
    """Table `coverage` of days of UTC, with `frame` counted over the whole stream."""
    books: dict[int, SlowBook] = {}
    rows, before, frames = [], 0, 0
    symbols = batches[-1].instruments
    for batch in batches:
        ticks = frame(batch).to_dicts()
        for number, time in enumerate(batch.receive_times.tolist()):
            for book in books.values():
                book.stretches.append((before, min(time, before + stale_ns), book.valid))
            for at, start in _due(before, time) if before else ():
                known = sorted(books.values(), key=lambda book: book.number)
                place = time, frames + number
                rows += [(symbols[book.number].symbol, *_row(book, start, at), *place) for book in known]
            for tick in ticks:
                if tick["frame"] == number:
                    books.setdefault(tick["instrument"], SlowBook(tick["instrument"])).take(tick)
            before = time
        frames += len(batch.frames)
    columns = ["instrument", "session_start", "time", "valid_s", "recorded_s", "elapsed_s", "receive_time", "frame"]
    found = pl.DataFrame(rows, columns, orient="row", strict=False)
    return found.with_columns(
        session=pl.from_epoch("session_start", "ns").dt.strftime("%Y-%m-%d"),
        session_end=pl.col("session_start") + DAY,
        share=pl.col("valid_s") / pl.col("elapsed_s"),
        ended=pl.col("time") == pl.col("session_start") + DAY,
        detection=pl.lit(venues.get(batches[0].venue).capability.detection),
    ).select(pl.col(name).cast(kind) for name, kind in COVERAGE.items())


def _due(before: int, time: int) -> Iterator[tuple[int, int]]:
    """Times that rows are made of between two frames, each with the start of its day."""
    for end in range(before // DAY * DAY + DAY, time + 1, DAY):
        yield end, end - DAY
    minute = time // MINUTE_NS * MINUTE_NS
    if minute > before and minute % DAY:
        yield minute, minute // DAY * DAY


def _row(book: SlowBook, start: int, at: int) -> tuple[int, int, float, float, float]:
    both = (book.seconds(start, at, valid=only) for only in (True, False))
    return start, at, *both, (at - start) / 1e9
