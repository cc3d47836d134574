"""Reversion to the price at which the state began: where it may have begun, and how likely each place is.

    z_t = −κ (x_{t−1} − a) + s ε,   a the log price x at entry, in standardised returns

Entry prices are a mixture: every step adds one, the price now, with the probability of entering now; beyond ANCHORS
of them the least likely is merged with the one nearest in price. Ghahramani, Hinton (2000), "Variational learning for
switching state-space models", Neural Computation 12(4), has the collapse in general, doi:10.1162/089976600300015619.
"""

from math import exp, log
from typing import Any

from operators.kernel import part
from operators.regimes.bank import student


@part
def enter(anchors: Any, stayed: float, entered: float, price: float) -> None:
    """A step of the chain: with what share of its probability the state was there before, or begins at this price."""
    total = stayed + entered
    if total <= 0.0:
        return
    least = 0
    for a in range(len(anchors)):
        anchors[a, 1] *= stayed / total
        if anchors[a, 1] < anchors[least, 1]:
            least = a
    _make_room(anchors, least)
    anchors[least, 0], anchors[least, 1] = price, entered / total


@part
def _make_room(anchors: Any, least: int) -> None:
    """Merge one anchor with the one nearest in price."""
    weight = anchors[least, 1]
    if weight <= 0.0:
        return
    nearest, distance = least, 1e300
    for a in range(len(anchors)):
        away = abs(anchors[a, 0] - anchors[least, 0])
        if a != least and anchors[a, 1] > 0.0 and away < distance:
            nearest, distance = a, away
    total = anchors[nearest, 1] + weight
    anchors[nearest, 0] += weight / total * (anchors[least, 0] - anchors[nearest, 0])
    anchors[nearest, 1] = total


@part
def explain(
    anchors: Any, strength: float, price: float, z: float, scale: float, freedom: float, offset: float, slope: float
) -> Any:
    """Log density of z / scale over all entry prices, mean standardised z, derivatives by strength, log scale, freedom.

    Turns the anchors' probabilities, which sum to one, into those given z. offset, slope: Λ(ν), dΛ/dν.
    """
    largest = -1e300
    for a in range(len(anchors)):
        if anchors[a, 1] > 0.0:
            u = (z + strength * (price - anchors[a, 0])) / scale
            largest = max(largest, student.log_density(u, freedom, offset))
    total, middle, along, inward, tail = 0.0, 0.0, 0.0, 0.0, 0.0
    for a in range(len(anchors)):
        if anchors[a, 1] <= 0.0:
            continue
        away = price - anchors[a, 0]
        u = (z + strength * away) / scale
        middle += anchors[a, 1] * u
        anchors[a, 1] *= exp(student.log_density(u, freedom, offset) - largest)
        draw = student.pull(u, freedom)
        total += anchors[a, 1]
        along -= anchors[a, 1] * draw * away / scale
        inward += anchors[a, 1] * draw * u
        tail += anchors[a, 1] * student.freedom_slope(u, freedom, slope)
    for a in range(len(anchors)):
        anchors[a, 1] /= total
    return largest + log(total), middle, along / total, inward / total - 1.0, tail / total
