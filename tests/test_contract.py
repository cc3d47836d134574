import inspect
import sys

import pytest

from operators.stage import REGISTRY
from tests.contract import CHECKS, cases, modules, unregistered

SEED = 1
modules()
CASES = cases()


def test_every_stage_is_registered() -> None:
    assert unregistered() == []


def test_every_registered_stage_has_a_case() -> None:
    assert sorted(CASES) == sorted(REGISTRY)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_stage_is_a_step_of_a_flow_under_its_module_s_name(name: str) -> None:
    step = vars(sys.modules[f"operators.{name}"])[name.rpartition(".")[2]]
    parameters = inspect.signature(REGISTRY[name]).parameters
    assert list(inspect.signature(step).parameters) == ["step_id", "up", *parameters]


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_contract(name: str, check) -> None:  # type: ignore[no-untyped-def]
    check(CASES[name], SEED)
