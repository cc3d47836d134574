"""One account through a tape: the stages of the trading flow item by item, and beside them books of our own.

The books are kept from the fills and the quotes alone (operators/execution/holding.py), so that profit can be split by
instrument, regime and cost; their equity must be the account's, or the backtest stops.

Costs of a fill, quote currency, against the mid of the quote that filled it:
- fee: as the venue charged it;
- spread: from the mid to the touch;
- impact: from the touch to the price paid;
- delay: how far the mid went against the order from when it was made until it was filled (a part of gross return).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, nan
from typing import Any, NamedTuple

import polars as pl

from flows.backtest.drive import driven
from flows.backtest.tape import Progress, Tape
from market.decisions import Decisions
from market.errors import StateError
from market.messages import Quote, Side, Signal
from market.regimes import UNKNOWN
from operators.execution.holding import Contract, Holding, filled, profit
from operators.risk.quotes import mid_price, notional, usable
from operators.stage import Stage

AGREE = 1e-5  # of capital, by which our books and the account may differ
REPORTED_ROWS = 2_000

Key = tuple[str, str]  # venue, instrument
FLOWS = ("fee", "spread", "impact", "delay", "traded")  # of a period, quote currency

PERIOD: dict[str, Any] = {
    "time": pl.Int64,  # end of the period, ns
    "equity": pl.Float64,  # quote currency
    "gross": pl.Float64,  # absolute notional held at its end
} | dict.fromkeys(FLOWS, pl.Float64)
PART: dict[str, Any] = {
    "time": pl.Int64,
    "instrument": pl.String,
    "regime": pl.String,  # that stood when the period began
    "capital": pl.Float64,  # equity of the whole account when it began
    "profit": pl.Float64,  # after costs, quote currency
} | dict.fromkeys(FLOWS, pl.Float64)
TRADE: dict[str, Any] = {
    "time": pl.Int64,  # ns, data time
    "instrument": pl.String,
    "client_order_id": pl.String,
    "side": pl.Int8,
    "price": pl.Float64,
    "size": pl.Float64,
    "notional": pl.Float64,  # quote currency, as are:
    "mid_price": pl.Float64,
    "fee": pl.Float64,
    "spread": pl.Float64,
    "impact": pl.Float64,
    "delay": pl.Float64,  # NaN where the order was not made in this tape
    "closed_profit": pl.Float64,  # of what the fill closed, before fees; 0 where it closed nothing
    "regime": pl.String,
}


class Run(NamedTuple):
    """What became of the account."""

    periods: pl.DataFrame  # PERIOD
    parts: pl.DataFrame  # PART: by instrument
    trades: pl.DataFrame  # TRADE
    tables: Mapping[str, pl.DataFrame]  # of the trading flow: targets, orders, fills, positions, risk_events
    capital: float  # at the start


@dataclass
class _Line:
    """One instrument of our books."""

    quote: Quote
    mark: float = 0.0
    holding: Holding = field(default_factory=Holding)
    regime: str = UNKNOWN
    begun: float = 0.0  # profit when the period began
    stood: str = UNKNOWN  # regime when it began
    flows: dict[str, float] = field(default_factory=lambda: dict.fromkeys(FLOWS, 0.0))

    @property
    def contract(self) -> Contract:
        return Contract(self.quote.lot_size, self.quote.contract_size, self.quote.inverse)

    @property
    def profit(self) -> float:
        held = profit(self.contract, self.holding.size, self.holding.average_price, self.mark)
        return self.holding.realised - self.holding.fees + held


@dataclass
class _Books:
    capital: float
    regime_timeframe: str
    lines: dict[Key, _Line] = field(default_factory=dict)
    mids: dict[str, float] = field(default_factory=dict)  # when each order was made
    equity: float = nan  # as the period began
    periods: list[tuple[Any, ...]] = field(default_factory=list)
    parts: list[tuple[Any, ...]] = field(default_factory=list)
    trades: list[tuple[Any, ...]] = field(default_factory=list)


def run(
    tape: Tape,
    stages: Sequence[Stage],
    *,
    capital: float,
    period_ns: int,
    regime_timeframe: str,
    progress: Progress,
    what: str,
) -> Run:
    """Drive the stages over the tape. regime_timeframe: whose regimes profits are split by.

    Raises StateError where our books and the account come to different equities.
    """
    books = _Books(capital, regime_timeframe, equity=capital)
    tables: dict[str, list[pl.DataFrame]] = {}
    number = None
    for done, item in enumerate(driven(tape.rows, stages)):
        now = (item.receive_time - 1) // period_ns
        if number is not None and now != number:
            _close(books, (number + 1) * period_ns)
        number = now
        _post(books, item)
        for name, rows in item.tables.items():
            tables.setdefault(name, []).append(rows)
        if done % REPORTED_ROWS == 0:
            progress(what, done, len(tape.rows))
    if number is not None:
        _close(books, (number + 1) * period_ns)
    joined = {name: pl.concat(parts) for name, parts in sorted(tables.items())}
    periods, parts, trades = (
        pl.DataFrame(rows, schema=schema, orient="row")
        for rows, schema in ((books.periods, PERIOD), (books.parts, PART), (books.trades, TRADE))
    )
    return Run(periods, parts, trades, joined, capital)


def _post(books: _Books, item: Decisions) -> None:
    """Enter one item: its quotes, its fills at the quote of their time, the orders it made, its regimes."""
    seen: dict[tuple[str, str, int], Quote] = {}
    for message in item.messages:
        key = (message.venue, message.instrument)
        if isinstance(message, Quote):
            line = books.lines.setdefault(key, _Line(message))
            if usable(message) and message.time_ns >= line.quote.time_ns:
                line.quote, line.mark = message, mid_price(message)
                seen[(*key, message.time_ns)] = message
        elif isinstance(message, Signal) and message.timeframe == books.regime_timeframe and key in books.lines:
            books.lines[key].regime = message.regime
    if "fills" in item.tables:
        for row in item.tables["fills"].iter_rows(named=True):
            _fill(books, row, seen)
    if "orders" in item.tables:
        for row in item.tables["orders"].iter_rows(named=True):
            line = books.lines[(row["venue"], row["instrument"])]
            books.mids.setdefault(row["client_order_id"], line.mark)
    if item.standing is not None:
        _compare(books, item)


def _fill(books: _Books, row: Mapping[str, Any], seen: Mapping[tuple[str, str, int], Quote]) -> None:
    key = (row["venue"], row["instrument"])
    line = books.lines[key]
    quote = seen.get((*key, row["time"]), line.quote)
    side, price, size = Side(row["side"]), row["price"], row["size"]
    mid, touch = mid_price(quote), quote.ask_price if side == Side.BUY else quote.bid_price
    whole, spread = (-profit(line.contract, side * size, paid, mid) for paid in (price, touch))
    made = books.mids.get(row["client_order_id"], nan)
    delay = profit(line.contract, side * size, made, mid) if made > 0 else nan
    before = line.holding.realised
    line.holding = filled(line.holding, line.contract, side, price, size, row["fee"])
    worth = notional(quote, size, price)
    costs = (row["fee"], spread, whole - spread, delay)
    for name, value in zip(FLOWS, (*costs, worth), strict=True):
        line.flows[name] += value if value == value else 0.0  # noqa: PLR0124 - NaN
    closed = line.holding.realised - before
    books.trades.append(
        (row["time"], key[1], row["client_order_id"], int(side), price, size, worth, mid, *costs, closed, line.regime)
    )


def _compare(books: _Books, item: Decisions) -> None:
    assert item.standing is not None
    ours = books.capital + fsum(line.profit for line in books.lines.values())
    if not abs(ours - item.standing.equity) <= AGREE * books.capital:
        raise StateError(
            f"row {item.offset}: the account says an equity of {item.standing.equity:.6f} and its fills and quotes come"
            f" to {ours:.6f}; please report this"
        )


def _close(books: _Books, time_ns: int) -> None:
    """End a period: a row of the account, and one of each instrument that it knows."""
    lines = sorted(books.lines.items())
    flows = [fsum(line.flows[name] for _, line in lines) for name in FLOWS]
    gross = fsum(abs(notional(line.quote, line.holding.size, line.mark)) for _, line in lines if line.mark)
    equity = books.capital + fsum(line.profit for _, line in lines)
    books.periods.append((time_ns, equity, gross, *flows))
    for (_, instrument), line in lines:
        earned = line.profit - line.begun
        books.parts.append((time_ns, instrument, line.stood, books.equity, earned, *line.flows.values()))
        line.begun, line.stood, line.flows = line.profit, line.regime, dict.fromkeys(FLOWS, 0.0)
    books.equity = equity
