"""Settings of trading: what the portfolio may want, what the account may do, and where its orders go."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from flows.settings_section import Port, Positive, Section, Share
from market.regimes import STATES

Fraction = Annotated[float, Field(gt=0, le=1)]


def _state(name: str) -> str:
    if name not in STATES:
        raise ValueError(f"{name!r} is no state of a regime; there are {', '.join(STATES)}")
    return name


State = Annotated[str, AfterValidator(_state)]


class PortfolioSettings(Section):
    """From signals to targets: docs/portfolio.md."""

    method: Literal["policy", "optimizer"] = Field(
        "policy",
        description="who says what to hold: policy, the simple one, or optimizer, which trades once signals have shown"
        " skill; a setting that begins with 'optimiser:' is read by that one alone",
    )
    capital: Positive = Field(100_000.0, description="equity of the paper account at the start, quote currency")
    target_volatility: Positive = Field(
        0.10, description="yearly volatility that full conviction aims at; of the optimiser's portfolio the most"
    )
    max_instrument_share: Share = Field(0.25, description="largest target of one instrument, share of capital")
    max_gross_share: Positive = Field(1.0, description="largest sum of absolute targets, share of capital")
    no_trade_band: Share = Field(0.02, description="changes smaller than this share of capital are left alone")
    max_net_share: Positive = Field(1.0, description="optimiser: largest sum of targets, share of equity")
    max_cluster_share: Positive = Field(
        0.5, description="optimiser: largest sum of absolute targets of instruments that move together, share of equity"
    )
    together: Annotated[float, Field(ge=-1, le=1)] = Field(
        0.6, description="optimiser: mean correlation from which on instruments move together"
    )
    max_turnover_share: Positive = Field(1.0, description="optimiser: most traded by one rebalance, share of equity")
    covariance: Literal["weighted", "shrinkage", "conditional", "dcc"] = Field(
        "shrinkage", description="optimiser: model of covariance: weighted, shrinkage, conditional or dcc"
    )
    covariance_half_life_s: Positive = Field(7200.0, description="optimiser: of the covariance")
    return_step_s: Annotated[float, Field(ge=0.001, le=86_400)] = Field(
        10.0, description="optimiser: of the grid on which returns are measured and decisions made"
    )
    horizon_s: Positive = Field(3600.0, description="optimiser: over which returns, risk and costs are weighed")
    prior_ic: Annotated[float, Field(ge=0, le=0.2)] = Field(
        0.0, description="optimiser: skill that signals are believed to have before any was seen; 0: none, as is honest"
    )
    prior_rounds: Annotated[float, Field(ge=10)] = Field(
        400.0, description="optimiser: how many independent bets that belief weighs against what is seen"
    )
    budget_floor: Share = Field(0.05, description="optimiser: least share of risk of a timeframe")
    budget_cap: Fraction = Field(0.5, description="optimiser: largest share of risk of a timeframe")
    drift_band: Positive = Field(
        0.05, description="optimiser: a weight so far from what is wanted calls for a rebalance, share of equity"
    )
    regime_dwell_s: float = Field(30.0, ge=0, description="optimiser: a new regime that stood so long calls for one")
    schedule_s: Positive = Field(3600.0, description="optimiser: so long since the last one calls for one")
    cooldown_s: float = Field(60.0, ge=0, description="optimiser: least time between two; after a breach of risk 10 s")
    worth: Annotated[float, Field(ge=1)] = Field(
        1.5, description="optimiser: expected gain of a rebalance over its cost, at least"
    )
    answer_s: Positive = Field(30.0, description="optimiser: an answer of the solver older than this is not followed")
    target_life_s: Positive = Field(
        900.0, description="optimiser: what an answer asks for and was not done by then is not done; above answer_s"
    )

    @model_validator(mode="after")
    def _ordered(self) -> "PortfolioSettings":
        if self.target_life_s < self.answer_s:
            raise ValueError(f"target_life_s must be at least answer_s, {self.answer_s:g}")
        if self.budget_floor > self.budget_cap:
            raise ValueError(f"budget_floor must be at most budget_cap, {self.budget_cap:g}")
        return self


class SolverSettings(Section):
    """The process that solves the optimiser's problems, `barograph solve`."""

    risk_aversion: Positive = Field(5.0, description="λ: an expected return must pay for λ/2 × its variance")
    stressed_scale: Share = Field(0.5, description="share of the limits that is left while the regime is stressed")
    unknown_scale: Share = Field(0.25, description="share of the limits that is left while no regime is known")
    fallback_share: Share = Field(
        0.5, description="share of the limits that risk parity uses at most, where the solver gives no answer"
    )
    solver_s: Positive = Field(2.0, description="wall clock, at which the solver stops by itself")
    killed_s: Positive = Field(6.0, description="wall clock, at which its process is killed; above solver_s")

    @model_validator(mode="after")
    def _ordered(self) -> "SolverSettings":
        if self.killed_s <= self.solver_s:
            raise ValueError(f"killed_s must be above solver_s, {self.solver_s:g}")
        return self


