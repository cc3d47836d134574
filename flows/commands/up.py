"""`barograph up`: everything, until stopped."""

from typing import Annotated

import typer

from flows.commands.options import Config, Data, Instruments, Venue, seconds, settings_of, symbols


def up(
    config: Config = None,
    venue: Venue = None,
    instruments: Instruments = None,
    data: Data = None,
    duration: Annotated[str | None, typer.Option(help="Stop by itself after 60s, 5m, 2h.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Lines, no live view; so by itself when piped.")] = False,
) -> None:
    """Run everything under one supervisor until Ctrl-C: store, capture, market, trading, gateway, webhooks.

    Without options it captures from the built-in simulated exchange over a real WebSocket: no key, no network.
    With --venue binance-usdm --instruments BTCUSDT,ETHUSDT it does the same on the live exchange.
    """
    run_for = seconds(duration)
    settings = settings_of(config, data, venue=venue, instruments=symbols(instruments))
    from flows.up import run_up

    run_up(settings, duration_s=run_for, plain=plain)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(up)
