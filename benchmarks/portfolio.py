"""How long the optimiser takes for 20, 100 and 500 instruments, warm, beside skfolio and Riskfolio-Lib in the same run.

The problem that all three can do: long only, fully invested, at most 10 instruments' worth of one, mean-variance
utility with linear costs of trades from what is held (Riskfolio-Lib without the costs). Ours is also timed with all it
has: gross, net, turnover and cluster limits, costs with impact, whole lots; and with a limit on volatility that binds
on top. Warm: the program of the shape is built and has been solved once; only numbers change, each time other ones.
Each time is the best of ROUNDS, for the machine is noisy: on a busy one read the ratios. Risk parity is timed beside
skfolio's RiskBudgeting and Riskfolio-Lib's rp_optimization.

    python -m benchmarks.portfolio [instruments …]

A library that is not installed is left out, and said so.
"""

import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from market.messages import Problem
from operators.portfolio.optimizer.inputs import inputs_of
from operators.portfolio.optimizer.kkt import residuals
from operators.portfolio.optimizer.optimizer import PortfolioOptimizer
from operators.portfolio.optimizer.preferences import Preferences
from operators.portfolio.optimizer.risk_parity import compute_risk_contribution, risk_parity

SIZES = (20, 100, 500)
ALLOWED_MS = {100: 150.0, 500: 1000.0}
ROUNDS = 4
DAYS_PER_INSTRUMENT = 3
CLUSTERS = 5
AVERSION = 4.0
COST = 2e-4
TIGHT = {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12}  # for comparing weights, not times
HEADS = "Best weights, ms          |      ours, warm |          skfolio |    Riskfolio-Lib | all limits, ours | allowed"
FULL = {"gross": 1.0, "net": 0.3, "turnover": 0.5, "cluster": 0.4}
VOLATILITY = {"volatility": 0.003}  # over a day; it binds
PLAIN = {"net": 1.0, "invested": 1.0, "short": 0.0}


def market(count: int, seed: int) -> np.ndarray:
    """Returns (days by instruments) of a market with five factors."""
    rng = np.random.default_rng(seed)
    loads = rng.normal(0.5, 1.0, size=(5, count))
    days = DAYS_PER_INSTRUMENT * count
    return 0.004 * rng.normal(size=(days, 5)) @ loads + rng.normal(2e-4, 0.012, size=(days, count))


def problem(returns: np.ndarray, *, full: bool, volatility: bool = False) -> Problem:
    count = returns.shape[1]
    held = np.random.default_rng(7).normal(size=count)
    current = 0.8 * held / np.abs(held).sum() if full else np.full(count, 1.0 / count)

    def every(value: object) -> tuple[float, ...]:
        return tuple(np.broadcast_to(np.asarray(value, float), count).tolist())

    return Problem(
        venue="", instrument="", time_ns=0, account="", request=0, names=tuple(f"v|{i}" for i in range(count)),
        expected=every(returns.mean(axis=0)), confidence=every(1.0),
        covariance=tuple(np.cov(returns.T)[np.tril_indices(count)].tolist()), current=every(current),
        half_spread=every(COST), impact=every(2e-3 if full else 0.0), lot=every(1e-5 if full else 0.0),
        min_notional=every(1e-4 if full else 0.0), regime="calm/bull/trending",
        limits=(FULL if full else PLAIN) | (VOLATILITY if volatility else {}),
        caps=every(10.0 / count if count > 10 else 1.0),
        groups={f"g{first}": tuple(range(first, count, CLUSTERS)) for first in range(CLUSTERS)} if full else {},
    )  # fmt: skip


def best_ms(work: Callable[[int], object]) -> float:
    """Best of ROUNDS, each with other numbers; round 0 warms and does not count."""
    found = []
    for number in range(ROUNDS + 1):
        began = time.perf_counter()
        work(number)
        found.append((time.perf_counter() - began) * 1e3)
    return min(found[1:])


def ours(count: int, *, full: bool, volatility: bool = False) -> tuple[float, float, float]:
    """First solve with what is built for it, best warm solve (ms), and the worst residual of KKT."""
    optimizer = PortfolioOptimizer(Preferences(risk_aversion=AVERSION))
    problems = [problem(market(count, seed), full=full, volatility=volatility) for seed in range(ROUNDS + 1)]
    began = time.perf_counter()
    optimizer.optimize_regime_aware(problems[0])
    first = (time.perf_counter() - began) * 1e3
    rungs = []
    warm = best_ms(lambda number: rungs.append(optimizer.optimize_regime_aware(problems[number]).rung))
    assert set(rungs) == {"optimal"}, rungs
    inputs, _ = inputs_of(problems[0], optimizer.preferences)
    return first, warm, residuals(inputs, optimizer.solve(inputs)).worst


