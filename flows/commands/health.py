"""`barograph health`: one line and an exit code, for what watches from outside."""

from typing import Annotated

import typer

from flows.commands.options import Config, Data, settings_of


def health(
    name: Annotated[
        str | None, typer.Argument(help="One process: store, capture, market, trading, gateway, up; all by default.")
    ] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Say whether everything works, or one process: exit code 0 if so, 1 if not, with the reason.

    For healthchecks of containers, exec probes and timers; a process need not be supervised to be asked. It is
    [b]down[/b], [b]starting[/b], or waits for something such as the store; or it has given no sign of life.
    """
    settings = settings_of(config, data)
    from flows.health import health as asked

    troubles = asked(settings.data, name)
    typer.echo("; ".join(troubles) or f"{name or 'everything'}: ready")
    raise typer.Exit(1 if troubles else 0)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(rich_help_panel="Look")(health)