class RiskSettings(Section):
    """The gate, and how risk is measured: docs/risk.md. Live trading wants those that stand as comments set by you."""

    max_order_notional: Positive = Field(25_000.0, description="of one order, quote currency")
    max_position_notional: Positive = Field(30_000.0, description="of the position in one instrument, quote currency")
    max_gross_notional: Positive = Field(100_000.0, description="of all positions without their signs, quote currency")
    price_band_bps: Positive = Field(50.0, description="largest distance of a limit price from the mid")
    max_quote_age_s: Positive = Field(5.0, description="older quotes refuse, in data time")
    max_drawdown: Share = Field(0.05, description="share of peak equity that halts trading until a person resumes it")
    max_daily_loss: Share = Field(0.03, description="share of the equity at the UTC day's beginning that halts as well")
    max_leverage: Positive = Field(2.0, description="gross over equity, working orders included")
    max_var_share: Share = Field(0.05, description="value at risk after the order, share of equity; where it is known")
    max_risk_age_s: Positive = Field(900.0, description="an older measure of the value at risk refuses, data time")
    max_order_age_s: Positive = Field(5.0, description="an order intended longer ago is refused, data time")
    max_orders_per_s: Positive = Field(50.0, description="orders within one second of data time")
    max_depth_share: Fraction = Field(
        0.25, description="share of what the book displays on the side an order takes; if known"
    )
    max_typical_multiple: Positive = Field(
        10.0, description="times the typical order's notional; a larger one is a slip"
    )
    level: float = Field(0.99, gt=0.5, lt=1, description="confidence of value at risk and expected shortfall")
    horizon_s: Positive = Field(3600.0, description="horizon of both, data time")
    step_s: Positive = Field(10.0, description="of the returns they are measured on, data time")
    every_s: Positive = Field(60.0, description="data time between two measurements")
    window_s: Positive = Field(10_000.0, description="of returns that are remembered, data time")
    half_life_s: Positive = Field(600.0, description="of volatilities and correlations, data time")
    paths: int = Field(2_000, ge=0, le=100_000, description="of each Monte Carlo value at risk; 0: none")
    regime_timeframe: Literal["ultra_short", "short", "medium", "long"] = Field(
        "short", description="timeframe of the regime that limits move with"
    )
    regime_shares: dict[State, Share] = Field(
        {"stressed": 0.5}, description="share of the limits left by a state, in any view; what is not named counts 1"
    )
    least_gap: Fraction = Field(0.10, description="the least jump of a price that is reckoned with, share of the price")
    gap_share: Fraction = Field(0.5, description="share of what may still be lost that a jump of all may cost")
    reducing_share: Fraction = Field(0.95, description="share of max_drawdown from which on everything is closed")
    loosen_after_s: Positive = Field(300.0, description="data time before a limit that tightened loosens")
    position_depths: Positive = Field(20.0, description="sizes displayed at the best price that a position may be")


