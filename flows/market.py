"""The market flow: a deterministic function of the journal. Replay is live.

journal → STEPS → tables, trading and control journals.

No clock, no randomness, no I/O between source and sinks. The stream is keyed by shard, its item is market.batch.Batch.
"""

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from flows.engine import LIVE_CLOSE_S, REPLAY_CLOSE_S, block_ns, run
from flows.settings import Settings
from flows.tables import store_dsn, wait_for_tables
from market.batch import Batch
from market.clock import SystemClock
from market.journal import partition_path
from market.regimes import REGIME_TIMEFRAMES
from operators.bars import bars
from operators.book.resync import resync_frames
from operators.coverage import coverage
from operators.measures import MEASURES, stage_of
from operators.opening_hours import opening_hours
from operators.regimes.detect import detect
from operators.signals.decide import decide
from operators.signals.messages import trading_frames
from operators.stage import Stage
from operators.statistics.dependence import dependence
from operators.statistics.describe import describe
from sinks.clickhouse.latency import LatencyRecorder
from sinks.clickhouse.sink import ClickHouseSink
from sinks.outbox import OutboxSink
from sources.journal import JournalSource

TRADING = "trading/0"
CONTROL = "control/0"

# In the order of the data: what is measured of every message, then what is made of it.
STEPS = (*MEASURES, bars, describe, dependence, coverage, opening_hours, detect, decide)


def stages() -> list[Stage]:
    """The steps without an engine, for research and benchmarks: each takes the batches of the one before."""
    return [stage_of(step) for step in STEPS]


def market(
    source: JournalSource,
    *,
    tables: ClickHouseSink,
    trading: OutboxSink,
    control: OutboxSink,
    latency: LatencyRecorder | None = None,
    timeframes: Mapping[str, str] = REGIME_TIMEFRAMES,
) -> Dataflow:
    """The dataflow between a source of batches and its three sinks; live, with a recorder of latencies.

    timeframes: the bars of each regime timeframe.
    """
    flow = Dataflow("market")
    batches = op.input("journal", flow, source)
    chosen: dict[Any, dict[str, Any]] = {detect: {"timeframes": timeframes}}
    for step in STEPS:
        batches = step(step.__name__, batches, **chosen.get(step, {}))
        if step is MEASURES[-1] and latency is not None:
            batches = op.map_value("measured", batches, partial(_reached, latency, "features"))
    op.output("trading", batches, trading)
    op.output("control", batches, control)
    op.output("tables", batches, tables)
    return flow


def _reached(latency: LatencyRecorder, stage: str, batch: Batch) -> Batch:
    latency.reached(stage, batch)
    return batch


def run_market(
    settings: Settings, *, stop: threading.Event, follow: bool, speed: float | None = None, dsn: str | None = None
) -> None:
    """Run the flow: following the journal until `stop`, or through it once, at a multiple of recorded time."""
    if wait_for_tables(settings, stop, dsn) is None:
        return
    data = settings.data
    latency = LatencyRecorder(SystemClock()) if follow else None
    timeframes = settings.regimes.timeframes
    choices = "".join(f"|{name}={bar}" for name, bar in timeframes.items())
    tables = ClickHouseSink(
        dsn or partial(store_dsn, settings),
        block_ns=partial(block_ns, data, "market"),
        latency=latency,
        close_s=LIVE_CLOSE_S if follow else REPLAY_CLOSE_S,
        choices=choices,
    )
    flow = market(
        JournalSource(data, topic="market", follow=follow, stop=stop, speed=speed),
        tables=tables,
        trading=OutboxSink(partition_path(data, "trading", TRADING), shard=TRADING, messages=trading_frames),
        control=OutboxSink(partition_path(data, "control", CONTROL), shard=CONTROL, messages=resync_frames),
        latency=latency,
        timeframes=timeframes,
    )
    recovery, interval_s = data / "recovery" / "market", settings.flow.snapshot_interval_s
    run(flow, recovery=recovery, snapshot_interval_s=interval_s, choices=choices)
    tables.finish()
