"""Risk: coverage of the forecasts, the drawdown limit in markets that gap, and what a measurement costs.

    python -m benchmarks.risk [coverage | real | gaps | stage | speed | cost …]          all of them without a name

- coverage: simulated GARCH-t markets (tests/operators/risk/garch.py) that each backtest rejects at 5 %, which of right
  forecasts are 5 %; every method at 95 and 99 %.
- real: the same forecasts on the shared real daily prices (BAROGRAPH_CAPTURES names their folder); nothing was tuned
  on them. Share of days beyond VaR, p-values of Kupiec and Christoffersen, Acerbi and Székely's Z2 (0 is right, below
  is too little) and Basel's light of the worst 250 days.
- gaps: 200 markets of 500 days that gap (tests/operators/risk/gap_markets.py): breaches of a 10 % drawdown limit with
  the controller, with the kill switch alone and with neither; then what a smaller reserve buys and costs.
- stage: some such markets through the trade stage itself, 15 s for a day, two instruments that jump together, a limit
  of 5 %: what its kill switch saw, item by item.
- cost: the trade stage with and without a measure of risk, µs per item of 3 quotes.
- speed: 10 000 Monte Carlo paths of 100 instruments, and a whole measurement; seconds.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from market.decisions import Decisions
from operators.execution import trade
from operators.execution.terms import Terms
from operators.risk.acerbi_szekely import critical, statistics
from operators.risk.coverage import conditional_coverage, exceedances, independence, kupiec
from operators.risk.estimates import Manner, estimates, weighted_covariance
from operators.risk.measure import Measurement, Money, RiskMeasure
from operators.risk.monte_carlo import copula_paths, normal_paths, student_paths
from operators.risk.reserve import Reserve
from operators.risk.risk_rows import Stamp
from operators.risk.rolling import METHODS, Forecasts, Method, forecasts
from operators.risk.standing import Limits
from operators.risk.traffic_light import traffic_light
from operators.stage import Stage
from tests.operators.portfolio.decision_stream import FIRST, SECOND, START, VENUE, item, quote
from tests.operators.risk.gap_account import SYMBOLS, Desk, Market, terms
from tests.operators.risk.gap_markets import market, wishes
from tests.operators.risk.garch import DEGREES, garch_t
from tests.operators.risk.test_reserve import CAREFUL, GAP, LIMIT, traded

Floats = NDArray[np.float64]
LEVELS = (0.95, 0.99)
WINDOW, HALF_LIFE = 500, 20.0
MARKETS, ROWS = 40, 2500
GAP_MARKETS = 200
STAGE_MARKETS, STAGE_DAYS, DAY_S = 8, 200, 15
COST_ITEMS = 8000
YEAR = 250


def coverage() -> None:
    """Rejections over simulated markets."""
    print(f"coverage of {MARKETS} GARCH-t markets of {ROWS} days, windows of {WINDOW}: markets rejected at 5 %")
    print(
        f"{'level':>6} {'method':16}{'beyond VaR':>11}{'Kupiec':>8}{'indep.':>8}{'Christ.':>9}{'AS Z2':>7}{'silent':>8}"
    )
    markets = [garch_t(seed, ROWS) for seed in range(MARKETS)]
    for level in LEVELS:
        worst = critical(ROWS - WINDOW, level, 0.05, degrees=DEGREES, samples=1000)[1]
        for method in METHODS:
            rows = [_rejected(_told(market, method, level), level, worst) for market in markets]
            share, count, apart, both, deep, silent = np.mean(rows, axis=0)
            counts = "".join(
                f"{one * MARKETS:>{width}.0f}"
                for one, width in zip((count, apart, both, deep), (8, 8, 9, 7), strict=True)
            )
            print(f"{level:>6} {method:16}{share:>10.2%} {counts}{silent:>9.0%}")


def real() -> None:
    """Daily prices of the shared data."""
    folder = os.environ.get("BAROGRAPH_CAPTURES")
    if not folder:
        print("real: BAROGRAPH_CAPTURES is not set, so there are no real prices")
        return
    for name, returns in _daily(Path(folder) / "08_daily_prices"):
        print(f"{name}: {len(returns)} days, windows of {WINDOW}")
        print(
            f"{'level':>6} {'method':16}{'beyond VaR':>11}{'Kupiec p':>10}{'Christ. p':>10}{'Z2':>8}{'worst year':>14}"
        )
        for level in LEVELS:
            for method in METHODS:
                _print_real(_told(returns, method, level), method, level)


def gaps() -> None:
    """The drawdown limit."""
    print(
        f"gaps: {GAP_MARKETS} markets of 500 days, drawdown limit {LIMIT:.0%}, gaps of at most {GAP:.0%}, then of any"
    )
    print(f"{'':44}{'breaches':>9}{'worst':>8}{'median':>8}{'warned':>8}{'halted':>8}{'final equity':>14}")
    _print_gaps("controller and kill switch", worst=GAP, reserve=CAREFUL)
    _print_gaps("kill switch alone", worst=GAP, reserve=None)
    _print_gaps("neither", worst=GAP, reserve=None, switched=False)
    for least in (0.05, 0.10, 0.20):
        _print_gaps(f"controller, least gap {least:.0%}, no bound on gaps", worst=inf, reserve=Reserve(least_gap=least))


def stage() -> None:
    """The limit as the trade stage keeps it."""
    print(f"stage: {STAGE_MARKETS} markets of {STAGE_DAYS} days, drawdown limit 5 %, gaps of at most 10 %")
    print(
        f"{'market':>8}{'worst':>9}{'state':>10}{'resumed':>9}{'fills':>7}{'refused':>9}{'limit rows':>12}{'equity':>9}"
    )
    for seed in range(STAGE_MARKETS):
        _print_stage(seed)


def speed() -> None:
    """What it costs."""
    draws = np.random.default_rng(1)
    returns = draws.standard_t(5, (1000, 100)) * 0.01 + draws.normal(size=(1000, 1)) * 0.01
    covariance = weighted_covariance(returns, 60.0)
    correlation = np.corrcoef(returns.T)
    print("speed: 10 000 paths of 100 instruments")
    _print_time("normal", lambda: normal_paths(covariance, 10_000, 1))
    _print_time("student t", lambda: student_paths(covariance, 5.0, 10_000, 1))
    _print_time(
        "t copula under the instruments' own margins", lambda: copula_paths(returns, correlation, 5.0, 10_000, 1)
    )
    holdings = draws.normal(size=100) * 1000.0
    _print_time("every method, 10 000 paths each", lambda: estimates(returns, holdings, Manner(paths=10_000)))
    _print_time("every method, 2 000 paths each (the default)", lambda: estimates(returns, holdings, Manner()))
    for count in (3, 100):
        _print_time(f"a whole measurement of {count} instruments", _measuring(returns[:, :count], holdings[:count]))


def _measuring(returns: Floats, holdings: Floats) -> Callable[[], object]:
    """A measurement as the trade stage takes it once a minute."""
    keys = [(VENUE, f"{number:03}") for number in range(len(holdings))]
    risk, books = RiskMeasure(Measurement(), Limits()), {"trend": dict(zip(keys, holdings.tolist(), strict=True))}
    for row in returns:
        risk.observe(["|".join(key) for key in keys], row, "calm")
    stamp, money = Stamp("paper", START, START, 1), Money("active", 1e5, 1e5, 0.0)
    return lambda: risk.measure(stamp, money, books, books["trend"], {})


def cost() -> None:
    """What the trade stage takes for an item that does not trade, each against the one without a measure of risk."""
    rows = []
    for step in range(COST_ITEMS):
        time_ns, price = START + step * SECOND // 4, 1.0 + 1e-5 * (step % 7)
        mids = {symbol: FIRST[symbol] * price for symbol in FIRST}
        quotes = [quote(symbol, time_ns, mid, mid * 1.0001) for symbol, mid in mids.items()]
        rows.append(item(step + 1, *quotes))
    print(f"cost: {COST_ITEMS} items of {len(FIRST)} quotes, 4 a second of data time; CPU of the best of 3")
    kinds = {"without": Terms(), "noted": Terms(risk=Measurement(every_s=1e6)), "measured": Terms(risk=Measurement())}
    taken = {name: min(_cpu(trade.stage(terms=one), rows) for _ in range(3)) for name, one in kinds.items()}
    for name, seconds in taken.items():
        print(f"{name:44}{seconds / COST_ITEMS * 1e6:>9.1f} µs{seconds / taken['without']:>8.2f}")


def _cpu(stage: Stage, rows: list[Decisions]) -> float:
    began = time.process_time()
    stage.run(rows)
    return time.process_time() - began


def _told(profits: Floats, method: Method, level: float) -> Forecasts:
    """Forecasts, without those that a method does not make (NaN)."""
    found = forecasts(profits, method, level=level, window_rows=WINDOW, half_life_rows=HALF_LIFE)
    known = np.isfinite(found.var)
    return Forecasts(found.begin, found.losses[known], found.var[known], found.es[known])


def _rejected(found: Forecasts, level: float, worst_z2: float) -> tuple[float, ...]:
    flags = exceedances(found.losses, found.var)
    tests = (kupiec(flags, level), independence(flags), conditional_coverage(flags, level))
    z2 = statistics(found.losses, found.var, found.es, level)[1]
    silent = 1.0 - len(flags) / (ROWS - found.begin)
    return (float(flags.mean()), *(one.p_value < 0.05 for one in tests), z2 < worst_z2, silent)


def _print_real(found: Forecasts, method: str, level: float) -> None:
    flags = exceedances(found.losses, found.var)
    count, both = kupiec(flags, level), conditional_coverage(flags, level)
    z2 = statistics(found.losses, found.var, found.es, level)[1]
    worst = int(np.lib.stride_tricks.sliding_window_view(flags, YEAR).sum(axis=1).max())
    light = traffic_light(worst, YEAR, level).colour
    print(
        f"{level:>6} {method:16}{flags.mean():>10.2%} {count.p_value:>9.3f} {both.p_value:>9.3f} {z2:>7.2f}"
        f"{worst:>7} {light}"
    )


def _print_gaps(label: str, *, worst: float, reserve: Reserve | None, switched: bool = True) -> None:
    paths = [traded(seed, worst=worst, reserve=reserve, switched=switched) for seed in range(GAP_MARKETS)]
    deepest = np.array([path.worst_drawdown for path in paths])
    halted = sum(path.state.value != "active" for path in paths)
    warned, final = sum(path.warned for path in paths), float(np.median([path.final for path in paths]))
    print(
        f"{label:44}{int((deepest > LIMIT).sum()):>9}{deepest.max():>8.1%}{np.median(deepest):>8.1%}{warned:>8}"
        f"{halted:>8}{final:>14.3f}"
    )


def _print_stage(seed: int) -> None:
    """One market; a person resumes whenever the account is halted, so that every stretch is seen."""
    returns, _ = market(seed, worst=0.10)
    wanted = 40_000.0 * wishes(seed, returns, leverage=1.0)
    prices, desk, resumed = Market(seed, wanted=0.0), Desk(terms()), 0
    desk.take(prices.seconds(60))
    for day in range(STAGE_DAYS):
        prices.gap(float(returns[day]))
        if day == 0 or wanted[day] != wanted[day - 1]:
            desk.take([prices.want(symbol, float(wanted[day])) for symbol in SYMBOLS])
        if desk.state == "halted":
            resumed += 1
            desk.take([prices.person("resume")])
        desk.take(prices.seconds(DAY_S))
    events = desk.table("risk_events")
    refused = len(events.filter(events["event"] == "refused"))
    worst = float(np.max(desk.table("accounts")["drawdown"].to_numpy()))
    print(
        f"{seed:>8}{worst:>9.2%}{desk.state:>10}{resumed:>9}{len(desk.table('fills')):>7}{refused:>9}"
        f"{len(desk.table('limits')):>12}{desk.account.equity:>9.0f}"
    )


def _print_time(label: str, run: Callable[[], object]) -> None:
    run()
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    print(f"{label:44}{min(taken) * 1e3:>9.1f} ms")


def _daily(folder: Path) -> Iterator[tuple[str, Floats]]:
    """Simple returns: an index, an equal-weight book of stocks, and one of coins."""
    index = pd.read_csv(folder / "sp500_index.csv.gz", index_col=0)
    yield "S&P 500 index", index.iloc[:, 0].pct_change().dropna().to_numpy(np.float64)
    stocks = pd.read_csv(folder / "sp500_dataset.csv.gz", index_col=0)
    yield f"{stocks.shape[1]} stocks of equal weight", stocks.pct_change().dropna().mean(axis=1).to_numpy(np.float64)


PARTS: dict[str, Callable[[], None]] = {
    "coverage": coverage, "real": real, "gaps": gaps, "stage": stage, "speed": speed, "cost": cost,
}  # fmt: skip

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
        print()
