"""`Trace`: how a part says what it does and for how long, where somebody wants spans (OpenTelemetry); off, it costs
next to nothing.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Fact = str | int | float | bool


class Say(Protocol):
    """Tells more of an open span."""

    def __call__(self, **facts: Fact) -> None:
        """What became known meanwhile."""


class Trace(Protocol):
    """Opens a span; an exception that leaves it is noted there and goes on."""

    def __call__(self, name: str, /, **facts: Fact) -> AbstractContextManager[Say]:
        """facts: what is to be known of it; never a secret, nor a URL that may hold one."""


def silent(**_facts: Fact) -> None:
    """Nobody listens."""


_NOTHING: AbstractContextManager[Say] = nullcontext(silent)


def untraced(_name: str, /, **_facts: Fact) -> AbstractContextManager[Say]:
    """No span."""
    return _NOTHING
