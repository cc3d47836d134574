"""Commands that look at a live venue."""

from typing import Annotated

import typer

from flows.commands.options import Config, Data, Instruments, seconds, settings_of, symbols
from flows.stop import stop_event


def check_live(
    venue: Annotated[str, typer.Option(help="Which venue: kraken, coinbase, okx, binance-usdm, alpaca-iex, …")],
    instruments: Instruments = None,
    duration: Annotated[str, typer.Option(help="How long: 60s, 5m, 1h.")] = "60s",
    config: Config = None,
    data: Data = None,
) -> None:
    """Verify every rule of a venue on its live stream, and print a card.

    Connects and subscribes as `capture` does, within the venue's limits, and keeps nothing. The card: connections and
    subscriptions; sequence numbers, chains or checksums; the venue's best quotes against our books; gaps; frames that
    could not be read; fields that we do not know; latency, clock offset, limits used.

    It ends with 0 if everything is [b]verified[/b], with 1 if something is [b]contradicted[/b] or cannot be reached,
    and with 3 if nothing is wrong and yet not all is verified: an [b]unverifiable[/b] venue (no sequence numbers),
    streams [b]unseen[/b] because nothing happened, a schema that has [b]drifted[/b].

    To try it without a network: `barograph simulate --venue kraken --port 9001`, and a settings file with
    capture.websocket_url = "ws://127.0.0.1:9001" and capture.rest_url = "http://127.0.0.1:9001".
    """
    settings = settings_of(config, data, venue=venue)
    duration_s = seconds(duration) or 60.0
    from flows.check_live import run_check_live

    raise typer.Exit(
        run_check_live(settings, instruments=symbols(instruments), duration_s=duration_s, stop=stop_event())
    )


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(name="check-live", rich_help_panel="Look")(check_live)
