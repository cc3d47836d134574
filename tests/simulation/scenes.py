"""Scenes: something that lasts, so that what is drawn into it strikes in a state that chance alone hardly makes."""

from dataclasses import dataclass
from random import Random

from simulator.venues.script import Fault
from tests.simulation.trouble import LONGEST_FREEZE_S, MOST_STEPS, Trouble

FIRST_S, LAST_S = 0.5, 7.0  # between which a scene begins
LASTS_S = 7.0
OPENS_S = 1.5  # the beginning of a world: no book yet, nothing kept
CLOSED = 1006.0

# Four of them are no scene. Their number has no divisor in common with those of venues, faults and troubles, so that
# every one of those meets every scene.
SCENES = (
    *("none", "beginning", "disk full", "no capture", "none", "no connection", "frozen market"),
    *("none", "frozen trading", "dying flows", "none", "backlog", "slow to connect"),
)


@dataclass(frozen=True)
class Scene:
    """From when until when, and what makes it."""

    name: str
    after_s: float
    until_s: float
    faults: tuple[Fault, ...] = ()
    troubles: tuple[Trouble, ...] = ()


def draw_scene(random: Random, name: str, *, until_s: float) -> Scene:
    """A scene by its name; without one, all of the time until `until_s`."""
    at_s = round(random.uniform(FIRST_S, LAST_S), 3)
    ends_s = at_s + LASTS_S
    if name == "none":
        return Scene(name, FIRST_S, until_s)
    if name == "beginning":
        return Scene(name, 0.0, OPENS_S)
    if name == "disk full":
        return Scene(name, at_s, ends_s, troubles=(Trouble("disk full", at_s, LASTS_S),))
    if name == "no capture":
        deaths = (Trouble("kill capture", at_s + later_s, 0.0, 1.0) for later_s in (0.0, 2.0, 4.0))
        return Scene(name, at_s, ends_s, troubles=tuple(deaths))
    if name == "no connection":
        lost = Fault("close", at_s, value=CLOSED), Fault("refuse", at_s, LASTS_S - 2.0, value=503.0, text="connect")
        return Scene(name, at_s, ends_s, faults=lost)
    if name == "slow to connect":
        lost_at = (at_s + later_s for later_s in (0.0, 1.5, 3.0, 4.5))
        return Scene(name, at_s, ends_s, faults=tuple(Fault("close", moment_s, value=CLOSED) for moment_s in lost_at))
    if name == "dying flows":
        whom = random.choices(("kill market", "kill trading", "kill again"), k=4)
        deaths = (
            Trouble(kind, at_s + later_s, 0.0, float(random.randint(1, MOST_STEPS)))
            for kind, later_s in zip(whom, (0.0, 1.5, 3.0, 4.5), strict=True)
        )
        return Scene(name, at_s, ends_s, troubles=tuple(deaths))
    if name == "backlog":
        down = random.choice(("store down", "store full"))
        return Scene(name, at_s + 4.0, at_s + 9.0, troubles=(Trouble(down, at_s, 9.0),))
    whom_frozen = name.removeprefix("frozen ")
    return Scene(name, at_s, ends_s, troubles=(Trouble(f"freeze {whom_frozen}", at_s, LONGEST_FREEZE_S),))
