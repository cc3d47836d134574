"""The command line `barograph`: what each command does is in its own file under flows/commands.

Exit codes: 0 done, 1 it could not be done (one sentence on stderr says why and the way out), 2 wrong words. Where a
command verifies, 1 is also that something is wrong, and 3 that nothing is and yet not all is verified.
"""

import errno
import logging
import sys
import time

import typer
from rich.console import Console

from flows.commands import account, live, process, query, recorded, up
from market.errors import BarographError

NOBODY_READS = (errno.EPIPE, errno.EIO)  # the pipe we write to, or the terminal, was closed

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
recorded.add_to(app)
query.add_to(app)
live.add_to(app)
account.add_to(app)


def main() -> None:
    """Run one command; expected trouble is one sentence, never a traceback."""
    _log_to_stderr()
    try:
        app()
    except BarographError as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(f"[red]barograph:[/red] {_plain(str(error))}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno not in NOBODY_READS:
            raise
        sys.stderr.close()
        sys.exit(0)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _log_to_stderr() -> None:
    """One format for every process: UTC time, level, part, sentence."""
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s  %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logger = logging.getLogger("barograph")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
