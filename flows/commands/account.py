"""A person's word to the kill switch: reduce, halt, resume."""

from typing import Annotated, Literal

import typer

from flows.commands.options import Config, Data


def account(
    action: Annotated[Literal["reduce", "halt", "resume"], typer.Argument(help="reduce, halt or resume.")],
    reason: Annotated[str, typer.Option(help="Who and why; kept in risk_events.")],
    name: Annotated[
        str | None, typer.Option("--account", help="Its name, execution.account of the settings; refused if another.")
    ] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Tell an account to reduce to flat, halt at once, or trade again.

    The word is appended to the trading journal, so it is part of every replay. Without --config the settings are those
    that `up` left in DATA/run. After a halt only resume brings trading back.
    """
    from flows.kill.config import running_settings
    from flows.person import run_account

    settings = running_settings(config, data)
    run_account(settings, action, account=name or settings.execution.account, reason=reason)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(rich_help_panel="Act")(account)
