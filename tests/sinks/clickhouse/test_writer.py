"""The writer: everything in order, nothing twice, patient with what passes, plain about what does not."""

import random
import threading
from typing import Any

import polars as pl
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, ProgrammingError

from market.clock import SECOND_NS, ManualClock
from market.errors import StoreError
from market.source import source_digest
from sinks.clickhouse import drain as module
from sinks.clickhouse import writer as writer_module
from sinks.clickhouse.blocks import Block
from sinks.clickhouse.drain import Drain
from sinks.clickhouse.line import MEMORY_BLOCKS, Line
from sinks.clickhouse.tables import Part
from sinks.clickhouse.trouble import PERMANENT_CODES, TRANSIENT_CODES, transient
from sinks.clickhouse.writer import Writer


def block(number: int) -> Block:
    frame = pl.DataFrame({"venue": ["v"], "shard": ["v/0"], "stage": [str(number)], "receive_time": [number]})
    part = Part("v/0", number, 1, (), None, {}, {"latency": frame})
    return Block("v/0", number, number, (part,), previous_offset=number - 1)


class Table:
    """Stands for a store: fails as often as told, then keeps tokens."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.tokens: list[str] = []
        self.open = threading.Event()
        self.open.set()

    def __call__(self, table: str, rows: Any, token: str) -> None:
        self.open.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.tokens.append(token)

    def committed(self, *_: object) -> bool:
        return True


def made(store: Table, chance: random.Random | None = None) -> Writer:
    line = Line()
    return Writer(line, Drain(line, store, chance=chance))


class NoPause(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return 0.0


def test_blocks_are_inserted_in_order() -> None:
    table = Table()
    writer = made(table)
    for number in range(200):
        writer.put(block(number))
    assert writer.close(10) == 0
    wanted = [f"{name}|v/0|{number}|{number}|0|" for number in range(200) for name in ("latency", "commits")]
    assert table.tokens == [place + source_digest()[:16] for place in wanted]


def test_transient_trouble_is_retried_until_it_is_over() -> None:
    table = Table(*[OperationalError("no route")] * 30, DatabaseError("x", code=252), StoreError("down"))
    table.failures[-1].__cause__ = OperationalError("no route")
    writer = made(table, NoPause())
    writer.put(block(1))
    assert writer.close(10) == 0
    assert [token.split("|")[0] for token in table.tokens] == ["latency", "commits"]


@pytest.mark.parametrize(
    "error", [DatabaseError("no such table", code=60), ProgrammingError("x"), ValueError("our bug")]
)
def test_permanent_trouble_is_told_to_the_owner(error: Exception) -> None:
    writer = made(Table(error), NoPause())
    writer.put(block(1))
    with pytest.raises(StoreError, match=r"for good|has failed"):
        writer.close(10)
    with pytest.raises(StoreError, match=r"for good|has failed"):
        writer.put(block(2))
    with pytest.raises(StoreError, match=r"for good|has failed"):
        writer.waiting()


def test_what_is_not_confirmed_is_in_the_snapshot() -> None:
    table = Table()
    table.open.clear()
    writer = made(table)
    for number in range(3):
        writer.put(block(number))
    assert [pending.first_offset for pending in writer.waiting().blocks] == [0, 1, 2]
    table.open.set()
    assert writer.close(10) == 0


def test_a_full_queue_holds_its_owner_back() -> None:
    table = Table()
    table.open.clear()
    writer = made(table)
    for number in range(MEMORY_BLOCKS):
        writer.put(block(number))
    extra = threading.Thread(target=writer.put, args=(block(MEMORY_BLOCKS),))
    extra.start()
    extra.join(0.05)
    assert extra.is_alive()
    table.open.set()
    extra.join(10)
    assert writer.close(10) == 0
    assert len(table.tokens) == 2 * (MEMORY_BLOCKS + 1)


@pytest.mark.parametrize(("pause_s", "told"), [(0.0, 0), (2.0, 2)])
def test_a_wait_is_told_when_it_is_long(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, pause_s: float, told: int
) -> None:
    table, clock, beats = Table(), ManualClock(), list[str]()
    table.open.clear()

    def beat(why: str) -> None:
        clock.advance(round(pause_s * SECOND_NS))
        beats.append(why)
        if len(beats) == 3:
            table.open.set()

    monkeypatch.setattr(writer_module, "BEAT_S", 0.01)
    line = Line(memory_blocks=1)
    writer = Writer(line, Drain(line, table), beat=beat, clock=clock)
    writer.put(block(0))
    writer.put(block(1))
    assert len(beats) >= 3
    assert sum(record.message.startswith("the flow") for record in caplog.records) == told
    assert writer.close(10) == 0


def test_closing_does_not_wait_for_ever() -> None:
    table = Table(*[OperationalError("no route")] * 10_000)
    writer = made(table)
    writer.put(block(1))
    assert writer.close(0.1) == 1
    assert table.tokens == []


def test_pauses_grow_to_a_limit() -> None:
    asked: list[float] = []

    class Noted(random.Random):
        def uniform(self, a: float, b: float) -> float:
            asked.append(b)
            return 0.0

    writer = made(Table(*[OperationalError("no route")] * 20), Noted())
    writer.put(block(1))
    assert writer.close(10) == 0
    assert asked == sorted(asked)
    assert asked[-1] == module.LONGEST_PAUSE_S


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("connection refused"), True),
        (DatabaseError("HTTP driver received HTTP status 502"), True),
        (DatabaseError("memory", code=241), True),
        (DatabaseError("space", code=243), True),
        (DatabaseError("unknown column", code=16), False),
        (DatabaseError("wrong password", code=516), False),
        (ProgrammingError("ours"), False),
        (KeyError("ours"), False),
        (ConnectionResetError("the way to it"), True),
        (StoreError("a wrong DSN"), False),
    ],
)
def test_trouble_is_told_apart(error: Exception, expected: bool) -> None:
    assert transient(error) is expected


@pytest.mark.parametrize("code", TRANSIENT_CODES)
def test_codes_that_pass_are_tried_again_soon(code: int) -> None:
    assert transient(DatabaseError(TRANSIENT_CODES[code], code=code))


@pytest.mark.parametrize("code", PERMANENT_CODES)
def test_codes_that_somebody_must_end_are_not(code: int) -> None:
    assert not transient(DatabaseError(PERMANENT_CODES[code], code=code))
