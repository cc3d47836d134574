"""What every operator owes. Each check runs on every stage in operators.stage.REGISTRY, so that none can skip one.

A stage joins with a `Case` in a file `tests/**/case_<name>.py`, which gives the stage, a stream of items for it, a
way to cut that stream otherwise without changing what it says, and the slow obvious implementation that it must
equal. tests/test_contract fails when a module under `operators` has a stage that is not registered, and when a
registered stage has no case.

What is owed, one function `check_…` for each:
- split invariance: however the stream is cut into items, the concatenated output is equal to the bit;
- the oracle: output equals a batch implementation that a reader can check by eye;
- compiled equals interpreted: every kernel's Python function gives what its machine code gives;
- resume: pickled at any point and loaded again, the stage goes on as if nothing had happened;
- warm-up: values are ready exactly where the stage's documentation says, and NaN before;
- causality: later items never change earlier output;
- states are apart: two streams that take turns do not hear of each other;
- an empty item is a no-op for output and state;
- bounded state: a long stream leaves no larger a state than a short one;
- input untouched: a stage never writes into what it is given;
- one signature: every kernel is compiled once, at import, and never again in production.
"""

import importlib
import inspect
import pickle
import pkgutil
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import polars as pl
from numba.core.dispatcher import Dispatcher
from polars.testing import assert_frame_equal

import operators
from operators.stage import REGISTRY, Stage

Tables = dict[str, pl.DataFrame]  # rows by table name; wide rows of the stream itself under "ticks"


def nothing(_: Tables) -> dict[tuple[str, str], pl.Series]:
    """For a stage without warm-up."""
    return {}


@dataclass(frozen=True)
class Case:
    """One registered stage, and how to put it to the test. `Any` is the stage's item: a Batch or a message."""

    name: str  # as in REGISTRY
    stage: Callable[[], Stage]
    items: Callable[[int, int], list[Any]]  # (seed, length) → a stream; the length multiplies its duration
    cut: Callable[[list[Any], random.Random], list[Any]]  # the same stream in other portions, some of them empty
    output: Callable[[list[Any]], Tables]  # what the stage added, all portions together
    oracle: Callable[[list[Any]], Tables]  # the same from the stage's input, slowly
    empty: Callable[[Any], Any]  # an item of the same stream that says nothing
    upstream: tuple[Callable[[], Stage], ...] = ()  # run in this order to make the stage's input
    ready: Callable[[Tables], dict[tuple[str, str], pl.Series]] = nothing  # (table, column) → where it must be finite
    tolerance: float = 0.0  # relative, against the oracle only: sums in another order

    def fed(self, items: Sequence[Any]) -> list[Any]:
        """The stage's own input, through everything upstream."""
        fed = list(items)
        for stage in self.upstream:
            fed = stage().run(fed)
        return fed

    def whole(self, seed: int, length: int = 1) -> list[Any]:
        """The stage's input in portions as they come."""
        return _whole(self, seed, length)

    def portions(self, seed: int, other: int = 0) -> list[Any]:
        """The same stream as `whole`, cut at random before it goes through the upstream stages."""
        return _portions(self, seed, other)


@cache
def _whole(case: Case, seed: int, length: int) -> list[Any]:
    return case.fed(case.items(seed, length))


@cache
def _portions(case: Case, seed: int, other: int) -> list[Any]:
    return case.fed(case.cut(case.items(seed, 1), random.Random(100 * seed + other)))


def check_split_invariance(case: Case, seed: int) -> None:
    expected = case.output(case.stage().run(case.whole(seed)))
    assert any(len(table) for table in expected.values()), "the case's stream says nothing"
    for other in range(3):
        same(case.output(case.stage().run(case.portions(seed, other))), expected)


def check_equals_its_oracle(case: Case, seed: int) -> None:
    items = case.whole(seed)
    same(case.output(case.stage().run(items)), case.oracle(items), case.tolerance)


def check_compiled_equals_interpreted(case: Case, seed: int) -> None:
    items = case.portions(seed)
    compiled = case.output(case.stage().run(items))
    with interpreted():
        same(case.output(case.stage().run(items)), compiled)


def check_pickled_state_resumes(case: Case, seed: int) -> None:
    items = case.portions(seed)
    stage, state, resumed = case.stage(), case.stage().empty(), []
    pause = random.Random(seed)
    for item in items:
        if pause.random() < 0.3:
            stage, state = case.stage(), pickle.loads(pickle.dumps(state))
        resumed.append(stage.advance(state, item))
    same(case.output(resumed), case.output(case.stage().run(items)))


def check_warm_up_is_as_documented(case: Case, seed: int) -> None:
    found = case.output(case.stage().run(case.whole(seed)))
    for (table, column), expected in case.ready(found).items():
        ready = found[table][column].is_finite()
        assert ready.any(), f"{table}.{column} is never ready"
        wrong = (ready != expected).arg_true().to_list()
        assert not wrong, (
            f"{table}.{column} is ready where it should not be, or not where it should, at rows {wrong[:5]}"
        )


