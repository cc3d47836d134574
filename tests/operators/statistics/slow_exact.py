"""The returns-only parts of `statistics.dependence` the slow obvious way: every window anew, by batch libraries."""

import math
import warnings

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from scipy.stats import chi2, norm
from statsmodels.sandbox.stats.runs import runstest_1samp
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.tsa.stattools import acf, pacf

from operators.statistics import dfa, rescaled_range

Floats = NDArray[np.float64]
HURSTS = np.linspace(0.1, 0.9, 9)


def exact(history: Floats, n: int) -> dict[str, float]:
    """Columns of the last n of all returns since the past was emptied."""
    r = history[-n:]
    step = n // 8
    tested = len(history) - (len(history) - n) % step
    if not r.any():
        return {"autocorrelation_band": norm.ppf(0.975) / math.sqrt(n)}
    found = autocorrelation(r) | runs(r) | modified_range(history[tested - n : tested])
    return found | hurst_by_ranges(r) | hurst_by_lines(r) | generalised(r) | realised(r)


def autocorrelation(r: Floats) -> dict[str, float]:
    n = len(r)
    rho, phi = acf(r, nlags=5, fft=False), pacf(r, nlags=5, method="ldb")
    box = acorr_ljungbox(r, lags=[10])
    robust = robust_box(r)
    return (
        {f"autocorrelation_{k}": rho[k] for k in range(1, 6)}
        | {f"partial_autocorrelation_{k}": phi[k] for k in range(2, 6)}
        | {"autocorrelation_band": norm.ppf(0.975) / math.sqrt(n)}
        | {"ljung_box": float(box.lb_stat.iloc[0]), "ljung_box_p_value": float(box.lb_pvalue.iloc[0])}
        | {"ljung_box_robust": robust, "ljung_box_robust_p_value": float(chi2.sf(robust, 10))}
    )


def robust_box(r: Floats) -> float:
    n, rho, square = len(r), acf(r, nlags=10, fft=False), r**2
    spread = [np.mean(square[k:] * square[:-k]) / np.mean(square) ** 2 for k in range(1, 11)]
    if min(spread) <= 1e-6:
        return math.nan
    return float(n * (n + 2) * sum(rho[k] ** 2 / (n - k) / spread[k - 1] for k in range(1, 11)))


def runs(r: Floats) -> dict[str, float]:
    moves = r[r != 0]
    if len(moves) < 2:
        return {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        z, p = runstest_1samp(moves, cutoff=0, correction=False)
    return {"runs_z": float(z), "runs_p_value": float(p)}


def fitted(logs: list[float]) -> float:
    """Slope over scales that double, weights halving: polyfit squares its weights."""
    k = np.arange(len(logs))
    return float(np.polyfit(k, logs, 1, w=np.sqrt(0.5**k))[0])


def read_back(slope: float, expected: list[Floats]) -> float:
    """H of a slope, along straight lines between the slopes of H = 0.1 … 0.9."""
    table = [fitted([row[h] for row in expected]) for h in range(9)]
    return float(make_interp_spline(table, HURSTS, k=1)(slope))


def error(hurst: float, a: float, b: float, n: int) -> float:
    return (a + b * min(max(hurst, 0), 1)) / math.sqrt(n)


def hurst_by_ranges(r: Floats) -> dict[str, float]:
    sizes = [size for size in (8, 16, 32, 64) if 4 * size <= len(r)]
    logs = []
    for size in sizes:
        boxes = sliding_window_view(r, size)
        boxes = boxes[np.ptp(boxes, axis=1) > 0]
        if len(boxes) == 0:
            return {}
        paths = np.cumsum(boxes - boxes.mean(axis=1, keepdims=True), axis=1)
        paths = np.hstack([np.zeros((len(boxes), 1)), paths])
        logs.append(math.log2(np.mean(np.ptp(paths, axis=1) / boxes.std(axis=1))))
    hurst = read_back(fitted(logs), [np.array(row) for row in rescaled_range.LOGS[: len(sizes)]])
    terms = rescaled_range.ERRORS[len(sizes)]
    return {"rescaled_range_hurst": hurst, "rescaled_range_hurst_error": error(hurst, *terms, len(r))}


def hurst_by_lines(r: Floats) -> dict[str, float]:
    prices = np.concatenate([[0.0], np.cumsum(r)])
    sizes = [size for size in (4, 8, 16, 32, 64) if 4 * size <= len(r)]
    logs = []
    for size in sizes:
        boxes = sliding_window_view(prices, size).T
        line = np.stack([np.ones(size), np.arange(size)], axis=1)
        found, *_ = np.linalg.lstsq(line, boxes)
        logs.append(0.5 * math.log2(np.mean((boxes - line @ found) ** 2)))
    expected = [np.array([0.5 * math.log2(dfa.expected_fluctuation(h, size)) for h in HURSTS]) for size in sizes]
    hurst = read_back(fitted(logs), expected)
    return {"dfa_hurst": hurst, "dfa_hurst_error": error(hurst, *dfa.ERRORS[len(sizes)], len(r))}


def generalised(r: Floats) -> dict[str, float]:
    prices, found = np.concatenate([[0.0], np.cumsum(r)]), {}
    for q, a, b in ((1, 0.40, 0.65), (2, 0.42, 0.52)):
        moves = [np.abs(prices[tau:] - prices[:-tau]) for tau in (1, 2, 4, 8, 16)]
        hurst = fitted([math.log2(np.mean(move**q)) for move in moves]) / q
        found[f"generalised_hurst_{q}"], found[f"generalised_hurst_{q}_error"] = hurst, error(hurst, a, b, len(r))
    return found


def modified_range(r: Floats) -> dict[str, float]:
    n, e = len(r), r - r.mean()
    if not np.ptp(r) > 0:
        return {}
    rho = (e[1:] @ e[:-1]) / (e @ e)
    q = int(min(n // 8, (1.5 * n) ** (1 / 3) * abs(2 * rho / (1 - rho**2)) ** (2 / 3)))
    variance = e @ e / n + 2 * sum((1 - j / (q + 1)) * (e[j:] @ e[:-j]) / n for j in range(1, q + 1))
    v = np.ptp(np.concatenate([[0.0], np.cumsum(e)])) / math.sqrt(n * variance)
    k = np.arange(1, 1000.0) * v
    below = 1 + 2 * np.sum((1 - 4 * k**2) * np.exp(-2 * k**2))
    return {"modified_range": v, "modified_range_p_value": 2 * min(below, 1 - below)}


def realised(r: Floats) -> dict[str, float]:
    n, size, variance = len(r), np.abs(r), float(r @ r)
    bipower = math.pi / 2 * n / (n - 1) * float(size[1:] @ size[:-1])
    found = {
        "realised_variance": variance,
        "realised_skewness": math.sqrt(n) * float(np.sum(r**3)) / variance**1.5,
        "realised_kurtosis": n * float(np.sum(r**4)) / variance**2,
        "jump_share": max(0.0, 1 - bipower / variance),
    }
    if bipower == 0:
        return found
    mu = 2 ** (2 / 3) * math.gamma(7 / 6) / math.gamma(1 / 2)
    tripower = n * mu**-3 * n / (n - 2) * np.sum((size[2:] * size[1:-1] * size[:-2]) ** (4 / 3))
    spread = (math.pi**2 / 4 + math.pi - 5) / n * max(1, tripower / bipower**2)
    return found | {"jump_p_value": float(norm.sf((1 - bipower / variance) / math.sqrt(spread)))}
