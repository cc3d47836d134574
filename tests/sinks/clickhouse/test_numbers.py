"""What the way into the store tells: every insert with its rows, tries that failed, blocks that went through."""

import io
from typing import Any

import polars as pl
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flows.traces import trace_of
from market import metric_table as table
from market.accounts import Accounts
from market.clock import SECOND_NS, ManualClock
from market.decisions import Decisions, Standing
from market.metrics import Metric, Metrics
from sinks.clickhouse import drain as drain_module
from sinks.clickhouse.blocks import Block
from sinks.clickhouse.drain import Drain
from sinks.clickhouse.latency import LatencyRecorder
from sinks.clickhouse.line import Line
from sinks.clickhouse.numbers import STATES, Inserted, Passed
from sinks.clickhouse.query_numbers import QueryNumbers, kind_of
from sinks.clickhouse.tables import Part

ONE_S = SECOND_NS


def numbers(metrics: Metrics, metric: Metric) -> dict[tuple[str, ...], Any]:
    for look in metrics.looks():
        look()
    return {one.labels: one.value for one in metrics.told() if one.metric is metric}


def block(number: int) -> Block:
    gaps = pl.DataFrame({"cause": ["sequence", "silent", "silent"], "state": ["open", "open", "healed"]})
    latency = pl.DataFrame({"venue": ["v"], "shard": ["v/0"], "stage": ["x"], "receive_time": [number]})
    part = Part("v/0", number, 1, (), None, {}, {"latency": latency})
    accounts = Accounts(received=10, applied=6, duplicate=2, dead_lettered=1, control=1, shed=5)
    return Block("v/0", number, number, (part, part._replace(tables={"gaps": gaps})), journal_rows=4, accounts=accounts)


