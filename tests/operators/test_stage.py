import numpy as np
import pytest

from market.batch import Batch
from market.errors import StateError
from operators import stage as stages
from operators.stage import Stage, _Advanced, registered


def counted(state: list[int], batch: Batch) -> Batch:
    state.append(batch.offset)
    return batch


COUNTED = Stage("counted", list, counted)


def batch(offset: int, *, last: bool = False) -> Batch:
    return Batch("here/0", offset, np.array([offset], np.int64), last=last)


def test_a_state_that_is_loaded_again_takes_no_row_that_it_has() -> None:
    before = _Advanced(COUNTED, None)
    before.on_batch([batch(1), batch(2)])
    after = _Advanced(COUNTED, before.snapshot())
    with pytest.raises(StateError, match="row 2 of here/0 comes to a state that has row 2 already"):
        after.on_batch([batch(2)])


def test_a_closing_item_may_repeat_the_last_row() -> None:
    stage = _Advanced(COUNTED, None)
    stage.on_batch([batch(1), batch(1, last=True), batch(2)])
    assert stage._state == [1, 1, 2]


def test_later_items_do_not_change_a_snapshot() -> None:
    stage = _Advanced(COUNTED, None)
    stage.on_batch([batch(1)])
    snapshot = stage.snapshot()
    stage.on_batch([batch(2)])
    assert _Advanced(COUNTED, snapshot)._state == [1]


def test_a_stage_runs_without_an_engine_from_an_empty_state_or_the_one_it_is_given() -> None:
    state = [7]
    assert [one.offset for one in COUNTED.run([batch(1), batch(2)])] == [1, 2]
    COUNTED.run([batch(1)], state)
    assert state == [7, 1]


def test_a_stage_is_known_by_its_module_and_no_other_takes_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "REGISTRY", {})

    def made() -> Stage:
        return COUNTED

    def other() -> Stage:
        return COUNTED

    made.__module__ = other.__module__ = "operators.made"
    assert registered(made) is registered(made) is made
    assert {"made": made} == stages.REGISTRY
    with pytest.raises(ValueError, match="two stages are called made"):
        registered(other)
