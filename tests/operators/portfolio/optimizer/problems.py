"""Problems made up for tests."""

import numpy as np

from market.messages import Problem


def covariance_of(count, seed=0, factors=3):
    """Of a market with a few factors; positive definite."""
    rng = np.random.default_rng(seed)
    loads = rng.normal(0.5, 1.0, size=(count, factors)) * 0.01
    return loads @ loads.T + np.diag(rng.uniform(1e-4, 4e-4, count))


def packed(matrix):
    matrix = np.asarray(matrix, float)
    return tuple(matrix[np.tril_indices(len(matrix))].tolist())


def a_problem(count=8, seed=0, **changes):
    """A problem with costs and no limits but caps; numbers may be given for all instruments at once."""
    rng = np.random.default_rng(seed + 1)
    held = rng.normal(size=count)
    known = {
        "venue": "", "instrument": "", "time_ns": 7, "account": "paper", "request": 3,
        "names": tuple(f"v|{number}" for number in range(count)),
        "expected": rng.normal(0.0, 2e-3, count), "confidence": 1.0, "covariance": packed(covariance_of(count, seed)),
        "current": 0.8 * held / np.abs(held).sum(), "half_spread": 3e-4, "impact": 2e-3, "lot": 0.0,
        "min_notional": 0.0, "regime": "calm/bull/trending", "limits": {}, "caps": 0.5,
        "groups": {f"g{first}": tuple(range(first, count, 3)) for first in range(3)},
    } | changes  # fmt: skip
    for name in ("expected", "confidence", "current", "half_spread", "impact", "lot", "min_notional", "caps"):
        if not isinstance(known[name], tuple):
            known[name] = tuple(np.broadcast_to(np.asarray(known[name], float), count).tolist())
    return Problem(**known)
