"""Random interleavings of everything an outside venue and its mail can do, against a plain model of the venue.

Mail is late, repeated, swapped or lost; the process restarts; the link breaks; people trade by hand. After every step:
what is held is what fills and adoptions sum to, what may still become a fill is reserved, every state may follow
the one before, and the books balance. In the end two statements bring the account to the venue, to the cent.
"""

import os
from dataclasses import replace
from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from market.messages import OrderState, Side
from operators.execution.orders import LEGAL
from operators.execution.outside import Outside
from tests.operators.execution.outside_desk import TERMS, Desk

EXAMPLES = int(os.environ.get("BAROGRAPH_ORDER_MACHINES", "40"))
LOT = 0.1
S = OrderState
index = st.integers(0, 1_000)


class Venue:
    """Orders, position and cash as they are there; sizes in lots."""

    def __init__(self):
        self.orders, self.live, self.doubt = {}, [], set()
        self.lots, self.cash, self.average, self.fills = 0, 100_000.0, 0.0, 0

    def trade(self, side, lots, price):
        """A trade of the account, linear: profit goes to the wallet when it closes."""
        if self.lots * side < 0:
            closed = min(lots, abs(self.lots))
            self.cash += closed * LOT * (price - self.average) * (1 if self.lots > 0 else -1)
            opened, self.lots = lots - closed, self.lots + side * closed
        else:
            opened = lots
        if opened:
            self.average = (self.average * abs(self.lots) + price * opened) / (abs(self.lots) + opened)
            self.lots += side * opened
        self.cash -= 0.01
        self.fills += 1
        return {"number": str(self.fills), "size": round(lots * LOT, 1), "side": side, "price": price}


