"""`python -m flows.kill`: kill, guard and release with nothing else of the program, should another part not load."""

import sys

import typer

from flows.commands.kill import add_to
from flows.logs import log_to_stderr
from market.errors import BarographError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)
add_to(app)

if __name__ == "__main__":
    log_to_stderr()
    try:
        app()
    except BarographError as error:
        sys.exit(f"barograph: {error}")
