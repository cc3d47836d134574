"""The desk where orders are taken: checks, matching, money, events. No sockets, no luck, no clock but the market's.

    exchange = Exchange(instruments=["BTCUSDT"], rate=1000.0, seed=1)
    desk = Desk(exchange, Rules())
    order = desk.place(Placing("BTCUSDT", "BUY", "0.010", "59990.0", client_id="a"))
    …  # run the exchange
    desk.settle()
    for event in desk.take_events(): …

Orders stand in the queues of the book itself, behind who came before them, and are filled when agents reach them.
Agents see them in the book and nowhere else. An order acts on the book as the last slice of the market left it.
"""

from collections import deque
from collections.abc import Iterator

from simulator import engine, flow, publish
from simulator.engine import LEVELS, NONE
from simulator.exchange import Exchange
from simulator.orders import events, judge, refusals
from simulator.orders.account import MARK, Account, Position
from simulator.orders.events import Execution, Trade
from simulator.orders.judge import Placing
from simulator.orders.order import WORKING, Order
from simulator.orders.refusals import Refusal
from simulator.orders.rules import Rules
from simulator.orders.units import units
from simulator.protocol import MILLISECOND_NS

CLOSED_KEPT = 500_000  # orders that are done, the oldest are forgotten
TRADES_KEPT = 500_000  # per instrument
INCOME_KEPT = 100_000
EVENTS_MOST = 100_000  # not taken away; beyond it nobody listens, and the oldest are dropped
MARKET_BAND = 20  # a market order fills up to 1/20 beyond the mark
SECOND_NS = 1_000_000_000


