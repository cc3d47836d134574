"""The command that proves completeness."""

from typing import Annotated

import typer

from flows.commands.options import Config, Data, settings_of


def reconcile(
    everything: Annotated[bool, typer.Option("--all", help="Also what was proven before.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Prove that every recorded frame is accounted for in the tables, and every row there once.

    Counts the frames of the journals anew and compares them with what the insert blocks say became of them (applied,
    duplicate, dead letter, control; shed ones never came into the journal), and the rows that blocks wrote with those
    of the tables. Every proof is kept in the table reconciliations. Ends with 0 where all is proven, otherwise with 1.
    """
    settings = settings_of(config, data)
    from flows.reconcile import run_reconcile

    raise typer.Exit(run_reconcile(settings, everything=everything, as_json=json))


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(rich_help_panel="Look")(reconcile)
