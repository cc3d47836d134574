"""What a closed bar costs in `statistics.dependence`, beside the batch routine called anew on every window.

What the number stands for: CPU time of one bar of one series, of each family's kernel parts alone (a bar in, a bar
out, columns written; counted anew once a window where the part does) and of the whole stage's kernel, windows of 256
returns of a random walk. Batch routines are those of statsmodels and arch; where they have none, vectorised NumPy, the
oracle of our own tests. Both sides give the same values: the tests hold them to 10⁻⁹.

    python benchmarks/bar_statistics.py
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numba
import numpy as np
from arch.unitroot import VarianceRatio
from numpy.typing import NDArray
from statsmodels.tsa.stattools import adfuller, kpss

from operators.statistics import (
    adf,
    autocorrelation,
    dependence,
    dfa,
    exact,
    generalised_hurst,
    half_life,
    modified_range,
    portmanteau,
    realised_moments,
    rescaled_range,
    runs,
    unit_root,
    variance_ratio,
)
from operators.statistics import kpss as level
from operators.statistics.dependence import ADF_LAGS, BLANK, KPSS_LAGS, WINDOW_BARS
from tests.operators.statistics import slow_exact
from tests.operators.statistics.markets import random_walk
from tests.operators.statistics.walk import walk

BARS, CALLS, REPEATS = 8_192, 60, 5
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Family:
    """One family: how its sums begin, take a bar and are read, and the batch routine of a window."""

    name: str
    state: "np.dtype[np.void]"
    begin: Callable[[Any, Floats, Floats], object]
    enter: Callable[[Any, Floats, Floats], object]
    write: Callable[[Any, Floats, Floats, Any], object]
    batch: Callable[[Floats, Floats], object]
    anew: bool = True  # whether its sums are counted anew once a window


def of_returns(name: str, part: Any, batch: Callable[[Floats], object], *, bare: bool = False) -> Family:
    """A part of operators/statistics/exact.py. bare: its write does not read the window."""
    write = (lambda s, _, __, out: part.write(s, out)) if bare else (lambda s, r, _, out: part.write(s, r, out))
    begin, enter = (lambda s, r, _: part.begin(s, r)), (lambda s, r, _: part.enter(s, r))
    return Family(name, part.STATE, begin, enter, write, lambda r, _: batch(r), anew=False)


FAMILIES = (
    Family(
        "ADF, 1 lag",
        unit_root.STATE,
        lambda s, r, y: unit_root.refresh(s, r, y, ADF_LAGS),
        lambda s, r, y: unit_root.enter(s, r, y, ADF_LAGS),
        lambda s, r, _, out: adf.write(s, r, ADF_LAGS, out),
        lambda _, y: adfuller(y, maxlag=ADF_LAGS, autolag=None, result_object=True),
    ),
    Family(
        "KPSS, 16 lags",
        level.STATE,
        lambda s, _, y: level.refresh(s, y, KPSS_LAGS),
        lambda s, _, y: level.enter(s, y, KPSS_LAGS),
        lambda s, _, y, out: level.write(s, y, KPSS_LAGS, out),
        lambda _, y: kpss(y, nlags=KPSS_LAGS, result_object=True),
    ),
    Family(
        "half-life",
        unit_root.STATE,
        lambda s, r, y: unit_root.refresh(s, r, y, 0),
        lambda s, r, y: unit_root.enter(s, r, y, 0),
        lambda s, r, _, out: half_life.write(s, r, out),
        lambda _, y: adfuller(y, maxlag=0, autolag=None, result_object=True),
    ),
    Family(
        "variance ratios, 4 horizons",
        variance_ratio.STATE,
        variance_ratio.refresh,
        variance_ratio.enter,
        lambda s, r, _, out: variance_ratio.write(s, r, out),
        lambda _, y: [VarianceRatio(y, lags=q).pvalue for q in variance_ratio.HORIZONS],
    ),
    Family(
        "ACF, PACF, two Ljung–Box",
        exact.STATE,
        lambda s, r, _: (
            autocorrelation.begin(s["autocorrelation"], r),
            portmanteau.begin(s["portmanteau"], r),
        ),
        lambda s, r, _: (
            autocorrelation.enter(s["autocorrelation"], r),
            portmanteau.enter(s["portmanteau"], r),
        ),
        lambda s, r, _, out: (
            autocorrelation.write(s["autocorrelation"], r, out),
            portmanteau.write(s["portmanteau"], s["autocorrelation"]["rho"], len(r), out),
        ),
        lambda r, _: slow_exact.autocorrelation(r),
        anew=False,
    ),
    of_returns("runs test", runs, slow_exact.runs, bare=True),
    of_returns("rescaled range (NumPy)", rescaled_range, slow_exact.hurst_by_ranges),
    of_returns("modified range (NumPy)", modified_range, slow_exact.modified_range, bare=True),
    of_returns("DFA (NumPy)", dfa, slow_exact.hurst_by_lines),
    of_returns("generalised Hurst (NumPy)", generalised_hurst, slow_exact.generalised),
    of_returns("realised moments (NumPy)", realised_moments, slow_exact.realised),
)


def walked(family: Family, returns: Floats, prices: Floats) -> Callable[[], None]:
    """The family over all windows, compiled."""
    begin, enter, write = (numba.njit(function) for function in (family.begin, family.enter, family.write))
    n, anew = WINDOW_BARS, family.anew

    @numba.njit(error_model="numpy")
    def over(s: Any, out: Any, returns: Floats, prices: Floats) -> None:
        begin(s[0], returns[:n], prices[: n + 1])
        for end in range(n + 1, len(returns) + 1):
            if anew and end % n == 0:
                begin(s[0], returns[end - n : end], prices[end - n : end + 1])
            else:
                enter(s[0], returns[end - n - 1 : end], prices[end - n - 1 : end + 1])
            write(s[0], returns[end - n : end], prices[end - n : end + 1], out[0])

    state, out = np.zeros(1, family.state), BLANK.copy()
    return lambda: over(state, out, returns, prices)


def least_us(run: Callable[[], object], calls: int) -> float:
    """CPU microseconds per call inside a run, the least of REPEATS, once it is compiled."""
    run()
    spent = []
    for _ in range(REPEATS):
        start = time.thread_time_ns()
        run()
        spent.append(time.thread_time_ns() - start)
    return min(spent) / calls / 1e3


def main() -> None:
    warnings.simplefilter("ignore")
    # What boxes are expected to be is found once on our side, so the NumPy side need not find it at every call.
    slope = patch.object(slow_exact, "read_back", lambda slope, _: slope)
    with slope, patch.object(dfa, "expected_fluctuation", lambda _, __: 1.0):
        report()


def report() -> None:
    closes = random_walk(BARS + 1)
    prices = np.log(closes / closes[0])
    returns = np.diff(prices)
    windows = [slice(end - WINDOW_BARS, end) for end in range(WINDOW_BARS, BARS, (BARS - WINDOW_BARS) // CALLS)]
    print(f"{'':<28} {'µs/bar':>8} {'batch':>9} {'ratio':>7}")
    total = 0.0
    for family in FAMILIES:
        own = least_us(walked(family, returns, prices), BARS - WINDOW_BARS)

        def anew(family: Family = family) -> None:
            for at in windows:
                family.batch(returns[at], prices[at.start : at.stop + 1])

        batch = least_us(anew, len(windows))
        total += batch
        print(f"{family.name:<28} {own:>8.3f} {batch:>9.1f} {batch / own:>7.0f}", flush=True)
    stage = least_us(lambda: walk(closes, window_bars=WINDOW_BARS), len(closes))
    print(f"{'all of it, with its rings':<28} {stage:>8.3f} {total:>9.1f} {total / stage:>7.0f}")
    print(f"state: {dependence.SERIES.itemsize + 8 * (4 * WINDOW_BARS + 1):,} bytes per instrument and timeframe")


if __name__ == "__main__":
    main()
