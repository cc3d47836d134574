"""`barograph regimes`: the regimes of a file of bars as a file, a picture and a page; causal, and without a store."""

import sys
from pathlib import Path

import msgspec
import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flows.regime_text import moment
from market.errors import SettingsError
from sources.bar_file import read_bars

OUTPUTS = (".parquet", ".csv")


def run_regimes(bars: Path, *, timeframe: str, output: Path | None, picture: Path | None) -> None:
    """Filter the bars; write what was asked for, and say what was found.

    Rows go to `output`, or to a pipe if nothing else was asked for. Raises SettingsError, before any work, for a name
    that cannot be written.
    """
    _check(output, picture)
    answer = _filtered(read_bars(bars), timeframe)
    if output is not None:
        _write(answer, output)
    if picture is not None:
        _draw(answer, picture, bars, timeframe)
    if output is None and picture is None and not sys.stdout.isatty():
        sys.stdout.write(flat(answer).write_csv())
        return
    from flows.regime_summary import summary

    console = Console(highlight=False)
    console.print(summary(answer))
    console.print()
    for path in (output, picture):
        if path is not None:
            console.print(f"written: {path}", style="bright_black", soft_wrap=True, markup=False)


def _check(output: Path | None, picture: Path | None) -> None:
    if output is not None:
        if output.suffix not in OUTPUTS:
            raise SettingsError(f"--output {output}: the name must end in {' or '.join(OUTPUTS)}")
        if not output.absolute().parent.is_dir():
            raise SettingsError(f"--output {output}: there is no folder {output.parent}")
    if picture is not None:
        from flows.regime_picture import check

        check(picture)


def _filtered(bars: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """The regimes, with a bar of progress where a person watches."""
    from operators.regimes import regimes_of

    console = Console(stderr=True)
    columns = (TextColumn("filtering"), BarColumn(40), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("filtering", total=len(bars))

        def told(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return regimes_of(bars, timeframe=timeframe, progress=told)


def _write(answer: pl.DataFrame, output: Path) -> None:
    try:
        if output.suffix == ".parquet":
            answer.write_parquet(output)
        else:
            flat(answer).write_csv(output)
    except OSError as error:
        raise SettingsError(f"--output {output} cannot be written: {error.strerror or error}") from None


def flat(answer: pl.DataFrame) -> pl.DataFrame:
    """The answer with its evidence as JSON texts, because a CSV file holds no pairs."""
    if "evidence" not in answer.columns:
        return answer
    texts = [
        msgspec.json.encode({pair["key"]: pair["value"] for pair in pairs or ()}).decode()
        for pairs in answer["evidence"].to_list()
    ]
    return answer.with_columns(pl.Series("evidence", texts, pl.String))


def _draw(answer: pl.DataFrame, picture: Path, bars: Path, timeframe: str) -> None:
    from flows.regime_picture import LEAST_BARS, save

    if len(answer) < LEAST_BARS:
        raise SettingsError(f"a picture needs {LEAST_BARS} bars at least; {bars} has {len(answer)}")
    first, last = (moment(int(time)) for time in (answer["time"][0], answer["time"][-1]))
    name = bars.name.split(".", 1)[0]
    subtitle = (
        f"{len(answer):,} bars, {first} to {last} UTC. Regimes as they were known at each close: filtered "
        "probabilities, nothing from the future."
    )
    try:
        save(answer, picture, title=f"{name} · {timeframe.replace('_', ' ')} timeframe", subtitle=subtitle)
    except OSError as error:
        raise SettingsError(f"--picture {picture} cannot be written: {error.strerror or error}") from None
