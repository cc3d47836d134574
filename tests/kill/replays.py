"""What crashes at every point: a replay of the journal in a folder, as `tests.kill.warm` runs it.

Rows are read one at a time, so that epochs end between them; only one block may wait in memory, so that others go
through the spool; the recovery store has large pages, so that a snapshot of some megabytes is some dozen writes.
"""

import importlib
import pkgutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

PAGE_BYTES = 65_536  # the most that SQLite knows
Make = Callable[[Path, int], None]


def load() -> None:
    """Every module that a replay needs, with its kernels."""
    import operators

    for found in pkgutil.walk_packages(operators.__path__, "operators."):
        importlib.import_module(found.name)
    for name in ("flows.market", "flows.trading", "flows.recorded", "clickhouse_connect", "pandas"):
        importlib.import_module(name)
    _narrow()


def run(folder: Path) -> None:
    """Replay by the settings of the folder."""
    from flows.recorded import run_replay
    from flows.settings import load as settings

    run_replay(settings(folder / "barograph.toml"), speed=None)


def _narrow() -> None:
    from flows import engine, market, outages, trading
    from sinks.clickhouse import line, sink
    from sources import journal

    def spooled(*given: object, **_: object) -> sink.Outages:
        return outages.outages_of(*given, follow=True)._replace(blocks_per_s=None)  # type: ignore[arg-type]

    market.outages_of = trading.outages_of = spooled  # type: ignore[attr-defined]
    sink.Line = partial(line.Line, memory_blocks=1)  # type: ignore[assignment,misc]
    journal.ROWS_PER_POLL = 1
    engine.init_db_dir = partial(_begin, engine.init_db_dir, _large_paged(engine.init_db_dir))  # type: ignore[attr-defined]


def _begin(make: Make, large: bytes, folder: Path, parts: int) -> None:
    make(folder, parts)
    (path,) = folder.glob("*.sqlite3")
    path.write_bytes(large)


def _large_paged(make: Make) -> bytes:
    """The file of an empty recovery store, of larger pages."""
    with TemporaryDirectory() as folder:
        make(Path(folder), 1)
        (path,) = Path(folder).glob("*.sqlite3")
        with closing(sqlite3.connect(path)) as part:
            part.execute("pragma journal_mode = delete")
            part.execute(f"pragma page_size = {PAGE_BYTES}")
            part.execute("vacuum")
            part.execute("pragma journal_mode = wal")
        return path.read_bytes()
