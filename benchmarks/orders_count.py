"""What became of every order of `orders.py`, from three books kept apart: the orders journal, what the executor wrote
into the trading journal, and the venue's own list.
"""

from collections import Counter
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.orders_path import orders_journal, trading_journal
from flows.intents import read_intents
from flows.market import TRADING
from flows.runfile import read_run_file
from flows.settings import Settings
from flows.tables import store_dsn
from market.messages import Approved, Fill, OrderState, OrderUpdate, Statement, decode
from sinks.clickhouse.client import connect
from sources.journal_reader import JournalReader
from venues.binance.orders import simulated

UNFILLED = {OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED}
ENDS = {OrderState.FILLED, *UNFILLED}
SAID = (b'"message":"orderupdate"', b'"message":"fill"', b'"message":"statement"')
PAGE = 5_000
MILLION = 1e6

Floats = NDArray[np.float64]


class Told(NamedTuple):
    """What the executor told."""

    sent_ns: dict[str, int]  # by client order id: handed to the wire
    heard_ns: dict[str, int]  # the venue's first word in the trading journal
    ends: dict[str, OrderState]
    reasons: Counter[str]  # of orders that never left, or were refused
    held: dict[str, float]  # by instrument: first statement and all fills after it


class Count(NamedTuple):
    """The three books against each other."""

    approved: int
    at_venue: int
    filled: int
    unsent: int  # never sent, which was told, and not at the venue
    never: int  # sent, said to be refused or to have never arrived, and not at the venue
    lost: int  # approved, and neither at the venue nor said to have an end; or at the venue and without an end
    duplicated: int  # at the venue more than once, or at the venue though it was said not to be
    strange: int  # at the venue and never approved
    positions_differ: int  # instruments whose position at the venue is not what the fills told come to
    reasons: dict[str, int]


def approved_ns(settings: Settings) -> dict[str, int]:
    """When each order was decided: the receipt of the row of the trading journal that did."""
    with JournalReader(orders_journal(settings)) as journal:
        rows = read_intents(journal, 0, 10_000_000)
    return {
        message.order.client_order_id: row.received_ns
        for row in rows
        for message in row.messages
        if isinstance(message, Approved)
    }


def told(settings: Settings) -> Told:
    """Read the trading journal through."""
    heard = Told({}, {}, {}, Counter(), {})
    fills: dict[str, Fill] = {}
    opened_ns = 0
    with JournalReader(trading_journal(settings)) as journal:
        for row in journal.read(0, 10_000_000):
            for frame, received_ns in zip(row.frames, row.received_ns.tolist(), strict=True):
                text = bytes(frame)
                if not any(word in text for word in SAID):
                    continue
                message = decode(text)
                if isinstance(message, OrderUpdate):
                    _update(heard, message, received_ns)
                elif isinstance(message, Fill):
                    fills[message.fill_id] = message
                elif isinstance(message, Statement) and not opened_ns:
                    opened_ns = message.time_ns
                    heard.held.update({one.instrument: one.size for one in message.positions})
    for fill in fills.values():
        if fill.time_ns >= opened_ns:
            heard.held[fill.instrument] = heard.held.get(fill.instrument, 0.0) + fill.side * fill.size
    return heard


def _update(heard: Told, update: OrderUpdate, received_ns: int) -> None:
    name = update.client_order_id
    if update.sent_ns:
        heard.sent_ns.setdefault(name, update.sent_ns)
    if update.origin in ("answer", "stream"):
        heard.heard_ns.setdefault(name, received_ns)
    if update.state in ENDS:
        heard.ends[name] = update.state
        if update.state in UNFILLED:
            heard.reasons[update.reason] += 1


def counted(settings: Settings) -> Count:
    """Compare the three."""
    approved, heard, listed = approved_ns(settings), told(settings), venue_orders(settings)
    names = Counter(row["clientOrderId"] for row in listed)
    filled = {row["clientOrderId"] for row in listed if row["status"] == "FILLED"}
    absent = approved.keys() - names.keys()
    unsent = {name for name in absent - heard.sent_ns.keys() if heard.ends.get(name) in UNFILLED}
    never = {name for name in absent & heard.sent_ns.keys() if heard.ends.get(name) is OrderState.REJECTED}
    return Count(
        approved=len(approved),
        at_venue=len(names),
        filled=len(filled),
        unsent=len(unsent),
        never=len(never),
        lost=len(absent - unsent - never) + len(names.keys() & approved.keys() - heard.ends.keys()),
        duplicated=sum(many - 1 for many in names.values())
        + sum(heard.ends.get(name) is OrderState.REJECTED for name in names),
        strange=len(names.keys() - approved.keys()),
        positions_differ=differ(heard, settings),
        reasons=dict(heard.reasons),
    )


def latencies_ms(settings: Settings, since_ns: int) -> tuple[Floats, Floats, list[int]]:
    """Decision to wire, decision to the acknowledgement in the trading journal; acknowledgements of each second."""
    approved, heard = approved_ns(settings), told(settings)
    names = [name for name, decided_ns in approved.items() if decided_ns >= since_ns]
    wire = [heard.sent_ns[name] - approved[name] for name in names if name in heard.sent_ns]
    answer = [heard.heard_ns[name] - approved[name] for name in names if name in heard.heard_ns]
    seconds = Counter((heard.heard_ns[name] - since_ns) // 10**9 for name in names if name in heard.heard_ns)
    return np.array(wire) / MILLION, np.array(answer) / MILLION, [seconds[s] for s in range(max(seconds, default=0))]


def stored_through(settings: Settings) -> int:
    """The last row of the trading journal whose decisions are in the tables."""
    client = connect(store_dsn(settings))
    return int(client.query(f"select max(last_offset) from commits where shard = '{TRADING}'").result_rows[0][0])


def open_orders(settings: Settings) -> int:
    """Orders that were approved and whose end was not told yet."""
    return len(approved_ns(settings).keys() - told(settings).ends.keys())


def venue_orders(settings: Settings) -> list[dict[str, Any]]:
    """Every order that the venue ever took."""
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["orderId"] + 1 if found else 0
        page = _asked(f"http://127.0.0.1:{_port(settings)}/simulator/orders?fromId={after}&limit={PAGE}", {})
        if not page:
            return found
        found += page


def positions(settings: Settings) -> dict[str, float]:
    """What the venue says is held."""
    venue = simulated("main", _port(settings), settings.instruments)
    request = venue.account_state(_now_ms(settings))[1]
    body = _asked(request.url, dict(request.headers))
    return {row["symbol"]: float(row["positionAmt"]) for row in body["positions"]}


def differ(heard: Told, settings: Settings) -> int:
    """In how many instruments the fills that were told do not make what the venue says is held."""
    there = positions(settings)
    return sum(abs(heard.held.get(name, 0.0) - size) > 1e-9 * max(1.0, abs(size)) for name, size in there.items())


def _port(settings: Settings) -> int:
    return int(read_run_file(settings.data, "simulator")["orders_port"])


def _now_ms(settings: Settings) -> int:
    return int(_asked(f"http://127.0.0.1:{_port(settings)}/fapi/v1/time", {})["serverTime"])


def _asked(url: str, headers: dict[str, str]) -> Any:
    with urlopen(Request(url, headers=headers), timeout=60) as answer:
        return msgspec.json.decode(answer.read())
