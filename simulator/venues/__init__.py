"""Mock venues: each venue's server side from a true book, with limits that are counted and faults on purpose.

    market = RandomMarket([listing(...)], seed=1, start_ns=now_ns)
    desk = make_desk("kraken", ["BTC/USD", "ETH/USD"], seed=1, start_ns=now_ns, faults=Faults(read_script(path)))

They share nothing with the code that reads venues: two that agree have come to the same answer independently.
"""

from collections.abc import Callable, Sequence

from simulator.venues.alpaca import Alpaca
from simulator.venues.binance import Binance
from simulator.venues.bybit import Bybit
from simulator.venues.coinbase import Coinbase
from simulator.venues.desk import Desk, Dialect
from simulator.venues.faults import Faults
from simulator.venues.kraken import Kraken
from simulator.venues.market import RandomMarket
from simulator.venues.massive import Massive
from simulator.venues.okx import Okx

__all__ = ["DIALECTS", "EXAMPLES", "dialect", "make_desk"]

DIALECTS: dict[str, Callable[[], Dialect]] = {
    "binance-spot": lambda: Binance(futures=False),
    "binance-usdm": lambda: Binance(futures=True),
    "coinbase": Coinbase,
    "kraken": Kraken,
    "bybit-linear": lambda: Bybit(category="linear"),
    "bybit-spot": lambda: Bybit(category="spot"),
    "okx": Okx,
    "alpaca-iex": lambda: Alpaca(crypto=False),
    "alpaca-sip": lambda: Alpaca(crypto=False),
    "alpaca-crypto": lambda: Alpaca(crypto=True),
    "massive-stocks": lambda: Massive(crypto=False),
    "massive-crypto": lambda: Massive(crypto=True),
}
EXAMPLES = {  # two instruments of each
    "binance-spot": ("BTCUSDT", "ETHUSDT"),
    "binance-usdm": ("BTCUSDT", "ETHUSDT"),
    "coinbase": ("BTC-USD", "ETH-USD"),
    "kraken": ("BTC/USD", "ETH/USD"),
    "bybit-linear": ("BTCUSDT", "ETHUSDT"),
    "bybit-spot": ("BTCUSDT", "ETHUSDT"),
    "okx": ("BTC-USDT", "ETH-USDT-SWAP"),
    "alpaca-iex": ("AAPL", "MSFT"),
    "alpaca-sip": ("AAPL", "MSFT"),
    "alpaca-crypto": ("BTC/USD", "ETH/USD"),
    "massive-stocks": ("AAPL", "MSFT"),
    "massive-crypto": ("BTC-USD", "ETH-USD"),
}


def dialect(venue: str) -> Dialect:
    """What a venue says. Raises ValueError for one that has no mock."""
    if venue not in DIALECTS:
        raise ValueError(f"there is no mock of {venue!r}; there are {', '.join(DIALECTS)}")
    return DIALECTS[venue]()


def make_desk(
    venue: str,
    symbols: Sequence[str],
    *,
    seed: int = 1,
    rate: float = 4.0,
    start_ns: int = 0,
    faults: Faults | None = None,
    levels: int = 60,
) -> Desk:
    """A venue over a random market of these symbols, as the venue spells them."""
    words = dialect(venue)
    rows = [words.listed(symbol) for symbol in symbols]
    market = RandomMarket(rows, seed=seed, rate=rate, start_ns=start_ns, levels=levels)
    return Desk(words, market, start_ns=start_ns, faults=faults)
