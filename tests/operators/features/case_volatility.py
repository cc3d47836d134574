import math
from itertools import pairwise

from operators import decode
from operators.book import rebuild
from operators.features import order_flow, volatility
from tests.market_case import case, outputs
from tests.operators.features.hand import NAN
from tests.operators.features.slow_seconds import SlowSeconds, oracle_of, weights_of

HALF_LIFE_S, WINDOW_S = 20.0, 12
NAMES = volatility.COLUMNS.names or ()


def mean(values: list[float]) -> float:
    w = weights_of(values, HALF_LIFE_S)
    return sum(a * x for a, x in zip(w, values, strict=True)) / sum(w)


def jump(r: list[float]) -> float:
    """As Huang and Tauchen write it."""
    n, size = len(r), [abs(x) for x in r]
    rv = sum(x * x for x in r)
    bv = math.pi / 2 * n / (n - 1) * sum(size[k] * size[k - 1] for k in range(1, n))
    mu = 2 ** (2 / 3) * math.gamma(7 / 6) / math.gamma(1 / 2)
    triples = sum((size[k] * size[k - 1] * size[k - 2]) ** (4 / 3) for k in range(2, n))
    if rv == 0 or bv == 0:
        return NAN
    tp = n * mu**-3 * n / (n - 2) * triples
    return (rv - bv) / rv / math.sqrt((math.pi**2 / 4 + math.pi - 5) / n * max(1, tp / bv**2))


def values(slow: SlowSeconds) -> list[float]:
    r = slow.returns
    if len(r) < volatility.WARM_UP_S:
        return [NAN] * 3
    pairs = [abs(a) * abs(b) for a, b in pairwise(r)]
    z = jump(r[-WINDOW_S:]) if len(r) >= WINDOW_S else NAN
    return [math.sqrt(mean([x * x for x in r])), math.sqrt(math.pi / 2 * mean(pairs)), z]


CASE = case(
    "features.volatility",
    lambda: volatility.stage(half_life_s=HALF_LIFE_S, window_s=WINDOW_S),
    (decode.stage, rebuild.stage, order_flow.stage),
    outputs(NAMES),
    oracle_of(NAMES, values),
    tolerance=1e-9,
)
