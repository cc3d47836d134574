import math
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from itertools import pairwise

import polars as pl

from market.batch import Batch
from market.schema import Kind
from tests.contract import Tables
from tests.operators.features.hand import SECOND, Row, rows_of


class SlowSeconds:
    """One instrument: the last mid of every second since the last gap, kept for ever."""

    def __init__(self) -> None:
        self.mids: list[float] = []  # of seconds that ended
        self.mid, self.second = math.nan, 0

    def take(self, row: Row) -> None:
        if row["kind"] not in (Kind.SNAPSHOT, Kind.DEPTH, Kind.RESET):
            return
        if math.isnan(row["mid"]):
            self.mids, self.mid, self.second = [], math.nan, 0
            return
        second = row["time"] // SECOND
        if second > self.second:
            if self.second and not math.isnan(self.mid):
                self.mids += [self.mid] * (second - self.second)
            self.second = second
        self.mid = row["mid"]

    @property
    def returns(self) -> list[float]:
        return [log_return(before, after) for before, after in pairwise(self.mids)]


@cache
def log_return(before: float, after: float) -> float:
    """To the last digit."""
    return float((Decimal(after) / Decimal(before)).ln())


def weights_of(values: list[float], half_life: float) -> list[float]:
    """1 for the newest, and half as much a half-life before."""
    return [0.5 ** (age / half_life) for age in range(len(values))][::-1]


def oracle_of(
    names: tuple[str, ...], values_of: Callable[[SlowSeconds], list[float]]
) -> Callable[[list[Batch]], Tables]:
    """The table of what `values_of` says after each row."""

    def oracle(batches: list[Batch]) -> Tables:
        found: dict[int, SlowSeconds] = {}
        values = []
        for row in rows_of(batches):
            slow = found.setdefault(row["instrument"], SlowSeconds())
            slow.take(row)
            values.append(values_of(slow))
        return {"ticks": pl.DataFrame(values, dict.fromkeys(names, pl.Float64), orient="row")}

    return oracle
