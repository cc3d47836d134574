"""Commands that look: SQL, status, regimes of a bar file, the settings."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import Config, Data, settings_of
from flows.settings_text import example


def sql(
    query: Annotated[
        str, typer.Argument(help="A statement; tables are in database barograph: SELECT * FROM quotes LIMIT 5.")
    ],
    format_: Annotated[str, typer.Option("--format", help="pretty, csv, json or parquet.")] = "pretty",
    config: Config = None,
    data: Data = None,
) -> None:
    """Ask the store in SQL.

    Uses the running store of the data folder, or the server of store.dsn, or opens the folder for this one question.
    """
    settings = settings_of(config, data)
    from flows.ask import run_sql

    run_sql(settings, query, format_)


def status(
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    availability: Annotated[
        bool, typer.Option("--availability", help="Budgets of 99.9 and 99.99 % of every subscription instead.")
    ] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show processes, connections, lag, gaps, latencies, rows and regimes; or the budgets to be down."""
    settings = settings_of(config, data)
    from flows.ask import run_availability, run_status

    run = run_availability if availability else run_status
    run(settings, as_json=json)


def regimes(
    bars: Annotated[Path, typer.Argument(help="Bars, .parquet, .feather or .csv, with at least a time and a close.")],
    timeframe: Annotated[str, typer.Option(help="ultra_short, short, medium or long.")] = "long",
    output: Annotated[Path | None, typer.Option(help="Write every row to .parquet or .csv.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw price, regimes and probabilities: .png or .svg.")] = None,
) -> None:
    """Find the regimes of a bar file, causally: no row knows a later one. Needs no store.

    Prints a summary; into a pipe, and asked for no file, every row as CSV.
    """
    from flows.regime_file import run_regimes

    run_regimes(bars, timeframe=timeframe, output=output, picture=picture)


def settings() -> None:
    """Print the default settings as a TOML file, every one explained."""
    typer.echo(example(), nl=False)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    # A statement may begin with a comment, as every file of ours does: `--` and a space.
    app.command(rich_help_panel="Look", context_settings={"ignore_unknown_options": True})(sql)
    for command in (status, regimes, settings):
        app.command(rich_help_panel="Look")(command)
