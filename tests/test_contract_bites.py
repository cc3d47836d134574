"""Every check of the contract refuses the stage that breaks it, and lets a sound one pass."""

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import polars as pl
import pytest
from numba.core.dispatcher import Dispatcher

from operators.features import order_flow
from operators.stage import Stage
from tests import contract
from tests.contract import Case, Tables

Item = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]  # numbers, and what the stage made of them


def items(seed: int, length: int) -> list[Item]:
    return [(np.random.default_rng(seed).integers(1, 9, 40 * length).astype(float), None)]


def cut(whole: list[Item], chance: random.Random) -> list[Item]:
    rows = np.concatenate([numbers for numbers, _ in whole])
    places = sorted(chance.choices(range(len(rows)), k=8))
    return [(part.copy(), None) for part in np.split(rows, places)]


def output(made: list[Item]) -> Tables:
    found = [rows for _, rows in made if rows is not None]
    return {"sums": pl.DataFrame({"sum": np.concatenate(found) if found else np.empty(0)})}


def oracle(given: list[Item]) -> Tables:
    rows = np.cumsum(np.concatenate([numbers for numbers, _ in given]))
    return {"sums": pl.DataFrame({"sum": np.where(np.arange(len(rows)) < 2, np.nan, rows)})}


def ready(found: Tables) -> dict[tuple[str, str], pl.Series]:
    return {("sums", "sum"): pl.Series(np.arange(len(found["sums"])) >= 2)}


def sound(state: dict[str, Any], item: Item) -> Item:
    """The running sum, from the third number on."""
    numbers, _ = item
    made = state["sum"] + np.cumsum(numbers)
    state["sum"] = float(made[-1]) if len(made) else state["sum"]
    made[: max(0, 2 - state["seen"])] = np.nan
    state["seen"] += len(numbers)
    return numbers, made


def sums_each_item_alone(state: dict[str, Any], item: Item) -> Item:
    state["sum"] = 0.0
    return sound(state, item)


def is_off_by_one(state: dict[str, Any], item: Item) -> Item:
    numbers, made = sound(state, item)
    return numbers, made + 1.0  # type: ignore[operator]


FORGOTTEN: dict[int, float] = {}


def keeps_state_elsewhere(state: dict[str, Any], item: Item) -> Item:
    state["sum"] = FORGOTTEN.get(id(state), 0.0)
    made = sound(state, item)
    FORGOTTEN[id(state)] = state["sum"]
    return made


ONE_FOR_ALL: dict[str, Any] = {}


def shares_its_state(state: dict[str, Any], item: Item) -> Item:
    if not state.get("begun"):
        ONE_FOR_ALL.update(sum=0.0, seen=0)
        state["begun"] = True
    return sound(ONE_FOR_ALL, item)


def is_ready_too_early(state: dict[str, Any], item: Item) -> Item:
    state["seen"] += 1 if state["seen"] == 0 else 0
    return sound(state, item)


def reuses_its_output(state: dict[str, Any], item: Item) -> Item:
    numbers, made = sound(state, item)
    buffer = state.setdefault("buffer", np.zeros(200))
    buffer[: len(numbers)] = made
    return numbers, buffer[: len(numbers)]


def counts_items(state: dict[str, Any], item: Item) -> Item:
    state["items"] = state.get("items", 0) + 1
    return sound(state, item)


def keeps_everything(state: dict[str, Any], item: Item) -> Item:
    state.setdefault("all", []).extend(item[0].tolist())
    return sound(state, item)


def writes_into_its_input(state: dict[str, Any], item: Item) -> Item:
    made = sound(state, item)
    item[0][:] = 0.0
    return made


def case(advance: Callable[[dict[str, Any], Item], Item]) -> Case:
    stage = Stage("toy", lambda: {"sum": 0.0, "seen": 0}, advance)
    nothing = (np.empty(0), None)
    return Case("toy", lambda: stage, items, cut, output, oracle, lambda _: nothing, ready=ready)


@pytest.mark.parametrize("check", contract.CHECKS)
def test_a_sound_stage_passes(check: Callable[[Case, int], None]) -> None:
    check(case(sound), 1)


@pytest.mark.parametrize(
    ("advance", "check"),
    [
        (sums_each_item_alone, contract.check_split_invariance),
        (is_off_by_one, contract.check_equals_its_oracle),
        (keeps_state_elsewhere, contract.check_pickled_state_resumes),
        (shares_its_state, contract.check_states_are_apart),
        (is_ready_too_early, contract.check_warm_up_is_as_documented),
        (reuses_its_output, contract.check_later_items_never_change_earlier_output),
        (counts_items, contract.check_empty_item_is_a_no_op),
        (keeps_everything, contract.check_state_is_bounded),
        (writes_into_its_input, contract.check_input_is_untouched),
    ],
)
def test_a_broken_stage_does_not(
    advance: Callable[[dict[str, Any], Item], Item], check: Callable[[Case, int], None]
) -> None:
    FORGOTTEN.clear()
    with pytest.raises(AssertionError):
        check(case(advance), 1)


def test_a_stream_that_says_nothing_proves_nothing() -> None:
    silent = dataclasses.replace(case(sound), items=lambda seed, length: [(np.empty(0), None)])
    with pytest.raises(AssertionError, match="says nothing"):
        contract.check_split_invariance(silent, 1)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_interpreted_kernels_are_plain_functions_and_come_back() -> None:
    with contract.interpreted():
        assert not isinstance(order_flow.measure, Dispatcher)
    assert isinstance(order_flow.measure, Dispatcher)
