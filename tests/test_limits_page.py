"""docs/limits.md and the code say the same, and nothing that can fill up is without a limit."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.settings import load

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "limits.md").read_text()
PACKAGES = ("market", "venues", "sources", "operators", "sinks", "flows", "gateway")
UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "s": 1, "h": 1, "bytes": 1}
VALUE = re.compile(r"([\d.]+) ?(\w*)")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
LIMITS = [row for row in ROWS if len(row) == 5 and VALUE.fullmatch(row[1])]
LISTED = {name for row in ROWS if len(row) == 2 for name in re.findall(r"`([\w/]+\.py)`", row[0])}
SHOWN = sorted({name for row in ROWS if len(row) == 5 for name in re.findall(r"`(tests/[\w/.]+)`", row[4])})

# What holds things: the argument that bounds it, by name and by place; None: nothing does.
BOUNDED: dict[str, tuple[str, int] | None] = {
    "deque": ("maxlen", 1),
    "Queue": ("maxsize", 0),
    "LifoQueue": ("maxsize", 0),
    "PriorityQueue": ("maxsize", 0),
    "SimpleQueue": None,
    "lru_cache": ("maxsize", 0),
    "ThreadPoolExecutor": ("max_workers", 0),
    "ProcessPoolExecutor": ("max_workers", 0),
}


def valued(where: str) -> Any:
    """The value of a setting, or of a constant in a file."""
    file, _, name = where.partition(" ")
    if name:
        return getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)
    section, _, name = file.partition(".")
    return getattr(getattr(load(None), section), name)


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row[0])
def test_a_limit_has_the_value_that_the_page_says(row: list[str]) -> None:
    number, unit = VALUE.fullmatch(row[1]).groups()  # type: ignore[union-attr]
    assert valued(row[2].strip("`")) == float(number) * UNITS[unit]
    assert row[3]


def test_the_page_holds_what_it_should() -> None:
    assert len(LIMITS) > 50


@pytest.mark.parametrize("name", SHOWN)
def test_tests_that_the_page_names_are_there(name: str) -> None:
    assert (ROOT / name).exists()


def unbounded(source: str) -> Iterator[str]:
    """What a module makes that nothing in the call bounds."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in BOUNDED:
            if not _is_bounded(node, BOUNDED[_name(node.func)]):
                yield f"{_name(node.func)} in line {node.lineno}"
        elif isinstance(node, ast.keyword) and node.arg == "default_factory" and _name(node.value) in BOUNDED:
            yield f"{_name(node.value)} in line {node.value.lineno}"
        elif isinstance(node, ast.FunctionDef) and node.args.args:
            yield from (
                f"cache of {node.name}" for mark in node.decorator_list if _name(mark) in ("cache", "lru_cache")
            )


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_bounded(call: ast.Call, bound: tuple[str, int] | None) -> bool:
    if bound is None:
        return False
    name, place = bound
    given = [word.value for word in call.keywords if word.arg == name] or call.args[place : place + 1]
    return bool(given) and not (isinstance(given[0], ast.Constant) and not given[0].value)


def test_every_queue_cache_and_pool_has_a_limit_or_is_listed() -> None:
    found = {
        str(path.relative_to(ROOT)): list(unbounded(path.read_text()))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }
    assert {name: what for name, what in found.items() if what and name not in LISTED} == {}
    assert {name for name in LISTED if not found.get(name)} == set()


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("deque()", 1),
        ("deque([], 5)", 0),
        ("collections.deque(maxlen=None)", 1),
        ("queue.Queue()", 1),
        ("Queue(0)", 1),
        ("Queue(maxsize=9)", 0),
        ("SimpleQueue()", 1),
        ("@lru_cache(None)\ndef f(x): ...", 1),
        ("@lru_cache(9)\ndef f(x): ...", 0),
        ("@cache\ndef f(x): ...", 1),
        ("@cache\ndef f(): ...", 0),
        ("field(default_factory=deque)", 1),
        ("ThreadPoolExecutor()", 1),
    ],
)
def test_what_has_no_limit_is_found(source: str, count: int) -> None:
    assert len(list(unbounded(source))) == count
