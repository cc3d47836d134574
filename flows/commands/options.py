"""Options that several commands share, said once; and the settings they make together."""

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.settings import VENUE_NAMES, Settings, load

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Settings file (TOML). `barograph settings` prints one with every setting explained."
    ),
]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of journal, store and state; barograph-data in the current folder by default."),
]
Venue = Annotated[
    str | None,
    typer.Option("--venue", help=f"{VENUE_NAMES}."),
]
Instruments = Annotated[
    str | None,
    typer.Option("--instruments", help="Symbols as the venue spells them, with commas: BTCUSDT,ETHUSDT."),
]


def settings_of(config: Path | None, data: Path | None = None, **overrides: Any) -> Settings:
    """The settings file with the options of the command line laid over it."""
    return load(config, data=data, **overrides)


def symbols(text: str | None) -> list[str] | None:
    """The symbols of an --instruments option."""
    return None if text is None else [part.strip().upper() for part in text.split(",") if part.strip()]


def seconds(text: str | None) -> float | None:
    """A duration such as 90, 60s, 5m or 2h, in seconds.

    >>> seconds("5m")
    300.0
    """
    if text is None:
        return None
    scale = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    number = text[:-1] if scale else text
    try:
        value = float(number) * (scale or 1.0)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise typer.BadParameter(f"{text!r} is not a duration; write 90, 60s, 5m or 2h")
    return value
