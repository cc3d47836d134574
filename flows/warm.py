"""Compiling every kernel once, on all processors, before a socket is opened: a minute or two at first, then seconds."""

import importlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIMULATOR = "simulator.warm"
PROCESSES = 8  # at most: each loads the compiler, half a second and 150 MB


def kernel_modules(*, simulated: bool) -> list[str]:
    """Names of the modules that may hold kernels, and the simulated exchange as one.

    None is imported for this: a package that imports its modules would compile them here, one after the other.
    """
    found = sorted(_name_of(path) for path in (ROOT / "operators").rglob("*.py"))
    return [*found, SIMULATOR] if simulated else found


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


def _name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def main() -> None:
    """Compile everything and say how far it is: before tests, which then need not compile the same kernel twice."""
    names = kernel_modules(simulated=True)
    for number, name in enumerate(warm(names), 1):
        print(f"kernels: {number} of {len(names)}, {name}", end="\r" if os.isatty(1) else "\n", flush=True)


if __name__ == "__main__":
    main()
