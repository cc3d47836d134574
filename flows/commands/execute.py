"""The executor: orders to a venue outside."""

import typer

from flows.commands.options import Config, Data, settings_of
from flows.stop import stop_event


def execute(config: Config = None, data: Data = None) -> None:
    """Send the orders of the trading flow to a venue, and tell the flow what becomes of them.

    Each order is sent at most once; one without an answer is asked after until the venue says what became of it. When
    it is stopped it takes back what works. Needs execution.outside in the settings; an account with money needs
    execution.live, BAROGRAPH_LIVE_TRADING and limits of your own in the section risk as well. Refuses to begin while
    DATA/HALT is there, or waits where `up` started it; ends when it appears.
    """
    settings = settings_of(config, data)
    from flows.execute import run_execute
    from flows.order_venues import order_venue, wire_terms

    run_execute(settings, order_venue(settings), wire_terms(settings), stop_event())


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(rich_help_panel="One process of it")(execute)
