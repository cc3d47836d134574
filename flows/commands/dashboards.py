"""Commands for a Grafana of one's own: boards, alert rules and data source into it, and whether they are there."""

from typing import Annotated

import typer

from flows.commands.options import Config, Data, settings_of

URL = Annotated[str | None, typer.Option(help="Grafana's address; otherwise that of the settings, \\[grafana] url.")]

app = typer.Typer(
    name="dashboards",
    help="""Boards and alert rules in a Grafana of your own.

    The address is the setting grafana.url or --url; the token, of a service account, is BAROGRAPH_GRAFANA_TOKEN in the
    environment. docs/grafana.md shows the whole way. With docker-compose.yml nothing need be pushed.""",
    no_args_is_help=True,
)


@app.command()
def push(
    clickhouse: Annotated[
        str | None,
        typer.Option(help="Make the data source too: the store as Grafana reaches it, such as http://127.0.0.1:8123."),
    ] = None,
    url: URL = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Send folder, boards and alert rules; a second time nothing changes.

    With --clickhouse the data source is made or changed as well: user reader, password BAROGRAPH_READER_PASSWORD.
    """
    from flows.board_desk import run_push

    run_push(settings_of(config, data), url, clickhouse)


@app.command(name="list")
def list_(config: Config = None, data: Data = None) -> None:
    """Say which boards and alert rules there are to push. Asks nobody."""
    from flows.board_desk import run_list

    settings_of(config, data)
    run_list()


@app.command()
def check(url: URL = None, config: Config = None, data: Data = None) -> None:
    """Say what is missing in Grafana or different there. Ends with 0 where all is as it should be, otherwise with 1."""
    from flows.board_desk import run_check

    raise typer.Exit(run_check(settings_of(config, data), url))


def add_to(parent: typer.Typer) -> None:
    """Add the commands of this file."""
    parent.add_typer(app, rich_help_panel="Wire up")
