"""A table with a row per closed bar, from a stage and from its slow twin; for contract cases."""

from collections.abc import Callable
from typing import Any

import polars as pl

from market.batch import Batch
from tests.contract import Tables

Schema = dict[str, Any]


def without_frame(schema: Schema) -> Schema:
    """A frame's number depends on how the stream is cut."""
    return {name: kind for name, kind in schema.items() if name != "frame"}


def output_of(table: str, schema: Schema) -> Callable[[list[Batch]], Tables]:
    """What the stage added."""

    def output(items: list[Batch]) -> Tables:
        rows = [item.tables[table].drop("frame") for item in items if table in item.tables]
        return {table: pl.concat([pl.DataFrame(schema=schema), *rows])}

    return output


def oracle_of(table: str, schema: Schema, slow: Callable[[str], Any]) -> Callable[[list[Batch]], Tables]:
    """The same by a slow twin per instrument and timeframe; slow: makes one of a timeframe, its `take` gives a row."""

    def oracle(items: list[Batch]) -> Tables:
        twins: dict[tuple[str, str], Any] = {}
        rows = []
        for item in items:
            for bar in item.tables["bars"].to_dicts() if "bars" in item.tables else []:
                key = (bar["instrument"], bar["timeframe"])
                row = twins.setdefault(key, slow(key[1])).take(bar)
                if row is not None:
                    rows.append({name: bar[name] for name in list(schema)[:4]} | row)
        return {table: pl.DataFrame(rows, schema)}

    return oracle
