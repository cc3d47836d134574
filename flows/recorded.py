"""Recorded markets: captures and bars into the journal, and the journal through the same dataflows as live."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flows.console import console
from flows.settings import Settings
from flows.stop import stop_event
from flows.tables import opened_store
from flows.up import only_one
from market.clock import SECOND_NS, SystemClock
from market.errors import SettingsError
from sources.bar_file import is_bar_file


def run_import(
    settings: Settings, paths: Sequence[Path], *, venue: str, instrument: str | None, timeframe: str | None
) -> None:
    """Append line captures, or bars of history, to the journal and say what was read."""
    for path in paths:
        if not path.is_file():
            raise SettingsError(f"there is no file {path}")
    bars = [path for path in paths if is_bar_file(path)]
    if not bars:
        if instrument or timeframe:
            raise SettingsError(
                f"--instrument and --timeframe say what bars are; {paths[0]} is a line capture and says it itself"
            )
        _import_captures(settings, paths, venue=venue)
    elif len(bars) < len(paths):
        raise SettingsError(f"{bars[0]} holds bars and others are line captures; import them by two commands")
    elif not instrument or not timeframe:
        raise SettingsError(f"{bars[0]} holds bars: say whose and how long with --instrument and --timeframe")
    else:
        _import_history(settings, bars, venue=venue, instrument=instrument, timeframe=timeframe)


def _import_history(settings: Settings, bars: Sequence[Path], *, venue: str, instrument: str, timeframe: str) -> None:
    from flows.history import import_history

    columns = (TextColumn("importing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = Progress(*columns, disable=not sys.stderr.isatty(), transient=True, console=Console(stderr=True))
    with only_one(settings.data), shown as progress:
        task = progress.add_task("importing", total=None)
        report = import_history(
            bars,
            venue=venue,
            instrument=instrument,
            timeframe=timeframe,
            data=settings.data,
            now_ns=SystemClock().now_ns(),
            shards=settings.capture.shards,
            begin=lambda rows: progress.update(task, total=rows),
            progress=lambda rows: progress.update(task, advance=rows),
        )
    print(report)


def _import_captures(settings: Settings, captures: Sequence[Path], *, venue: str) -> None:
    from flows.imports import import_captures

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

    clock = SystemClock()
    started_ns = clock.monotonic_ns()
    stop = stop_event()
    with only_one(settings.data), opened_store(settings) as dsn:
        run_market(settings, stop=stop, follow=False, speed=speed, dsn=dsn)
        if not stop.is_set():
            run_trading(settings, stop=stop, follow=False, dsn=dsn)
    word = "stopped" if stop.is_set() else "replayed"
    console().print(
        f"{word} in {(clock.monotonic_ns() - started_ns) / SECOND_NS:.1f} s; ask with: barograph sql 'SELECT …'"
    )
