"""What the cases of all market stages share: the tape as items, and tables as they are over the whole stream."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from market.batch import Batch
from operators.frame import frame
from operators.stage import Stage
from tests import tape
from tests.contract import Case, Tables
from tests.rows import concat

PROVENANCE = "frame"


def items(seed: int, length: int) -> list[Batch]:
    """The tape with every trouble, in batches of 16 frames."""
    return tape.cut(tape.tape(seed, messages=1_500 * length))


def cut(batches: list[Batch], chance: random.Random) -> list[Batch]:
    """The same frames in other batches."""
    return tape.cut(tape.uncut(batches), chance)


def outputs(columns: Sequence[str] = (), tables: Sequence[str] = ()) -> Callable[[list[Batch]], Tables]:
    """What a stage added: tick columns and tables, with `frame` counted over the whole stream instead of its batch."""

    def output(batches: list[Batch]) -> Tables:
        starts, frames = {}, 0
        for batch in batches:
            starts[id(batch)] = frames
            frames += len(batch.frames)

        def numbered(rows: pl.DataFrame, batch: Batch) -> pl.DataFrame:
            return rows.with_columns(pl.col("^frame$") + starts[id(batch)]) if "frame" in rows.columns else rows

        found = {
            name: concat(numbered(batch.tables[name], batch) for batch in batches if name in batch.tables)
            for name in tables
        }
        if columns:
            wide = concat(numbered(frame(batch), batch) for batch in batches)
            found["ticks"] = wide.select(columns) if not wide.is_empty() else wide
        return found

    return output


def case(
    name: str,
    stage: Callable[[], Stage],
    upstream: tuple[Callable[[], Stage], ...],
    output: Callable[[list[Batch]], Tables],
    oracle: Callable[[list[Batch]], Tables],
    **more: Any,
) -> Case:
    """A case on the tape."""
    return Case(name, stage, items, cut, output, oracle, tape.empty, upstream, **more)
