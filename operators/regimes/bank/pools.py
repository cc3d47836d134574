"""The templates that stand side by side for each question asked of a market.

Several start from other contrasts, durations and scales, because a filter that learns its parameters climbs to the top
nearest to it; the evidence chooses among the tops. One that has only one state says that there are no regimes.
"""

from dataclasses import replace

from operators.regimes.bank.catalogue import (
    anchored,
    autoregression,
    crossed,
    direction,
    direction2,
    direction_in_volatility,
    drifting,
    fractional,
    momentum,
    still,
    timescales,
    volatility,
)
from operators.regimes.bank.template import Template

SCALES = (-0.3, 0.3)  # log: the first returns came from a calm time, from a stressed one


def volatilities(labels: int) -> tuple[Template, ...]:
    """Calm and stressed, or calm, normal and stressed."""
    if labels == 2:
        return _two_volatilities()
    starts = tuple(
        volatility(gaps, (200.0, 150.0, 80.0), scale=scale)
        for gaps in ((0.45, 0.45), (0.7, 0.7))
        for scale in (-0.4, 0.05, 0.5)
    )
    middle = (0.55, 0.55)
    return (
        *starts,
        replace(volatility(middle, (200.0, 150.0, 80.0)), heir=True),
        volatility(middle, (200.0, 150.0, 80.0), garch=(0.06, 0.87)),
        replace(still(1, log_odds=STILL_ODDS), heir=True),
        replace(still(1, garch=(0.05, 0.92), log_odds=STILL_ODDS), heir=True),
    )


STILL_ODDS = 2.0  # log odds of no regimes against any one template that has some


def _two_volatilities() -> tuple[Template, ...]:
    calm, stressed = SCALES
    stays = (220.0, 110.0)
    return (
        *(volatility((gap,), stays, scale=calm) for gap in (0.45, 0.85)),
        *(replace(volatility((gap,), stays, scale=stressed), heir=True) for gap in (0.45, 0.85)),
        *(volatility((0.6,), stays, phases=3, scale=scale) for scale in SCALES),
        *(volatility((gap,), stays, garch=(0.07, 0.9), scale=scale) for gap in (0.5, 0.85) for scale in SCALES),
        replace(still(0, log_odds=STILL_ODDS), heir=True),
        replace(still(0, garch=(0.05, 0.92), log_odds=STILL_ODDS), heir=True),
    )


def directions(labels: int) -> tuple[Template, ...]:
    """Bear and bull, or bear, neutral and bull."""
    if labels == 2:
        return tuple(direction2(drift, 1.2, stay=stay) for drift in (0.05, 0.15) for stay in (250.0, 600.0))
    contrasts = ((1.3, 0.85), (1.1, 0.95))
    return (
        *(direction(drift, scales) for drift in (0.1, 0.25) for scales in contrasts),
        *(direction(drift, (1.2, 0.9), phases=phases) for drift in (0.1, 0.25) for phases in (2, 4)),
        *(direction_in_volatility(drift, gap) for drift in (0.1, 0.2) for gap in (0.5, 0.9)),
    )


def dynamics() -> tuple[Template, ...]:
    """Reverting, random and trending, by whatever they may be told from."""
    return (
        *(autoregression(size, size) for size in (0.2, 0.4)),
        *(autoregression(0.3, 0.3, phases=phases) for phases in (2, 4)),
        *(momentum(0.2, 0.15, span) for span in (8.0, 20.0)),
        fractional(0.32, 0.68),
        *(drifting(revert, drift) for revert, drift in ((0.2, 0.2), (0.4, 0.35))),
        *(anchored(pull, drift) for pull, drift in ((0.12, 0.2), (0.25, 0.3))),
    )


def volatility_and_trend() -> tuple[Template, ...]:
    """Quiet and volatile times trend and range."""
    return tuple(crossed(slope, gap) for slope, gap in ((0.25, 0.45), (0.4, 0.8)))


def four_timescales() -> tuple[Template, ...]:
    """Volatility, direction, dynamics and volatility again, each on its own time scale."""
    return tuple(timescales(0.55, 0.11, 0.3, 0.85, scale=scale) for scale in (-0.3, 0.0, 0.3))
