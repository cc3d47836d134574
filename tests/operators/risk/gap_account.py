"""A paper account in a market that gaps, through the real trade stage: every row it writes, and what came when."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import polars as pl

from market.decisions import Decisions
from market.fees import Fees
from market.messages import AnyMessage, Signal, Target
from operators.execution import trade
from operators.execution.paper import Venue
from operators.execution.terms import Terms
from operators.risk.gate import Limits
from operators.risk.measure import Measurement
from operators.risk.moving_limits import Movement
from operators.risk.reserve import Reserve
from tests.operators.portfolio.decision_stream import FIRST, SECOND, START, VENUE, command, item, quote

SYMBOLS = ("AAAUSDT", "BBBUSDT")
CALM, STRESSED = "calm/bull/random", "stressed/bear/random"
RISK = Measurement(
    horizon_s=60.0, step_s=1.0, every_s=10.0, window_rows=200, half_life_rows=20.0, paths=500, regime_age_s=30.0,
    reserve=Reserve(reducing_share=0.9), movement=Movement(regime_shares={"stressed": 0.5}, hold_s=20.0),
)  # fmt: skip


def terms(**changes: Any) -> Terms:
    """An account of 100 000 whose drawdown limit is 5 %, in a market without fees.

    Its VaR is not limited: jumps of hundreds of standard deviations would keep the account small for a whole window.
    """
    limits = Limits(**({"max_daily_loss": 0.9, "max_var_share": 100.0} | changes))
    return Terms(limits=limits, venue=Venue(latency_ms=0.0, fees=Fees(0.0)), risk=RISK)


class Market:
    """Rows of the trading journal, a second each."""

    def __init__(self, seed: int = 1, wanted: float = 40_000.0) -> None:
        self.draws = np.random.default_rng(seed)
        self.mids = {symbol: FIRST[symbol] for symbol in SYMBOLS}
        self.second, self.wanted, self.regime = 0, wanted, CALM

    @property
    def now(self) -> int:
        return START + self.second * SECOND

    def gap(self, share: float) -> None:
        """Every price jumps between two rows."""
        self.mids = {symbol: mid * (1 + share) for symbol, mid in self.mids.items()}

    def seconds(self, count: int) -> Iterator[Decisions]:
        """Quotes that walk a little; at the first second ever also the targets, and a signal now and then."""
        for _ in range(count):
            messages: list[AnyMessage] = []
            for symbol, mid in self.mids.items():
                self.mids[symbol] = mid * (1 + self.draws.normal() * 2e-4)
                messages.append(quote(symbol, self.now, round(mid * 0.99995, 8), round(mid * 1.00005, 8)))
                if self.second % 10 == 0:
                    messages.append(self.signal(symbol))
                if self.second == 0:
                    messages.append(self.target(symbol, self.wanted))
            self.second += 1
            yield item(self.second, *messages)

    def person(self, action: str) -> Decisions:
        """A command between two rows."""
        self.second += 1
        return item(self.second, command(self.now, action))

    def want(self, symbol: str, notional: float) -> Decisions:
        """A new target between two rows."""
        self.second += 1
        return item(self.second, self.target(symbol, notional))

    def target(self, symbol: str, notional: float) -> Target:
        parts = {"trend": 0.75 * notional, "carry": 0.25 * notional}
        return Target(
            venue=VENUE, instrument=symbol, time_ns=self.now, notional=notional, reason="up", parts=parts
        )  # fmt: skip

    def signal(self, symbol: str) -> Signal:
        return Signal(
            venue=VENUE, instrument=symbol, time_ns=self.now, timeframe="short", direction=1.0, confidence=0.9,
            volatility=2e-4, regime=self.regime, evidence={},
        )  # fmt: skip


class Desk:
    """The stage, and the rows of its tables with their second."""

    def __init__(self, account_terms: Terms) -> None:
        self.stage = trade.stage(terms=account_terms)
        self.account = self.stage.empty()
        self.rows: dict[str, list[pl.DataFrame]] = {}

    def take(self, items: Iterable[Decisions]) -> "Desk":
        for one in items:
            for name, rows in self.stage.advance(self.account, one).tables.items():
                self.rows.setdefault(name, []).append(rows)
        return self

    def table(self, name: str) -> pl.DataFrame:
        """All rows so far, with `second` since the beginning."""
        found = pl.concat(self.rows[name])
        return found.with_columns(second=(pl.col("time") - START) // SECOND)

    @property
    def state(self) -> str:
        return str(self.account.switch.state.value)
