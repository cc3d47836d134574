"""Our orders in the real book: against the obvious exchange, and in the market as it runs."""

import random
from fractions import Fraction

import pytest

from simulator import engine, flow
from simulator.exchange import SLICE_NS, Exchange
from simulator.orders.desk import Desk
from simulator.orders.judge import Placing
from simulator.orders.order import WORKING, Order
from simulator.orders.refusals import Refusal
from simulator.orders.rules import MONEY, Rules
from tests.simulator.orders.obvious_exchange import ObviousExchange

RULES = Rules(capital=1e9, maker_fee_bps=2.0, taker_fee_bps=5.0, open_orders=1_000)


def empty_desk(rules=RULES):
    """A desk at an exchange whose book is empty and whose agents never act."""
    exchange = Exchange(instruments=["BTCUSDT"], rate=1000.0, seed=1)
    desk = Desk(exchange, rules)
    exchange.world = exchange.world._replace(book=engine.empty_book(1))
    return desk


class Agents:
    """Orders of others, entered into the engine as the agents' are."""

    def __init__(self, desk):
        self.world, self.exchange, self.slots = desk.exchange.world, desk.exchange, {}

    def limit(self, name, side, level, lots):
        slot = engine.limit_order(self.world.book, 0, side, level, lots)
        if slot != engine.NONE:
            self.slots[name] = (slot, int(self.world.book.orders[0, slot]["id"]))
        self._tell(side)

    def take(self, side, level, lots):
        engine.market_order(self.world.book, 0, side, level, lots)
        self._tell(side)

    def cancel(self, name):
        slot, number = self.slots[name]
        top = self.world.book.tops[0]
        order = self.world.book.orders[0, slot]
        if order["place"] < top["live"] and order["id"] == number:
            engine.cancel_order(self.world.book, 0, slot)

    def _tell(self, side):
        flow._tell(self.world, 0, self.exchange.time_ns, side)
        out = self.world.out
        self.exchange.hits += out.hits[: out.counts[4]].tolist()
        out.counts[:] = 0


def text(desk, ticks, lots):
    return {"price": desk.units[0].price(ticks), "quantity": desk.units[0].size(lots)}