def skfolio_ms(count: int) -> tuple[float, np.ndarray]:
    from skfolio.optimization import MeanRisk, ObjectiveFunction  # noqa: PLC0415 where it is installed

    def model(**more: object) -> MeanRisk:
        return MeanRisk(
            objective_function=ObjectiveFunction.MAXIMIZE_UTILITY, risk_aversion=AVERSION / 2,
            max_weights=10.0 / count, transaction_costs=COST, previous_weights=np.full(count, 1.0 / count), **more,
        )  # fmt: skip

    markets, plain = [market(count, seed) for seed in range(ROUNDS + 1)], model()
    return best_ms(lambda number: plain.fit(markets[number])), model(solver_params=TIGHT).fit(markets[0]).weights_


def riskfolio_ms(count: int) -> float:
    import pandas as pd  # noqa: PLC0415 where it is installed
    import riskfolio as rp  # noqa: PLC0415 where it is installed

    portfolios = []
    for seed in range(ROUNDS + 1):
        made = rp.Portfolio(returns=pd.DataFrame(market(count, seed)), upperlng=10.0 / count)
        made.assets_stats(method_mu="hist", method_cov="hist")
        portfolios.append(made)
    return best_ms(
        lambda number: portfolios[number].optimization(model="Classic", rm="MV", obj="Utility", l=AVERSION / 2)
    )


def parity(count: int) -> dict[str, float]:
    """Milliseconds of risk parity by library, and the error of ours."""
    covariances = [np.cov(market(count, seed).T) for seed in range(ROUNDS + 1)]
    found = {"ours": best_ms(lambda number: risk_parity(covariances[number]))}
    shares = compute_risk_contribution(risk_parity(covariances[0]), covariances[0])
    found["error"] = float(np.max(np.abs(shares / shares.sum() - 1.0 / count)))
    if find_spec("skfolio"):
        from skfolio.optimization import RiskBudgeting  # noqa: PLC0415 where it is installed

        found["skfolio"] = best_ms(lambda number: RiskBudgeting().fit(market(count, number)))
    if find_spec("riskfolio"):
        import pandas as pd  # noqa: PLC0415 where it is installed
        import riskfolio as rp  # noqa: PLC0415 where it is installed

        made = rp.Portfolio(returns=pd.DataFrame(market(count, 0)))
        made.assets_stats(method_mu="hist", method_cov="hist")
        found["riskfolio"] = best_ms(lambda _: made.rp_optimization(model="Classic", rm="MV", b=None))
    return found


def against(theirs: float | None, mine: float) -> str:
    return "     not installed" if theirs is None else f"{theirs:8.1f} ({theirs / mine:4.1f} ×)"


def main(*sizes: int) -> None:
    warnings.simplefilter("ignore")
    peers = {name: bool(find_spec(name)) for name in ("skfolio", "riskfolio")}
    for name, present in peers.items():
        if not present:
            print(f"{name} is not installed: it is left out")
    print(HEADS)
    for count in sizes or SIZES:
        first, plain, residual = ours(count, full=False)
        theirs, weights = skfolio_ms(count) if peers["skfolio"] else (None, None)
        risk = riskfolio_ms(count) if peers["riskfolio"] else None
        first_full, full, residual_full = ours(count, full=True)
        _, limited, residual_limited = ours(count, full=True, volatility=True)
        allowed = ALLOWED_MS.get(count)
        verdict = "" if allowed is None else f"{allowed:5.0f} {'kept' if max(plain, full) <= allowed else 'BROKEN'}"
        print(f"{count:4d} instruments          |{plain:16.1f} | {against(theirs, plain)} | {against(risk, plain)} "
              f"|{full:17.1f} | {verdict}")  # fmt: skip
        print(f"     first, with building |{first:16.1f} | {'':16} | {'':16} |{first_full:17.1f} |")
        print(f"     residual of KKT      |{residual:16.1e} | {'':16} | {'':16} |{residual_full:17.1e}")
        print(f"     volatility limited   |{'':16} | {'':16} | {'':16} |{limited:17.1f} | KKT {residual_limited:.1e}")
        if weights is not None:
            mine = PortfolioOptimizer(Preferences(risk_aversion=AVERSION))
            inputs, _ = inputs_of(problem(market(count, 0), full=False), mine.preferences)
            apart = np.max(np.abs(mine.solve(inputs).weights - weights))
            print(f"     largest difference of a weight to skfolio's: {apart:.1e}")
    print("Risk parity, ms           |            ours |          skfolio |    Riskfolio-Lib | error of ours")
    for count in [size for size in sizes or SIZES if size >= 100]:
        found = parity(count)
        mine = found["ours"]
        print(f"{count:4d} instruments          |{mine:16.2f} | {against(found.get('skfolio'), mine)} | "
              f"{against(found.get('riskfolio'), mine)} | {found['error']:.1e}")  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
