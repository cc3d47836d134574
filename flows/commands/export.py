"""The command that writes tables as files."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from flows.commands.options import Config, Data, settings_of

if TYPE_CHECKING:
    from flows.exports.export import Wanted

BESIDE = Path("barograph-export")


def export(
    tables: Annotated[
        list[str], typer.Argument(help="Tables or views of docs/tables.md: signals, regimes, quotes, latest_bars, …")
    ],
    format_: Annotated[str | None, typer.Option("--format", help="parquet (the default) or csv.")] = None,
    since: Annotated[
        str | None, typer.Option(help="From this on: 2026-11-23, or 2026-11-23T05:33:00.123456789Z; by receive time.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this.")] = None,
    instrument: Annotated[
        list[str] | None, typer.Option(help="Only this one, as the venue spells it; may be given several times.")
    ] = None,
    output: Annotated[
        Path, typer.Option(help="A folder, for a file of every day, or FILE.parquet or FILE.csv, for one table.")
    ] = BESIDE,
    escape_formulas: Annotated[
        bool,
        typer.Option(
            "--escape-formulas",
            help="In a CSV, put ' before text that begins with = + - @: a spreadsheet would run it as a formula.",
        ),
    ] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Write tables as Parquet or CSV: settled rows, each once, in the order of their keys, times in UTC.

    A file is there whole or not at all. Into a folder every day is a file of its own, with a manifest beside; the same
    command later goes on with it, and writes only the days whose rows are others now. Works while everything runs.
    """
    from flows.exports.export import run_export

    wanted = _wanted(tables, format_, since, until, instrument or [], output, formulas=not escape_formulas)
    settings = settings_of(config, data)
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True,
        disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("", total=None)

        def progress(name: str, done: int, rows: int) -> None:
            bar.update(task, description=name, completed=done, total=rows)

        for done in run_export(settings, wanted, progress):
            typer.echo(f"{done.path}: {done.rows:,} rows, {done.nbytes:,} bytes, {done.state}")


def _wanted(
    tables: list[str],
    format_: str | None,
    since: str | None,
    until: str | None,
    instruments: list[str],
    output: Path,
    *,
    formulas: bool,
) -> "Wanted":
    """What the words mean; raises BadParameter."""
    from flows.exports.export import SINGLE, Wanted, is_single
    from flows.exports.files import FORMATS
    from flows.exports.pages import Span

    if is_single(output):
        if len(tables) > 1:
            raise typer.BadParameter(f"{output} is one file for one table; give a folder for {len(tables)}")
        named = SINGLE[output.suffix]
        if format_ not in (None, named):
            raise typer.BadParameter(f"{output} is {named}; leave --format {format_} out, or rename the file")
        format_ = named
    format_ = format_ or FORMATS[0]
    if format_ not in FORMATS:
        raise typer.BadParameter(f"--format {format_} is unknown; write {' or '.join(FORMATS)}")
    if format_ != "csv" and not formulas:
        raise typer.BadParameter("--escape-formulas is for --format csv; Parquet holds no formulas")
    span = Span(_time(since), _time(until), tuple(sorted(set(instruments))))
    if span.since_ns is not None and span.until_ns is not None and span.since_ns >= span.until_ns:
        raise typer.BadParameter(f"--since {since} is not before --until {until}")
    return Wanted(tuple(dict.fromkeys(tables)), output, format_, span, formulas)


def _time(text: str | None) -> int | None:
    from gateway.history.times import TIME, WHAT, parsed

    if text is None:
        return None
    if re.fullmatch(TIME, text) is None:
        raise typer.BadParameter(f"{text!r} is no time; write {WHAT}")
    return parsed(text)


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(rich_help_panel="Wire up")(export)
