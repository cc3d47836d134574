"""Compiling every kernel once, on all processors, before a socket is opened: a minute or two at first, then seconds."""

import importlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from market.kernel_cache import ROOT, sources_of

SIMULATOR = "simulator.warm"
PROCESSES = 8  # at most: each loads the compiler, half a second and 150 MB


def kernel_modules(*, simulated: bool) -> list[str]:
    """Names of the modules that may hold kernels, and the simulated exchange as one; a module after those it imports.

    So two processes seldom compile the same at once. Nothing is imported to find them: that would compile them.
    """
    paths = list(ROOT.glob("operators/**/*.py"))
    if simulated:
        paths.append(ROOT.joinpath(*SIMULATOR.split(".")).with_suffix(".py"))
    return [_name(path) for path in sorted(paths, key=lambda path: (len(sources_of(path)), path))]


def warm(names: Sequence[str]) -> Iterator[str]:
    """Compile them, or see that they are compiled, in processes of their own; yields each name when it is done."""
    spawn = multiprocessing.get_context("spawn")  # a fork would inherit threads and locks of whoever asks
    with spawn.Pool(min(os.cpu_count() or 1, PROCESSES)) as pool:
        yield from pool.imap_unordered(compile_module, names)


def compile_module(name: str) -> str:
    """Compile the kernels of one module, and of those that it imports; its name."""
    module = importlib.import_module(name)
    if name == SIMULATOR:
        module.compile_all()
    return name


def main() -> None:
    """Compile everything and say how far it is: before tests, which then need not compile the same kernel twice."""
    names = kernel_modules(simulated=True)
    for number, name in enumerate(warm(names), 1):
        print(f"kernels: {number} of {len(names)}, {name}", end="\r" if os.isatty(1) else "\n", flush=True)


def _name(path: Path) -> str:
    """Of the module in a file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


if __name__ == "__main__":
    main()
