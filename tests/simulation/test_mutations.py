"""The oracles can fail: each of these breaks one rule of ours on purpose, and some world complains."""

import pickle
from itertools import count
from typing import Any

import pytest

from market import record
from tests.simulation import world
from tests.simulation.capture import Capture
from tests.simulation.flow import Flow
from tests.simulation.oracles import judged
from tests.simulation.plan import Plan
from tests.simulation.pump import Pump
from tests.simulation.trouble import Trouble
from tests.simulation.world import inhabit

DEATHS = tuple(Trouble("kill market", 3.5 + 3.0 * number, 0.0, 13.0 * number + 1) for number in range(3))
OUTAGE = (Trouble("store ambiguous", 2.0, 4.0), Trouble("store down", 7.0, 3.0))


def complaints(*troubles: Trouble, venue: str = "kraken", epoch_s: float = 1.0, **make: Any) -> str:
    """What the oracles say of a world with these troubles."""
    ordered = tuple(sorted(troubles, key=lambda one: one.at_s))
    plan = Plan(seed=4, venue=venue, faults=(), troubles=ordered, rate=3.0, epoch_s=epoch_s)
    return "\n".join(inhabit(plan, judged, **make).complaints)


def test_without_a_mutation_nobody_complains() -> None:
    assert complaints(*DEATHS, *OUTAGE) == ""


def test_tokens_that_count_tries_double_rows() -> None:
    tries = count()
    assert "twice" in complaints(*OUTAGE, token=lambda token: f"{token}|{next(tries)}")


def test_tokens_without_offsets_lose_rows() -> None:
    assert "missing" in complaints(token=lambda token: "|".join(token.split("|")[:2]))


class OffsetsWithoutStates(Flow):
    """Keeps how far it has read, and the states of the epoch before."""

    _older: bytes | None = None

    def image(self) -> bytes:
        now = super().image()
        older, self._older = self._older or now, now
        return pickle.dumps((pickle.loads(now)[0], *pickle.loads(older)[1:]))


class StatesWithoutOffsets(Flow):
    """Keeps what it knows, and how far it had read an epoch before."""

    _older: bytes | None = None

    def image(self) -> bytes:
        now = super().image()
        older, self._older = self._older or now, now
        return pickle.dumps((pickle.loads(older)[0], *pickle.loads(now)[1:]))


class KeepsBeforeItWrites(Flow):
    """Keeps an item as done before outboxes and tables have it."""

    def _give(self, items: list[Any]) -> None:
        self.keep()
        super()._give(items)


class ForgetsWhatWaits(Flow):
    """Keeps nothing of what the store has not confirmed."""

    def begin(self) -> None:
        make = self._pump
        self._pump = lambda _, fuse: make(None, fuse)
        super().begin()
        self._pump = make


class BeginsAtTheEnd(Flow):
    """Before its first epoch it begins with what comes next, as sources do that start from the latest."""

    def begin(self) -> None:
        super().begin()
        if self.kept is None and self.starts > 1:
            assert self._source is not None
            while self._source.next_batch():
                pass


@pytest.mark.parametrize(
    "flow", [OffsetsWithoutStates, StatesWithoutOffsets, KeepsBeforeItWrites, ForgetsWhatWaits, BeginsAtTheEnd]
)
def test_a_flow_that_keeps_the_wrong_things_is_caught(flow: type[Flow], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "RECOVERY_S", 5.0)  # it will not recover
    outage = [*OUTAGE, Trouble("store down", 3.0, 6.0)] if flow is ForgetsWhatWaits else []
    epoch_s = 9.0 if flow is BeginsAtTheEnd else 1.0
    try:
        told = complaints(*DEATHS, *outage, epoch_s=epoch_s, flow=flow)
    except Exception as error:  # noqa: BLE001 - a flow that stops itself is caught too
        told = f"{type(error).__name__}: {error}"
    assert told


def test_capture_that_does_not_tell_of_its_death_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    say = Capture._say
    silenced = lambda self, said: None if isinstance(said, record.Began) else say(self, said)  # noqa: E731
    monkeypatch.setattr(Capture, "_say", silenced)
    assert "told 0 times" in complaints(*(Trouble("kill capture", 4.0 + 2 * number, 0.0, 3.0) for number in range(4)))


def test_a_line_out_of_order_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    put = Pump.put

    def swapped(self: Pump, block: Any) -> None:
        held, self.__dict__["held"] = self.__dict__.get("held"), block
        if held is not None:
            put(self, block)
            put(self, held)
            self.__dict__["held"] = None

    monkeypatch.setattr(Pump, "put", swapped)
    assert "continues" in complaints()
