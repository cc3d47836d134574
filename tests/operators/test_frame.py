import numpy as np
import polars as pl
import pytest

from market.schema import TICK, empty_ticks
from operators.frame import column, concat, ticks, widen
from operators.slots import grown


def test_ticks_have_the_types_of_the_schema() -> None:
    columns = {name: np.zeros(2, empty_ticks()[name].to_numpy().dtype) for name in TICK}
    assert dict(ticks(columns).schema) == TICK


def test_widening_leaves_the_frame_as_it_was() -> None:
    frame = pl.DataFrame({"a": [1.0, 2.0]})
    wide = widen(frame, {"b": np.array([3.0, 4.0])})
    assert frame.columns == ["a"]
    assert wide.rows() == [(1.0, 3.0), (2.0, 4.0)]


def test_widening_with_another_length_is_refused() -> None:
    with pytest.raises(pl.exceptions.PolarsError):
        widen(pl.DataFrame({"a": [1.0, 2.0]}), {"b": np.zeros(3)})


def test_concat_of_nothing_is_an_empty_tick_frame() -> None:
    assert concat([]).schema == empty_ticks().schema


def test_concat_gives_one_chunk() -> None:
    one = pl.DataFrame({"a": [1, 2]})
    assert concat([one, one.clear(), one]).n_chunks() == 1


def test_a_column_of_several_chunks_is_contiguous() -> None:
    one = pl.DataFrame({"a": [1, 2]})
    found = column(pl.concat([one, one], rechunk=False), "a")
    assert found.flags.c_contiguous
    assert found.tolist() == [1, 2, 1, 2]


def test_state_that_is_large_enough_is_not_copied() -> None:
    state = (np.zeros(3),)
    assert grown(state, lambda rows: (np.zeros(rows),), 2) is state