def place(desk, side, ticks, lots, client_id="", **more):
    return desk.place(
        Placing("BTCUSDT", "BUY" if side > 0 else "SELL", client_id=client_id, **text(desk, ticks, lots), **more)
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fills_queue_positions_and_money_equal_the_obvious_exchange(seed):
    rng, desk = random.Random(seed), empty_desk()
    agents, units = Agents(desk), desk.units[0]
    obvious = ObviousExchange(units.worth, RULES.capital * MONEY, Fraction(2, 10**4), Fraction(5, 10**4))
    middle = units.base_ticks + 30_000
    ours: dict[str, Order] = {}
    for step in range(1500):
        side, ticks, lots = rng.choice((1, -1)), middle + rng.randint(-8, 8), rng.randint(20, 300)
        action, name = rng.random(), f"o{step}"
        if action < 0.35:
            force = rng.choice(("GTC", "GTC", "GTC", "IOC"))
            ours[name] = place(desk, side, ticks, lots, name, time_in_force=force)
            obvious.order(name, "us", side, ticks, lots, rests=force == "GTC")
        elif action < 0.6:
            agents.limit(name, side, ticks - units.base_ticks, lots)
            obvious.order(name, "agent", side, ticks, lots, rests=True)
        elif action < 0.75:
            agents.take(side, ticks - units.base_ticks, lots)
            obvious.order(name, "agent", side, ticks, lots, rests=False)
        elif action < 0.85 and agents.slots:
            name = rng.choice(list(agents.slots))
            agents.cancel(name)
            obvious.cancel(name, "agent")
        elif ours:
            name = rng.choice(list(ours))
            done = desk.cancel("BTCUSDT", client_id=name)
            assert isinstance(done, Order) == (obvious.cancel(name, "us") > 0)
        desk.settle()
        assert desk.account.positions[0].lots == obvious.lots
        for name, order in ours.items():
            if order.state in WORKING:
                assert desk.lots_ahead(order) == obvious.ahead(name)
    numbers = {order.number: name for name, order in ours.items()}
    fills = [(numbers[trade.number], trade.ticks, trade.lots, trade.maker) for trade in desk.trades[0]]
    assert len(fills) > 300
    assert fills == obvious.fills
    assert {name for name, order in ours.items() if order.state == "EXPIRED" and order.time_in_force == "GTC"} == set(
        obvious.expired
    )
    assert sum(trade.fee for trade in desk.trades[0]) == obvious.fees
    # What was paid and got is in the wallet or in the cost of what is held, to the unit.
    assert desk.account.wallet - desk.account.positions[0].cost == obvious.cash
    assert abs(sum(trade.realised for trade in desk.trades[0]) - obvious.realised) <= len(fills)
    resting = [order for order in ours.values() if order.state in WORKING]
    assert desk.account.positions[0].buys == sum(order.left for order in resting if order.side > 0)
    assert desk.account.positions[0].sells == sum(order.left for order in resting if order.side < 0)
    assert {order.number for order in resting} == set(desk.open[0])


def run(desk, slices=1):
    for _ in range(slices):
        for _ in desk.exchange.run(desk.exchange.time_ns + SLICE_NS, epoch_ns=0, sent_ns=0):
            pass
    desk.settle()


def test_in_the_market_an_order_is_filled_when_its_turn_comes_and_no_sooner():
    desk = Desk(Exchange(instruments=["BTCUSDT"], rate=3000.0, seed=5), Rules())
    run(desk, 100)
    top, base = desk.exchange.world.book.tops[0], desk.units[0].base_ticks
    orders = [place(desk, 1, base + int(top["bid"]) - depth, 5, f"b{depth}") for depth in range(3)]
    before = [desk.lots_ahead(order) for order in orders]
    assert before[0] > 0
    for _ in range(4000):
        run(desk)
        after = [desk.lots_ahead(order) for order in orders]
        for order, was, now in zip(orders, before, after, strict=True):
            assert now <= was
            assert order.filled == 0 or now == 0
        before = after
        if orders[1].state == "FILLED":
            break
    assert orders[1].state == "FILLED"  # and no agent cancelled it
    fees = desk.rules.fee(orders[0].ticks * 5 * desk.units[0].worth, maker=True)
    assert {trade.maker for trade in desk.trades[0]} == {True}
    assert sum(trade.fee for trade in desk.trades[0] if trade.number == orders[0].number) == pytest.approx(fees, abs=5)


def test_the_market_tells_of_our_trades_as_of_any():
    desk = Desk(Exchange(instruments=["BTCUSDT"], rate=1000.0, seed=5), Rules())
    run(desk, 20)
    ask = int(desk.exchange.world.book.tops[0]["ask"])
    place(desk, 1, desk.units[0].base_ticks + ask, 1, "t", time_in_force="IOC")
    trade = desk.trades[0][0]
    told = b"".join(
        bytes(frames.buffer[: frames.end[frames.total[0] - 1]])
        for frames in desk.exchange.run(desk.exchange.time_ns + SLICE_NS, epoch_ns=0, sent_ns=0)
    )
    assert b'"f":%d,"l":%d' % (trade.trade_id, trade.trade_id) in told


def test_orders_do_not_change_the_luck_of_agents_elsewhere():
    """An order far from the touch of one instrument leaves the other's frames as they were."""

    def frames_of(with_orders):
        desk = Desk(Exchange(instruments=["BTCUSDT", "ETHUSDT"], rate=1000.0, seed=5), Rules())
        told = []
        for step in range(200):
            if with_orders and step % 10 == 0:
                place(desk, 1, desk.units[0].base_ticks + 20_000, 5, f"x{step}")
            for frames in desk.exchange.run(desk.exchange.time_ns + SLICE_NS, epoch_ns=0, sent_ns=0):
                told += [
                    bytes(frames.buffer[frames.start[row] : frames.end[row]])
                    for row in range(frames.total[0])
                    if frames.stream[row] >= 4
                ]
        return told

    assert frames_of(with_orders=True) == frames_of(with_orders=False)


BID = {"side": "BUY", "symbol": "BTCUSDT", "quantity": "0.010", "price": "59000.0"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"symbol": "NOPE"}, -1121),
        ({"side": "UP"}, -1117),
        ({"kind": "STOP"}, -1116),
        ({"time_in_force": "DAY"}, -1115),
        ({"position_side": "LONG"}, -4061),
        ({"client_id": "a b"}, -4015),
        ({"client_id": "a" * 37}, -4015),
        ({"quantity": ""}, -1102),
        ({"price": ""}, -1102),
        ({"quantity": "nan"}, -1100),
        ({"price": "1e5"}, -1100),
        ({"price": "-1"}, -1100),
        ({"quantity": "0.0105"}, -1111),
        ({"quantity": "0"}, -4003),
        ({"quantity": "10000000"}, -4005),
        ({"price": "59000.05"}, -4014),
        ({"price": "59000.001"}, -1111),
        ({"price": "10.0"}, -4016),
        ({"quantity": "0.001", "price": "4900.0"}, -4016),
        ({"reduces": True}, -2022),
        ({"quantity": "900"}, -2019),
        ({"price": "60100.0", "time_in_force": "GTX"}, -5022),
        ({"quantity": "100", "price": "60000.0", "time_in_force": "FOK"}, -5021),
    ],
)
def test_what_breaks_a_rule_is_refused_in_the_venues_words(changed, code):
    desk = Desk(Exchange(instruments=["BTCUSDT"], rate=1000.0, seed=1), Rules())
    refused = desk.place(Placing(**{**BID, **changed}))
    assert isinstance(refused, Refusal)
    assert refused.code == code
    assert (desk.orders, desk.take_events()) == ({}, [])


