"""The returns-only parts of `statistics.dependence` over a plain series of returns, as the stage would run them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, out_type
from operators.statistics import exact

Floats = NDArray[np.float64]
OUT = np.dtype([(name, np.float64) for name in exact.COLUMNS], align=True)


@kernel(out_type(exact.STATE), column(float64), int64, int64, out_type(OUT))
def walk(state: Any, returns: Any, window: int, every: int, out: Any) -> None:
    """out: row k after return window + k · every."""
    s = state[0]
    for end in range(window, len(returns) + 1):
        if end == window:
            exact.begin(s, returns[:end])
        else:
            exact.enter(s, returns[end - window - 1 : end])
        if (end - window) % every == 0:
            exact.write(s, returns[end - window : end], out[(end - window) // every])


def measured(returns: Floats, window: int, every: int = 1) -> NDArray[np.void]:
    """Columns of the window after every bar, or every so many, from when it is first full."""
    out = np.full((len(returns) - window) // every + 1, np.nan).repeat(len(exact.COLUMNS)).view(OUT)
    walk(np.zeros(1, exact.STATE), np.ascontiguousarray(returns), window, every, out)
    return out
