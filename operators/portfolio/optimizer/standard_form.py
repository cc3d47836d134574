"""A built cvxpy problem solved by CLARABEL in its standard form, with the quadratic part given as a matrix.

quad_form of a parameter is not DPP, and a factor of Σ as a parameter (n²/2 numbers) is, but takes 20 s and 2.4 GB to
compile for 500 instruments beside power cones, and 0.8 s for each warm solve. So the problem is built without Σ, and Σ
is put where CLARABEL reads it, through cvxpy's documented `get_problem_data` and `solve_via_data`: 0.5 s to compile,
0.5 s warm (measured on 2 busy cores). Of the solvers at hand only CLARABEL knows power cones and reaches 1e-8; OSQP,
without impact, took 3 times as long for 100 instruments and 16 s for 500.
"""

import warnings
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from operators.portfolio.optimizer.errors import InfeasibleError, SolveError
from operators.portfolio.optimizer.inputs import Floats

TOLERANCE = 1e-12  # of feasibility and of the gap; what is reached short of it is judged by its residuals
LARGE_TOLERANCE = 1e-9  # from SUPERNODAL_FROM instruments on: a fifth fewer iterations, residuals still below 1e-7
SUPERNODAL_FROM = 300  # instruments from which CLARABEL's supernodal factorisation is the faster one
NAME = "barograph_solver"


class Limit(NamedTuple):
    """What one solve may take."""

    time_s: float = np.inf
    iterations: int = 200


def cvxpy() -> Any:
    """The library, loaded when it is first needed: it takes seconds. Keep it away from the tick path."""
    return import_module("cvxpy")


class Axes(NamedTuple):
    """An equation `axes == factor @ weights` whose factor is given at the solve; the problem has axes == weights."""

    axes: Any
    weights: Any
    factor: Floats


def solved(problem: Any, limit: Limit, *, quadratic: tuple[Any, Floats] | None = None, axes: Axes | None = None) -> Any:
    """The cvxpy Solution: primal_vars and dual_vars by id. `quadratic` is (w, Q): ½ w'Qw is in place of the problem's
    own quadratic part.

    Raises InfeasibleError where nothing keeps the constraints, SolveError where the solver gives no answer.
    """
    size = 0 if quadratic is None else len(quadratic[1])
    tolerance = LARGE_TOLERANCE if size >= SUPERNODAL_FROM else TOLERANCE
    options = {
        "tol_feas": tolerance, "tol_gap_abs": tolerance, "tol_gap_rel": tolerance, "max_iter": limit.iterations,
        "direct_solve_method": "faer" if size >= SUPERNODAL_FROM else "qdldl",
    }  # fmt: skip
    if np.isfinite(limit.time_s):
        options["time_limit"] = limit.time_s
    name = f"CLARABEL by cvxpy {cvxpy().__version__}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of inaccuracy: the caller looks at the residuals
        data, chain, inverse = problem.get_problem_data("CLARABEL", solver_opts=options)
        if quadratic is not None:
            data["P"] = _placed(data, *quadratic)
        if axes is not None:
            data["A"] = _with_factor(data, axes)
        found = chain.invert(chain.solve_via_data(problem, data, solver_opts=options), inverse)
    if "infeasible" in found.status:
        raise InfeasibleError("no weights keep all limits")
    if found.status not in ("optimal", "optimal_inaccurate"):
        raise SolveError(f"{name} ended with {found.status}")
    found.attr[NAME] = name
    return found


def _placed(data: Any, variable: Any, matrix: Floats) -> Any:
    """P of the standard form with `matrix` where the variable is, zeros elsewhere."""
    from scipy import sparse  # noqa: PLC0415 with cvxpy

    whole = data["P"].shape
    first = int(data["param_prob"].var_id_to_col[variable.id])
    if first + len(matrix) > whole[0]:
        raise SolveError("cvxpy laid the variables out in another way than this was written for")
    rows, columns = np.nonzero(matrix)
    return sparse.csc_array((matrix[rows, columns], (rows + first, columns + first)), shape=whole)


def _with_factor(data: Any, given: Axes) -> Any:
    """A of the standard form with the factor in the rows of its equation: those where the axes stand in an equation."""
    from scipy import sparse  # noqa: PLC0415 with cvxpy

    columns = data["param_prob"].var_id_to_col
    first_axis, first = int(columns[given.axes.id]), int(columns[given.weights.id])
    count = len(given.factor)
    whole = sparse.coo_array(data["A"])
    row, column, value = whole.row, whole.col, whole.data
    here = (row < data["dims"].zero) & (column >= first_axis) & (column < first_axis + count) & (value != 0)
    if here.sum() != count:
        raise SolveError("cvxpy laid the equations out in another way than this was written for")
    rows, signs = np.zeros(count, np.int64), np.zeros(count)
    rows[column[here] - first_axis], signs[column[here] - first_axis] = row[here], value[here]
    placeholder = np.isin(row, rows) & (column >= first) & (column < first + count)
    at, of = np.nonzero(given.factor)
    return sparse.csc_array(
        (
            np.r_[value[~placeholder], -signs[at] * given.factor[at, of]],
            (np.r_[row[~placeholder], rows[at]], np.r_[column[~placeholder], of + first]),
        ),
        shape=whole.shape,
    )
