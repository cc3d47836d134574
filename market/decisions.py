"""The item of the trading flow: one row of the trading journal, its messages in order, and what became of them."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import polars as pl

from market.accounts import Accounts
from market.batch import Batch
from market.clock import SECOND_NS
from market.messages import (
    AnyMessage,
    Command,
    Fill,
    Funding,
    Link,
    OrderUpdate,
    Quote,
    Signal,
    Solution,
    Statement,
    Traded,
    decode,
)
from market.rows import NO_TABLES, Rows, Table, Tables, framed, given
from market.schema import DEAD_LETTER

AHEAD_NS = 5 * SECOND_NS  # a message may be stamped so much later than its row was complete: clocks step back
# What trading listens to; nobody may hand it an Approved order through the journal.
READ = (Quote, Traded, Signal, Command, Solution, OrderUpdate, Fill, Statement, Link, Funding)


class Standing(NamedTuple):
    """How an account stands, for whoever watches."""

    account: str
    equity: float  # quote currency, at the marks
    drawdown: float  # share of its peak that is lost
    state: str  # of its kill switch: active, reducing or halted
    limits: Mapping[str, float] = {}  # notional in force: gross, instrument, or of a "venue|instrument"
    risk: float = 0.0  # of the book over its limit; NaN: not known
    held: Mapping[str, float] = {}  # signed size by "venue|instrument"


class Decisions(NamedTuple):
    """What one row of the trading journal became so far. Operators return it with more in it."""

    shard: str  # the key of the stream: "trading/0"
    offset: int  # row of the trading journal; ids of orders rest on it
    receive_time: int  # ns, when the row was complete
    messages: tuple[AnyMessage, ...]  # as read, then what operators decided
    tables: Mapping[str, pl.DataFrame] = NO_TABLES  # by name: targets, orders, fills, positions, risk_events, …
    last: bool = False  # no more will come: sinks close their open insert block
    accounts: Accounts = Accounts()  # what became of the frames of the row: read, or dead letters
    standing: Standing | None = None  # of the account that traded on it

    def with_table(self, name: str, rows: Table) -> "Decisions":
        """The item with rows appended to one of its tables; unchanged where there are none."""
        return self.with_tables({name: rows})

    def with_tables(self, rows: Mapping[str, Table]) -> "Decisions":
        """The same of several tables."""
        tables = dict(given(self.tables))
        for name, more in rows.items():
            if not more.is_empty():
                tables[name] = framed([tables[name], more]) if name in tables else more
        return self._replace(tables=Tables(tables)) if tables else self


def decisions_of(batch: Batch) -> Decisions:
    """A row of the trading journal; frames that trading cannot use go to the table `dead_letters`, with the reason.

    A message from the future is one of them: once believed, it would make all that come after it stale.
    """
    messages: list[AnyMessage] = []
    letters = []
    for number, frame in enumerate(batch.frames):
        try:
            message = decode(frame)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            letters.append((int(batch.receive_times[number]), number, f"no message: {error}", frame))
            continue
        reason = _objection(message, int(batch.receive_times[number]))
        if reason:
            letters.append((int(batch.receive_times[number]), number, reason, frame))
        else:
            messages.append(message)
    accounts = Accounts(received=len(batch.frames), applied=len(messages), dead_lettered=len(letters))
    decisions = Decisions(
        batch.shard, batch.offset, batch.receive_time, tuple(messages), last=batch.last, accounts=accounts
    )
    if not letters:
        return decisions
    return decisions.with_table("dead_letters", Rows(DEAD_LETTER, letters))


def _objection(message: AnyMessage, received_ns: int) -> str:
    """Why trading does not use a message; empty where it does."""
    if not isinstance(message, READ):
        return f"trading does not read {type(message).__name__} messages"
    ahead_ns = message.time_ns - received_ns
    return f"stamped {ahead_ns / SECOND_NS:.1f} s after it was received" if ahead_ns > AHEAD_NS else ""