def check_later_items_never_change_earlier_output(case: Case, seed: int) -> None:
    raw = case.cut(case.items(seed, 1), random.Random(seed))
    other = case.cut(case.items(seed + 1, 1), random.Random(seed))
    at = len(raw) // 2
    head = case.output(case.stage().run(case.fed(raw[:at])))
    for tail in (raw[at:], other[at:]):
        alone = case.stage().run(case.fed([*raw[:at], *tail]))
        same(case.output(alone[:at]), head)


def check_states_are_apart(case: Case, seed: int) -> None:
    items, others = case.portions(seed), case.portions(seed + 1)
    stage, other = case.stage(), case.stage()
    state, elsewhere = stage.empty(), other.empty()
    said = []
    for number, item in enumerate(items):
        said.append(stage.advance(state, item))
        if number < len(others):
            other.advance(elsewhere, others[number])
    same(case.output(said), case.output(case.stage().run(items)))


def check_empty_item_is_a_no_op(case: Case, seed: int) -> None:
    raw = case.items(seed, 1)
    *items, silence = case.fed([*raw, case.empty(raw[-1])])
    stage = case.stage()
    state = stage.empty()
    stage.run(items, state)
    before = pickle.dumps(state)
    said = case.output([stage.advance(state, silence)])
    assert all(table.is_empty() for table in said.values())
    assert pickle.dumps(state) == before


def check_state_is_bounded(case: Case, seed: int) -> None:
    sizes = []
    for length in (1, 4):
        stage = case.stage()
        state = stage.empty()
        stage.run(case.whole(seed, length), state)
        # What is pickled is state; a bounded memory that is only there for speed is not.
        sizes.append(footprint(pickle.loads(pickle.dumps(state))))
    assert sizes[1] <= sizes[0], f"{sizes[0]} bytes after a short stream, {sizes[1]} after one four times as long"


def check_input_is_untouched(case: Case, seed: int) -> None:
    items = case.portions(seed)
    before = [pickle.dumps(item) for item in items]
    case.stage().run(items)
    assert [pickle.dumps(item) for item in items] == before


def check_kernels_have_one_signature(case: Case, seed: int) -> None:
    case.stage().run(case.portions(seed))
    for module, name, kernel in kernels():
        assert len(kernel.signatures) == 1, f"{module.__name__}.{name} is compiled for {kernel.signatures}"


CHECKS = [check for name, check in sorted(globals().items()) if name.startswith("check_")]


def same(found: Tables, expected: Tables, tolerance: float = 0.0) -> None:
    """Fail unless the tables are equal: order, types, values, and NaN where NaN."""
    assert found.keys() == expected.keys()
    for name, table in expected.items():
        assert_frame_equal(found[name], table, check_exact=tolerance == 0.0, rel_tol=tolerance, abs_tol=tolerance)


def modules() -> list[ModuleType]:
    """Every module under `operators`, imported."""
    found = pkgutil.walk_packages(operators.__path__, "operators.")
    return [importlib.import_module(module.name) for module in found]


def kernels() -> list[tuple[ModuleType, str, Any]]:
    """Every compiled kernel: where it is defined or imported, its name there, the kernel."""
    return [
        (module, name, value)
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, Dispatcher)
    ]


@contextmanager
def interpreted() -> Iterator[None]:
    """Inside, every kernel under `operators` is its plain Python function."""
    found = kernels()
    try:
        for module, name, kernel in found:
            setattr(module, name, kernel.py_func)
        with np.errstate(all="ignore"):
            yield
    finally:
        for module, name, kernel in found:
            setattr(module, name, kernel)


def footprint(state: Any) -> int:
    """Bytes that a state holds, counting arrays by their room and small things by eight bytes each."""
    if isinstance(state, np.ndarray):
        return int(state.nbytes)
    if isinstance(state, pl.DataFrame):
        return int(state.estimated_size())
    if isinstance(state, str | bytes):
        return len(state)
    if isinstance(state, dict):
        return sum(footprint(key) + footprint(value) for key, value in state.items())
    if hasattr(state, "__dict__"):
        return footprint(vars(state))
    if hasattr(state, "__struct_fields__"):
        return sum(footprint(getattr(state, name)) for name in state.__struct_fields__)
    return sum(map(footprint, state)) if hasattr(state, "__iter__") else 8


def unregistered() -> list[str]:
    """Modules that define a function `stage` and do not register it."""
    known = {factory.__module__ for factory in REGISTRY.values()}
    return [
        module.__name__
        for module in modules()
        if isinstance(made := inspect.unwrap(vars(module).get("stage", len)), FunctionType)
        and made.__module__ == module.__name__
        and module.__name__ not in known
    ]


def cases() -> dict[str, Case]:
    """The cases of all files `case_*.py` under tests, by the name of their stage."""
    root = Path(__file__).parent
    found: dict[str, Case] = {}
    for path in sorted(root.rglob("case_*.py")):
        name = ".".join(("tests", *path.relative_to(root).with_suffix("").parts))
        for case in vars(sys.modules.get(name) or importlib.import_module(name)).values():
            if isinstance(case, Case):
                found[case.name] = case
    return found