class OrderMachine(RuleBasedStateMachine):
    @initialize(foreign=st.sampled_from(["cancel", "leave"]), working=st.sampled_from([1, 3, 8]))
    def begin(self, foreign, working):
        self.desk = Desk(replace(TERMS, venue=Outside(foreign_orders=foreign, max_working=working)))
        self.venue, self.mail, self.known, self.liars, self.bid = Venue(), [], 0, set(), 50.0
        self.heard = {}

    def teardown(self):
        if hasattr(self, "desk"):
            self.settle()

    def pick_up(self):
        """Orders that the flow sent reach the venue, all of them, in doubt or not."""
        for order in self.desk.sent[self.known :]:
            self.venue.orders[order.client_order_id] = {
                "order": order, "lots": round(order.size / LOT), "done": 0, "state": S.SUBMITTED, "arrived": False,
            }  # fmt: skip
        self.known = len(self.desk.sent)

    def living(self, *states):
        self.pick_up()
        wanted = states or (S.ACCEPTED, S.PARTIALLY_FILLED)
        return [name for name, one in self.venue.orders.items() if one["state"] in wanted]

    def tell(self, name, state=None):
        one = self.venue.orders[name]
        self.mail.append(("update", name, state or one["state"], round(one["done"] * LOT, 1)))

    # The market, and what is wanted of it.

    @rule(notional=st.sampled_from([0, 400, 900, 2_000, -400, -3_000]))
    def target(self, notional):
        self.desk.target(float(notional))

    @rule(step=st.integers(-3, 3), seconds=st.sampled_from([0.1, 1.0, 4.0, 11.0]))
    def quote(self, step, seconds):
        self.bid = round(self.bid + step * 0.01, 2)
        self.desk.after(seconds).quote(self.bid)

    # The venue.

    @rule(which=index, fate=st.sampled_from(["accepted", "accepted", "rejected", "lost", "doubt"]))
    def arrive(self, which, fate):
        waiting = self.living(S.SUBMITTED)
        if not waiting:
            return
        name = waiting[which % len(waiting)]
        one = self.venue.orders[name]
        if fate == "lost":
            one["state"] = S.REJECTED  # never arrived; whoever asks is told so
            self.mail.append(("update", name, S.UNKNOWN, 0.0))
        else:
            one["state"] = S.REJECTED if fate == "rejected" else S.ACCEPTED
            if fate == "doubt":
                self.mail.append(("update", name, S.UNKNOWN, 0.0))
        if fate not in ("lost", "doubt"):
            self.tell(name)

    @rule(which=index, lots=st.integers(1, 60))
    def trade(self, which, lots):
        living = self.living()
        if not living:
            return
        name = living[which % len(living)]
        one = self.venue.orders[name]
        lots = min(lots, one["lots"] - one["done"])
        one["done"] += lots
        one["state"] = S.FILLED if one["done"] == one["lots"] else S.PARTIALLY_FILLED
        fill = self.venue.trade(one["order"].side, lots, one["order"].limit_price)
        self.mail.append(("fill", name, fill, self.desk.now + self.venue.fills))
        self.tell(name)

    @rule(which=index, state=st.sampled_from([S.CANCELLED, S.EXPIRED]))
    def end(self, which, state):
        living = self.living()
        if living:
            name = living[which % len(living)]
            self.venue.orders[name]["state"] = state
            self.tell(name)

    @rule(side=st.sampled_from(list(Side)), lots=st.integers(1, 30))
    def trade_by_hand(self, side, lots):
        fill = self.venue.trade(side, lots, self.bid)
        self.mail.append(("fill", "", fill, self.desk.now + self.venue.fills))

    # The mail.

    @precondition(lambda self: self.mail)
    @rule(which=index, repeats=st.sampled_from([1, 1, 2]))
    def deliver(self, which, repeats):
        self.pick_up()
        word = self.mail.pop(which % len(self.mail))
        for _ in range(repeats):
            self.post(word)

    def post(self, word):
        if word[0] == "fill":
            _, name, fill, time_ns = word
            self.heard.setdefault(name, {})[fill["number"]] = round(fill["size"] / LOT)
            self.desk.fill(name, fill["number"], fill["size"], fill["side"], fill["price"], time_ns=time_ns)
        else:
            _, name, state, filled = word
            self.desk.update(name, state, filled)

    @precondition(lambda self: self.mail)
    @rule(which=index)
    def lose(self, which):
        self.mail.pop(which % len(self.mail))

    @rule(which=index, state=st.sampled_from(list(S)), filled=st.sampled_from([0.0, 0.5, 1e6, float("nan"), -1.0]))
    def lie(self, which, state, filled):
        """A word that contradicts what is so; what it does to its own order is not judged any more."""
        self.pick_up()
        names = list(self.venue.orders)
        if names:
            name = names[which % len(names)]
            self.liars.add(name)
            self.desk.update(name, state, filled)

    @rule(which=index)
    def query(self, which):
        self.pick_up()
        names = [name for name in self.venue.orders if self.venue.orders[name]["state"] is not S.SUBMITTED]
        if names:
            name = names[which % len(names)]
            self.tell(name)
            self.post(self.mail.pop())

    # The link and the process.

    @rule(up=st.booleans())
    def link(self, up):
        if up:
            self.statement()
        self.desk.link("up" if up else "down")

    @rule()
    def statement(self):
        venue = self.venue
        held = [("BBBUSDT", round(venue.lots * LOT, 1), venue.average)] if venue.lots else []
        self.desk.after(0.001).statement(round(venue.cash, 10), held, self.living())

    @rule()
    def restart(self):
        self.desk.restart()

    # What always holds.

    @invariant()
    def what_is_held_is_the_sum_of_fills_and_adoptions(self):
        if not hasattr(self, "desk"):
            return
        rows = self.desk.rows
        lots = sum(round(row["side"] * row["size"] / LOT) for row in rows.get("fills", []))
        for row in rows.get("risk_events", []):
            if row["event"] == "adopted_position":
                values = {pair["key"]: pair["value"] for pair in row["values"]}
                lots += round(values["size"] / LOT) - round(values["size_before"] / LOT)
        assert round(self.desk.line.holding.size / LOT) == lots
        ids = [row["fill_id"] for row in rows.get("fills", [])]
        assert len(ids) == len(set(ids))

    @invariant()
    def what_is_kept_of_a_holding_is_as_it_would_be_reckoned_now(self):
        if not hasattr(self, "desk"):
            return
        for key, line in self.desk.account.lines.items():
            assert line.held == line.worth_of(line.holding.size)
            assert self.desk.account.profits[key] == line.profit
            assert self.desk.account.sizes.get("|".join(key), 0.0) == line.holding.size

    @invariant()
    def what_lives_is_reserved(self):
        if not hasattr(self, "desk"):
            return
        events = self.desk.rows.get("risk_events", [])
        given_up = {row["client_order_id"] for row in events if row["event"] == "fills_given_up"}
        living = self.living(S.SUBMITTED, S.ACCEPTED, S.PARTIALLY_FILLED)
        for name, one in self.venue.orders.items():
            if name in self.liars | given_up:
                continue
            most = one["lots"] if name in living else one["done"]
            rest = most - sum(self.heard.get(name, {}).values())
            if rest > 0:
                working = self.desk.line.working.get(name)
                assert working is not None, f"{name} may still fill {rest} lots and is not reserved"
                assert round(working.open_size / LOT) >= rest

    @invariant()
    def every_state_may_follow_the_one_before(self):
        if not hasattr(self, "desk"):
            return
        for order in self.desk.sent:
            states = [S(state) for state in self.desk.states(order.client_order_id)]
            assert all(after in LEGAL[before] for before, after in pairwise(states)), states

    @invariant()
    def the_books_balance_and_are_the_equity(self):
        if not hasattr(self, "desk"):
            return
        account, line = self.desk.account, self.desk.line
        assert account.books.balance == 0
        worth = account.books.worth(("simulated", "BBBUSDT"), line.contract, line.mark_price)
        assert abs(float(account.books.cash) * 1e-8 + float(worth) - account.equity) < 1e-6

    @invariant()
    def nothing_is_made_in_doubt(self):
        if not hasattr(self, "desk"):
            return
        made, line = self.desk.sent[self.known :], self.desk.line
        unknown = any(one.state is S.UNKNOWN for one in line.working.values())
        assert not made or (self.desk.account.dealings.ready and not unknown)
        assert len(line.working) <= max(8, len(line.working) - len(made))

    def settle(self):
        """Every query is answered, then statements settle the rest."""
        self.pick_up()
        self.desk.link("down")
        self.desk.target(round(self.venue.lots * LOT, 1) * 50.0)
        for name, one in self.venue.orders.items():
            if one["state"] is S.SUBMITTED:
                one["state"] = S.REJECTED
            self.tell(name)
            self.post(self.mail.pop())
        for _ in range(2):
            self.desk.after(20)
            self.statement()
            if not self.desk.account.dealings.linked:
                self.desk.link("up")
        assert round(self.desk.line.holding.size / LOT) == self.venue.lots
        assert abs(self.desk.account.wallet - self.venue.cash) <= 0.01 + 1e-6
        for name, working in self.desk.line.working.items():
            assert name in self.living(S.SUBMITTED, S.ACCEPTED, S.PARTIALLY_FILLED) or name in self.liars, working


TestOrders = OrderMachine.TestCase
TestOrders.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
