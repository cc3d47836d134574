"""The desk written as it is said: price-time priority in lists, money in fractions. The slow oracle of test_desk."""

from fractions import Fraction


class Resting:
    """One order in a queue; `owner` is "us" or "agent"."""

    def __init__(self, name, owner, lots):
        self.name, self.owner, self.lots = name, owner, lots


class ObviousExchange:
    """One instrument. Prices in ticks, sizes in lots, money in ticks × lots × worth units."""

    def __init__(self, worth, capital, maker_fee, taker_fee):
        self.worth, self.maker_fee, self.taker_fee = worth, maker_fee, taker_fee
        self.queues = {1: {}, -1: {}}  # side → ticks → [Resting]
        self.cash = Fraction(capital)  # all that was paid and got, fees among it
        self.fees = 0
        self.lots = 0
        self.cost = Fraction(0)  # of what is held, at the average price
        self.realised = Fraction(0)
        self.fills = []  # ours: name, ticks, lots, maker
        self.expired = []  # ours, taken out of the way of our own orders

    def order(self, name, owner, side, ticks, lots, rests):
        """Match, then rest or drop the rest; lots left."""
        while lots:
            prices = self.queues[-side]
            best = (min(prices) if side > 0 else max(prices)) if prices else None
            if best is None or (best - ticks) * side > 0:
                break
            first = prices[best][0]
            if first.owner == owner == "us":
                self.expired.append(first.name)
                self._drop(-side, best, first)
                continue
            traded = min(lots, first.lots)
            lots -= traded
            first.lots -= traded
            if owner == "us":
                self._ours(name, side, best, traded, maker=False)
            if first.owner == "us":
                self._ours(first.name, -side, best, traded, maker=True)
            if not first.lots:
                self._drop(-side, best, first)
        if lots and rests:
            self.queues[side].setdefault(ticks, []).append(Resting(name, owner, lots))
        return lots

    def cancel(self, name, owner):
        """Lots it had left."""
        for side, prices in self.queues.items():
            for ticks, queue in prices.items():
                for one in queue:
                    if (one.name, one.owner) == (name, owner):
                        self._drop(side, ticks, one)
                        return one.lots
        return 0

    def ahead(self, name):
        """Lots before our order in its queue."""
        for prices in self.queues.values():
            for queue in prices.values():
                for place, one in enumerate(queue):
                    if (one.name, one.owner) == (name, "us"):
                        return sum(before.lots for before in queue[:place])
        return 0

    def _drop(self, side, ticks, one):
        queue = self.queues[side][ticks]
        queue.remove(one)
        if not queue:
            del self.queues[side][ticks]

    def _ours(self, name, side, ticks, lots, *, maker):
        value = ticks * lots * self.worth
        fee = int(Fraction(value) * (self.maker_fee if maker else self.taker_fee) + Fraction(1, 2))
        self.fills.append((name, ticks, lots, maker))
        self.cash -= side * value + fee
        self.fees += fee
        closed = min(lots, abs(self.lots)) if self.lots * side < 0 else 0
        if closed:
            average = self.cost / self.lots
            self.realised += -side * closed * (ticks * self.worth - average)
            self.cost += side * closed * average
        self.cost += side * (lots - closed) * ticks * self.worth
        self.lots += side * lots
