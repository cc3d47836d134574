"""A market whose every step is written by the test."""

from simulator.venues.book import Book, Change
from simulator.venues.market import Step


class Scripted:
    """One instrument, its opening levels, and steps that are added while it runs."""

    def __init__(self, listing, bids=(), asks=()):
        self.listings, self.books, self.steps = (listing,), (Book(),), []
        for side, levels in ((1, bids), (-1, asks)):
            for ticks, lots in levels:
                self.books[0].put(side, ticks, lots)

    @property
    def next_ns(self):
        return self.steps[0].time_ns if self.steps else None

    def add(self, time_ns, *changes, trades=()):
        self.steps.append(Step(time_ns, 0, tuple(Change(*change) for change in changes), tuple(trades)))

    def step(self):
        step = self.steps.pop(0)
        for change in step.changes:
            self.books[0].put(*change)
        return step

    def mark(self, instrument):
        touch = self.books[instrument].touch()
        return (touch[0] + touch[2]) // 2
