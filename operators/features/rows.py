"""What a tick row means to a feature: whether it is a trade that counts, and what it does to event time.

Event time is the exchange's. It never goes back, and a stamp further ahead of our clock than FUTURE_NS is not believed:
captured venues are up to 1.5 s ahead, and one broken stamp must not end the day.
"""

from typing import Any

from market.clock import FUTURE_NS
from market.schema import Kind
from operators.kernel import part

SNAPSHOT, DEPTH, RESET = int(Kind.SNAPSHOT), int(Kind.DEPTH), int(Kind.RESET)
TRADE, AGGREGATE_TRADE = int(Kind.TRADE), int(Kind.AGGREGATE_TRADE)


@part
def event_time(tick: Any, before: int) -> int:
    """Event time after a row: its exchange time, or what it was before where that is missing, past or not believed."""
    time = tick["exchange_time"]
    return time if before < time <= tick["receive_time"] + FUTURE_NS else before


@part
def counts(s: Any, tick: Any) -> bool:
    """Whether a row is a trade that counts: in the book, of a size and side, of the first kind the instrument showed.

    `trade` and `aggregate_trade` report the same volume; s["trade_kind"] remembers which came first, 0 for none.
    """
    kind = tick["kind"]
    if kind not in (TRADE, AGGREGATE_TRADE):
        return False
    if s["trade_kind"] == 0:
        s["trade_kind"] = kind
    return bool(kind == s["trade_kind"] and tick["size"] > 0.0 and tick["side"] != 0 and not tick["off_book"])
