"""What the settings say of the portfolio: the simple policy, and the optimiser in its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from flows.settings import Settings
from market.fees import Fees
from market.schema import TIMEFRAMES
from operators.portfolio.budgets import Bounds
from operators.portfolio.estimate import Manner
from operators.portfolio.follow import Trust
from operators.portfolio.optimizer.preferences import Preferences
from operators.portfolio.policy import YEAR_S, Policy
from operators.portfolio.skill import Prior
from operators.portfolio.triggers import Rules


@dataclass(frozen=True)
class Optimised:
    """How the optimiser is asked, and its answers followed."""

    manner: Manner
    limits: Mapping[str, float]
    trust: Trust


MOST_INSTRUMENTS = 512  # in a problem; those heard of later are left alone
OF_POLICY = ("capital", "target_volatility", "max_instrument_share", "max_gross_share", "no_trade_band")


def policy_of(settings: Settings) -> Policy:
    """What the portfolio may want, and which signals count."""
    bar_s = {name: TIMEFRAMES[bar] for name, bar in settings.regimes.timeframes.items()}
    chosen = {name: getattr(settings.portfolio, name) for name in OF_POLICY}
    return Policy(**chosen, fees=fees_of(settings), bar_s=bar_s)


def optimised_of(settings: Settings) -> Optimised | None:
    """The optimiser, where it is who says what to hold."""
    if settings.portfolio.method != "optimizer":
        return None
    trust = Trust(answer_s=settings.portfolio.answer_s, life_s=settings.portfolio.target_life_s)
    return Optimised(manner_of(settings), limits_of(settings), trust)


def manner_of(settings: Settings) -> Manner:
    """How the optimiser's problems are made, and when."""
    portfolio = settings.portfolio
    return Manner(
        step_s=portfolio.return_step_s,
        max_age_s=portfolio.return_step_s,
        most_instruments=MOST_INSTRUMENTS,
        covariance=portfolio.covariance,
        half_life_rows=portfolio.covariance_half_life_s / portfolio.return_step_s,
        horizon_s=portfolio.horizon_s,
        preferences=preferences_of(settings),
        together=portfolio.together,
        min_notional=settings.execution.min_notional,
        answer_s=portfolio.answer_s,
        rules=Rules(
            drift_band=portfolio.drift_band,
            regime_dwell_s=portfolio.regime_dwell_s,
            schedule_s=portfolio.schedule_s,
            cooldown_s=portfolio.cooldown_s,
            worth=portfolio.worth,
        ),
        prior=Prior(ic=portfolio.prior_ic, rounds=portfolio.prior_rounds),
        budgets=Bounds(floor=portfolio.budget_floor, cap=portfolio.budget_cap),
    )


def limits_of(settings: Settings) -> dict[str, float]:
    """The limits of a problem by name, shares of equity; volatility over the horizon."""
    portfolio = settings.portfolio
    return {
        "gross": min(portfolio.max_gross_share, settings.risk.max_leverage),
        "net": portfolio.max_net_share,
        "cluster": portfolio.max_cluster_share,
        "volatility": portfolio.target_volatility * sqrt(portfolio.horizon_s / YEAR_S),
        "turnover": portfolio.max_turnover_share,
    }


def preferences_of(settings: Settings) -> Preferences:
    """What the solver is told beside the problem."""
    solver = settings.solver
    return Preferences(
        risk_aversion=solver.risk_aversion,
        regime_scales={"stressed": solver.stressed_scale},
        unknown_scale=solver.unknown_scale,
        fallback_share=solver.fallback_share,
        no_trade_band=settings.portfolio.no_trade_band,
    )


def fees_of(settings: Settings) -> Fees:
    """What trades cost."""
    return Fees(settings.execution.fee_bps, settings.execution.venue_fee_bps)
