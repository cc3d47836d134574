"""A person's word to the kill switch: reduce, halt, resume."""

from typing import Annotated, Literal

import typer

from flows.commands.options import Config, Data, settings_of


def account(
    action: Annotated[Literal["reduce", "halt", "resume"], typer.Argument(help="reduce, halt or resume.")],
    reason: Annotated[str, typer.Option(help="Who and why; kept in risk_events.")],
    name: Annotated[str, typer.Option("--account", help="Which account.")] = "paper",
    config: Config = None,
    data: Data = None,
) -> None:
    """Tell an account to reduce to flat, halt at once, or trade again.

    The word is appended to the trading journal, so it is part of every replay. After a drawdown halt only resume brings
    trading back.
    """
    settings = settings_of(config, data)
    from flows.person import run_account

    run_account(settings, action, account=name, reason=reason)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(rich_help_panel="Act")(account)
