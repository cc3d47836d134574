"""Cases whose parameters are drawn: a salt gives markets that nobody has seen before.

Durations and effects span what is published of daily markets (M. R. Hardy, "A regime-switching model of long-term stock
returns", North American Actuarial Journal 5 (2001), doi 10.1080/10920277.2001.10595984, is well inside).
"""

from collections.abc import Callable, Iterator

import numpy as np

from simulator.labelled import chain, families
from simulator.labelled.dice import Dice
from simulator.labelled.market import Case, Kind, View
from simulator.labelled.model import Floats, Model
from simulator.labelled.noise import Noise

Drawn = tuple[Kind, int, list[tuple[float, Model]]]
FOUR_VIEWS = (
    View("long", "volatility", 2),
    View("medium", "direction", 2),
    View("short", "dynamics", 2),
    View("ultra_short", "volatility", 2),
)


def two_volatilities(dice: Dice, noise: Noise) -> Drawn:
    """Calm and stressed, with the drifts that go with them."""
    durations = dice.durations(dice.stays((80, 600), (40, 250)))
    drifts = [dice.even(0, 0.06), dice.even(-0.08, 0)]
    return "volatility", 2, [(0, families.levels(*durations, [1, dice.scaled(1.35, 3.2)], drifts, noise=noise))]


def three_volatilities(dice: Dice, noise: Noise) -> Drawn:
    """Calm, normal and stressed."""
    normal = dice.scaled(1.5, 2.2)
    durations = dice.durations(dice.stays((100, 500), (80, 300), (40, 150)))
    model = families.levels(*durations, [1, normal, normal * dice.scaled(1.5, 2.2)], noise=noise)
    return "volatility", 3, [(0, model)]


def switching_garch(dice: Dice, noise: Noise) -> Drawn:
    """Two levels of volatility that clusters within each."""
    durations = chain.phased(chain.leaving(dice.stays((150, 600), (80, 300))), 1)
    response, persistence = dice.even(0.03, 0.12), dice.even(0.75, 0.87)
    scales = [1, dice.scaled(1.6, 2.8)]
    model = families.levels(*durations, scales, response=response, persistence=persistence, noise=noise)
    return "volatility", 2, [(0, model)]


def directions(dice: Dice, noise: Noise) -> Drawn:
    """Bear, neutral and bull; bears are the more volatile."""
    size = dice.scaled(0.08, 0.35)
    durations = dice.durations(dice.stays(*[(100, 500)] * 3))
    scales = [dice.scaled(1.0, 1.9), dice.scaled(0.65, 1.0), 1.0]
    return (
        "direction",
        3,
        [(0, families.levels(*durations, scales, [-size * dice.even(0.8, 1.4), 0, size], noise=noise))],
    )


def autoregressions(dice: Dice, noise: Noise) -> Drawn:
    """Dynamics by the first lag."""
    durations = dice.durations(dice.stays(*[(100, 500)] * 3))
    memory = [-dice.scaled(0.15, 0.55), dice.even(-0.03, 0.03), dice.scaled(0.15, 0.55)]
    return "dynamics", 3, [(0, families.autoregressive(*durations, memory, noise=noise))]


def long_memories(dice: Dice, noise: Noise) -> Drawn:
    """Dynamics by fractional noise."""
    transitions = chain.leaving(dice.stays(*[(200, 700)] * 3))
    return (
        "dynamics",
        3,
        [(0, families.fractional(transitions, [dice.even(0.22, 0.4), 0.5, dice.even(0.6, 0.78)], noise))],
    )


def momenta(dice: Dice, noise: Noise) -> Drawn:
    """Dynamics by the exponential mean of past bars; a trend stays short of feeding itself."""
    span_bars = dice.scaled(8, 30)
    most = 1 / np.sqrt(span_bars)  # from here on the mean would grow without end
    transitions = chain.leaving(dice.stays(*[(200, 600)] * 3))
    strength = [-dice.even(0.12, 0.3), 0, most * dice.even(0.6, 0.9)]
    return "dynamics", 3, [(0, families.momentum(transitions, strength, span_bars, noise))]


def entry_reversions(dice: Dice, noise: Noise) -> Drawn:
    """Dynamics by a pull to the price at entry, and trends either way."""
    stays = dice.stays(*[(150, 400)] * 3)
    return "dynamics", 3, [(0, families.entry_reversion(stays, dice.scaled(0.08, 0.4), dice.scaled(0.15, 0.4), noise))]


def combinations(dice: Dice, noise: Noise) -> Drawn:
    """Volatility × trend."""
    dynamics_bars, volatility_bars = dice.stays(*[(100, 300)] * 2), dice.stays((150, 500), (80, 250))
    effects = dice.scaled(0.2, 0.5), dice.scaled(1.4, 2.6)
    return "combination", 4, [(0, families.combination(dynamics_bars, volatility_bars, *effects, noise))]


