"""`console`: where commands print: a terminal as wide as it is, all else wide enough for whole lines."""

from shutil import get_terminal_size

from rich.console import Console

WIDTH = 160  # columns where neither a terminal nor COLUMNS says how many there are


def console() -> Console:
    """A console on standard output."""
    return Console(highlight=False, width=get_terminal_size((WIDTH, 0)).columns)
