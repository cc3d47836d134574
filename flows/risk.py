"""Risk of the trading account from the settings: the fixed limits, and how risk is measured and limits move."""

from flows.settings import Settings
from market.regimes import REGIME_TIMEFRAMES
from market.schema import TIMEFRAMES
from operators.portfolio.policy import LIFETIME_BARS
from operators.risk.measure import Measurement
from operators.risk.moving_limits import Movement
from operators.risk.reserve import Reserve
from operators.risk.standing import Limits


def limits_of(settings: Settings) -> Limits:
    """What the gate lets through at most."""
    return Limits(**settings.risk.model_dump(include=set(Limits.__dataclass_fields__)))


def measurement_of(settings: Settings, *, least_step_s: float = 0.0) -> Measurement:
    """How risk is measured, and how limits move with it.

    least_step_s: of prices that come so seldom, such as bars of a backtest; rows of returns then are that far apart,
    and as many of them are remembered.
    """
    risk = settings.risk
    step_s = max(risk.step_s, least_step_s)
    bar = (REGIME_TIMEFRAMES | settings.regimes.timeframes)[risk.regime_timeframe]
    return Measurement(
        level=risk.level,
        horizon_s=max(risk.horizon_s, step_s),
        step_s=step_s,
        every_s=max(risk.every_s, step_s),
        window_rows=round(risk.window_s / risk.step_s),
        half_life_rows=risk.half_life_s / risk.step_s,
        paths=risk.paths,
        regime_timeframe=risk.regime_timeframe,
        regime_age_s=LIFETIME_BARS * TIMEFRAMES[bar],
        reserve=Reserve(use_share=risk.gap_share, least_gap=risk.least_gap, reducing_share=risk.reducing_share),
        movement=Movement(
            regime_shares=risk.regime_shares,
            participation=risk.max_depth_share,
            position_depths=risk.position_depths,
            hold_s=risk.loosen_after_s,
        ),
    )
