"""Compiling every kernel once, with progress, before a socket is opened: seconds at first, a moment afterwards."""

import importlib
import pkgutil
from collections.abc import Iterator

import operators


def kernel_modules() -> list[str]:
    """Names of the modules that hold kernels, operators first, in import order."""
    found = [info.name for info in pkgutil.walk_packages(operators.__path__, "operators.")]
    return [*sorted(found), "simulator.engine"]


def warm() -> Iterator[str]:
    """Import them one by one, yielding each name before its import."""
    for name in kernel_modules():
        yield name
        importlib.import_module(name)
