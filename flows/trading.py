"""The trading flow: a deterministic function of the trading journal, which the market flow writes.

journal → decisions → portfolio (targets) → trade (settle → intend → gate → submit) → tables, broadcast journal.

The paper venue is part of `trade`, so that a replay gives the same fills:
docs/decisions/002-paper-venue-inside-the-flow.md.
"""

import threading
from functools import partial

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from flows.broadcast import broadcast_sink
from flows.engine import LIVE_CLOSE_S, REPLAY_CLOSE_S, block_ns, copies_of, run
from flows.heart import Heart
from flows.measured import measured
from flows.outages import outages_of
from flows.settings import Settings
from flows.tables import store_dsn, wait_for_tables
from flows.traces import traced
from flows.watch import Watch
from market.beat import Beat, unheard
from market.clock import SystemClock
from market.decisions import decisions_of
from market.fees import Fees
from market.schema import TIMEFRAMES
from operators.broadcast.messages import account_frames
from operators.execution.intents import Manner
from operators.execution.paper import Venue
from operators.execution.trade import Terms, trade
from operators.portfolio.policy import Policy
from operators.portfolio.rebalance import rebalance
from operators.risk.gate import Limits
from sinks.broadcast import BroadcastSink
from sinks.clickhouse.latency import LatencyRecorder
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sources.journal import JournalSource


def trading(
    source: JournalSource, tables: ClickHouseSink, *, broadcast: BroadcastSink, policy: Policy, terms: Terms
) -> Dataflow:
    """The dataflow between the trading journal and the tables, and what the world may hear of it."""
    flow = Dataflow("trading")
    rows = op.input("journal", flow, source)
    decisions = op.map_value("decisions", rows, decisions_of)
    targets = rebalance("portfolio", decisions, policy=policy)
    traded = trade("trade", targets, terms=terms)
    op.output("broadcast", traded, broadcast)
    op.output("tables", traded, tables)
    return flow


def run_trading(settings: Settings, *, stop: threading.Event, follow: bool, dsn: str | None = None) -> None:
    """Run the flow: following the trading journal until `stop`, or through it once."""
    beat: Beat = Heart(settings.data, "trading") if follow else unheard
    if not follow and wait_for_tables(settings, stop, dsn, beat) is None:
        return
    with measured(settings, "trading", told=follow) as metrics, traced("trading", told=follow) as trace:
        _run(settings, stop, follow, dsn, Watch(beat, metrics, trace))


def _run(settings: Settings, stop: threading.Event, follow: bool, dsn: str | None, watch: Watch) -> None:
    data = settings.data
    tables = ClickHouseSink(
        dsn or partial(store_dsn, settings),
        block_ns=partial(block_ns, data, "trading"),
        latency=LatencyRecorder(SystemClock(), watch.metrics) if follow else None,
        close_s=LIVE_CLOSE_S if follow else REPLAY_CLOSE_S,
        outages=outages_of(settings, "trading", follow=follow),
        prepare=migrate,
        beat=watch.beat,
        metrics=watch.metrics,
        trace=watch.trace,
    )
    flow = partial(
        trading,
        JournalSource(data, topic="trading", follow=follow, stop=stop, expected=["trading-0"], beat=watch.beat),
        tables,
        broadcast=broadcast_sink(settings, account_frames, metrics=watch.metrics),
        policy=policy_of(settings),
        terms=terms_of(settings),
    )
    recovery, interval_s = data / "recovery" / "trading", settings.flow.snapshot_interval_s
    run(flow, recovery=recovery, snapshot_interval_s=interval_s, copies=copies_of(settings))
    tables.finish()


def policy_of(settings: Settings) -> Policy:
    """What the portfolio may want."""
    bar_s = {name: TIMEFRAMES[bar] for name, bar in settings.regimes.timeframes.items()}
    return Policy(**settings.portfolio.model_dump(), fees=fees_of(settings), bar_s=bar_s)


def terms_of(settings: Settings) -> Terms:
    """What the account may do."""
    execution = settings.execution
    return Terms(
        capital=settings.portfolio.capital,
        limits=Limits(**settings.risk.model_dump()),
        venue=Venue(fees=fees_of(settings), latency_ms=execution.latency_ms),
        manner=Manner(min_notional=execution.min_notional),
    )


def fees_of(settings: Settings) -> Fees:
    """What trades cost."""
    return Fees(settings.execution.fee_bps, settings.execution.venue_fee_bps)
