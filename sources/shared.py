"""`Shared`: what all sockets of one venue have in common, so that each of them can be one small object."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from market.clock import Clock
from sources.budget import Budget
from sources.hours import Hours
from sources.transport import Opener
from venues.venue import Venue


def unsigned(message: bytes) -> bytes:
    """A client message as it is."""
    return message


@dataclass
class Shared:
    """The venue, the ways to reach it, and what it allows all of us together."""

    venue: Venue
    clock: Clock
    random: Callable[[], float]  # numbers from 0 up to 1
    opener: Opener
    budget: Budget
    hours: Hours
    secrets: Callable[[], Mapping[str, str]] = dict  # as of now; raises ExpiredError where one could not be renewed
    sign: Callable[[bytes], bytes] = unsigned  # what a subscription needs besides, such as a token of its own
    rotating: asyncio.Lock = field(default_factory=asyncio.Lock)  # sockets of one venue do not rotate together

    @classmethod
    def of(
        cls, venue: Venue, clock: Clock, random: Callable[[], float], opener: Opener, *, sharing: int = 1
    ) -> "Shared":
        """With nothing used of the venue's limits yet, and no secrets; `sharing` processes share the limits."""
        return cls(venue, clock, random, opener, Budget.of(venue.limits, sharing), Hours(venue.calendar))
