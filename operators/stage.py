"""`Stage`: the one shape of every operator, and the one place where stages meet Bytewax.

A stage is an empty state and a function that advances it by one item: a Batch of the market flow, a Decisions of the
trading flow. The live flow, a replay, research in a notebook and the contract suite all drive the same two callables;
only `wire` knows that Bytewax exists. A module with a stage is called like its operator function, which flows use:
`bars("bars", stream, lateness_s=1.0)` is `wire("bars", stream, stage(lateness_s=1.0))`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import bytewax.operators as op
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic

from market.errors import StateError
from market.seal import NO_ROW, opened, seal, unseal

Item = TypeVar("Item")


@dataclass(frozen=True)
class Stage:
    """One operator with its parameters bound and checked."""

    name: str
    empty: Callable[[], Any]  # the one way to begin
    advance: Callable[[Any, Any], Any]  # (state, item) -> item, wider; mutates the state, never the item

    def run(self, items: Iterable[Item], state: Any = None) -> list[Item]:
        """Drive the stage over items without any engine; from an empty state unless one is given."""
        state = self.empty() if state is None else state
        return [self.advance(state, item) for item in items]


Factory = Callable[..., Stage]
REGISTRY: dict[str, Factory] = {}


def registered(factory: Factory) -> Factory:
    """Enter a stage factory into the registry that the contract suite walks, under its module's name."""
    name = factory.__module__.removeprefix("operators.")
    if name in REGISTRY and REGISTRY[name] is not factory:
        raise ValueError(f"two stages are called {name}")
    REGISTRY[name] = factory
    return factory


class _Advanced(StatefulBatchLogic[Any, Any, bytes]):
    """A stage of one key. Its snapshots are sealed, and it takes no row of its journal twice."""

    def __init__(self, stage: Stage, snapshot: bytes | None) -> None:
        self._advance = stage.advance
        self._state = stage.empty() if snapshot is None else unseal(snapshot)
        self._row = NO_ROW if snapshot is None else opened(snapshot).row

    def on_batch(self, values: list[Any]) -> tuple[list[Any], bool]:
        """Items of the stream, one row of the journal each, in order."""
        return [self._advanced(item) for item in values], StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        """The state as it is now, and how far it has come."""
        return seal(self._state, self._row)

    def _advanced(self, item: Any) -> Any:
        """A closing item repeats the last row; any other that comes again shows states of different times."""
        if item.offset <= self._row and not item.last:
            raise StateError(f"row {item.offset} of {item.shard} comes to a state that has row {self._row} already")
        self._row = item.offset
        return self._advance(self._state, item)


@operator
def wire(step_id: str, up: KeyedStream[Any], stage: Stage) -> KeyedStream[Any]:
    """A stage as a Bytewax step with recoverable state per key."""
    return op.stateful_batch("stage", up, partial(_Advanced, stage))