def volatility_shifts(dice: Dice, noise: Noise) -> Drawn:
    """Everything of two volatilities changes once, somewhere in the middle."""
    level, ratio = dice.scaled(1.4, 2.2), dice.scaled(1.6, 2.6)
    before, after = (dice.stays((150, 400), (60, 200)), dice.stays((100, 300), (50, 150)))
    scales = [1, ratio], [level, level * ratio * dice.even(0.9, 1.1)]
    eras = [
        families.levels(*chain.phased(chain.leaving(stays), 1), scale, noise=noise)
        for stays, scale in zip((before, after), scales, strict=True)
    ]
    return "volatility", 2, list(zip((0, dice.even(0.4, 0.7)), eras, strict=True))


def dynamics_shifts(dice: Dice, noise: Noise) -> Drawn:
    """Memories and volatility of dynamics change once, somewhere in the middle."""
    durations = chain.phased(chain.leaving(dice.stays(*[(150, 300)] * 3)), 1)
    eras = [
        families.autoregressive(
            *durations, [-dice.scaled(0.2, 0.5), 0, dice.scaled(0.2, 0.5)], scale=scale, noise=noise
        )
        for scale in (1, dice.scaled(1.4, 2.2))
    ]
    return "dynamics", 3, list(zip((0, dice.even(0.4, 0.7)), eras, strict=True))


def nothing(dice: Dice, noise: Noise) -> Drawn:
    """One regime: volatility that clusters, and that is all."""
    return "volatility", 2, [(0, families.steady(dice.even(0, 0.08), dice.even(0.8, 0.9), noise))]


def nested_volatilities(dice: Dice, noise: Noise) -> Drawn:
    """Regimes that flicker between two scales inside: out of every template."""
    durations = chain.nested(chain.leaving(dice.stays((120, 400), (60, 200))), [(8, 8), (8, 8)])
    ratio = dice.scaled(1.6, 2.6)
    return "volatility", 2, [(0, families.levels(*durations, np.outer([1, ratio], [0.75, 1.25]).ravel(), noise=noise))]


def pullbacks(dice: Dice, noise: Noise) -> Drawn:
    """Bears with rallies and bulls with setbacks inside: out of every template."""
    inner = [(12.0, 5.0), (10.0, 10.0), (12.0, 6.0)]
    durations = chain.nested(chain.leaving(dice.stays(*[(150, 400)] * 3)), inner)
    drifts = dice.scaled(0.18, 0.35) * np.array([-1.4, 0.8, 0, 0, 1.3, -0.6])
    return "direction", 3, [(0, families.levels(*durations, [1.2, 1.4, 0.8, 0.8, 0.9, 1.1], drifts, noise=noise))]


def second_orders(dice: Dice, noise: Noise) -> Drawn:
    """Reversion over two bars beside trends either way: out of every template."""
    stays = dice.stays(*[(150, 400)] * 3)
    return "dynamics", 3, [(0, families.second_order(stays, dice.scaled(0.2, 0.45), dice.scaled(0.15, 0.3), noise))]


def uneven_stays(dice: Dice, noise: Noise) -> Drawn:
    """Volatility regimes of which most are short and some very long: out of every template."""
    transitions = chain.leaving(dice.stays((120, 400), (60, 200)))
    durations = chain.uneven(transitions, dice.even(0.5, 0.7), dice.even(6, 12))
    return "volatility", 2, [(0, families.levels(*durations, [1, dice.scaled(1.6, 2.8)], noise=noise))]


FAMILIES: dict[str, Callable[[Dice, Noise], Drawn]] = {
    each.__name__: each
    for each in (
        *(two_volatilities, three_volatilities, switching_garch, directions, autoregressions, long_memories, momenta),
        *(entry_reversions, combinations, volatility_shifts, dynamics_shifts, nothing),
        *(nested_volatilities, pullbacks, second_orders, uneven_stays),
    )
}
FOUR_SCALES = "four_scales"


def cases(salt: str, per_family: int = 2) -> Iterator[Case]:
    """All families, `per_family` cases of each."""
    for family in (*FAMILIES, FOUR_SCALES):
        for number in range(per_family):
            yield case(family, number, salt)


def case(family: str, number: int, salt: str) -> Case:
    """One case of a family."""
    dice = Dice("labelled case", salt, family, number)
    noise, season, scale, name = dice.noise(), dice.season(), dice.scaled(1e-4, 2e-2), f"{family}_{number}"
    if family == FOUR_SCALES:
        return _four_scales(dice, noise, season, scale, name)
    kind, regimes, eras = FAMILIES[family](dice, noise)
    view = View(kind, kind, regimes)
    return Case(name=name, family=family, views=(view,), eras=tuple(eras), season=season, scale=scale)


def _four_scales(dice: Dice, noise: Noise, season: Floats, scale: float, name: str) -> Case:
    fastest = dice.scaled(12, 30)
    stays = [[dice.scaled(*each)] * 2 for each in ((2000, 4000), (400, 800), (100, 250))] + [[3 * fastest, fastest]]
    effects = dice.scaled(1.5, 2.1), dice.scaled(0.08, 0.16), dice.scaled(0.2, 0.45), dice.scaled(1.8, 3.0)
    return Case(
        name=name,
        family=FOUR_SCALES,
        views=FOUR_VIEWS,
        eras=((0, families.four_scales(stays, effects, noise)),),
        bars=40_000,
        warm_up_bars=8_000,
        season=season,
        scale=scale,
    )
