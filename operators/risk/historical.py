"""Historical simulation: the book of now through the returns of then, all days alike or the late ones weighing more.

    loss of scenario t = −Σ_i holding_i × return_{t,i};  weight of t = ½ ^ (age of t / half life)

References: Boudoukh, Richardson, Whitelaw (1998), The best of both worlds, Risk 11(5), for the weights.
"""

import numpy as np

from operators.risk.checked import Floats, checked_matrix, checked_vector
from operators.risk.tail import Tail, tail


def losses(returns: Floats, holdings: Floats) -> Floats:
    """Loss of each scenario, quote currency; returns: scenarios by instruments, simple; holdings: signed notional."""
    holdings = checked_vector("holdings", holdings)
    return np.asarray(-(checked_matrix("returns", returns, len(holdings)) @ holdings), np.float64)


def historical(returns: Floats, holdings: Floats, level: float) -> Tail:
    """Every scenario counts alike.

    >>> var, es = historical(np.linspace(-0.05, 0.05, 101)[:, None], np.array([100.0]), 0.95)
    >>> round(var, 3), round(es, 3)
    (4.5, 4.797)
    """
    return tail(losses(returns, holdings), level)


def weighted_historical(returns: Floats, holdings: Floats, level: float, *, half_life_rows: float) -> Tail:
    """Late scenarios count more; rows in order of time."""
    lost = losses(returns, holdings)
    return tail(lost, level, age_weights(len(lost), half_life_rows))


def age_weights(rows: int, half_life_rows: float) -> Floats:
    """1 for the newest row, halved every `half_life_rows` before it.

    >>> age_weights(3, 1.0)
    array([0.25, 0.5 , 1.  ])
    """
    if not 0 < half_life_rows < np.inf:
        raise ValueError(f"half_life_rows must be finite and above 0, got {half_life_rows}")
    return np.asarray(0.5 ** (np.arange(rows - 1, -1, -1) / half_life_rows), np.float64)