def test_inserts_are_counted_with_their_rows_and_failures_by_whether_they_pass() -> None:
    clock, metrics, exporter, provider = ManualClock(), Metrics(), InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    troubles: list[Exception] = [OperationalError("no route"), DatabaseError("no table", code=60)]

    class Store:
        def __call__(self, table: str, rows: Any, token: str) -> None:
            clock.advance(ONE_S // 4)
            if troubles:
                raise troubles.pop(0)

    one = block(1)._replace(parts=block(1).parts[:1])
    line, inserted = Line(), Inserted(metrics, "v/0")
    line.add([one])
    drain = Drain(line, Store(), alone=True, clock=clock, inserted=inserted, trace=trace_of(provider))  # type: ignore[arg-type]
    inserted.look(drain.state.name, line)
    assert numbers(metrics, table.SINK_WAITING) == {("v/0",): 1.0}
    while line:
        clock.advance(round(drain.step().wait_s * SECOND_NS))
    inserted.look(drain.state.name, line)
    assert numbers(metrics, table.SINK_FAILURES) == {("transient",): 1.0, ("permanent",): 1.0}
    assert numbers(metrics, table.SINK_ROWS) == {("latency",): 1.0, ("commits",): 1.0}
    assert numbers(metrics, table.SINK_SECONDS) == {(): 0.5}
    assert numbers(metrics, table.SINK_BLOCKS) == {("v/0",): 1.0}
    assert numbers(metrics, table.SINK_WAITING) == {("v/0",): 0.0}
    states = numbers(metrics, table.SINK_STATE)
    assert states == {("v/0", state): float(state == "running") for state in STATES}
    provider.shutdown()
    spans = exporter.get_finished_spans()
    assert [span.attributes["barograph.table"] for span in spans if span.attributes] == ["latency"] * 3 + ["commits"]
    assert [span.status.is_ok for span in spans] == [False, False, True, True]
    facts = {"barograph.shard": "v/0", "barograph.first_offset": 1, "barograph.last_offset": 1, "barograph.rows": 1}
    assert facts.items() <= dict(spans[-1].attributes or {}).items()


def test_the_states_that_are_told_are_those_of_a_drain() -> None:
    named = (drain_module.RUNNING, drain_module.RETRYING, drain_module.CATCHING_UP, drain_module.STOPPED)
    assert named == STATES


def test_frames_are_counted_by_what_became_of_them_and_gaps_by_cause() -> None:
    metrics, clock = Metrics(), ManualClock()
    passed = Passed(metrics, clock)
    for number in (1, 2):
        passed.block(block(number))
    fates = {"applied": 12.0, "duplicate": 4.0, "dead_lettered": 2.0, "control": 2.0, "shed": 10.0}
    assert numbers(metrics, table.FLOW_FRAMES) == {("v/0", fate): count for fate, count in fates.items()}
    assert numbers(metrics, table.FLOW_BATCHES) == {("v/0",): 8.0}
    causes = {("sequence", "open"): 2.0, ("silent", "open"): 2.0, ("silent", "healed"): 2.0}
    assert numbers(metrics, table.FLOW_GAPS) == {("v/0", *gap): count for gap, count in causes.items()}


def test_lag_grows_while_nothing_comes_and_an_account_is_told_as_it_stands() -> None:
    metrics, clock = Metrics(), ManualClock(ONE_S)
    passed = Passed(metrics, clock)
    metrics.before_scrape("flow", passed.look)
    standing = Standing("paper", 99_000.0, 0.01, "reducing")
    passed.item(Decisions("trading/0", 1, clock.now_ns(), (), standing=standing))
    clock.advance(3 * ONE_S)
    assert numbers(metrics, table.FLOW_LAG) == {("trading/0",): 3.0}
    assert numbers(metrics, table.TRADING_EQUITY) == {("paper",): 99_000.0}
    assert numbers(metrics, table.TRADING_DRAWDOWN) == {("paper",): 0.01}
    states = {"active": 0.0, "reducing": 1.0, "halted": 0.0}
    assert numbers(metrics, table.TRADING_STATE) == {("paper", state): value for state, value in states.items()}


def test_every_latency_that_the_table_measures_is_in_the_histogram() -> None:
    clock, metrics = ManualClock(ONE_S), Metrics()
    recorder = LatencyRecorder(clock, metrics)
    for waited_ms in (1, 30, 400):
        sent_ns = clock.now_ns()
        clock.advance(waited_ms * 1_000_000)
        recorder.reached("sink", Decisions("trading/0", 1, sent_ns, ()))
    assert numbers(metrics, table.FLOW_LATENCY) == {}
    clock.advance(ONE_S)
    assert recorder.due() is not None
    (told,) = [one for one in metrics.told() if one.metric is table.FLOW_LATENCY]
    assert told.labels == ("trading/0", "sink")
    assert told.value == pytest.approx(0.431)
    assert [bound for bound, count in zip(table.SECONDS, told.buckets, strict=False) if count] == [0.001, 0.05, 0.5]


def test_statements_are_counted_by_kind_and_outcome() -> None:
    clock, metrics = ManualClock(), Metrics()
    queries = QueryNumbers(metrics, clock)
    with queries.answering("select"):
        clock.advance(2 * ONE_S)
        assert numbers(metrics, table.STORE_RUNNING) == {(): 1.0}
    with pytest.raises(LookupError), queries.answering("insert"):
        raise LookupError
    queries.refused("other")
    counted = {labels: count for labels, count in numbers(metrics, table.STORE_QUERIES).items() if count}
    assert counted == {("select", "done"): 1.0, ("insert", "failed"): 1.0, ("other", "failed"): 1.0}
    assert numbers(metrics, table.STORE_SECONDS)[("select",)] == 2.0
    assert numbers(metrics, table.STORE_RUNNING) == {(): 0.0}


@pytest.mark.parametrize(
    ("query", "body", "kind"),
    [
        (b"select 1", b"", "select"),
        (b" (SELECT 1) union all select 2", b"", "select"),
        (b"/* a */ with 1 as x select x", b"", "select"),
        (b"", b"-- rows\ninsert into t format CSV\n1", "insert"),
        (b"insert into t format ArrowStream", b"\xff\xff", "insert"),
        (b"alter table t delete where 1", b"", "other"),
        (b"", b"", "other"),
        (b"'", b"", "other"),
    ],
)
def test_the_kind_of_a_statement_is_its_first_word(query: bytes, body: bytes, kind: str) -> None:
    sent = io.BytesIO(body)
    assert kind_of(query, sent) == kind
    assert sent.tell() == 0
