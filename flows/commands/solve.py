"""The solver: problems of the portfolio to solutions."""

import typer

from flows.commands.options import Config, Data, settings_of
from flows.stop import stop_event


def solve(config: Config = None, data: Data = None) -> None:
    """Find the best weights for the problems of the trading flow, and tell it.

    Follows DATA's journal of problems until stopped and answers each in the trading journal: the newest by a convex
    program within all limits, those overtaken by "hold". A solve that takes too long is ended, and answered by risk
    parity, by holding or by reducing what is held; what was done and why is in the table solutions.
    """
    settings = settings_of(config, data)
    from flows.solving import run_solve

    run_solve(settings, stop_event())


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(rich_help_panel="One process of it")(solve)
