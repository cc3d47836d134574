"""What history there is: one line a table. Routes, statements, cursors and the description of the API come of it."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from market.clock import SECOND_NS
from market.schema import TIMEFRAMES
from sinks.clickhouse.schema import tables

HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS
Pin = Literal["shard", "trading", "none"]
TICKS = {"": HOUR_NS}
TICKS_OF_ONE = {"": DAY_NS}
BARS = {name: 2_000 * seconds * SECOND_NS for name, seconds in TIMEFRAMES.items()}
REGIMES = {"ultra_short": HOUR_NS, "short": 2 * DAY_NS, "medium": 90 * DAY_NS, "long": 2_000 * DAY_NS, "": HOUR_NS}
ACCOUNT = {"": 366 * DAY_NS}
YEAR = {"": 366 * DAY_NS}


class Resource(NamedTuple):
    """One table's history.

    `look_ns`: what stretch of time one page looks at, at most, by timeframe; `look_of_one_ns`: the same where an
    instrument is named. `pin`: what keeps the rows of a walk the same while others are written: offsets of every
    shard's journal, that of the trading journal, or nothing.
    """

    path: str
    table: str
    time: str  # the column that since and until are of, and that rows are ordered by
    summary: str
    look_ns: Mapping[str, int]
    look_of_one_ns: Mapping[str, int]
    filters: tuple[str, ...] = ()  # columns beside venue and instrument
    scope: str = "read"
    pin: Pin = "shard"
    revised_by: str = ""  # column that counts corrections: of rows that differ in nothing else the last is meant

    @property
    def columns(self) -> dict[str, str]:
        """ClickHouse type by column."""
        return tables()[self.table].columns

    @property
    def comments(self) -> dict[str, str]:
        """What each column means."""
        return tables()[self.table].comments

    @property
    def key(self) -> tuple[str, ...]:
        """What rows are ordered by, time first; no two rows have the same, but for corrections."""
        order = [name.strip() for name in tables()[self.table].keys[1].split(",")]
        cut = order.index(self.revised_by) if self.revised_by else len(order)
        return (self.time, *(name for name in order[:cut] if name != self.time))

    def look(self, timeframe: str, instrument: str) -> int:
        """The stretch of time that a page looks at, ns."""
        return (self.look_of_one_ns if instrument else self.look_ns)[timeframe]


def _scaled(looks: Mapping[str, int], factor: int) -> dict[str, int]:
    return {name: look * factor for name, look in looks.items()}


MARKET = (
    Resource(
        "quotes", "quotes", "receive_time", "Best bid and ask after every message.", TICKS, TICKS_OF_ONE, ("source",)
    ),
    Resource("trades", "trades", "receive_time", "Public trades.", TICKS, TICKS_OF_ONE),
    Resource("features", "features", "receive_time", "Measures after every book message.", TICKS, TICKS_OF_ONE),
    Resource(
        *("bars", "bars", "open_time", "Bars, the last revision of each.", BARS, _scaled(BARS, 50)),
        filters=("timeframe",),
        revised_by="revision",
    ),
    Resource(
        *("regimes", "regimes", "time", "Regimes at every bar close, with probabilities and evidence."),
        *(REGIMES, _scaled(REGIMES, 24), ("timeframe",)),
    ),
    Resource(
        *("regimes/changes", "regime_changes", "time", "Changes of held states."),
        *(_scaled(REGIMES, 24), _scaled(REGIMES, 24 * 30), ("timeframe", "view")),
    ),
    Resource(
        *("signals", "signals", "time", "Signals with the evidence they rest on."),
        *(REGIMES, _scaled(REGIMES, 24), ("timeframe",)),
    ),
    Resource("gaps/history", "gaps", "receive_time", "Gaps of the feeds.", _scaled(TICKS_OF_ONE, 31), YEAR, ("state",)),
)
TRADING = tuple(
    Resource(path, table, "receive_time", summary, ACCOUNT, ACCOUNT, ("account",), scope="account", pin="trading")
    for path, table, summary in (
        ("targets", "targets", "Where the portfolio wanted to be."),
        ("orders", "orders", "Every state that every order entered."),
        ("fills", "fills", "Our own trades."),
        ("positions/history", "positions", "What was held, after every fill."),
        ("risk_events", "risk_events", "What the risk gate refused, and every change of the trading state."),
    )
)
RESOURCES = (*MARKET, *TRADING)