def test_a_client_id_is_unique_among_open_orders_only():
    desk = empty_desk()
    first = place(desk, 1, desk.units[0].base_ticks + 100, 200, "twice")
    assert place(desk, 1, desk.units[0].base_ticks + 100, 200, "twice").code == -4116
    desk.cancel("BTCUSDT", client_id="twice")
    again = place(desk, 1, desk.units[0].base_ticks + 100, 200, "twice")
    assert again.number > first.number
    assert desk.find("BTCUSDT", client_id="twice") is again
    assert desk.find("BTCUSDT", number=first.number) is first


def test_margin_counts_open_orders_and_lets_whoever_is_short_of_it_reduce():
    desk = Desk(Exchange(instruments=["BTCUSDT"], rate=1000.0, seed=1), Rules(capital=1_000.0, leverage=10))
    bought = desk.place(Placing("BTCUSDT", "BUY", "0.100", "60500.0", time_in_force="IOC", client_id="a"))
    assert bought.state == "FILLED"
    assert desk.place(Placing("BTCUSDT", "BUY", "0.060", "59000.0", client_id="b")).state == "NEW"
    assert desk.place(Placing("BTCUSDT", "BUY", "0.060", "59000.0", client_id="c")).code == -2019
    desk.account.wallet = 0  # ruined
    assert desk.place(Placing("BTCUSDT", "SELL", "0.100", "59500.0", time_in_force="IOC", client_id="d")).filled == 100
    assert desk.place(Placing("BTCUSDT", "BUY", "0.010", "60500.0", time_in_force="IOC", client_id="e")).code == -2019


def test_a_reducing_market_order_closes_and_never_opens():
    desk = Desk(Exchange(instruments=["BTCUSDT"], rate=1000.0, seed=1), Rules())
    desk.suspended = True
    assert place(desk, 1, desk.units[0].base_ticks + 100, 200).code == -2010
    desk.suspended = False
    desk.place(Placing("BTCUSDT", "SELL", "0.050", "59500.0", time_in_force="IOC"))
    desk.suspended = True
    closed = desk.place(Placing("BTCUSDT", "BUY", "9.000", kind="MARKET", reduces=True))
    assert (closed.state, closed.lots, desk.account.positions[0].lots) == ("FILLED", 50, 0)


def test_funding_is_paid_by_the_long_and_got_by_the_short():
    rules = Rules(funding_every_s=1.0)
    desk = Desk(Exchange(instruments=["BTCUSDT", "ETHUSDT"], rate=1000.0, seed=1), rules)
    desk.place(Placing("BTCUSDT", "BUY", "1.000", "60500.0", time_in_force="IOC"))
    desk.place(Placing("ETHUSDT", "SELL", "3.000", "2900.0", time_in_force="IOC"))
    before = desk.account.wallet
    run(desk, 201)
    marks = [one.mark for one in desk.account.positions]
    paid = {i: amount for _, i, amount, _ in desk.income}
    expected = [-one.lots * mark * units.worth * 100 / 1e12 for one, mark, units in
                zip(desk.account.positions, marks, desk.units, strict=True)]  # fmt: skip
    assert paid[0] < 0 < paid[1]
    assert [paid[0], paid[1]] == pytest.approx(expected, abs=2)
    assert desk.account.wallet == before + paid[0] + paid[1]
    assert [event.count("FUNDING_FEE") for event in desk.take_events()][-2:] == [1, 1]
    run(desk, 200)
    assert len(desk.income) == 4


def test_an_order_may_take_the_whole_book_at_once():
    """More rows of trades and more levels than any agent makes: they must fit."""
    desk = empty_desk(Rules(capital=1e12))
    agents = Agents(desk)
    for number in range(engine.ORDERS - 1):
        agents.limit(f"a{number}", -1, 20_000 + 10 * number, 1 + number % 3)
    for _ in range(3):
        place(desk, 1, desk.units[0].base_ticks + 10, 200, time_in_force="IOC")
    order = place(desk, 1, desk.units[0].base_ticks + 65_000, 10**6, time_in_force="IOC")
    assert order.filled == sum(1 + number % 3 for number in range(engine.ORDERS - 1))
    assert len({trade.trade_id for trade in desk.trades[0]}) == len(desk.trades[0]) == engine.ORDERS - 1
    run(desk)


def test_what_the_market_cannot_tell_of_is_refused():
    desk = empty_desk()
    Agents(desk).limit("ask", -1, 40_000, 5)
    refused = None
    for step in range(20_000):
        refused = place(desk, 1, desk.units[0].base_ticks + 100 + step % 7, 200, time_in_force="GTC")
        if isinstance(refused, Refusal):
            break
        desk.cancel("BTCUSDT", number=refused.number)
    assert refused.code == -1008
    run(desk)
    assert isinstance(place(desk, 1, desk.units[0].base_ticks + 100, 200), Order)
