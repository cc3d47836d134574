"""Commands on recorded markets: captures into the journal, the journal through the flows."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import Config, Data, settings_of


def import_(
    captures: Annotated[list[Path], typer.Argument(help="Line captures, plain, .gz or .zst, in recorded order.")],
    venue: Annotated[str, typer.Option(help="Whose frames they are: binance-usdm, binance-coinm or binance-spot.")],
    config: Config = None,
    data: Data = None,
) -> None:
    """Read line captures into the journal.

    Each line is the receive time in ns (or µs), one space, the frame as received. Name the files of one recording in
    their order: the first holds the snapshot that makes the books valid. `barograph replay` then runs them through the
    flows.
    """
    settings = settings_of(config, data)
    from flows.recorded import run_import

    run_import(settings, captures, venue=venue)


def replay(
    config: Config = None,
    data: Data = None,
    speed: Annotated[str, typer.Option(help="max, or a multiple of recorded time: 1, 10, 0.5.")] = "max",
) -> None:
    """Run the journal through the market and trading flows, then exit.

    The same dataflows as live: the same journal always gives the same tables. A second replay of the same data folder
    continues where the first ended, so it has nothing to do until more is imported.
    """
    settings = settings_of(config, data)
    from flows.recorded import run_replay

    run_replay(settings, speed=_speed(speed))


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        value = float(text.removesuffix("x"))
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise typer.BadParameter(f"{text!r} is not a speed; write max, 1 or 10")
    return value


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(name="import", rich_help_panel="Recorded markets")(import_)
    app.command(rich_help_panel="Recorded markets")(replay)
