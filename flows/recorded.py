"""Recorded markets: captures into the journal, and the journal through the same dataflows as live."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from flows.settings import Settings
from flows.stop import stop_event
from flows.tables import opened_store
from flows.up import only_one
from market.errors import SettingsError


def run_import(settings: Settings, captures: Sequence[Path], *, venue: str) -> None:
    """Append line captures to the journal and say what was read."""
    from flows.imports import import_captures

    for path in captures:
        if not path.is_file():
            raise SettingsError(f"there is no file {path}")
    with only_one(settings.data), Progress(disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("importing", total=None)
        report = import_captures(
            captures, venue=venue, data=settings.data, progress=lambda lines: progress.update(task, advance=lines)
        )
    print(report)


def run_replay(settings: Settings, *, speed: float | None) -> None:
    """Run what the journal holds through market and trading, then return."""
    if not any((settings.data / "journal" / "market").glob("*.db")):
        raise SettingsError(f"{settings.data} holds no journal; `barograph import` or `barograph up` makes one")
    from flows.market import run_market
    from flows.trading import run_trading

    started_s = time.monotonic()
    stop = stop_event()
    with only_one(settings.data), opened_store(settings) as dsn:
        run_market(settings, stop=stop, follow=False, speed=speed, dsn=dsn)
        if not stop.is_set():
            run_trading(settings, stop=stop, follow=False, dsn=dsn)
    word = "stopped" if stop.is_set() else "replayed"
    Console(highlight=False).print(
        f"{word} in {time.monotonic() - started_s:.1f} s; ask with: barograph sql 'SELECT …'"
    )
