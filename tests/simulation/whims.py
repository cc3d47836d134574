"""The stages of a world's flows, and `whims`: signals of no meaning, so that trading has something to do.

Regimes need hours until they say anything, and cost more than everything else together.
"""

import polars as pl

from flows.market import STEPS
from market.batch import Batch
from market.clock import SECOND_NS
from market.decisions import decisions_of
from operators.execution import trade
from operators.measures import stage_of
from operators.portfolio import rebalance
from operators.regimes.detect import detect
from operators.signals.decide import SIGNAL, decide
from operators.stage import Stage
from operators.statistics.dependence import dependence
from operators.statistics.describe import describe

COSTLY = (describe, dependence, detect, decide)
EVERY_NS = 3 * SECOND_NS
VOLATILITY = 6e-5  # per square-root second: a bet that pays for its trades, and is worth a trade


def market_stages(*, whole: bool) -> list[Stage]:
    """Of the market flow; without those that cost most, where not `whole`. Whims come last."""
    steps = STEPS if whole else [step for step in STEPS if step not in COSTLY]
    return [*map(stage_of, steps), Stage("whims", lambda: {"bucket": 0}, _whims)]


def trading_stages() -> list[Stage]:
    """Of the trading flow."""
    read = Stage("decisions", lambda: None, lambda _, batch: decisions_of(batch))
    return [read, rebalance.stage(), trade.stage()]


def _whims(state: dict[str, int], batch: Batch) -> Batch:
    """A direction for every instrument that has a quote, each time three seconds of recorded time have begun."""
    bucket = batch.receive_time // EVERY_NS
    if bucket == state["bucket"] or not len(batch.ticks):
        return batch
    state["bucket"] = bucket
    rows = [
        {
            "instrument": batch.instruments.symbols[number],
            "timeframe": "short",
            "time": batch.receive_time,
            "receive_time": batch.receive_time,
            "direction": float((bucket * 2_654_435_761 + number) % 3 - 1),
            "confidence": 0.9,
            "volatility": VOLATILITY,
            "regime": "unknown",
            "evidence": [],
            "frame": 0,
        }
        for number in sorted(set(batch.ticks["instrument"].tolist()))
    ]
    return batch.with_table("signals", pl.DataFrame(rows, schema=SIGNAL))
