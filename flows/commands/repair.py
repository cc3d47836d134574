"""`barograph repair`: journals looked through row by row, and damaged ones made anew from what is whole of them."""

from typing import Annotated

import typer

from flows.commands.options import Config, Data, settings_of


def repair(
    config: Config = None,
    data: Data = None,
    check: Annotated[bool, typer.Option("--check", help="Only look; exit code 1 if anything is damaged.")] = False,
) -> None:
    """Look through every journal and make damaged ones anew from their whole rows.

    A damaged file is kept beside the new one, as NAME.db.damaged-1. Capture does the same by itself when it starts with
    a file that it cannot use; nothing else may run meanwhile.
    """
    from flows.repair import run_repair

    raise typer.Exit(run_repair(settings_of(config, data), check=check))


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(rich_help_panel="Look")(repair)
