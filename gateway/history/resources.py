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
STEADY = {"": 7 * DAY_NS}  # of an account, written whether it trades or not
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
    further: tuple[str, ...] = ()  # columns to filter by, beside venue and instrument
    scope: str = "read"
    pin: Pin = "shard"
    revised_by: str = ""  # column that counts corrections: of rows that differ in nothing else the last is meant

    @property
    def columns(self) -> dict[str, str]:
        """ClickHouse type by column."""
        return tables()[self.table].columns

    @property
    def filters(self) -> tuple[str, ...]:
        """Columns by which rows may be chosen."""
        return (*(name for name in ("venue", "instrument") if name in self.columns), *self.further)

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
        further=("timeframe",),
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
    Resource(path, table, "receive_time", summary, look, look, ("account",), scope="account", pin="trading")
    for path, table, summary, look in (
        ("targets", "targets", "Where the portfolio wanted to be.", ACCOUNT),
        ("intents", "intents", "What every order was made for and against, before the risk gate.", ACCOUNT),
        ("orders", "orders", "Every state that every order entered.", ACCOUNT),
        ("fills", "fills", "Our own trades.", ACCOUNT),
        ("positions/history", "positions", "What was held, after every fill.", ACCOUNT),
        ("ledger", "ledger", "Double entry of everything an account owns.", ACCOUNT),
        ("accounts", "accounts", "Equity, cash, drawdown and state of accounts over time.", STEADY),
        ("risk", "risk", "Exposure, value at risk, expected shortfall, stress and drawdown over time.", STEADY),
        ("risk_parts", "risk_parts", "Value at risk and expected shortfall in parts.", STEADY),
        (
            "risk_events",
            "risk_events",
            "What the gate refused, changes of the state, what a venue differed in.",
            ACCOUNT,
        ),
        ("limits", "limits", "Limits of risk that moved, and why.", ACCOUNT),
        ("rebalances", "rebalances", "Decisions to rebalance the portfolio or not, and why.", ACCOUNT),
        ("correlations", "correlations", "Blocks of returns against the correlations that stood.", ACCOUNT),
        ("problems", "problems", "What the portfolio asked the optimiser.", ACCOUNT),
        ("solutions", "solutions", "What the optimiser answered, and why.", ACCOUNT),
    )
)
RESOURCES = (*MARKET, *TRADING)
