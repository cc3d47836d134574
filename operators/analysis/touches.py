"""`Touches`: whether the venue's own best quote is the touch of our book, an independent word on every price and size.

Where both carry update ids (venues whose books begin over REST), they are compared at the same id, and must be equal.
Elsewhere they come by different ways and at different times: the newest ticker before each book message agrees if it
is, price and size of both sides, a touch that our book had within the last NEAR_NS, or has after that message. A book
of which some messages were lost has other sizes for ever; a venue that tells its best quote late, or more often than
its book, has a ticker now and then that our book was never seen at.
"""

from collections import deque
from dataclasses import dataclass, field

from market.clock import SECOND_NS

IDS_KEPT = 4_096
NEAR_NS = SECOND_NS
TOUCHES_KEPT = 1_024

Quote = tuple[float, ...]  # bid price and size, ask price and size; () for none


@dataclass
class Touches:
    """Of one instrument."""

    recent: deque[tuple[int, Quote]] = field(default_factory=lambda: deque(maxlen=TOUCHES_KEPT))  # receive time, ns
    asked: Quote = ()  # the newest ticker without an id, until the next book message has answered
    asked_ns: int = 0
    books: dict[int, Quote] = field(default_factory=dict)  # the newest by update id
    tickers: dict[int, Quote] = field(default_factory=dict)

    def at_one_id(self, sequence: int, quote: Quote, *, is_ticker: bool) -> bool | None:
        """Whether ticker and book are the same at an update id; None while only one of them has come."""
        mine, other = (self.tickers, self.books) if is_ticker else (self.books, self.tickers)
        if len(mine) >= IDS_KEPT:
            del mine[next(iter(mine))]
        mine[sequence] = quote
        return quote == other[sequence] if quote and other.get(sequence) else None

    def nearby(self, received_ns: int, quote: Quote, *, is_ticker: bool) -> bool | None:
        """Whether the newest ticker is a touch about its time; None where there is nothing to say.

        quote: () where the book is not valid, which forgets what was before.
        """
        if is_ticker:
            self.asked, self.asked_ns = quote, received_ns
            return None
        asked, self.asked = self.asked, ()
        if not quote:
            self.recent.clear()
            return None
        known = len(self.recent) > 0
        self.recent.append((received_ns, quote))
        return self._has(asked) if asked and known else None

    def _has(self, asked: Quote) -> bool:
        for time, touch in reversed(self.recent):
            if touch == asked:
                return True
            if time < self.asked_ns - NEAR_NS:
                break  # it was the touch when the time began
        return False
