"""Returns drawn from a template."""

import numpy as np

from tests.operators.regimes.bank.slow_template import SlowTemplate, transition


def simulated(template, theta, bars, seed):
    """Returns of a template of means and scales alone, its states with Student-t noise."""
    random, slow = np.random.default_rng(seed), SlowTemplate(template, theta)
    matrix, phases = transition(template, theta), template.phases
    mean, scale = slow.rows(template.mean), np.exp(slow.rows(template.log_scale))
    noise = random.standard_t(slow.freedom, bars) * np.sqrt((slow.freedom - 2) / slow.freedom)
    rising, x, returns = matrix.cumsum(axis=1), 0, np.empty(bars)
    for bar, draw in enumerate(random.random(bars)):
        x = min(int(np.searchsorted(rising[x], draw)), len(matrix) - 1)
        returns[bar] = mean[x // phases] + scale[x // phases] * noise[bar]
    return returns
