"""Tapes with history in them: bars that a person imported, before, among and after what was received."""

import math
import random

from market import record
from market.schema import TIMEFRAMES
from tests import tape
from tests.tape import Tape

SECOND = 1_000_000_000
START = tape.START_MS * 1_000_000


def bars(symbol: str, timeframe: str, end: int, count: int, *, seed: int = 1) -> Tape:
    """The last bars that were over at `end` (ns), each received when it closed."""
    chance, price, found = random.Random(seed), 100.0, []
    interval = TIMEFRAMES[timeframe] * SECOND
    first = end // interval - count
    for number in range(first, first + count):
        open_, price = price, price * math.exp(chance.gauss(0.0, 1e-3))
        high, low = max(open_, price) * 1.0001, min(open_, price) * 0.9999
        bar = record.Bar(symbol, timeframe, number * interval, open_, high, low, price, volume=chance.random())
        found.append(((number + 1) * interval, record.encode(bar)))
    return found


def assumed(symbol: str, tick_size: str = "0.1") -> tuple[int, bytes]:
    """What stands before the bars of an instrument that may not be known yet.

    The step is the tape's own: in a journal definitions are rows of their own, in a tape that is cut at random not.
    """
    return START - SECOND, record.encode(record.InstrumentDefined(symbol, tick_size, "1", assumed=True))


def mixed(seed: int, messages: int = 400) -> Tape:
    """A tape after the history of one instrument, with bars among its frames that are news, or none, or told twice."""
    chance, told = random.Random(seed), tape.tape(seed, messages=messages)
    end = told[-1][0]
    past = [assumed("AAAUSDT"), *bars("AAAUSDT", "1m", START, 60), *bars("AAAUSDT", "1h", START, 40)]
    news = [*bars("AAAUSDT", "1m", end + 600 * SECOND, 20), *bars("BBBUSDT", "1s", end, 30)]
    for frame in [*news, *past[10:20], *news[:5]]:
        told.insert(chance.randrange(4, len(told)), frame)
    return [*past, *told]
