"""The best that can be known causally: p(regime_t | bars up to t) by somebody who knows the model and its parameters.

Hamilton's forward recursion, p_t(e) ∝ f(z_t | e, past) Σ_d p_{t−1}(d) A(d, e) (J. D. Hamilton 1989, doi
10.2307/1912559). It is exact: no system that sees the same bars can be expected to do better. The label is argmax p / π
with π the long-run share of each regime, which maximises balanced accuracy; argmax p would maximise plain accuracy.
"""

import numpy as np
from numpy.typing import NDArray

from simulator.labelled import entry
from simulator.labelled.chain import stationary
from simulator.labelled.emission import log_likelihood
from simulator.labelled.market import Answer, Market
from simulator.labelled.model import Model

Floats = NDArray[np.float64]
HORIZONS = (1, 10, 50)  # bars


def oracle(market: Market) -> dict[str, Answer]:
    """The answer for each view, with forecasts p A^h for HORIZONS; shifts of parameters to come are not foreseen."""
    values, belief = market.unseasoned, None
    parts: list[tuple[Model, Floats]] = []
    for first, last, model in market.case.spans():
        if model.pull.any():
            beliefs = entry.forward(model, values)
        else:
            likelihood = log_likelihood(model, values)[first:last]
            start = stationary(model.transitions) if belief is None else belief @ model.transitions
            beliefs = forward(model.transitions, start, likelihood)
        belief = beliefs[-1]
        parts.append((model, beliefs))
    return {view.name: _answer(parts, column, view.regimes) for column, view in enumerate(market.case.views)}


def forward(transitions: Floats, start: Floats, log_likelihood: Floats) -> Floats:
    """Filtered probabilities (bars, states); `start` is what is believed of the first bar before it is seen."""
    beliefs = np.empty_like(log_likelihood)
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True))
    predicted = start
    for bar in range(len(beliefs)):
        joint = predicted * likelihood[bar]
        beliefs[bar] = joint / joint.sum()
        predicted = beliefs[bar] @ transitions
    return beliefs


def _answer(parts: list[tuple[Model, Floats]], column: int, regimes: int) -> Answer:
    said = [_of_era(model, beliefs, column, regimes) for model, beliefs in parts]
    return Answer(
        np.concatenate([one.probabilities for one in said]),
        np.concatenate([one.labels for one in said]),
        {horizon: np.concatenate([one.forecasts[horizon] for one in said]) for horizon in HORIZONS},
    )


def _of_era(model: Model, beliefs: Floats, column: int, regimes: int) -> Answer:
    regime_of = np.eye(regimes)[model.labels[:, column]]
    probabilities, share = beliefs @ regime_of, stationary(model.transitions) @ regime_of
    labels = np.argmax(np.divide(probabilities, share, out=np.zeros_like(probabilities), where=share > 0), axis=1)
    ahead = {h: beliefs @ np.linalg.matrix_power(model.transitions, h) @ regime_of for h in HORIZONS}
    return Answer(probabilities, labels, ahead)
