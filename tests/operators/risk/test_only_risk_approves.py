import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("market", "venues", "sources", "operators", "sinks", "flows", "simulator", "gateway")


def makers(source: str) -> list[int]:
    """Lines that make an Approved, or give the class another name under which it could be made."""
    found = []
    for node in ast.walk(ast.parse(source)):
        called = isinstance(node, ast.Call) and _is_approved(node.func)
        renamed = isinstance(node, ast.alias) and node.name == "Approved" and node.asname
        bound = isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and _is_approved(node.value)
        if called or renamed or bound:
            found.append(node.lineno)
    return found


def _is_approved(node: ast.AST) -> bool:
    return "Approved" in (getattr(node, "id", ""), getattr(node, "attr", ""))


def test_only_the_gate_makes_an_approved_order():
    found = {
        path.relative_to(ROOT).as_posix(): lines
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if (lines := makers(path.read_text("utf-8")))
    }
    assert list(found) == ["operators/risk/gate.py"]


@pytest.mark.parametrize(
    "source",
    ["Approved(order=1)", "messages.Approved(order=1)", "from market.messages import Approved as Yes", "a = Approved"],
)
def test_a_second_maker_would_be_seen(source):
    assert makers(source) == [1]
