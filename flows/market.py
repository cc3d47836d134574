"""The market flow: a deterministic function of the journal. Replay is live.

journal → decode → book → features → bars → regimes → signals → tables, trading and control journals.

No clock, no randomness, no I/O between source and sinks. The stream is keyed by shard, its item is market.batch.Batch.
"""

import threading
from functools import partial

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from flows.engine import LIVE_CLOSE_S, REPLAY_CLOSE_S, block_ns, run
from flows.settings import Settings
from flows.tables import store_dsn, wait_for_tables
from market.clock import SystemClock
from market.journal import partition_path
from operators.bars import bars
from operators.book.rebuild import rebuild
from operators.book.resync import resync_frames
from operators.decode import decode
from operators.features.order_flow import order_flow
from operators.features.volatility import volatility
from operators.regimes.detect import detect
from operators.signals.decide import decide
from operators.signals.messages import trading_frames
from sinks.clickhouse.sink import ClickHouseSink
from sinks.outbox import OutboxSink
from sources.journal import JournalSource

TRADING = "trading/0"
CONTROL = "control/0"


def market(source: JournalSource, *, tables: ClickHouseSink, trading: OutboxSink, control: OutboxSink) -> Dataflow:
    """The dataflow between a source of batches and its three sinks."""
    flow = Dataflow("market")
    frames = op.input("journal", flow, source)
    events = decode("decode", frames)
    ticks = rebuild("book", events)
    flowed = order_flow("order_flow", ticks)
    measured = volatility("volatility", flowed)
    closed = bars("bars", measured)
    labelled = detect("regimes", closed)
    decided = decide("signals", labelled)
    op.output("trading", decided, trading)
    op.output("control", decided, control)
    op.output("tables", decided, tables)
    return flow


def run_market(
    settings: Settings, *, stop: threading.Event, follow: bool, speed: float | None = None, dsn: str | None = None
) -> None:
    """Run the flow: following the journal until `stop`, or through it once, at a multiple of recorded time."""
    if wait_for_tables(settings, stop, dsn) is None:
        return
    data = settings.data
    clock = SystemClock() if follow else None
    tables = ClickHouseSink(
        dsn or partial(store_dsn, settings),
        block_ns=partial(block_ns, data, "market"),
        clock=clock,
        close_s=LIVE_CLOSE_S if follow else REPLAY_CLOSE_S,
    )
    flow = market(
        JournalSource(data, topic="market", follow=follow, stop=stop, speed=speed),
        tables=tables,
        trading=OutboxSink(partition_path(data, "trading", TRADING), shard=TRADING, messages=trading_frames),
        control=OutboxSink(partition_path(data, "control", CONTROL), shard=CONTROL, messages=resync_frames),
    )
    run(flow, recovery=data / "recovery" / "market", snapshot_interval_s=settings.flow.snapshot_interval_s)
    tables.finish()
