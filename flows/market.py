"""The market flow: a deterministic function of the journal. Replay is live.

journal → STEPS → tables, trading and control journals; and what the world may hear of it → broadcast journal.

No clock, no randomness, no I/O between source and sinks. The stream is keyed by shard, its item is market.batch.Batch.
"""

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from flows.broadcast import broadcast_sink
from flows.cluster import ALONE, Member
from flows.engine import LIVE_CLOSE_S, REPLAY_CLOSE_S, copies_of, run
from flows.heart import Heart
from flows.market_source import STEP, Reading, block_intervals, choices_of, reading
from flows.measured import measured
from flows.outages import outages_of
from flows.rolling import retention_of, rolling
from flows.settings import Settings
from flows.shards import CONTROL, TRADING
from flows.stored import tell_stored
from flows.tables import store_dsn, wait_for_tables
from flows.traces import traced
from flows.watch import Watch
from market.batch import Batch
from market.beat import Beat, unheard
from market.clock import SystemClock
from market.journal import partition_path
from market.regimes import REGIME_TIMEFRAMES
from operators.availability import availability
from operators.bars import bars
from operators.book.resync import resync_frames
from operators.broadcast.conflate import conflate
from operators.broadcast.messages import market_frames
from operators.coverage import coverage
from operators.measures import MEASURES, stage_of
from operators.opening_hours import opening_hours
from operators.regimes.detect import detect
from operators.signals.decide import decide
from operators.signals.messages import trading_frames
from operators.stage import Stage
from operators.statistics.dependence import dependence
from operators.statistics.describe import describe
from sinks.broadcast import BroadcastSink
from sinks.by_shard import output_by_shard
from sinks.clickhouse.latency import LatencyRecorder
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.outbox import OutboxSink

# In the order of the data: what is measured of every message, then what is made of it.
STEPS = (*MEASURES, bars, describe, dependence, coverage, availability, opening_hours, detect, decide)


def stages() -> list[Stage]:
    """The steps without an engine, for research and benchmarks: each takes the batches of the one before."""
    return [stage_of(step) for step in STEPS]


def market(
    read: Reading,
    *,
    tables: ClickHouseSink,
    trading: OutboxSink,
    control: OutboxSink,
    broadcast: BroadcastSink,
    interval_ms: float,
    latency: LatencyRecorder | None = None,
    timeframes: Mapping[str, str] = REGIME_TIMEFRAMES,
) -> Dataflow:
    """The dataflow between what is read and its four sinks; live, with a recorder of latencies.

    interval_ms: between two broadcasts of the book of an instrument. timeframes: the bars of each regime timeframe.
    """
    flow = Dataflow("market")
    batches = op.input(STEP, flow, read.source)
    if read.arriving is not None:
        batches = read.arriving("arrivals", batches)
    chosen: dict[Any, dict[str, Any]] = {detect: {"timeframes": timeframes}}
    for step in STEPS:
        batches = step(step.__name__, batches, **chosen.get(step, {}))
        if step is MEASURES[-1] and latency is not None:
            batches = op.map_value("measured", batches, partial(_reached, latency, "features"))
    op.output("trading", batches, trading)
    op.output("control", batches, control)
    op.output("broadcast", conflate("conflate", batches, interval_ms=interval_ms), broadcast)
    output_by_shard("tables", batches, tables)
    return flow


def _reached(latency: LatencyRecorder, stage: str, batch: Batch) -> Batch:
    latency.reached(stage, batch)
    return batch


def run_market(
    settings: Settings,
    *,
    stop: threading.Event,
    follow: bool,
    speed: float | None = None,
    dsn: str | None = None,
    member: Member = ALONE,
) -> None:
    """Run the flow: following the journal until `stop`, or through it once, at a multiple of recorded time.

    A following source also ends when a journal appears that it did not know; then the flow goes on with that one too.
    """
    beat: Beat = Heart(settings.data, member.name("market")) if follow else unheard
    if not follow and wait_for_tables(settings, stop, dsn, beat) is None:
        return
    name = member.name("market")
    rolled = rolling(settings, dsn, stop, follow=follow, member=member)
    with measured(settings, name, told=follow) as metrics, traced(name, told=follow) as trace, rolled:
        watch = Watch(beat, metrics, trace)
        _run_once(settings, stop, follow, speed, dsn, member, watch)
        while follow and not stop.is_set():
            _run_once(settings, stop, follow, speed, dsn, member, watch)


def _run_once(
    settings: Settings,
    stop: threading.Event,
    follow: bool,
    speed: float | None,
    dsn: str | None,
    member: Member,
    watch: Watch,
) -> None:
    data, timeframes = settings.data, settings.regimes.timeframes
    latency = LatencyRecorder(SystemClock(), watch.metrics) if follow else None
    choices = "".join(f"|{name}={bar}" for name, bar in timeframes.items())
    recovery = data / "recovery" / "market"
    tables = ClickHouseSink(
        dsn or partial(store_dsn, settings),
        block_ns=block_intervals(settings),
        latency=latency,
        close_s=LIVE_CLOSE_S if follow else REPLAY_CLOSE_S,
        choices=choices,
        outages=outages_of(settings, "market", follow=follow),
        prepare=partial(migrate, retention=retention_of(settings)),
        stored=partial(tell_stored, data) if follow else None,
        beat=watch.beat,
        metrics=watch.metrics,
        trace=watch.trace,
    )

    def flow() -> Dataflow:
        return market(
            reading(settings, recovery, follow=follow, stop=stop, speed=speed, beat=watch.beat, member=member),
            tables=tables,
            trading=OutboxSink(
                partition_path(data, "trading", TRADING),
                shard=TRADING,
                messages=trading_frames,
                synchronous=settings.capture.synchronous,
            ),
            control=OutboxSink(partition_path(data, "control", CONTROL), shard=CONTROL, messages=resync_frames),
            broadcast=broadcast_sink(settings, market_frames, prunes=True, metrics=watch.metrics),
            interval_ms=settings.broadcast.interval_ms,
            latency=latency,
            timeframes=timeframes,
        )

    interval_s = settings.flow.snapshot_interval_s
    copies = copies_of(settings)
    marks = choices + choices_of(settings)
    run(flow, recovery=recovery, snapshot_interval_s=interval_s, choices=marks, copies=copies, member=member)
    tables.finish()
