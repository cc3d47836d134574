"""What a venue's listing says of some symbols, and why it does not list the others.

A listing can have megabytes and is read as a whole each time, so it is not read once per symbol: halves that hold an
unlisted one are split until it stands alone.
"""

from collections.abc import Sequence

from market.errors import OddAnswerError, VenueError
from market.record import InstrumentDefined
from venues.venue import Venue


def listed(
    venue: Venue, bodies: Sequence[bytes], symbols: Sequence[str]
) -> tuple[list[InstrumentDefined], dict[str, VenueError]]:
    """The instruments among `symbols`, in their order, and the errors of those that are not listed.

    Raises OddAnswerError where the answers are no listing at all.
    """
    if not symbols:
        return [], {}
    try:
        return venue.read_metadata(bodies, symbols), {}
    except OddAnswerError:
        raise
    except VenueError as error:
        if len(symbols) == 1:
            return [], {symbols[0]: error}
    middle = len(symbols) // 2
    found, unlisted = listed(venue, bodies, symbols[:middle])
    more, others = listed(venue, bodies, symbols[middle:])
    return found + more, unlisted | others
