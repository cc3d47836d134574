import math

from operators import decode
from operators.book import rebuild
from operators.features import moments, order_flow
from tests.market_case import case, outputs
from tests.operators.features.hand import NAN
from tests.operators.features.slow_seconds import SlowSeconds, oracle_of, weights_of

HALF_LIFE_S, WINDOW_S = 60.0, 12
NAMES = moments.COLUMNS.names or ()


def about(values: list[float], power: int) -> float:
    """Weighted central moment, in two passes; the mean itself for power 1."""
    w = weights_of(values, HALF_LIFE_S)
    mean = math.fsum(a * x for a, x in zip(w, values, strict=True)) / math.fsum(w)
    if power == 1:
        return mean
    return math.fsum(a * (x - mean) ** power for a, x in zip(w, values, strict=True)) / math.fsum(w)


def quantile(values: list[float], share: float) -> float:
    ordered, position = sorted(values), share * (len(values) - 1)
    below = math.floor(position)
    return ordered[below] + (position - below) * (ordered[min(below + 1, len(values) - 1)] - ordered[below])


def values(slow: SlowSeconds) -> list[float]:
    r = slow.returns
    if len(r) < moments.WARM_UP_S:
        return [NAN] * 8
    variance, spread = about(r, 2), math.sqrt(about(slow.mids, 2))
    shape = [about(r, 3) / variance**1.5, about(r, 4) / variance**2] if variance else [NAN, NAN]
    lasts = r[-WINDOW_S:]
    z = (slow.mid - about(slow.mids, 1)) / spread if spread > 1e-12 * slow.mid else NAN
    return [about(r, 1), variance, *shape, *[quantile(lasts, share) for share in (0.05, 0.5, 0.95)], z]


CASE = case(
    "features.moments",
    lambda: moments.stage(half_life_s=HALF_LIFE_S, window_s=WINDOW_S),
    (decode.stage, rebuild.stage, order_flow.stage),
    outputs(NAMES),
    oracle_of(NAMES, values),
    tolerance=1e-9,
)
