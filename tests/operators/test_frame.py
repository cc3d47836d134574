import numpy as np
import polars as pl
import pytest

from market.batch import Batch
from market.schema import TICK
from operators.frame import frame, frame_of
from operators.slots import grown
from tests.rows import TICKS


def test_a_frame_has_the_columns_of_ticks_and_features_in_their_own_types() -> None:
    batch = Batch("x/0", 0, np.array([1]), ticks=np.zeros(2, TICK))
    batch = batch.with_features("one", np.array([(1.0, 2.0), (3.0, 4.0)], [("a", "f8"), ("b", "f8")]))
    found = frame(batch)
    assert dict(found.schema) == TICKS | {"a": pl.Float64, "b": pl.Float64}
    assert found.select("a", "b").rows() == [(1.0, 2.0), (3.0, 4.0)]


def test_every_type_of_field_keeps_its_values() -> None:
    kinds = [("i", "i8"), ("j", "i4"), ("k", "i1"), ("x", "f8"), ("b", "?")]
    rows = np.array([(2**62 + 1, -5, 7, np.nan, True), (-1, 3, -7, 1e-300, False)] * 5, kinds)
    found = frame_of(rows)
    assert found["i"].to_list() == rows["i"].tolist()
    assert found["b"].to_list() == rows["b"].tolist()
    assert found.select("j", "k", "x").rows()[1] == (3, -7, 1e-300)


def test_a_frame_of_no_rows_has_its_columns() -> None:
    assert dict(frame(Batch("x/0", 0, np.array([1]))).schema) == TICKS


def test_rows_of_unequal_length_are_refused() -> None:
    one = np.zeros(2, [("a", "f8")])
    with pytest.raises(ValueError, match="length"):
        frame_of(one, np.zeros(3, [("b", "f8")]))


def test_state_that_is_large_enough_is_not_copied() -> None:
    state = (np.zeros(3),)
    assert grown(state, lambda rows: (np.zeros(rows),), 2) is state
    rows = np.zeros(3)
    assert grown(rows, np.zeros, 3) is rows
