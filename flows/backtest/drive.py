"""The stages of the trading flow over the rows of a tape; answers of the solver come back as rows of their own, later.

Live, a problem leaves the flow and its Solution is a later row of the trading journal. Here the last stage solves
(trading_stages.py), and what it answers is heard ANSWER_NS of data time after the row that asked, before the first row
of the tape that is not earlier: nothing is known before it could have been. Offsets are those of the tape, moved up by
the answers before, so that ids of orders stay unique.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from flows.backtest.tape import row_of
from market.clock import MILLISECOND_NS
from market.decisions import Decisions
from market.messages import Solution
from operators.stage import Stage

ANSWER_MS = 100.0  # a warm solve of 100 instruments and the ways there and back: docs/benchmarks.md
ANSWER_NS = round(ANSWER_MS * MILLISECOND_NS)


def driven(rows: Sequence[Decisions], stages: Sequence[Stage]) -> Iterator[Decisions]:
    """Every row of the tape, and every answer, after all stages, in order of time."""
    states: list[Any] = [stage.empty() for stage in stages]
    waiting: list[tuple[int, Solution]] = []  # one at most for each row of the last ANSWER_NS
    heard = 0

    def advanced(item: Decisions) -> Decisions:
        out = item
        for stage, state in zip(stages, states, strict=True):
            out = stage.advance(state, out)
        added = out.messages[len(item.messages) :]
        waiting.extend((item.receive_time + ANSWER_NS, one) for one in added if isinstance(one, Solution))
        return out

    for arrived in rows:
        while waiting and waiting[0][0] <= arrived.receive_time:
            due_ns, solution = waiting.pop(0)
            yield advanced(row_of(arrived.offset + heard, due_ns, [solution]))
            heard += 1
        yield advanced(arrived._replace(offset=arrived.offset + heard))
