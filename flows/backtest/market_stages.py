"""The stages of the market flow as a backtest drives them: those of flows/market.py, with the settings' timeframes."""

from collections.abc import Mapping

import polars as pl

from flows.market import STEPS
from market.batch import Batch
from operators.measures import stage_of
from operators.regimes import detect as detecting
from operators.regimes.detect import detect
from operators.stage import Stage


def market_stages(timeframes: Mapping[str, str]) -> list[Stage]:
    """Every step of the market flow, without an engine."""
    return [detecting.stage(timeframes=timeframes) if step is detect else stage_of(step) for step in STEPS]


def regimes_read(batch: Batch) -> pl.DataFrame | None:
    """The regimes of a batch, of history too; None where no bar closed."""
    found = batch.tables.get("regimes")
    return None if found is None or found.is_empty() else found
