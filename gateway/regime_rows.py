"""Rows of regimes and of their forecasts, as the API answers with them.

Names, units and None as in gateway/rows.py; docs/regimes.md says how to read them.
"""

from dataclasses import dataclass, field

from gateway.rows import Time


@dataclass(frozen=True, kw_only=True)
class Regime:
    """The regime at the close of a bar (`time`): the state held in each view, and what speaks for it."""

    venue: str
    instrument: str
    timeframe: str
    time: Time
    receive_time: Time
    regime: str  # such as calm/bull/trending
    raw_regime: str
    confidence: float | None
    probability_calm: float | None
    probability_normal: float | None
    probability_stressed: float | None
    probability_bear: float | None
    probability_neutral: float | None
    probability_bull: float | None
    probability_reverting: float | None
    probability_random: float | None
    probability_trending: float | None
    remaining_volatility_s: float | None
    remaining_direction_s: float | None
    remaining_dynamics_s: float | None
    volatility: float | None
    drift: float | None
    run_length_bars: float | None
    change_point_probability: float | None
    anomaly: float | None
    agreement: float | None
    bars_seen: int
    evidence: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RegimeForecast:
    """Probabilities of every state `horizon_bars` later, and the scores of past forecasts beside a Markov chain's."""

    venue: str
    instrument: str
    timeframe: str
    time: Time
    receive_time: Time
    horizon_bars: int
    probability_calm: float | None
    probability_normal: float | None
    probability_stressed: float | None
    probability_bear: float | None
    probability_neutral: float | None
    probability_bull: float | None
    probability_reverting: float | None
    probability_random: float | None
    probability_trending: float | None
    change_probability_volatility: float | None
    change_probability_direction: float | None
    change_probability_dynamics: float | None
    scored: int
    brier_volatility: float | None
    brier_direction: float | None
    brier_dynamics: float | None
    log_loss_volatility: float | None
    log_loss_direction: float | None
    log_loss_dynamics: float | None
    baseline_brier_volatility: float | None
    baseline_brier_direction: float | None
    baseline_brier_dynamics: float | None
    baseline_log_loss_volatility: float | None
    baseline_log_loss_direction: float | None
    baseline_log_loss_dynamics: float | None
