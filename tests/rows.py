"""Rows of structs from dicts, with a blank for what a test does not say."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from market.batch import Structs
from market.schema import BOOK, DEPTH_LEVELS, NO_BOOK, TICK, Kind

NAN = float("nan")
_BLANK = dict.fromkeys(("bid_price", "bid_size", "ask_price", "ask_size", "price", "size"), NAN) | {"book": NO_BOOK}
TICKS = {
    name: pl.Boolean if kind == np.bool_ else getattr(pl, kind.name.capitalize())
    for name, (kind, _) in (TICK.fields or {}).items()
    if name != "book"
}  # columns of the ticks in a feature frame
_SIDES = ("bid_price", "bid_size", "ask_price", "ask_size")


def structs(dtype: "np.dtype[np.void]", rows: Sequence[Mapping[str, Any]], blank: Mapping[str, Any]) -> Structs:
    """One struct per dict."""
    found = np.zeros(len(rows), dtype)
    for row, said in zip(found, rows, strict=True):
        for name, value in ({**blank, **said}).items():
            if name in (dtype.names or ()):
                row[name] = value
    return found


def ticks(rows: Sequence[Mapping[str, Any]]) -> Structs:
    """TICK rows; those that are valid books get a row of `books`."""
    found = structs(TICK, rows, _BLANK)
    booked = found["valid"] & np.isin(found["kind"], (Kind.SNAPSHOT, Kind.DEPTH))
    found["book"] = np.where(booked, np.cumsum(booked) - 1, NO_BOOK)
    return found


def books(rows: Sequence[Mapping[str, Any]]) -> Structs:
    """BOOK rows of the valid books among the rows for `ticks`: the touch alone, or what lists of levels a row gives.

    A row may give bid_prices, bid_sizes, ask_prices, ask_sizes (best first) and any other field of BOOK.
    """
    found = []
    for row, tick in zip(rows, ticks(rows), strict=True):
        if tick["book"] == NO_BOOK:
            continue
        book = np.zeros(1, BOOK)
        for name in _SIDES:
            levels = row.get(f"{name}s", [row[name]])
            book[name] = NAN if name.endswith("price") else 0.0
            book[name][0, : len(levels)] = levels[:DEPTH_LEVELS]
        for name in set(BOOK.names or ()) & set(row) - set(_SIDES):
            book[name] = row[name]
        found.append(book)
    return np.concatenate(found) if found else np.zeros(0, BOOK)


def flow(rows: Sequence[Mapping[str, Any]]) -> Structs:
    """Rows of features "order_flow"; NaN for what a row does not say, ofi 0."""
    from operators.features.order_flow import COLUMNS

    return structs(COLUMNS, rows, dict.fromkeys(COLUMNS.names or (), NAN) | {"ofi": 0.0})


def concat(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Frames of equal columns, one below the other, in one chunk; no rows of ticks where there are none."""
    filled = [frame for frame in frames if not frame.is_empty()]
    return pl.concat(filled, rechunk=True) if filled else pl.DataFrame(schema=TICKS)
