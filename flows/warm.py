"""Compiling every kernel once, with progress, before a socket is opened: seconds at first, a moment afterwards."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator

import operators

SIMULATOR = "simulator.warm"


def kernel_modules(*, simulated: bool) -> list[str]:
    """Names of the modules that may hold kernels, and the simulated exchange as one."""
    found = sorted(info.name for info in pkgutil.walk_packages(operators.__path__, "operators."))
    return [*found, SIMULATOR] if simulated else found


def warm(names: Iterable[str]) -> Iterator[str]:
    """Compile them one by one, yielding each name before its turn."""
    for name in names:
        yield name
        module = importlib.import_module(name)
        if name == SIMULATOR:
            module.compile_all()
