import math

import numpy as np
import pytest

from operators.regimes.agreement import agree_rows, agreement, empty


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([[0, 1, 2], [0, 1, 2], [0, 1, 2]], 1.0),
        ([[0, 1, 2], [0, 1, 2], [0, 0, 0]], 4 / 6),
        ([[0, 1, 2], [1, 2, 0], [-1, -1, -1]], 0.0),
        ([[0, 1, -1], [0, -1, -1], [1, 1, 1]], 2 / 3),
        ([[-1, -1, -1], [0, 1, 2], [0, 1, 2]], math.nan),
        ([[0, 1, 2], [-1, -1, -1], [-1, -1, -1]], math.nan),
    ],
)
def test_agreement_of_the_first_timeframe_with_the_others(held, expected):
    assert agreement(np.array(held), np.zeros(3, np.int64), 0) == pytest.approx(expected, nan_ok=True)


def test_a_row_is_compared_with_what_the_other_timeframes_said_last():
    instruments = np.array([0, 0, 1, 0, 0])
    timeframes = np.array([0, 1, 1, 0, 1])
    held = np.array([[0, 0], [0, 1], [1, 1], [1, 1], [1, 1]])
    out, state = np.empty(5), empty(2, timeframes=2, views=2)
    agree_rows(state, instruments, timeframes, np.arange(5), held, out)
    assert out == pytest.approx([math.nan, 0.5, math.nan, 0.5, 1.0], nan_ok=True)
    assert state.held.tolist() == [[[1, 1], [1, 1]], [[-1, -1], [1, 1]]]


def test_what_a_timeframe_said_later_is_not_known_yet():
    held, times = np.array([[0, 0], [0, 0], [1, 1]]), np.array([5, 9, 1])
    assert agreement(held, times, 0) == 0.0
    assert agreement(held, times, 1) == 0.5
