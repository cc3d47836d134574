"""The parts of `statistics.dependence` that need no counting anew: their sums forget nothing (exact_sum.py).

They read the returns of the window alone. So each is begun once, when the window is first full, and then every bar
enters: a thousand instruments that began together never have to walk a window at the same bar.
"""

from typing import Any

import numpy as np

from operators.kernel import part
from operators.statistics import (
    autocorrelation,
    dfa,
    generalised_hurst,
    modified_range,
    portmanteau,
    realised_moments,
    rescaled_range,
    runs,
)

COLUMNS = (
    *autocorrelation.COLUMNS,
    *portmanteau.COLUMNS,
    *runs.COLUMNS,
    *rescaled_range.COLUMNS,
    *modified_range.COLUMNS,
    *dfa.COLUMNS,
    *generalised_hurst.COLUMNS,
    *realised_moments.COLUMNS,
)
STATE = np.dtype(
    [
        ("autocorrelation", autocorrelation.STATE),
        ("portmanteau", portmanteau.STATE),
        ("runs", runs.STATE),
        ("rescaled_range", rescaled_range.STATE),
        ("modified_range", modified_range.STATE),
        ("dfa", dfa.STATE),
        ("generalised_hurst", generalised_hurst.STATE),
        ("realised_moments", realised_moments.STATE),
    ],
    align=True,
)


@part
def begin(s: Any, returns: Any) -> None:
    """All sums of the first window."""
    autocorrelation.begin(s["autocorrelation"], returns)
    portmanteau.begin(s["portmanteau"], returns)
    runs.begin(s["runs"], returns)
    rescaled_range.begin(s["rescaled_range"], returns)
    modified_range.begin(s["modified_range"], returns)
    dfa.begin(s["dfa"], returns)
    generalised_hurst.begin(s["generalised_hurst"], returns)
    realised_moments.begin(s["realised_moments"], returns)


@part
def enter(s: Any, returns: Any) -> None:
    """One bar later: n + 1 returns, of which the first leaves."""
    autocorrelation.enter(s["autocorrelation"], returns)
    portmanteau.enter(s["portmanteau"], returns)
    runs.enter(s["runs"], returns)
    rescaled_range.enter(s["rescaled_range"], returns)
    modified_range.enter(s["modified_range"], returns)
    dfa.enter(s["dfa"], returns)
    generalised_hurst.enter(s["generalised_hurst"], returns)
    realised_moments.enter(s["realised_moments"], returns)


@part
def write(s: Any, returns: Any, out: Any) -> None:
    """All columns of the window; out comes as NaN."""
    autocorrelation.write(s["autocorrelation"], returns, out)
    portmanteau.write(s["portmanteau"], s["autocorrelation"]["rho"], len(returns), out)
    runs.write(s["runs"], out)
    rescaled_range.write(s["rescaled_range"], returns, out)
    modified_range.write(s["modified_range"], out)
    dfa.write(s["dfa"], returns, out)
    generalised_hurst.write(s["generalised_hurst"], returns, out)
    realised_moments.write(s["realised_moments"], returns, out)
