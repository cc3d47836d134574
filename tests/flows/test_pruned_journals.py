"""What the trading flow tells others is not kept for ever, and is never told twice nor lost to who still needs it."""

from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec
import pytest

from flows.intents import ORDERS, orders_path, settled_before
from flows.kill.doubts import unsettled
from flows.solving import first_after
from flows.trading import order_frames, problem_frames
from market.clock import SECOND_NS, ManualClock
from market.decisions import Decisions
from market.journal import LIVE_BLOCK_NS
from market.messages import AnyMessage, Problem
from sinks.journal import JournalWriter
from sinks.journal_bounds import HOUR_NS, Bounds
from sinks.orders.pending import NOTE, Note, Standing
from sinks.outbox import VENUE, OutboxSink
from sinks.pruning import Pruning
from sources.journal_reader import JournalReader
from tests.sinks.orders.stub_venue import approved

HOUR = Bounds(retention_hours=1.0)
FAR_NS = 1 << 62


def row(offset: int, *messages: AnyMessage) -> tuple[str, Decisions]:
    return "trading/0", Decisions("trading/0", offset, offset * SECOND_NS, messages)


def problem(request: int) -> Problem:
    empty = dict.fromkeys(("names", "expected", "confidence", "covariance", "current", "half_spread", "impact", "lot",
                           "min_notional", "caps"), ())  # fmt: skip
    told = {"venue": "", "instrument": "", "time_ns": 0, "account": "a", "request": request, "regime": "", "limits": {}}
    return Problem(**told, **empty)  # type: ignore[arg-type]


def written(data: Path, clock: ManualClock, offsets: range, every_ns: int) -> None:
    """Orders, one a row, told so often."""
    sink = OutboxSink(
        orders_path(data),
        shard=ORDERS,
        messages=order_frames,
        pruning=lambda w: Pruning(w, HOUR, clock, settled_before),
    )
    with closing(sink.build("", 0, 1)) as part:
        for offset in offsets:
            part.write_batch([row(offset, approved(f"o{offset}"))])
            clock.advance(every_ns)


def settle(data: Path, through: int, *standing: str) -> None:
    note = Note(through=through, standing=tuple(Standing(name, "X") for name in standing))
    with JournalWriter(orders_path(data), venue=VENUE, shard=ORDERS, block_ns=LIVE_BLOCK_NS) as journal:
        journal.note(NOTE, msgspec.json.encode(note).decode())


def kept(data: Path) -> list[int]:
    with JournalReader(orders_path(data)) as journal:
        first = int(journal.meta()["pruned_to"])
        return [one.offset for one in journal.rows(first, 10_000)]


def test_orders_that_are_old_and_settled_go_and_are_not_told_again(tmp_path: Path) -> None:
    clock = ManualClock()
    written(tmp_path, clock, range(1, 201), HOUR_NS // 50)
    assert kept(tmp_path) == [*range(1, 201)], "nobody has said that they are settled"
    settle(tmp_path, 120, "o7")
    written(tmp_path, clock, range(201, 211), HOUR_NS // 50)
    assert kept(tmp_path) == [*range(120, 211)], "what is not settled stays, however old"
    assert {one.client_order_id for one in unsettled(tmp_path, FAR_NS)} == {"o7", *(f"o{n}" for n in range(121, 211))}
    settle(tmp_path, 210)
    written(tmp_path, clock, range(1, 212), 0)  # begun anew at the start of its journal
    assert kept(tmp_path)[-1] == 211
    written(tmp_path, clock, range(212, 280), HOUR_NS // 50)
    assert kept(tmp_path) == [*range(210, 280)]
    settle(tmp_path, 280)
    written(tmp_path, clock, range(280, 282), 2 * SECOND_NS)
    assert 225 < kept(tmp_path)[0] < 235, "what is young stays, however settled"


def test_a_solver_goes_on_where_problems_are_pruned(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, clock = tmp_path / "problems-0.db", ManualClock()
    sink = OutboxSink(
        path, shard="problems/0", messages=problem_frames, pruning=partial(Pruning, bounds=HOUR, clock=clock)
    )
    with closing(sink.build("", 0, 1)) as part:
        for offset in range(1, 201):
            part.write_batch([row(10 * offset, problem(10 * offset))])
            clock.advance(HOUR_NS // 50)
    with JournalReader(path) as journal:
        pruned = int(journal.meta()["pruned_to"])
        assert 100 < pruned <= 150
        assert [first_after(journal, 10 * row) for row in (1, pruned, pruned + 1, 170, 200)] == [
            pruned, pruned, pruned + 1, 170, 200,
        ]  # fmt: skip
        assert [one.offset for one in journal.read(first_after(journal, 10), 1)] == [pruned + 1]
    assert not caplog.records