class Desk:
    """All orders of the one account."""

    def __init__(self, exchange: Exchange, rules: Rules, *, epoch_ns: int = 0, numbers_after: int = 0) -> None:
        """`epoch_ns`: wall time of simulated time 0; order numbers are above `numbers_after`."""
        fixed = exchange.world.fixed
        self.exchange = exchange
        self.rules = rules
        self.units = tuple(units(row, int(fixed[i]["base_ticks"])) for i, row in enumerate(exchange.listings))
        self.account = Account(rules, self.units)
        self.epoch_ns = epoch_ns
        self.suspended = False
        self.listened = True  # whether anybody wants events
        self.places = {symbol: i for i, symbol in enumerate(exchange.symbols)}
        self.orders: dict[int, Order] = {}  # by number, in the order they came
        self.by_client_id: dict[str, Order] = {}  # the last of each
        self.open: tuple[dict[int, Order], ...] = tuple({} for _ in self.units)
        self.trades: tuple[list[Trade], ...] = tuple([] for _ in self.units)
        self.income: list[tuple[int, int, int, int]] = []  # funding: number, instrument, units of money, time in ms
        self.last_number = self.first_number = numbers_after
        self._events: deque[str] = deque(maxlen=EVENTS_MOST)
        self._closed: deque[Order] = deque()
        self._funded = self.wall_ns // self._funding_ns
        self._marked_s = -1
        self._remark()

    @property
    def wall_ns(self) -> int:
        """The venue's time."""
        return self.epoch_ns + self.exchange.time_ns

    @property
    def now_ms(self) -> int:
        """The venue's time, ms."""
        return self.wall_ns // MILLISECOND_NS

    def place(self, asked: Placing) -> Order | Refusal:
        """Take an order or refuse it; what it did at once is in it and in the events."""
        self.settle()
        order = judge.judged(self, asked)
        if isinstance(order, Refusal):
            return order
        if not publish.has_room(self.exchange.world.out):
            return refusals.OVERLOADED  # more than the market can tell of before its next slice
        self.last_number = order.number
        self.orders[order.number] = self.by_client_id[order.client_id] = order
        self._enter(order)
        return order

    def cancel(self, symbol: str, *, number: int | None = None, client_id: str = "") -> Order | Refusal:
        """Take an order back that still works."""
        self.settle()
        found = self.find(symbol, number=number, client_id=client_id)
        if found is None or found.state not in WORKING:
            return refusals.UNKNOWN_ORDER
        flow.leave(self.exchange.world, found.i, self.exchange.time_ns, found.slot)
        self._close(found, "CANCELED")
        return found

    def cancel_all(self, symbol: str) -> int:
        """Take all orders of an instrument back; how many."""
        self.settle()
        working = list(self.open[self.places[symbol]])
        for number in working:
            self.cancel(symbol, number=number)
        return len(working)

    def find(self, symbol: str, *, number: int | None = None, client_id: str = "") -> Order | None:
        """An order by its number or, the last that had it, by its client id."""
        order = self.orders.get(number) if number is not None else self.by_client_id.get(client_id)
        return order if order is not None and self.units[order.i].symbol == symbol else None

    def lots_ahead(self, order: Order) -> int:
        """Lots before a working order in its queue."""
        self.settle()
        return engine.lots_ahead(self.exchange.world.book, order.i, order.slot) if order.state in WORKING else 0

    def settle(self) -> None:
        """Take in what the market did since: fills of resting orders, marks, funding."""
        if self.exchange.hits:
            hits, self.exchange.hits = self.exchange.hits, []
            for i, time_ns, number, level, lots, trade_id in sorted(hits, key=lambda hit: hit[1]):
                order = self.orders[-number]
                ms = (self.epoch_ns + time_ns) // MILLISECOND_NS
                self._fill(order, self.units[i].base_ticks + level, lots, trade_id, maker=True, time_ms=ms)
        if self.exchange.time_ns // SECOND_NS != self._marked_s:
            self._remark()
            self._fund()

    def take_events(self) -> list[str]:
        """What the user stream says, oldest first; each is told once."""
        taken = list(self._events)
        self._events.clear()
        return taken

    def market_level(self, i: int, side: int) -> int:
        """The worst level that a market order fills at."""
        mark = self.account.positions[i].mark
        level = (mark + side * (mark // MARKET_BAND)) // MARK - self.units[i].base_ticks
        return min(max(level, 1), LEVELS - 2)

    def _enter(self, order: Order) -> None:
        world, time_ns, base = self.exchange.world, self.exchange.time_ns, self.units[order.i].base_ticks
        level = order.ticks - base if order.kind == "LIMIT" else self.market_level(order.i, order.side)
        rests = order.time_in_force in ("GTC", "GTX") and order.kind == "LIMIT"
        slot, count, trade_id = flow.enter(
            world, order.i, time_ns, -order.number, order.side, level, order.lots, rests
        )  # fmt: skip
        self._say(order, "NEW")
        self.open[order.i][order.number] = order
        self.account.opened(order.i, order.side, order.lots)
        for maker, at, lots in world.book.fills[:count].tolist() if count else ():
            if lots == 0:
                self._close(self.orders[-maker], "EXPIRED")
            else:
                trade_id += 1
                self._fill(order, base + at, lots, trade_id, maker=False, time_ms=self.now_ms)
        order.slot = slot
        if slot == NONE and order.left:
            self._close(order, "EXPIRED")
        self.account.reckon(order.i)

    def _fill(self, order: Order, ticks: int, lots: int, trade_id: int, *, maker: bool, time_ms: int) -> None:
        one = self.units[order.i]
        order.filled += lots
        order.value += ticks * lots
        order.state = "FILLED" if order.filled == order.lots else "PARTIALLY_FILLED"
        order.updated_ms = time_ms
        fee = self.rules.fee(ticks * lots * one.worth, maker=maker)
        self.account.opened(order.i, order.side, -lots)
        realised = self.account.fill(order.i, order.side, ticks, lots, fee, time_ms)
        self.account.reckon(order.i)
        trade = Trade(order.i, trade_id, order.number, order.side, ticks, lots, fee, realised, maker, time_ms)
        kept = self.trades[order.i]
        kept.append(trade)
        if len(kept) > 2 * TRADES_KEPT:
            del kept[:TRADES_KEPT]
        if order.state == "FILLED":
            self._forget(order)
        if self.listened:
            self._events.append(events.account_update(self.account, order.i, "ORDER", 0, time_ms))
            self._events.append(events.order_update(order, one, "TRADE", time_ms, trade))

    def _close(self, order: Order, state: Execution) -> None:
        self.account.opened(order.i, order.side, -order.left)
        self.account.reckon(order.i)
        order.state = "CANCELED" if state == "CANCELED" else "EXPIRED"
        order.updated_ms = self.now_ms
        self._forget(order)
        self._say(order, state)

    def _forget(self, order: Order) -> None:
        del self.open[order.i][order.number]
        self._closed.append(order)
        if len(self._closed) > CLOSED_KEPT:
            old = self._closed.popleft()
            del self.orders[old.number]
            if self.by_client_id.get(old.client_id) is old:
                del self.by_client_id[old.client_id]

    def _say(self, order: Order, execution: Execution) -> None:
        if self.listened:
            self._events.append(events.order_update(order, self.units[order.i], execution, self.now_ms))

    def _remark(self) -> None:
        """Marks as the stream of marks has them, once a second."""
        world = self.exchange.world
        self._marked_s = self.exchange.time_ns // SECOND_NS
        middle = 0.5 * (world.work["bid"] + world.work["ask"])
        marks = (world.fixed["base_ticks"] + 0.5 * (middle + world.latent["value"])) * MARK
        for i, mark in enumerate(marks.tolist()):
            self.account.positions[i].mark = int(mark)
            self.account.reckon(i)

    @property
    def _funding_ns(self) -> int:
        return round(self.rules.funding_every_s * SECOND_NS)

    def _fund(self) -> None:
        due = self.wall_ns // self._funding_ns
        if due == self._funded:
            return
        self._funded = due
        time_ms = due * self._funding_ns // MILLISECOND_NS
        for i, one in self._held():
            amount = self.account.fund(i)
            number = (self.income[-1][0] if self.income else self.first_number) + 1
            self.income.append((number, i, amount, time_ms))
            if self.listened:
                self._events.append(events.account_update(self.account, i, "FUNDING_FEE", amount, self.now_ms))
            one.updated_ms = self.now_ms
        if len(self.income) > 2 * INCOME_KEPT:
            del self.income[:INCOME_KEPT]

    def _held(self) -> Iterator[tuple[int, Position]]:
        return ((i, one) for i, one in enumerate(self.account.positions) if one.lots)
