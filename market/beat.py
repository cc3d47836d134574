"""`Beat`: how a part that runs for ever says that it goes on, so that whoever watches can tell waiting from hanging."""

from collections.abc import Callable

Beat = Callable[[str], None]  # what it waits for, such as "the store"; empty: it works


def unheard(_waits_for: str) -> None:
    """A beat that nobody listens to."""
