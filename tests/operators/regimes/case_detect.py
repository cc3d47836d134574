"""`regimes.detect` with small models whose parameters are known, against slow twins of all that watches a timeframe."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl

from market.batch import Batch
from operators.regimes import decision, detect, views
from operators.regimes.bank import bank, catalogue
from operators.regimes.bank.template import Template
from operators.regimes.tables import REGIME, REGIME_CHANGE, REGIME_FORECAST
from operators.stage import Stage
from tests.contract import Case, Tables
from tests.operators.regimes import bar_stream
from tests.operators.regimes.bank.single import frozen
from tests.operators.regimes.bar_stream import batch_of, moments

# One timeframe without classifiers and one with; those of seconds ask the slowest detectors too rarely for short tests.
TIMEFRAMES = {"fast": "1m", "medium": "1h"}
SERIES = (("AAAUSDT", "1m"), ("AAAUSDT", "1h"), ("BBBUSDT", "1h"))
FRAMES_PER_LENGTH = 3  # as many as bar_stream has
TABLES = {"regimes": REGIME, "regime_changes": REGIME_CHANGE, "regime_forecasts": REGIME_FORECAST}
SCALED = {"volatility": 2.0**20, "drift": 2.0**30}  # so that a tolerance says something of them


def model(*templates: Template, level: bool = False) -> views.Model:
    """Templates whose parameters stay what they are; short memories, cheap switches."""
    made = views.model([frozen(template) for template in templates], (3,), level=level)
    return replace(
        made,
        learning=bank.Parameters(keep=0.99, remember=0.98, renew_bars=45, penalty=2.0, generations=2),
        deciding=decision.Parameters(half_life_bars=60.0, young_bars=15.0, switch_cost_bars=5.0),
    )


MODELS = {
    "volatility": model(catalogue.volatility((0.8, 0.8), (40.0, 30.0, 20.0)), catalogue.still(1), level=True),
    "direction": model(catalogue.direction(0.2, (1.2, 0.9), stay=30.0), catalogue.direction(0.5, (1.0, 1.0), stay=15.0)),
    "dynamics": model(catalogue.autoregression(0.4, 0.4, stay=30.0), catalogue.autoregression(0.2, 0.3, stay=15.0)),
}


def stage() -> Stage:
    return detect.stage(timeframes=TIMEFRAMES, models=MODELS)


def items(seed: int, length: int) -> list[Batch]:
    """Bars of SERIES out of the stream of bar_stream, ten frames a batch."""
    found = [
        moment._replace(bars=tuple(bar for bar in moment.bars if (bar["instrument"], bar["timeframe"]) in SERIES))
        for moment in moments(seed, FRAMES_PER_LENGTH * length)
    ]
    return [batch_of(found[at : at + 10], at) for at in range(0, len(found), 10)]


def output(items: list[Batch]) -> Tables:
    return {
        name: pl.concat([pl.DataFrame(schema=schema), *(item.tables[name] for item in items if name in item.tables)])
        .drop("frame")
        .with_columns(pl.col(column) * factor for column, factor in SCALED.items() if column in schema)
        for name, schema in TABLES.items()
    }


CASE = Case(
    "regimes.detect",
    stage,
    items,
    bar_stream.cut,
    output,
    output,
    bar_stream.empty,
    tolerance=1e-6,
)
