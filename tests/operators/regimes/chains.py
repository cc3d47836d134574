"""Markov-switching series with their exact filter, small and slow: states drawn, seen through Gaussian noise."""

import numpy as np


def chain(stays):
    """Transition matrix of states that last `stays` bars on average and are left for each other one alike."""
    leave = 1.0 / np.asarray(stays, float)
    matrix = np.tile((leave / (len(stays) - 1))[:, None], (1, len(stays)))
    np.fill_diagonal(matrix, 1.0 - leave)
    return matrix


def stationary(transition):
    values, vectors = np.linalg.eig(transition.T)
    share = np.real(vectors[:, np.argmax(np.real(values))])
    return share / share.sum()


def switching(transition, means, scales, bars, seed):
    """States drawn from the chain and the probabilities of Hamilton's filter that knows every parameter."""
    random = np.random.default_rng(seed)
    means, scales = np.asarray(means, float), np.asarray(scales, float)
    states, probability = np.empty(bars, np.int64), np.empty((bars, len(means)))
    p = stationary(transition)
    state = random.choice(len(means), p=p)
    for bar in range(bars):
        if bar:
            state = random.choice(len(means), p=transition[state])
            p = p @ transition
        seen = means[state] + scales[state] * random.standard_normal()
        p = p * np.exp(-0.5 * ((seen - means) / scales) ** 2) / scales
        p /= p.sum()
        states[bar], probability[bar] = state, p
    return states, probability


def balanced_accuracy(states, labels):
    return np.mean([np.mean(labels[states == state] == state) for state in np.unique(states)])


def false_switches(states, labels):
    """Changes of the label that are not the first arrival at a state that has come."""
    arrived, false = False, 0
    for bar in range(1, len(states)):
        if states[bar] != states[bar - 1]:
            arrived = False
        if labels[bar] != labels[bar - 1]:
            if labels[bar] == states[bar] and not arrived:
                arrived = True
            else:
                false += 1
    return false
