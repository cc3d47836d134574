"""The command line `barograph`: what each command does is in its own file under flows/commands.

Exit codes: 0 done, 1 it could not be done (one sentence on stderr says why and the way out), 2 wrong words. Where a
command verifies, 1 is also that something is wrong, and 3 that nothing is and yet not all is verified. A process that
ends because of the disk exits with 74, so that what supervises it can tell.
"""

import errno
import inspect
import logging
import sys

import typer
from rich.console import Console

from flows.commands import (
    account,
    backtest,
    dashboards,
    execute,
    export,
    health,
    key,
    kill,
    live,
    process,
    proof,
    query,
    recorded,
    repair,
    solve,
    up,
    webhook,
)
from flows.logs import log_to_stderr, supervised
from market.errors import BarographError

NOBODY_READS = (errno.EPIPE, errno.EIO)  # the pipe we write to, or the terminal, was closed

log = logging.getLogger("barograph.process")

app = typer.Typer(
    name="barograph",
    help="""An always-on stream processor for market regimes.

    [b]barograph up[/b] runs everything on the built-in simulated exchange: no key, no server, no network.
    [b]barograph up --venue binance-usdm --instruments BTCUSDT,ETHUSDT[/b] does the same on the live exchange.
    [b]barograph import[/b] and [b]barograph replay[/b] run recorded captures through the same dataflows.""",
    rich_markup_mode="rich",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
up.add_to(app)
process.add_to(app)
solve.add_to(app)
execute.add_to(app)
recorded.add_to(app)
backtest.add_to(app)
query.add_to(app)
export.add_to(app)
proof.add_to(app)
health.add_to(app)
live.add_to(app)
account.add_to(app)
kill.add_to(app)
key.add_to(app)
webhook.add_to(app)
dashboards.add_to(app)
repair.add_to(app)


def _flow(commands: typer.Typer) -> None:
    """Let paragraphs of help be as wide as the terminal, wherever the lines of the code break."""
    for command in commands.registered_commands:
        paragraphs = (inspect.getdoc(command.callback) or "").split("\n\n")
        command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    for group in commands.registered_groups:
        if group.typer_instance is not None:
            _flow(group.typer_instance)


_flow(app)


def main() -> None:
    """Run one command; expected trouble is one sentence, never a traceback."""
    log_to_stderr()
    try:
        app()
    except BarographError as error:
        _tell(error)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno not in NOBODY_READS or supervised():
            raise
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if exit_code(error) == 1:
            raise
        log.exception("%s", error)
        sys.exit(exit_code(error))


def exit_code(error: BaseException | None) -> int:
    """The exit code that an error, or one that it comes from, asks for; else 1."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(code := getattr(error, "exit_code", None), int):
            return code
        error, seen = error.__cause__ or error.__context__, seen + 1
    return 1


def _tell(error: BarographError) -> None:
    """A sentence for a person, or a line in the log of a supervised process."""
    if supervised():
        log.error("%s", error)
    else:
        Console(stderr=True, soft_wrap=True, highlight=False).print(f"[red]barograph:[/red] {_plain(str(error))}")


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
