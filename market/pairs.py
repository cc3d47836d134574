"""A few numbers by name within one row of a table, as frames hold them and the store's maps are written."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import polars as pl

PAIRS = pl.List(pl.Struct({"key": pl.String, "value": pl.Float64}))


def pairs(values: Mapping[str, float]) -> list[dict[str, Any]]:
    """The numbers by name; those that are not finite are left out.

    >>> pairs({"age_s": 0.5, "depth": float("nan")})
    [{'key': 'age_s', 'value': 0.5}]
    """
    return [{"key": key, "value": value} for key, value in values.items() if isfinite(value)]
