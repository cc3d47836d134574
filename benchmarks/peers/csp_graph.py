"""csp: a graph of three nodes, decode → book → row, over the frames as one time series, run as fast as it goes.

Nodes in Python, as its users write them; a tick per frame, because that is what csp is. The frames come from a pull
adapter that makes no copies; decoding, book and row are those of `hand_written.py`.
"""

import time
from datetime import datetime, timedelta
from typing import Any

import csp
import numpy as np
from csp import ts
from csp.impl.pulladapter import PullInputAdapter
from csp.impl.wiring import py_pull_adapter_def

from benchmarks.peers.frames import Depth, Snapshot, Ticker, Trade, decode
from benchmarks.peers.hand_written import Side
from benchmarks.peers.row import Rows

BEGIN = datetime(2023, 4, 4)  # noqa: DTZ001 - csp takes its times as UTC
STEP = timedelta(microseconds=1)  # between frames, so that each is a tick of its own


class FramesAdapter(PullInputAdapter):
    """The frames, one per STEP."""

    def __init__(self, frames: list[bytes]) -> None:
        self._frames = iter(frames)
        super().__init__()

    def start(self, start_time: datetime, end_time: datetime) -> None:
        self._time = start_time
        super().start(start_time, end_time)

    def next(self) -> tuple[datetime, bytes] | None:
        frame = next(self._frames, None)
        if frame is None:
            return None
        self._time += STEP
        return self._time, frame


frames_of = py_pull_adapter_def("frames_of", FramesAdapter, ts[bytes], frames=list)


@csp.node
def decoded(frame: ts[bytes]) -> csp.Outputs(depth=ts[object], trade=ts[object], quote=ts[object]):
    message = decode(frame)
    kind = type(message)
    if kind is Ticker:
        csp.output(quote=message)
    elif kind is Trade:
        if message.X == "MARKET":
            csp.output(trade=message)
    elif kind is Depth or kind is Snapshot:
        csp.output(depth=message)


@csp.node
def book(depth: ts[object]) -> ts[object]:
    """Best levels of bids and asks, and the time in ms, after every message."""
    with csp.state():
        s_bids: Any = None
        s_asks: Any = None
        s_last = -1
        s_chained = False

    if type(depth) is Snapshot:
        s_bids, s_asks, s_last, s_chained = Side(1, depth.bids), Side(-1, depth.asks), depth.lastUpdateId, False
        csp.output((s_bids.top, s_asks.top, depth.T))
    elif s_last >= 0 and depth.u >= s_last:
        if depth.pu != s_last if s_chained else depth.pu > s_last:
            raise ValueError(f"update {depth.u} continues {depth.pu}, the book is at {s_last}")
        s_last, s_chained = depth.u, True
        s_bids.apply(depth.b)
        s_asks.apply(depth.a)
        csp.output((s_bids.top, s_asks.top, depth.T))


@csp.node
def row(levels: ts[object], trade: ts[object], rows: object) -> ts[object]:
    if csp.ticked(trade):
        rows.traded += -trade.q if trade.m else trade.q
    if csp.ticked(levels):
        bids, asks, milliseconds = levels
        rows.update(bids, asks, milliseconds)
        csp.output(rows.rows[-1])


@csp.graph
def pipeline(frames: list, rows: object):
    found = decoded(frames_of(frames))
    levels = book(found.depth)
    csp.add_graph_output("quote", found.quote, tick_count=1)
    csp.add_graph_output("row", row(levels, found.trade, rows), tick_count=1)


def run(frames: list[bytes], _receive_times: list[int]) -> tuple[np.ndarray, float, str]:
    rows = Rows()
    began = time.process_time()
    csp.run(pipeline, frames, rows, starttime=BEGIN, endtime=BEGIN + STEP * (len(frames) + 1))
    seconds = time.process_time() - began
    return np.array(rows.rows), seconds, "three Python nodes, a tick per frame"
