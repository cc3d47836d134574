"""No signal rests on history, wherever in the stream it was told."""

import pytest

from market.batch import Batch
from operators import bars, decode
from operators.book import rebuild
from operators.features import order_flow
from operators.regimes import detect
from operators.signals import decide
from tests import history_tape, tape
from tests.history_tape import SECOND, START
from tests.tape import Tape


def run(received: Tape) -> list[Batch]:
    batches = tape.cut(received)
    for module in (decode, rebuild, order_flow, bars, detect, decide):
        batches = module.stage().run(batches)
    return batches


def of_history(batches: list[Batch]) -> tuple[int, list[float]]:
    """How many regime rows rest on bars of history, and the directions of the signals that rest on those."""
    regimes, directions = 0, []
    for batch in batches:
        past = set(batch.past)
        for name in ("regimes", "signals"):
            for row in batch.tables[name].to_dicts() if name in batch.tables else []:
                if row["frame"] in past and name == "regimes":
                    regimes += 1
                elif row["frame"] in past:
                    directions.append(row["direction"])
    return regimes, directions


LIVE = tape.tape(1, messages=300, faults=False)


@pytest.mark.parametrize("timeframe", ["1s", "1m", "1h", "1d"])
def test_history_before_the_stream_gives_no_signal(timeframe: str) -> None:
    past = [history_tape.assumed("AAAUSDT"), *history_tape.bars("AAAUSDT", timeframe, START, 200)]
    regimes, directions = of_history(run([*past, *LIVE]))
    assert regimes == 200
    assert directions == []


def test_history_right_after_the_stream_gives_no_signal() -> None:
    before = [history_tape.assumed("AAAUSDT"), *history_tape.bars("AAAUSDT", "1s", START, 200)]
    after = history_tape.bars("AAAUSDT", "1s", LIVE[-1][0] + 4 * SECOND, 100)
    regimes, directions = of_history(run([*before, *LIVE, *after]))
    assert regimes > 202
    assert directions == []
