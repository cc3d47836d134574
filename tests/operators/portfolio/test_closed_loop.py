"""Signals, proposals, solver and trades at their costs in a circle: what is right earns, luck is left alone."""

import math

import numpy as np

from market.decisions import Decisions, Standing
from market.fees import Fees
from market.messages import Problem
from operators.portfolio import propose, skill
from operators.portfolio.estimate import Manner
from operators.portfolio.optimizer.optimizer import PortfolioOptimizer
from operators.portfolio.optimizer.preferences import Preferences
from operators.portfolio.policy import Policy
from operators.portfolio.problem import targets_of
from operators.portfolio.skill import Prior
from tests.operators.portfolio.test_estimate import SECOND, START, a_quote, a_signal

SYMBOLS = [f"S{number}" for number in range(6)]
STEP_S, VOLATILITY, FEE_BPS = 10, 1e-4, 0.2
MANNER = Manner(half_life_rows=360, horizon_s=1200.0, prior=Prior(rounds=100.0))
POLICY = Policy(fees=Fees(FEE_BPS))


def traded(foretold: float, hours: int, seed: int):
    """Equity in the end, notional that was traded, and rows of `rebalances`; each 20 minutes have a drift of their own,
    which the signals say; `foretold` is its size, as correlation with the return of these 20 minutes.
    """
    rng = np.random.default_rng(seed)
    stage = propose.stage(manner=MANNER, policy=POLICY)
    state, solver = stage.empty(), PortfolioOptimizer(Preferences())
    mids, sizes, way = np.full(6, 100.0), np.zeros(6), np.zeros(6)
    cash, turnover, asked, rows = 100_000.0, 0.0, None, []
    for step in range(hours * 3600 // STEP_S):
        time = START + step * STEP_S * SECOND + SECOND
        way = rng.choice([-1.0, 1.0], 6) if step % 120 == 0 else way
        noise = 0.6 * rng.standard_normal() + 0.8 * rng.standard_normal(6)
        mids *= np.exp(VOLATILITY * (foretold * way * STEP_S / math.sqrt(1200) + noise * math.sqrt(STEP_S)))
        messages = []
        if asked is not None:
            wanted = dict(zip(asked.names, asked.weights, strict=True))
            equity = cash + sizes @ mids
            after = np.array([wanted.get(f"v|{symbol}", 0.0) for symbol in SYMBOLS]) * equity / mids
            notional = np.abs(after - sizes) * mids
            cash -= (after - sizes) @ mids + notional.sum() * (FEE_BPS * 1e-4 + 1e-6)
            turnover, sizes = turnover + notional.sum(), after
            messages += [asked, *targets_of(asked, SECOND)]
        asked = None
        messages += [
            a_quote(symbol, time, mid, bid_size=500.0, ask_size=500.0)
            for symbol, mid in zip(SYMBOLS, mids.tolist(), strict=True)
        ]
        if step % 6 == 0:
            messages += [
                a_signal(symbol, time, side, confidence=0.8, volatility=VOLATILITY)
                for symbol, side in zip(SYMBOLS, way.tolist(), strict=True)
            ]
        held = {f"v|{symbol}": size for symbol, size in zip(SYMBOLS, sizes.tolist(), strict=True)}
        standing = Standing("paper", float(cash + sizes @ mids), 0.0, "active", held=held)
        out = stage.advance(state, Decisions("trading/0", step, time, tuple(messages), standing=standing))
        problems = [message for message in out.messages if isinstance(message, Problem)]
        asked = solver.optimize_regime_aware(problems[0]) if problems else None
        rows += out.tables["rebalances"].to_dicts() if "rebalances" in out.tables else []
    return cash + sizes @ mids, turnover, rows, state


def test_signals_that_are_right_are_learnt_traded_and_earn_after_costs():
    equity, turnover, rows, state = traded(0.5, 8, seed=1)
    assert skill.coefficient(state.estimate.learnt, "short", MANNER.prior) > 0.03
    assert equity > 100_500
    trades = [row for row in rows if row["decision"] == "trade"]
    assert 5 < len(trades) < 40
    assert all(row["gain_bps"] >= 1.5 * row["cost_bps"] for row in trades)
    assert turnover < 60 * 100_000
    first = next(row for row in rows if row["decision"] == "trade")
    assert first["offset"] > 3600 // STEP_S


def test_signals_that_are_luck_are_hardly_ever_traded():
    equity, turnover, rows, _ = traded(0.0, 4, seed=1)
    assert turnover <= 3 * 100_000
    assert abs(equity - 100_000) < 1_000
    assert len(rows) < 4 * 12 * 2
