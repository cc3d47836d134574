"""Commands on recorded markets: captures and bars into the journal, the journal through the flows."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import Config, Data, settings_of
from flows.settings import VENUE_NAMES


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Captures, plain, .gz or .zst, in recorded order; Lean's .zip of ticks; "
            "or bars: .parquet, .feather, .csv(.gz)."
        ),
    ],
    venue: Annotated[
        str, typer.Option(help=f"Whose they are: {VENUE_NAMES}; archives also kraken-v1, coinbase-exchange, lean-usa.")
    ],
    instrument: Annotated[str | None, typer.Option(help="Whose bars they are, as the venue spells it.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="How long the bars are: 1s, 1m, 15m, 1h or 1d.")] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Read recorded frames, or bars of history, into the journal.

    [b]Line captures:[/b] each line is the receive time in ns (or µs), one space, the frame as received. Read too:
    recordings of feed handlers as JSON lines, arrays of Massive events, Lean's zips of US equity ticks. Name the files
    of one recording in their order: the first holds the snapshot that makes the books valid. `barograph replay` then
    runs them through the flows.

    [b]Bars[/b] warm up statistics and regimes, so that they know the market from the first live bar on:
    `barograph import BTCUSDT-1h.parquet --venue binance-usdm --instrument BTCUSDT --timeframe 1h`, then `barograph up`
    (or `replay`). Needed: the time when each bar opens, UTC, and open, high, low, close; taken if there: volume,
    buy_volume, notional, trades. Every bar is learned once, however often it is imported, and bars that the stream has
    told already are ignored. No signal rests on history.
    """
    settings = settings_of(config, data)
    from flows.recorded import run_import

    named = None if instrument is None else instrument.strip().upper()
    run_import(settings, files, venue=venue, instrument=named, timeframe=timeframe)


def replay(
    config: Config = None,
    data: Data = None,
    speed: Annotated[str, typer.Option(help="max, or a multiple of recorded time: 1, 10, 0.5.")] = "max",
) -> None:
    """Run the journal through the market and trading flows, then exit.

    The same dataflows as live: the same journal always gives the same tables. A second replay of the same data folder
    continues where the first ended, so it has nothing to do until more is imported.
    """
    settings = settings_of(config, data)
    from flows.recorded import run_replay

    run_replay(settings, speed=_speed(speed))


def verify(
    files: Annotated[list[Path], typer.Argument(help="Captures and recordings of one stream, in recorded order.")],
    venue: Annotated[str, typer.Option(help="Whose they are, such as kraken, okx or binance-usdm.")],
) -> None:
    """Say what recorded frames prove: numbers without a hole, checksums, the venue's own best quote, what is unread.

    Reads them as `import` does and keeps nothing. Ends with 0 where everything is verified, with 1 where anything is
    missing, wrong or unread, with 3 where nothing is wrong and not everything could be verified: a venue that gives no
    means to see a loss, fields that we do not know, a recording without a full book.
    """
    from flows.verify import run_verify

    raise typer.Exit(run_verify(files, venue=venue))


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        value = float(text.removesuffix("x"))
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise typer.BadParameter(f"{text!r} is not a speed; write max, 1 or 10")
    return value


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(name="import", rich_help_panel="Recorded markets")(import_)
    app.command(rich_help_panel="Recorded markets")(replay)
    app.command(rich_help_panel="Recorded markets")(verify)
