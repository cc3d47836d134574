"""Exchange protocols without I/O, by name. A new venue is a folder beside binance/ and a line in `VENUES`."""

from market.errors import VenueError
from venues.binance import COIN_M, SIMULATED, SPOT, USD_M
from venues.venue import Venue

VENUES: dict[str, Venue] = {venue.name: venue for venue in (SPOT, USD_M, COIN_M, SIMULATED)}


def get(name: str) -> Venue:
    """The venue of that name; raises VenueError listing the names there are."""
    venue = VENUES.get(name)
    if venue is None:
        raise VenueError(f"unknown venue {name!r}; there are {', '.join(sorted(VENUES))}")
    return venue
