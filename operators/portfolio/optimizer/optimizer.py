"""`PortfolioOptimizer`: from a Problem to a Solution, always, and never a position larger than the limits.

    maximise  μ'w − λ/2 w'Σw − half_spread'|w − current| − impact'|w − current|^1.5

within the limits of the problem (inputs.py names them; regimes shrink them by preferences.py). μ is the expected return
of the problem, into which the confidence of signals has gone already (portfolio/aggregate.py); a confidence of 0 is no
forecast, and counts 0. Rungs, the first that can be taken:

    optimal      the best weights, in whole lots, all limits kept
    relaxed      the limits cannot all be kept: `invested`, then `turnover` gave way, as little as need be; or whole
                 lots cannot keep one of the two. `slack` says by how much, `reason` against what
    risk_parity  the solver failed, took too long, or returns or risk are no use
    hold         nor that; what is held keeps the limits that protect capital
    reduce       it does not: towards 0 until it does

A Solution is data: a replay reads it. Solving loads cvxpy, which takes seconds, so it happens in a process beside the
flow (flows/solving.py) or in a backtest, never on the tick path. Cost of a warm solve: benchmarks/portfolio.py.
"""

from collections import OrderedDict
from collections.abc import Callable
from math import isfinite

import numpy as np

from market.messages import Problem, Solution
from operators.portfolio.optimizer.elastic import FLAT, Relaxed, relaxed
from operators.portfolio.optimizer.errors import InaccurateError, InfeasibleError, SolveError
from operators.portfolio.optimizer.inputs import NOTHING, Inputs, Wrong, inputs_of
from operators.portfolio.optimizer.kkt import explained, residuals
from operators.portfolio.optimizer.ladder import Step, fallback, reduced
from operators.portfolio.optimizer.limits import broken, shrunk
from operators.portfolio.optimizer.lots import rounded
from operators.portfolio.optimizer.preferences import Preferences
from operators.portfolio.optimizer.program import Answer, Program, Shape, shape_of
from operators.portfolio.optimizer.standard_form import Limit

MOST_PROGRAMS = 16  # kept; the one unused for longest goes
WORST_RESIDUAL = 1e-4  # of the scaled objective; a worse answer is a failure of the solver
MOST_TOLD = 400  # characters of a reason
DEFAULTS = Preferences()


class PortfolioOptimizer:
    """Solves problems; keeps the programs it has built. One thread at a time."""

    def __init__(self, preferences: Preferences = DEFAULTS) -> None:
        self.preferences = preferences
        self._programs: OrderedDict[Shape, Program] = OrderedDict()

    def optimize_regime_aware(self, problem: Problem) -> Solution:
        """The answer to a problem. Never raises; `elapsed_ms` is 0, for whoever has a clock to fill in."""
        return self._answered(problem, self._step)

    def without_solver(self, problem: Problem, reason: str) -> Solution:
        """The answer of the first rung that needs no solver, where that failed for `reason`. Never raises."""
        return self._answered(
            problem, lambda inputs, wrong: fallback(inputs, wrong, self.preferences, [f"not optimal: {reason}"])
        )

    def _answered(self, problem: Problem, step: Callable[[Inputs, Wrong], Step]) -> Solution:
        inputs = NOTHING
        try:
            with np.errstate(all="ignore"):
                inputs, wrong = inputs_of(problem, self.preferences)
                return _solution(problem, inputs, step(inputs, wrong))
        except Exception as error:  # noqa: BLE001 an answer is owed whatever happens in a solver; it says what did
            reasons = [f"{type(error).__name__}: {error}"]
        try:
            return _solution(problem, inputs, Step("reduce", reduced(inputs), reasons))
        except Exception:  # noqa: BLE001 numbers so odd that not even those can be shrunk: nothing is within any limit
            return _solution(problem, inputs, Step("reduce", np.zeros(len(inputs.names)), reasons))

    def solve(self, inputs: Inputs, *, elastic: bool = False) -> Answer:
        """The exact best weights of sound inputs, without lots or ladder; checked, unless elastic.

        Raises SolveError, of it InfeasibleError and InaccurateError.
        """
        program = self._program(shape_of(inputs, elastic=elastic))
        limit = Limit(self.preferences.time_limit_s, self.preferences.most_iterations)
        answer = program.solve(inputs, aversion=FLAT if elastic else self.preferences.risk_aversion, limit=limit)
        if not np.isfinite(answer.weights).all():
            raise SolveError(f"{answer.solver} gave weights that are not finite")
        if not elastic and not (worst := residuals(inputs, answer).worst) <= WORST_RESIDUAL:
            raise InaccurateError(f"{answer.solver} with a residual of {worst:.2g}")
        return answer

    def _step(self, inputs: Inputs, wrong: Wrong) -> Step:
        if wrong.malformed or not inputs.names:
            return Step("hold", inputs.current, wrong.all or ["there are no instruments"])
        if wrong.all:
            return fallback(inputs, wrong, self.preferences, [f"not optimal: {', '.join(wrong.all)}"])
        reasons: list[str] = []
        rung, kept = "optimal", inputs
        try:
            try:
                answer = self.solve(inputs)
            except (InfeasibleError, InaccurateError) as error:
                found = relaxed(inputs, self.solve(inputs, elastic=True))
                if not found.room:
                    raise SolveError(str(error)) from error
                rung, kept, answer = "relaxed", found.inputs, self._within(found)
                reasons.append(f"not all limits can be kept: {found.told}")
            return self._traded(inputs, kept, answer, rung, reasons)
        except SolveError as error:
            return fallback(inputs, wrong, self.preferences, [*reasons, f"not {rung}: {error}"])

    def _within(self, found: Relaxed) -> Answer:
        """The best within relaxed limits; where they leave too little to choose from, what was found with them."""
        try:
            return self.solve(found.inputs)
        except SolveError:
            return found.answer

    def _traded(self, inputs: Inputs, kept: Inputs, answer: Answer, rung: str, reasons: list[str]) -> Step:
        """The answer within the limits to the last digit, and in whole lots."""
        found = rounded(shrunk(answer.weights, kept), kept, band=self.preferences.no_trade_band)
        if over := broken(found.weights, inputs, protective=True):
            raise SolveError("whole lots break " + ", ".join(over))
        if broken(found.weights, kept):
            if not broken(inputs.current, inputs):
                return Step("hold", inputs.current, [*reasons, "whole lots break limits that what is held keeps"])
            rung = "relaxed"
            reasons = [*reasons, "whole lots cannot keep all limits"]
        told = [found.told] if found.told else []
        return Step(
            "relaxed" if rung == "relaxed" else "optimal",
            found.weights,
            [*reasons, *told],
            explained(kept, answer),
            answer.solver,
        )

    def _program(self, shape: Shape) -> Program:
        if shape not in self._programs:
            self._programs[shape] = Program(shape)
            while len(self._programs) > MOST_PROGRAMS:
                self._programs.popitem(last=False)
        self._programs.move_to_end(shape)
        return self._programs[shape]


def _solution(problem: Problem, inputs: Inputs, step: Step) -> Solution:
    return Solution(
        venue="",
        instrument="",
        time_ns=problem.time_ns,
        account=problem.account,
        request=problem.request,
        rung=step.rung,
        reason="; ".join(step.reasons)[:MOST_TOLD],
        names=inputs.names,
        weights=tuple(float(weight) + 0.0 for weight in step.weights),
        duals=dict(step.duals),
        slack={name: over for name, over in broken(step.weights, inputs).items() if isfinite(over)},
        solver=step.solver,
        elapsed_ms=0.0,
        equity=problem.equity,
    )
