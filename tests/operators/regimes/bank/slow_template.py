"""The filter of one template whose parameters are known, slow and obvious: dense matrices, `scipy`, whole histories."""

import numpy as np
from scipy.special import gammaln

from operators.regimes.bank.features import FRACTIONAL, HURSTS, LARGEST, MEMORY, SPANS

CAP = 6.0


def log_student(u, freedom):
    """Log density of a Student-t with unit variance."""
    constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - 0.5 * np.log(np.pi * (freedom - 2))
    return constant - (freedom + 1) / 2 * np.log1p(u**2 / (freedom - 2))


def transition(template, theta):
    """Transition matrix over states and phases: the Kronecker product of the chains, the slowest digit first."""
    found = np.eye(1)
    for chain in sorted(template.chains, key=lambda chain: -chain.stride):
        found = np.kron(found, _of_chain(template, chain, theta))
    return found if template.chains else np.eye(template.states)


def _of_chain(template, chain, theta):
    count, phases = len(chain.stays), template.phases
    found = np.zeros((count * phases, count * phases))
    for k, name in enumerate(chain.stays):
        leave = phases / (np.exp(theta[template.index(name)]) + phases)
        if chain.odds:
            share = 1 / (1 + np.exp(-theta[template.index(chain.odds[k])]))
            leads = share * np.array(chain.routes[k][0]) + (1 - share) * np.array(chain.routes[k][1])
        else:
            leads = (np.arange(count) != k) / (count - 1)
        for phase in range(phases):
            here = k * phases + phase
            found[here, here] = 1 - leave
            if phase < phases - 1:
                found[here, here + 1] = leave
            else:
                found[here, ::phases] += leave * leads
    return found


def average(span, past):
    """Standardised exponential mean of the past, what is before it 0."""
    share = 2 / (span + 1)
    weights = share * (1 - share) ** np.arange(len(past))
    return weights @ past[::-1] / np.sqrt(share / (2 - share))


def fractional(hurst):
    """Best linear forecast of fractional Gaussian noise from MEMORY values, newest first, and what it leaves."""
    lag = np.arange(MEMORY + 1.0)
    covariance = 0.5 * ((lag + 1) ** (2 * hurst) - 2 * lag ** (2 * hurst) + abs(lag - 1) ** (2 * hurst))
    matrix = covariance[abs(np.subtract.outer(np.arange(MEMORY), np.arange(MEMORY)))]
    coefficients = np.linalg.solve(matrix, covariance[1:])
    return coefficients, 1 - coefficients @ covariance[1:]


FORECASTS = [fractional(hurst) for hurst in HURSTS]


def curve(template, past):
    """Features at each place of the template's curve and the log standard deviation of what each leaves."""
    past = np.clip(past, -LARGEST, LARGEST)
    if template.curve == FRACTIONAL:
        newest = np.append(past[::-1], np.zeros(MEMORY))[:MEMORY]
        return np.array([coefficients @ newest for coefficients, _ in FORECASTS]), np.array(
            [0.5 * np.log(left) for _, left in FORECASTS]
        )
    return np.array([average(span, past) for span in SPANS]), np.zeros(len(SPANS))


class SlowTemplate:
    """Filter of a template at parameters θ; returns are standardised."""

    def __init__(self, template, theta):
        self.template, self.theta = template, np.asarray(theta, float)
        self.matrix = transition(template, self.theta)
        self.p = np.full(len(self.matrix), 1 / len(self.matrix))
        self.freedom = 2 + np.exp(self.theta[1])
        self.past, self.price, self.variance = [], 0.0, None
        self.entries = [(0.0, 1.0)]  # price at which the anchored state may have begun, probability

    def rows(self, table, base=()):
        return self.template.table(table) @ self.theta + (np.array(base) if base else 0.0)

    def densities(self, z):
        """Log density of z in every state."""
        template = self.template
        mean, slope = self.rows(template.mean), self.rows(template.slope, template.slope_base)
        place = self.rows(template.place, template.place_base)
        features, left = curve(template, np.array(self.past)) if slope.any() else (np.zeros(2), np.zeros(2))
        places = np.arange(len(features))
        log_scale = self.rows(template.log_scale) + np.interp(place, places, left)
        if template.tied:
            log_scale = log_scale + 0.5 * np.log(1 - slope**2)
        if template.garch:
            log_scale = self.conditional(log_scale)
        u = (z - mean - slope * np.interp(place, places, features)) / np.exp(log_scale)
        found = log_student(u, self.freedom) - log_scale
        if template.anchored:
            found[0] = self.anchored(z, log_scale[0])
        return found

    def conditional(self, log_scale):
        level = np.exp(2 * log_scale)
        if self.variance is None:
            self.variance = level
        else:
            shock = self.theta[self.template.index("shock")]
            lasting = self.theta[self.template.index("lasting")]
            square = np.minimum(self.past[-1] ** 2, CAP**2 * self.variance)
            self.variance = level * (1 - lasting) + shock * square + (lasting - shock) * self.variance
        return 0.5 * np.log(self.variance)

    def anchored(self, z, log_scale):
        pull = self.theta[self.template.index("pull")]
        joint = [
            weight
            * np.exp(log_student((z + pull * (self.price - begun)) / np.exp(log_scale), self.freedom) - log_scale)
            for begun, weight in self.entries
        ]
        self.entries = [(begun, share / sum(joint)) for (begun, _), share in zip(self.entries, joint, strict=True)]
        return np.log(sum(joint))

    def take(self, z):
        """Log predictive density of z; p becomes that of the states given it."""
        stayed = self.p[0] * self.matrix[0, 0]
        self.p = self.p @ self.matrix
        if self.template.anchored:
            kept = stayed / self.p[0]
            self.entries = [(begun, kept * weight) for begun, weight in self.entries] + [(self.price, 1 - kept)]
        log_density = np.repeat(self.densities(z), self.template.phases)
        joint = self.p * np.exp(log_density - log_density.max())
        self.p = joint / joint.sum()
        self.past.append(z)
        self.price += z
        return np.log(joint.sum()) + log_density.max()


def log_likelihood(template, theta, returns):
    """Of the whole sample."""
    slow = SlowTemplate(template, theta)
    return sum(slow.take(z) for z in returns)
