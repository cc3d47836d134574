"""Bars of a made market for backtests: minutes that wander, rise for hours, fall for hours; always the same."""

from pathlib import Path

import numpy as np
import polars as pl

from flows.settings import Settings

START_NS = 1_700_000_040_000_000_000  # a whole minute
MINUTE_NS = 60_000_000_000
# Small costs and small steps, so that a short market is traded.
CHEAP = {
    "execution": {"fee_bps": 0.2, "venue_fee_bps": {}},
    "portfolio": {"no_trade_band": 0.001, "target_volatility": 0.2},
}


def bars(count: int = 700, seed: int = 3, drift: float = 4e-4) -> pl.DataFrame:
    """`count` minutes: trends of 150 bars up and down, with noise; volume and trades are told."""
    chance = np.random.default_rng(seed)
    way = np.where((np.arange(count) // 150) % 2 == 0, drift, -drift)
    close = 20_000.0 * np.exp(np.cumsum(way + chance.normal(0.0, 6e-4, count)))
    open_ = np.concatenate([[20_000.0], close[:-1]]) * (1.0 + chance.normal(0.0, 5e-5, count))
    high = np.maximum(open_, close) * (1.0 + np.abs(chance.normal(0.0, 2e-4, count)))
    low = np.minimum(open_, close) * (1.0 - np.abs(chance.normal(0.0, 2e-4, count)))
    prices = {
        name: np.round(values, 1)
        for name, values in zip(("open", "high", "low", "close"), (open_, high, low, close), strict=True)
    }
    prices["high"] = np.maximum.reduce(list(prices.values()))
    prices["low"] = np.minimum.reduce(list(prices.values()))
    volume = np.round(chance.uniform(50.0, 150.0, count), 3)
    return pl.DataFrame({"time": START_NS + MINUTE_NS * np.arange(count), **prices, "volume": volume})


def written(folder: Path, name: str = "BTCUSDT-1m.parquet", **how: float) -> Path:
    """The bars as a file."""
    path = folder / name
    bars(**how).write_parquet(path)  # type: ignore[arg-type]
    return path


def cheap(**more: dict[str, object]) -> Settings:
    """Settings under which the made market is traded; more: by section."""
    return Settings.model_validate({name: {**CHEAP.get(name, {}), **more.get(name, {})} for name in {*CHEAP, *more}})
