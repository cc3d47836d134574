import math
from typing import Any

import polars as pl

from market.batch import Batch
from market.schema import Kind
from operators import decode
from operators.book import rebuild
from operators.features import order_flow, volatility
from operators.frame import frame
from tests.contract import Tables
from tests.market_case import case, outputs
from tests.rows import concat

HALF_LIFE_S = 20.0
SECOND = 1_000_000_000


class SlowVariance:
    """One instrument: the last mid of every second since the last gap, kept for ever."""

    def __init__(self) -> None:
        self.mids: list[float] = []  # of seconds that ended
        self.mid, self.second = math.nan, 0

    def take(self, row: dict[str, Any]) -> None:
        if math.isnan(row["mid_price"]):
            self.__init__()  # type: ignore[misc]
            return
        time = row["exchange_time"]
        if 0 < time <= row["receive_time"] + 5 * SECOND and time // SECOND > self.second:
            if self.second and not math.isnan(self.mid):
                self.mids += [self.mid] * (time // SECOND - self.second)
            self.second = time // SECOND
        self.mid = row["mid_price"]

    def value(self) -> float:
        returns = [math.log(after / before) for before, after in zip(self.mids, self.mids[1:], strict=False)]
        if len(returns) < volatility.WARM_UP_S:
            return math.nan
        weights = [0.5 ** (age / HALF_LIFE_S) for age in range(len(returns))][::-1]
        return math.sqrt(sum(w * r * r for w, r in zip(weights, returns, strict=True)) / sum(weights))


def oracle(batches: list[Batch]) -> Tables:
    found: dict[int, SlowVariance] = {}
    values = []
    for row in concat(frame(batch) for batch in batches).to_dicts():
        variance = found.setdefault(row["instrument"], SlowVariance())
        if row["kind"] in (Kind.SNAPSHOT, Kind.DEPTH, Kind.RESET):
            variance.take(row)
        values.append(variance.value())
    return {"ticks": pl.DataFrame({"realised_volatility": values})}


CASE = case(
    "features.volatility",
    lambda: volatility.stage(half_life_s=HALF_LIFE_S),
    (decode.stage, rebuild.stage, order_flow.stage),
    outputs(["realised_volatility"]),
    oracle,
    tolerance=1e-9,
)
