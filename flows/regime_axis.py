"""Where bars stand from left to right, and what dates say so beneath.

By time where the bars fill it. Where a market is closed most of the time the closed hours are left out and bars stand
side by side; else its days would be slivers between blanks.
"""

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from numpy.typing import NDArray

from market.clock import SECOND_NS

Floats = NDArray[np.float64]
FILLED = 0.5  # share of the time between the first bar and the last that bars must fill
LEAST_GAP = 0.045  # between two dates, share of the width
MIDNIGHT_NS = 86_400 * SECOND_NS


class Axis(NamedTuple):
    """Left edges of N bars and the right edge of the last, and the dates to write where."""

    edges: Floats  # N + 1
    ticks: list[float]
    labels: list[str]
    unit: str  # what the labels leave out, such as "2026-Nov"; empty if nothing

    @property
    def middles(self) -> Floats:
        """Middles of the bars."""
        return (self.edges[:-1] + self.edges[1:]) / 2


def axis_of(times: NDArray[np.int64], interval_ns: int) -> Axis:
    """The axis of bars that closed, or opened, at these ascending times, ns UTC."""
    days = times / MIDNIGHT_NS
    step = interval_ns / MIDNIGHT_NS
    filled = len(times) * step / (days[-1] - days[0] + step)
    by_time = filled >= FILLED
    edges = np.append(days, days[-1] + step) if by_time else np.arange(len(times) + 1, dtype=np.float64)
    return Axis(edges, *_dates(times, edges, days))


def _dates(times: NDArray[np.int64], edges: Floats, days: Floats) -> tuple[list[float], list[str], str]:
    first, last = (datetime.fromtimestamp(times[end] / SECOND_NS, UTC) for end in (0, -1))
    locator = AutoDateLocator(tz=UTC, minticks=5, maxticks=11)
    found = [tick for tick in locator.tick_values(first, last) if date2num(first) <= tick <= date2num(last)]
    formatter = ConciseDateFormatter(locator, tz=UTC)
    labels = formatter.format_ticks(found)
    positions = np.interp(found, days, edges[:-1])
    kept: list[int] = []
    for number, position in enumerate(positions):
        if not kept or position - positions[kept[-1]] >= LEAST_GAP * (edges[-1] - edges[0]):
            kept.append(number)
    return [float(positions[number]) for number in kept], [labels[number] for number in kept], formatter.get_offset()
