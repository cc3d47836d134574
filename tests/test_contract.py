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


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_contract(name: str, check) -> None:  # type: ignore[no-untyped-def]
    check(CASES[name], SEED)
