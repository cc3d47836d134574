"""Exchange protocols without I/O, by name. A new venue is a folder beside binance/ and a line in `VENUES`."""

from market.errors import VenueError
from venues.alpaca import CRYPTO as ALPACA_CRYPTO
from venues.alpaca import IEX, SIP
from venues.binance import COIN_M, SIMULATED, SPOT, USD_M
from venues.bybit import INVERSE, LINEAR
from venues.bybit import SPOT as BYBIT_SPOT
from venues.coinbase import COINBASE, COINBASE_EXCHANGE
from venues.kraken import KRAKEN, KRAKEN_V1
from venues.lean import LEAN_USA
from venues.massive import CRYPTO as MASSIVE_CRYPTO
from venues.massive import STOCKS
from venues.okx import OKX
from venues.venue import Venue

VENUES: dict[str, Venue] = {
    venue.name: venue
    for venue in (
        *(SPOT, USD_M, COIN_M, SIMULATED),
        *(COINBASE, COINBASE_EXCHANGE, KRAKEN, KRAKEN_V1),
        *(BYBIT_SPOT, LINEAR, INVERSE, OKX),
        *(SIP, IEX, ALPACA_CRYPTO, STOCKS, MASSIVE_CRYPTO),
        LEAN_USA,
    )
}


def get(name: str) -> Venue:
    """The venue of that name; raises VenueError listing the names there are."""
    venue = VENUES.get(name)
    if venue is None:
        raise VenueError(f"unknown venue {name!r}; there are {', '.join(sorted(VENUES))}")
    return venue
