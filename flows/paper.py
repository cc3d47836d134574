"""`paper`: where commands print tables: a terminal as wide as it is, all else wide enough for whole lines."""

import os
import sys

from rich.console import Console

WIDTH = 160  # columns where nobody says how many there are; COLUMNS does


def paper() -> Console:
    """A console on standard output."""
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if known else WIDTH)
