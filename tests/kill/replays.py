"""What crashes at every point: a replay of the journal in a folder, as `tests.kill.warm` runs it."""

import importlib
import pkgutil
from pathlib import Path


def load() -> None:
    """Every module that a replay needs, with its kernels."""
    import operators

    for found in pkgutil.walk_packages(operators.__path__, "operators."):
        importlib.import_module(found.name)
    for name in ("flows.market", "flows.trading", "flows.recorded", "clickhouse_connect"):
        importlib.import_module(name)


def run(folder: Path) -> None:
    """Replay by the settings of the folder."""
    from flows.recorded import run_replay
    from flows.settings import load as settings

    run_replay(settings(folder / "barograph.toml"), speed=None)
