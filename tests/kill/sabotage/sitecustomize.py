"""A deliberate bug, put into every process by PYTHONPATH: each insert carries another token, however often it is sent.

The kill tests must find it; production code has no switch for it.
"""

import sys
import uuid
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

SABOTAGED = "sinks.clickhouse.blocks"


class _Without(Loader):
    """Loads the module, then takes the meaning out of its tokens."""

    def __init__(self, real: Loader) -> None:
        self._real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._real.exec_module(module)
        module.Block.token = lambda _block, table: f"{table}|{uuid.uuid4()}"  # type: ignore[attr-defined]


class _Finder(MetaPathFinder):
    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != SABOTAGED:
            return None
        spec = PathFinder.find_spec(fullname, path)  # type: ignore[arg-type]
        if spec is not None and spec.loader is not None:
            spec.loader = _Without(spec.loader)
        return spec


sys.meta_path.insert(0, _Finder())
