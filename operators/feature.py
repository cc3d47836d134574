"""A stage that measures every tick: one row of columns per tick, one row of state per instrument."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from market.batch import Batch, Structs
from operators.slots import grown
from operators.stage import Stage

Measure = Callable[[Structs, Batch, Structs], None]  # (state, batch, out): advances the state, fills every row of out


@dataclass
class State:
    """One row per instrument of a shard."""

    rows: Structs


def feature(
    name: str, rows_name: str, columns: "np.dtype[np.void]", empty: Callable[[int], Structs], measure: Measure
) -> Stage:
    """The stage `name`: `columns` into batch.features[rows_name]; `empty` makes the state of so many instruments."""

    def advance(state: State, batch: Batch) -> Batch:
        state.rows = grown(state.rows, empty, len(batch.instruments))
        out = np.empty(len(batch.ticks), columns)
        measure(state.rows, batch, out)
        return batch.with_features(rows_name, out)

    return Stage(name, lambda: State(empty(0)), advance)
