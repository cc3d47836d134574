"""`Watch`: what a flow tells of itself while it runs, and to whom."""

from typing import NamedTuple

from market.beat import Beat
from market.metrics import Metrics
from market.trace import Trace


class Watch(NamedTuple):
    """Handed to whatever goes on for long."""

    beat: Beat
    metrics: Metrics
    trace: Trace
