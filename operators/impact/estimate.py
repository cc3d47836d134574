"""`estimate_price_impact`: what an order would do to the price, how sure that is, and from which models.

An order that is worked evenly over `horizon_s` seconds pushes the mid price by
    mean = Σ weight × impact over the models of size:  kyle  λ Q,  square_root  Y σ √(Q / V),
weighed by how well they predicted lately (operators/impact/models.py). `left` is what remains of that when the order
ends, by the propagator: mean × (average of G over the horizon) / G(0). The 95 % interval counts the standard errors,
the disagreement of the models, and `lambda_drift`, by which lambda has been seen to move while an order is worked.
An order at once (`horizon_s` = 0) is a walk through the book: exact, no interval.

It says that it cannot tell, with mean NaN and the reason in a sentence, where nothing is calibrated yet, where the
book known is too shallow, where the price moves less than its spread in a second (quotes then answer trades too late
and too coarsely to be measured), where the order is larger than all that the market trades in the horizon, and where
the interval holds 0.
All impacts are in quote currency, above 0 in the direction of the order: against its owner.
"""

import math
from typing import Any, NamedTuple

from operators.impact import drift, propagator
from operators.impact.walk import walk_the_book

NORMAL_95 = 1.959964
HORIZON_MOST_S = 86_400.0
DRIFT_MOST = 2.0  # horizons of drift.HORIZON_S beyond which lambda has forgotten where it was
RELATIVE_MOST = 0.5  # of the error, up to which the interval is taken to be log-normal


class PriceImpact(NamedTuple):
    """The impact of one order; prices in quote currency."""

    mean: float  # shift of the mid price by the order's own fills; at once: slippage of its average price. NaN: unknown
    low: float  # 95 % interval
    high: float
    left: float  # of `mean`, when the order ends
    components: dict[str, float]  # impact by model, whether it was used or not
    weights: dict[str, float]  # of the models that made the mean; they sum to 1
    model: str  # the heaviest of them; "none" where it cannot tell
    reason: str  # why it cannot tell; empty where it can


def estimate_price_impact(
    coefficients: Any, book: Any, *, order_size: float, side: int, horizon_s: float
) -> PriceImpact:
    """`coefficients`: a row of features "impact" (operators/impact/calibrate.py); `book`: a row of market.schema.BOOK.

    order_size above 0 in units of `size`; side +1 buys, −1 sells; horizon_s 0 … 86 400.
    """
    check_order(order_size, side, horizon_s)
    order_size, horizon_s = float(order_size), float(horizon_s)
    walked = walk_the_book(book, order_size=order_size, side=side)
    components = {**_by_size(coefficients, order_size), "walk_the_book": walked.slippage}
    if horizon_s == 0.0:
        if math.isnan(walked.slippage):
            return _unknown(components, f"the {walked.levels} levels known hold {walked.filled:g} of {order_size:g}")
        return PriceImpact(*(walked.slippage,) * 4, components, {"walk_the_book": 1.0}, "walk_the_book", "")
    reason = _obstacle(coefficients, book, order_size, horizon_s)
    return _unknown(components, reason) if reason else _combined(coefficients, components, order_size, horizon_s)


def check_order(order_size: float, side: int, horizon_s: float) -> None:
    """Raise ValueError for an order that cannot be."""
    if not 0.0 < order_size < math.inf:
        raise ValueError(f"order_size must be above 0, got {order_size}")
    if side not in (1, -1):
        raise ValueError(f"side must be 1 or -1, got {side}")
    if not 0.0 <= horizon_s <= HORIZON_MOST_S:
        raise ValueError(f"horizon_s must be 0 … {HORIZON_MOST_S:.0f}, got {horizon_s}")


def _by_size(c: Any, size: float) -> dict[str, float]:
    """The impact of an order by every model of size, NaN where one is not ready."""
    rate = float(c["volume_rate"])
    wander = math.sqrt(float(c["price_variance"]) * size / rate) if rate > 0.0 else math.nan
    return {
        "kyle": float(c["kyle_lambda"]) * size,
        "square_root": float(c["square_root_y"]) * wander,
        "kyle_with_news": float(c["flow_lambda"]) * size,
        "hasbrouck": float(c["hasbrouck_lambda"]) * size,
    }


def _obstacle(c: Any, book: Any, size: float, horizon_s: float) -> str:
    """Why nothing can be told; empty where something can."""
    spread = float(book["ask_price"][0] - book["bid_price"][0])
    if not spread > 0.0:
        return "there is no book to read the spread from"
    if c["price_variance"] < spread * spread:
        return "the price moves less than its spread in a second: quotes cannot show what trades do"
    if math.isnan(c["kyle_lambda"]) and not c["square_root_weight"] > 0.0:
        return "nothing is calibrated yet"
    if not size <= c["volume_rate"] * horizon_s:
        return f"the market trades {c['volume_rate'] * horizon_s:g} in {horizon_s:g} s, less than {size:g}"
    return ""


def _combined(c: Any, components: dict[str, float], size: float, horizon_s: float) -> PriceImpact:
    ready = [name for name in ("kyle", "square_root") if math.isfinite(components[name])]
    weights = {name: float(c[f"{name}_weight"]) for name in ready if c[f"{name}_weight"] > 0.0}
    if not weights:
        return _unknown(components, "no model has predicted anything yet")
    weights = {name: weight / sum(weights.values()) for name, weight in weights.items()}
    errors = {
        "kyle": float(c["kyle_lambda_error"]) * size,
        "square_root": abs(components["square_root"] * c["square_root_y_error"] / c["square_root_y"]),
    }
    mean = sum(weight * components[name] for name, weight in weights.items())
    variance = sum(weight * (errors[name] ** 2 + (components[name] - mean) ** 2) for name, weight in weights.items())
    low, high = _interval(mean, math.sqrt(variance), _wander(float(c["lambda_drift"]), horizon_s))
    if not low > 0.0:
        return _unknown(components, f"between {low:g} and {high:g}: not to be told from none", low, high)
    best = max(weights, key=lambda name: weights[name])
    return PriceImpact(mean, low, high, mean * _left(c, horizon_s), components, weights, best, "")


def _wander(lambda_drift: float, horizon_s: float) -> float:
    """Standard deviation of the log of lambda's average over the horizon: half the end's variance."""
    if math.isnan(lambda_drift):
        return 0.0
    return lambda_drift * math.sqrt(min(horizon_s / drift.HORIZON_S, DRIFT_MOST) / 2.0)


def _interval(mean: float, error: float, wander: float) -> tuple[float, float]:
    """95 %: of a log-normal where the error is small beside a mean above 0, else of a normal."""
    if mean > 0.0 and error < RELATIVE_MOST * mean:
        factor = math.exp(NORMAL_95 * math.hypot(error / mean, wander))
        return mean / factor, mean * factor
    half = NORMAL_95 * math.hypot(error, wander * mean)
    return mean - half, mean + half


def _left(c: Any, horizon_s: float) -> float:
    """Average of G(τ) / G(0) over the horizon: Simpson's rule. 1 where the propagator is not ready."""
    g = [float(c[f"propagator_{name}"]) for name in ("now", "fast", "slow")]
    if not g[0] > 0.0:
        return 1.0
    start, middle, end = (propagator.kernel_at(g[0], g[1], g[2], horizon_s * part) for part in (0.0, 0.5, 1.0))
    return (start + 4.0 * middle + end) / 6.0 / g[0]


def _unknown(components: dict[str, float], reason: str, low: float = math.nan, high: float = math.nan) -> PriceImpact:
    return PriceImpact(math.nan, low, high, math.nan, components, {}, "none", reason)
