"""The kill switch: pull it, keep a guard that pulls it, and release."""

from typing import Annotated

import typer

from flows.commands.options import Config, Data
from flows.stop import stop_event


def kill(
    reason: Annotated[str, typer.Option(help="Who and why; kept in DATA/HALT and in risk_events.")] = "barograph kill",
    flatten: Annotated[bool, typer.Option("--flatten", help="Close all positions by market orders as well.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Try for ever until it is acknowledged.")] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """End all trading now: no order lives at the venue, and none leaves this machine until `barograph release`.

    Needs nothing else of Barograph to run, and the settings that the executor left in DATA/run, unless others are
    named. Exit code 0 means acknowledged: the executor is dead, DATA/HALT is written, and nothing stands at the venue
    or can come to stand there. 1 means that this is not known; it says why, and what was done stays done. Nothing is
    asked, everything may be repeated.
    """
    from flows.kill.run import run_kill

    if not run_kill(data, config, reason=reason, flatten=flatten, wait=wait):
        raise typer.Exit(1)


def guard(
    host: Annotated[str, typer.Option(help="Address of POST /kill; off loopback it needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of it; 0 takes a free one.")] = 8082,
    config: Config = None,
    data: Data = None,
) -> None:
    """Wait for a trigger and pull the kill switch: the file DATA/HALT, or POST /kill.

    touch DATA/HALT stops the executor at once; the guard then does all that `barograph kill` does, and closes positions
    too where the file says flatten. This answers 200 when the kill is acknowledged:

    curl -X POST -H "Authorization: Bearer $BAROGRAPH_KILL_TOKEN" http://127.0.0.1:8082/kill

    Without BAROGRAPH_KILL_TOKEN in its environment only the file triggers.
    """
    from flows.kill.run import run_guard

    run_guard(data, config, stop_event(), host=host, port=port)


def release(
    reason: Annotated[str, typer.Option(help="Who and why; kept with the halt in DATA/halts.")],
    config: Config = None,
    data: Data = None,
) -> None:
    """End a halt: lift the suspension at the venue and put DATA/HALT aside.

    The account stays halted in the trading flow until `barograph account resume`.
    """
    from flows.kill.run import run_release

    run_release(data, config, reason=reason)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (kill, release):
        app.command(rich_help_panel="Act")(command)
    app.command(rich_help_panel="One process of it")(guard)
