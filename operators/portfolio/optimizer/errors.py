"""What the parts of the optimiser raise; PortfolioOptimizer itself answers and never raises."""

from market.errors import BarographError


class RiskParityError(BarographError):
    """There are no such weights, or they were not reached."""


class SolveError(BarographError):
    """The solver gave no answer that can be used; the text says why."""


class InaccurateError(SolveError):
    """The solver's answer is not the best by the conditions of KKT, as happens where limits leave next to nothing."""


class InfeasibleError(SolveError):
    """No weights keep all limits."""