class ExecutionSettings(Section):
    """How targets become orders, and the paper venue that fills them where none goes out."""

    outside: bool = Field(
        False, description="whether orders go to the venue's own account; otherwise to the paper venue within the flow"
    )
    account: str = Field(
        "paper", min_length=1, max_length=64, description="name of the account in tables, messages and order ids"
    )
    live: bool = Field(
        False,
        description="whether that account holds real money; needs BAROGRAPH_LIVE_TRADING and limits in [risk] as well",
    )
    fee_bps: float = Field(5.0, ge=0, description="taker fee of a venue that is not named below")
    venue_fee_bps: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {"simulated": 0.2, "binance-spot": 10.0}, description="taker fee by venue"
    )
    latency_ms: float = Field(
        50.0, ge=0, description="paper venue: from order to the earliest quote that can fill it, data time"
    )
    impact: float = Field(
        0.0,
        ge=0,
        description="paper venue: spreads beyond the touch that an order pays for all that is displayed",
    )
    min_notional: float = Field(10.0, ge=0, description="smaller orders are not sent, quote currency")
    slippage_bps: float = Field(10.0, ge=0, description="how far beyond the touch a limit price may be")
    schedule: Literal["at_once", "twap", "pov", "almgren_chriss"] = Field(
        "at_once", description="how an order is spread over time: at_once, twap, pov or almgren_chriss"
    )
    horizon_s: Positive = Field(300.0, description="twap, almgren_chriss: data time until all of it is due")
    slice_s: Positive = Field(10.0, description="twap, almgren_chriss: data time between two slices")
    participation: Fraction = Field(0.1, description="pov: share of the volume that trades in public")
    max_participation: Fraction = Field(0.25, description="pov: however urgent")
    trade_life_s: Positive = Field(120.0, description="almgren_chriss: by then about two thirds are done")
    catch_up: int = Field(2, ge=1, le=1_000, description="slices released at once after a gap, at most")
    urgency_timeframe: Literal["ultra_short", "short", "medium", "long"] = Field(
        "short", description="timeframe of the regime whose volatility and lean make pov and almgren_chriss hurry"
    )
    retry_s: float = Field(
        1.0, ge=0, description="between two orders of one instrument, data time; doubles with every refusal in a row"
    )
    max_retry_s: float = Field(64.0, ge=0, description="the most that it doubles to")

    @model_validator(mode="after")
    def _goes_out(self) -> "ExecutionSettings":
        if self.live and not self.outside:
            raise ValueError("live needs outside = true as well: without it orders stay in the paper venue")
        return self


# Of ExecutionSettings, by the names that operators have for them.
PACE = {"horizon_s", "slice_s", "participation", "max_participation", "trade_life_s", "catch_up"}
MANNER = {"min_notional", "slippage_bps", "retry_s", "max_retry_s"}
DEALINGS = {  # of OrderSettings, what the trading flow keeps; and silence_s
    "max_working", "time_in_force_s", "cancel_retry_s", "settle_s", "cash_tolerance", "foreign_orders", "immediate",
}  # fmt: skip
EXECUTOR = {  # of OrderSettings, what the executor keeps; the rest is kept by the trading flow
    "max_intent_age_s", "max_pending", "connections", "connect_s", "answer_s", "idle_s", "order_socket", "queries",
    "never_arrived_s", "reconcile_s", "cancel_at_stop", "alone_s",
}  # fmt: skip


class OrderSettings(Section):
    """Orders that go out: `barograph execute`, where execution.outside is set."""

    port: Port = Field(0, description="of the simulated exchange, where orders go; 0: `up` chooses one")
    max_intent_age_s: Positive = Field(2.0, description="wall clock; an order decided longer ago is never sent")
    max_pending: int = Field(2_000, ge=1, description="orders whose end is not known; a further one is refused")
    connections: int = Field(16, ge=1, le=256, description="HTTP connections to the venue at once")
    connect_s: Positive = Field(3.0, description="to wait for a connection")
    answer_s: Positive = Field(5.0, description="to wait for an answer; then the order is in doubt and asked after")
    idle_s: Positive = Field(45.0, description="a connection that rested for longer is not used again")
    order_socket: bool = Field(True, description="whether orders go over WebSocket where the venue takes them so")
    queries: int = Field(4, ge=1, le=64, description="orders asked after at once")
    never_arrived_s: Positive = Field(
        10.0, description="an order that the venue does not know so long after it was sent has never arrived"
    )
    reconcile_s: Positive = Field(30.0, description="between two comparisons with the venue's own word on the account")
    cancel_at_stop: bool = Field(True, description="whether what works is taken back when the executor is stopped")
    alone_s: Positive = Field(
        10.0, description="the trading flow without a sign of life for so long: what works is taken back"
    )
    max_working: int = Field(8, ge=1, le=1_000, description="orders at once per instrument")
    time_in_force_s: Positive = Field(10.0, description="data time; an order that works for longer is taken back")
    silence_s: Positive = Field(10.0, description="data time; an order without any word for so long is unknown")
    cancel_retry_s: Positive = Field(
        5.0, description="data time; a cancellation without an end is asked for again after so long"
    )
    settle_s: Positive = Field(
        5.0, description="data time; a statement so soon after a fill may not hold it yet, and is not believed alone"
    )
    cash_tolerance: Positive = Field(0.01, description="quote currency; a smaller difference of cash is rounding")
    foreign_orders: Literal["cancel", "leave"] = Field(
        "cancel", description="cancel or leave open orders there that are not of this account's flow"
    )
    immediate: bool = Field(False, description="whether orders give up what does not fill at once")
