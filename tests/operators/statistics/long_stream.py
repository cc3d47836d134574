"""The stream of ohlc_stream.py for windows of 64 bars: fewer series, and pauses longer than a window."""

from market.batch import Batch
from market.schema import TIMEFRAMES
from tests.operators.statistics.ohlc_stream import SECOND, Moment, batch_of, moments

SERIES = {("AAAUSDT", "1s"), ("AAAUSDT", "1h"), ("BBBUSDT", "1m")}
FRAMES_BETWEEN_PAUSES, PAUSE_BARS = 350, 90


def batches(seed: int, length: int) -> list[Batch]:
    """600 × length frames, seven a batch."""
    found = [_later(moment, number) for number, moment in enumerate(moments(seed, 4 * length))]
    return [batch_of(found[at : at + 7], at) for at in range(0, len(found), 7)]


def _later(moment: Moment, number: int) -> Moment:
    """The bars of SERIES, after the pauses that come before them."""
    pauses = number // FRAMES_BETWEEN_PAUSES
    kept = [bar for bar in moment.bars if (bar["instrument"], bar["timeframe"]) in SERIES]
    later = [pauses * PAUSE_BARS * TIMEFRAMES[bar["timeframe"]] * SECOND for bar in kept]
    moved = zip(kept, later, strict=True)
    return Moment(moment.time, tuple(bar | {"close_time": bar["close_time"] + by} for bar, by in moved))
