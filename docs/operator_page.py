"""Writes docs/operators.md from the docstrings of operators/: `make docs`. A test fails where the page differs."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

import operators
from flows.market import STEPS
from operators.analysis import horizons
from operators.broadcast.conflate import conflate
from operators.execution.trade import trade
from operators.impact import estimate, walk
from operators.portfolio.follow import follow
from operators.portfolio.propose import propose
from operators.portfolio.rebalance import rebalance
from sinks.clickhouse.schema import tables

HEAD = """\
# Operators

Written by `make docs` from the docstrings in `operators/`. In the order of the data: every stage reads what the ones
before it made, and `tests/contract.py` holds all of them to the same list. A name in quotes, such as "order_flow", is
where a stage puts its columns. What stands at the end is measured when somebody asks. Costs are of one core, on the
machine of [benchmarks.md](benchmarks.md)."""
ASKED = (estimate, walk, horizons)
PART_OF = re.compile(r"(; a|\nA) part of `([\w.]+)`(?:\.$)?")


def stage_section(module: ModuleType, parts: list[ModuleType]) -> str:
    """What a stage says of itself, its columns, and the parts that it is made of."""
    name = module.__name__.removeprefix("operators.")
    title, body = _said(module, name)
    blocks = [f"## {title}", body, *_columns(module)]
    for part in parts:
        heading, text = _said(part)
        blocks += [f"### {heading}", text]
    return "\n\n".join(block for block in blocks if block)


def _said(module: ModuleType, name: str = "") -> tuple[str, str]:
    """The first sentence of a docstring as a heading, and the rest; not what it is a part of, which the page shows."""
    first, _, rest = PART_OF.sub("", inspect.cleandoc(module.__doc__ or "")).partition("\n\n")
    heading = " ".join(first.split()).removeprefix(f"`{name}`: ")
    sentence, point, more = heading.partition(". ")
    title = f"`{name}`: {sentence}" if name else sentence
    return title.rstrip("."), _markdown((more + "\n\n" + rest if point else rest).strip("\n"))


def _markdown(text: str) -> str:
    """Docstring text as Markdown: a list and a formula (indented lines) need a blank line before them."""
    found: list[str] = []
    for line in text.splitlines():
        before = found[-1] if found else ""
        begins_list = line.startswith("- ") and before and not before.startswith(("- ", "  "))
        begins_formula = line.startswith("    ") and before and not before.startswith("    ")
        ends_list = before.startswith(("- ", "  ")) and line and not line.startswith(("- ", " "))
        if begins_list or begins_formula or ends_list:
            found.append("")
        found.append(line)
    return "\n".join(found)


def _columns(module: ModuleType) -> Iterator[str]:
    """A table of the columns that a stage adds and a table of the store has."""
    names = getattr(getattr(module, "COLUMNS", None), "names", None) or ()
    said = tables()["features"].comments
    rows = [f"| `{name}` | {said[name]} |" for name in names if name in said]
    if rows:
        yield "\n".join(("| column of `features` | meaning |", "|---|---|", *rows))


def modules() -> list[ModuleType]:
    """Every module under `operators`."""
    return [importlib.import_module(info.name) for info in pkgutil.walk_packages(operators.__path__, "operators.")]


def parts_of(name: str, found: list[ModuleType]) -> list[ModuleType]:
    """The modules that call themselves a part of a stage."""
    return [module for module in found if (said := PART_OF.search(module.__doc__ or "")) and said[2] == name]


def page() -> str:
    """The whole page."""
    found = modules()
    stages = [inspect.getmodule(step) for step in (*STEPS, conflate, rebalance, follow, trade, propose)]
    named = [module for module in stages if module is not None]
    sections = [stage_section(stage, parts_of(stage.__name__.removeprefix("operators."), found)) for stage in named]
    sections += ["## {}\n\n{}".format(*_said(module)) for module in ASKED]
    return "\n\n".join((HEAD, *sections))


if __name__ == "__main__":
    print(page())
