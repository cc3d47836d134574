"""Double entry the slow obvious way: exact fractions, T-accounts, every rule written once more.

Amounts are rounded once, to 1e-8 of quote currency, half to even: the worth of a trade when it happens, the share of a
position's cost when part of it is closed.
"""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

PLACES = 10**8


def fraction(number: float) -> Fraction:
    return Fraction(Decimal(repr(number)))


def rounded(amount: Fraction) -> Fraction:
    return Fraction(round(amount * PLACES), PLACES)


def decimal(amount: Fraction) -> Decimal:
    return Decimal(amount.numerator) / Decimal(amount.denominator)


class SlowBooks:
    def __init__(self) -> None:
        self.accounts: dict[str, Fraction] = defaultdict(Fraction)  # debit is above 0
        self.cost: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        self.size: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        self.coins: dict[tuple[str, str], Fraction] = defaultdict(Fraction)

    def move(self, debit: str, credit: str, amount: Fraction) -> list[tuple[str, Decimal]]:
        """Amount from one account to another; what is said of it, nothing where it is 0."""
        self.accounts[debit] += amount
        self.accounts[credit] -= amount
        return [(debit, decimal(amount)), (credit, decimal(-amount))] if amount else []

    def trial_balance(self) -> Fraction:
        return sum(self.accounts.values(), Fraction())

    def fill(self, key, side, price, size, fee, contract_size=1.0, inverse=False):
        """What each book changes by: position, realised, fees, cash."""
        before = dict(self.accounts)
        price, size, unit = fraction(price), fraction(size), fraction(contract_size)
        held = self.size[key]
        if held * side < 0:
            part = min(size, abs(held))
            self.close(key, part, price, unit, inverse)
            size -= part
        if size:
            worth = rounded(size * unit * (1 if inverse else price))
            self.move("position", "cash", side * worth)
            self.cost[key] += side * worth
            self.coins[key] += side * size * unit / price
            self.size[key] += side * size
        self.move("fees", "cash", rounded(fraction(fee)))
        changes = [
            (book, self.accounts[book] - before.get(book, 0)) for book in ("position", "realised", "fees", "cash")
        ]
        return [(book, decimal(change)) for book, change in changes if change]

    def close(self, key, size, price, unit, inverse):
        held = self.size[key]
        sign = 1 if held > 0 else -1
        cost = self.cost[key] if size == abs(held) else rounded(self.cost[key] * size / abs(held))
        coins = self.coins[key] * size / abs(held)
        brought = rounded(coins * price) if inverse else sign * rounded(size * unit * price)
        self.move("cash", "position", cost)
        self.move("cash", "realised", brought - cost)
        self.cost[key] -= cost
        self.coins[key] -= coins
        self.size[key] -= sign * size

    def pay(self, book, amount):
        return self.move("cash", book, rounded(fraction(amount)))

    def adopt(self, key, size, average, contract_size=1.0, inverse=False):
        """Exchange what is held for cash at what it cost, and cash for what the venue says at its average."""
        before = self.accounts["position"]
        size, unit = fraction(size), fraction(contract_size)
        self.move("cash", "position", self.cost[key])
        worth = rounded(abs(size) * unit * (1 if inverse else fraction(average))) if size else Fraction()
        worth *= 1 if size > 0 else -1
        self.move("position", "cash", worth)
        self.cost[key], self.size[key] = worth, size
        self.coins[key] = size * unit / fraction(average) if size else Fraction()
        change = self.accounts["position"] - before
        return [("position", decimal(change)), ("cash", decimal(-change))] if change else []

    def equity(self, marks, contracts):
        """Cash and positions at their marks; contracts: (contract_size, inverse) by key."""
        total = self.accounts["cash"]
        for key, mark in marks.items():
            unit, inverse = contracts[key]
            total += (self.coins[key] if inverse else self.size[key] * fraction(unit)) * fraction(mark)
        return total
