"""The trading flow: a deterministic function of the trading journal, which the market flow writes.

journal → decisions → portfolio (targets) → trade (settle → intend → gate → submit) → tables, broadcast, orders journal.

Where the optimiser says what to hold, problems leave after `trade` for a journal of their own, and `barograph solve`
answers them in the trading journal; in place of the simple policy, answers become targets. So a replay reads the
answers that were given and solves nothing: docs/decisions/012-solver-beside-the-flow.md.

The paper venue is part of `trade`, so that a replay gives the same fills:
docs/decisions/002-paper-venue-inside-the-flow.md. Orders for a venue outside are rows of the orders journal, flushed to
disk before anybody may send them (flows/execute.py); what becomes of them comes back through the trading journal.
"""

import threading
from collections.abc import Callable
from functools import partial

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from flows.broadcast import broadcast_sink
from flows.engine import LIVE_CLOSE_S, REPLAY_CLOSE_S, block_ns, copies_of, run
from flows.heart import Heart
from flows.intents import ORDERS, orders_path, settled_before
from flows.measured import measured
from flows.outages import outages_of
from flows.portfolio import Optimised, fees_of, optimised_of, policy_of
from flows.risk import limits_of, measurement_of
from flows.settings import Settings
from flows.settings_trading import DEALINGS, MANNER, PACE
from flows.tables import store_dsn, wait_for_tables
from flows.traces import traced
from flows.watch import Watch
from market.beat import Beat, unheard
from market.clock import SystemClock
from market.decisions import Decisions, decisions_of
from market.journal import partition_path
from market.messages import Approved, Cancel, Problem, encode
from operators.broadcast.messages import account_frames
from operators.execution.intents import Manner
from operators.execution.outside import Outside
from operators.execution.pace import Schedule
from operators.execution.paper import Venue
from operators.execution.terms import Terms
from operators.execution.trade import trade
from operators.portfolio.follow import follow
from operators.portfolio.policy import Policy
from operators.portfolio.propose import propose
from operators.portfolio.rebalance import rebalance
from sinks.broadcast import BroadcastSink
from sinks.clickhouse.latency import LatencyRecorder
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.journal import JournalWriter
from sinks.journal_bounds import Bounds
from sinks.outbox import OutboxSink
from sinks.pruning import Pruning
from sources.journal import JournalSource

PROBLEMS = "problems/0"  # shard of the journal of what the solver is asked


def trading(
    source: JournalSource,
    tables: ClickHouseSink,
    *,
    broadcast: BroadcastSink,
    orders: OutboxSink | None,
    policy: Policy,
    terms: Terms,
    optimised: Optimised | None = None,
    problems: OutboxSink | None = None,
) -> Dataflow:
    """The dataflow from the trading journal to the tables, to those who listen, and to the orders journal, if any;
    problems: where the optimiser is asked, if it is.
    """
    flow = Dataflow("trading")
    rows = op.input("journal", flow, source)
    decisions = op.map_value("decisions", rows, decisions_of)
    if optimised is None:
        targets = rebalance("portfolio", decisions, account=terms.account, policy=policy)
    else:
        targets = follow("follow", decisions, account=terms.account, trust=optimised.trust)
    traded = trade("trade", targets, terms=terms)
    if orders is not None:
        op.output("orders", traded, orders)
    if optimised is not None and problems is not None:
        manner, limits = optimised.manner, optimised.limits
        traded = propose("propose", traded, account=terms.account, manner=manner, policy=policy, limits=limits)
        op.output("problems", traded, problems)
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
    data, choices = settings.data, choices_of(settings)
    tables = ClickHouseSink(
        dsn or partial(store_dsn, settings),
        block_ns=partial(block_ns, data, "trading"),
        latency=LatencyRecorder(SystemClock(), watch.metrics) if follow else None,
        close_s=LIVE_CLOSE_S if follow else REPLAY_CLOSE_S,
        choices=choices,
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
        orders=orders_sink(settings) if settings.execution.outside else None,
        policy=policy_of(settings),
        terms=terms_of(settings),
        optimised=optimised_of(settings),
        problems=problems_sink(settings),
    )
    recovery, interval_s = data / "recovery" / "trading", settings.flow.snapshot_interval_s
    run(flow, recovery=recovery, snapshot_interval_s=interval_s, choices=choices, copies=copies_of(settings))
    tables.finish()


def choices_of(settings: Settings) -> str:
    """Whose account a state is of, and in which shape it remembers returns: another one cannot be gone on from."""
    execution, portfolio, risk = settings.execution, settings.portfolio, measurement_of(settings)
    orders = f"{settings.venue}{'/money' if execution.live else ''}" if execution.outside else "paper"
    chosen = f"|{execution.account}|{orders}|{risk.step_s:g}|{risk.window_rows}|{portfolio.method}"
    if portfolio.method == "policy":
        return chosen
    return f"{chosen}|{portfolio.covariance}|{portfolio.return_step_s:g}|{portfolio.covariance_half_life_s:g}"


def terms_of(settings: Settings) -> Terms:
    """What the account may do."""
    execution = settings.execution
    schedule = Schedule(
        kind=execution.schedule,
        timeframe=execution.urgency_timeframe,
        **execution.model_dump(include=PACE),
    )
    return Terms(
        account=execution.account,
        capital=settings.portfolio.capital,
        limits=limits_of(settings),
        risk=measurement_of(settings),
        venue=outside_of(settings) if execution.outside else paper_of(settings),
        manner=Manner(**execution.model_dump(include=MANNER), schedule=schedule),
    )


def paper_of(settings: Settings) -> Venue:
    """The venue within the flow."""
    execution = settings.execution
    return Venue(fees=fees_of(settings), latency_ms=execution.latency_ms, impact=execution.impact)


def outside_of(settings: Settings) -> Outside:
    """The venue's own account, as the flow deals with it."""
    from flows.order_venues import is_margined

    orders = settings.orders
    return Outside(margined=is_margined(settings), answer_s=orders.silence_s, **orders.model_dump(include=DEALINGS))


def orders_sink(settings: Settings) -> OutboxSink:
    """The orders journal: what stands there is on disk, whatever happens next."""
    pruning = _pruning(settings, settled_before)
    return OutboxSink(
        orders_path(settings.data), shard=ORDERS, messages=order_frames, synchronous="FULL", pruning=pruning
    )


def problems_sink(settings: Settings) -> OutboxSink:
    """The journal of what the solver is asked; a problem that a loss of power took is asked again. One as old as the
    retention needs no answer any more: it would not be followed.
    """
    path = partition_path(settings.data, "problems", PROBLEMS)
    return OutboxSink(path, shard=PROBLEMS, messages=problem_frames, pruning=_pruning(settings, None))


def _pruning(settings: Settings, settled: Callable[[JournalWriter], int] | None) -> Callable[[JournalWriter], Pruning]:
    bounds = Bounds(retention_hours=settings.capture.retention_hours)
    return partial(Pruning, bounds=bounds, clock=SystemClock(), settled=settled)


def problem_frames(item: Decisions) -> list[bytes]:
    """What the solver is asked on one row."""
    return [encode(message) for message in item.messages if isinstance(message, Problem)]


def order_frames(item: Decisions) -> list[bytes]:
    """What one row wants done at a venue outside, in order."""
    return [encode(message) for message in item.messages if isinstance(message, Approved | Cancel)]
