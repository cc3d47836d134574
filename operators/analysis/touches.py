"""`Touches`: whether the venue's own best quote is the touch of our book, an independent word on every price and size.

Where both carry update ids (venues whose books begin over REST), they are compared at the same id, and must be equal.
Elsewhere they come by different ways and at different times: the newest ticker before each book message agrees if it
is, price and size of both sides, a touch that our book had within the NEAR_NS before it, or has after that message. A
book of which some messages were lost has other sizes for ever; a venue that tells its best quote late, or more often
than its book, has a ticker now and then that our book was never seen at. Recordings of several sockets may hold one
socket after the other, so that a ticker waits for its time, or finds it among the touches kept.
"""

from collections import deque
from dataclasses import dataclass, field

from market.clock import SECOND_NS

IDS_KEPT = 4_096
NEAR_NS = SECOND_NS
KEPT = 1_024  # touches, and tickers that wait

Quote = tuple[float, ...]  # bid price and size, ask price and size; () for none


def _newest() -> deque[tuple[int, Quote]]:
    return deque(maxlen=KEPT)


@dataclass
class Touches:
    """Of one instrument. Times are those of receipt, ns."""

    recent: deque[tuple[int, Quote]] = field(default_factory=_newest)
    waiting: deque[tuple[int, Quote]] = field(default_factory=_newest)  # tickers, until a book message is as new
    books: dict[int, Quote] = field(default_factory=dict)  # the newest by update id
    tickers: dict[int, Quote] = field(default_factory=dict)

    def at_one_id(self, sequence: int, quote: Quote, *, is_ticker: bool) -> bool | None:
        """Whether ticker and book are the same at an update id; None while only one of them has come."""
        mine, other = (self.tickers, self.books) if is_ticker else (self.books, self.tickers)
        if len(mine) >= IDS_KEPT:
            del mine[next(iter(mine))]
        mine[sequence] = quote
        return quote == other[sequence] if quote and other.get(sequence) else None

    def told(self, time: int, ticker: Quote) -> bool | None:
        """Whether a ticker is a touch about its time; None where that is not known yet, or no more."""
        if not self.recent or self.recent[-1][0] <= time:
            self.waiting.append((time, ticker))
            return None
        return self._has(time, ticker) if self.recent[0][0] <= time else None

    def changed(self, time: int, touch: Quote) -> bool | None:
        """The same of the newest ticker that waited for this book message. touch: () where the book is not valid."""
        asked = None
        while self.waiting and self.waiting[0][0] <= time:
            asked = self.waiting.popleft()
        if not touch:
            self.recent.clear()
            return None
        known = len(self.recent) > 0 and asked is not None and self.recent[0][0] <= asked[0]
        self.recent.append((time, touch))
        return self._has(*asked) if asked is not None and known else None

    def _has(self, asked_ns: int, ticker: Quote) -> bool:
        """Whether it is the touch of some moment from NEAR_NS before its time to the book message after it."""
        following: Quote = ()
        for time, touch in reversed(self.recent):
            if time > asked_ns:
                following = touch
            elif touch == ticker:
                return True
            elif time < asked_ns - NEAR_NS:
                break  # it was the touch when those NEAR_NS began
        return following == ticker
