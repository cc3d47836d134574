"""Scenes: something that lasts, so that what is drawn into it strikes in a state that chance alone hardly makes."""

from dataclasses import dataclass
from random import Random

from simulator.venues.script import Fault
from tests.simulation.trouble import LONGEST_FREEZE_S, MOST_STEPS, Trouble

FIRST_S, LAST_S = 0.5, 7.0  # between which a scene begins
LASTS_S = 7.0
FILLED_S = 7.5  # until the smallest spool is full, and rows wait in the journal
SLOW_S = 0.7  # a connection, or an answer, takes
DRIP_S = 0.8  # later all comes, acknowledgements too
OPENS_S = 1.5  # until a world has begun and has books
CLOSED = 1006.0

# Three of them are no scene. Their number has no divisor in common with those of venues, faults and troubles, so that
# every one of those meets every scene.
SCENES = (
    *("none", "beginning", "disk full", "no capture", "none", "no connection", "frozen market"),
    *("market backlog", "frozen trading", "dying flows", "none", "trading backlog", "slow to connect"),
)


@dataclass(frozen=True)
class Scene:
    """From when until when, and what makes it."""

    name: str
    after_s: float
    until_s: float
    faults: tuple[Fault, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    latency_s: float = 0.0  # of every connection and request; 0: as ever


def draw_scene(random: Random, name: str, *, until_s: float) -> Scene:
    """A scene by its name; without one, all of the time until `until_s`."""
    at_s = round(random.uniform(FIRST_S, LAST_S), 3)
    ends_s = at_s + LASTS_S
    if name == "none":
        return Scene(name, FIRST_S, until_s)
    if name == "beginning":
        return _beginning(random)
    if name == "disk full":
        return Scene(name, at_s, ends_s, troubles=(Trouble("disk full", at_s, LASTS_S),))
    if name == "no capture":
        deaths = (Trouble("kill capture", at_s + later_s, 0.0, 1.0) for later_s in (0.0, 2.0, 4.0))
        return Scene(name, at_s, ends_s, troubles=tuple(deaths))
    if name == "no connection":
        return _no_connection(random, at_s)
    if name == "slow to connect":
        lost = tuple(Fault("close", at_s + later_s, value=CLOSED) for later_s in (0.0, 1.5, 3.0, 4.5))
        return Scene(name, at_s, ends_s, (*lost, Fault("drip", at_s, LASTS_S - 1.0, value=DRIP_S)), latency_s=SLOW_S)
    if name == "dying flows":
        whom = random.choices(("kill market", "kill trading", "kill again"), k=4)
        deaths = (
            Trouble(kind, at_s + later_s, 0.0, float(random.randint(1, MOST_STEPS)))
            for kind, later_s in zip(whom, (0.0, 1.5, 3.0, 4.5), strict=True)
        )
        return Scene(name, at_s, ends_s, troubles=tuple(deaths))
    if name.endswith("backlog"):
        down, at_s = random.choice(("store down", "store full")), at_s / 2
        return Scene(name, at_s + FILLED_S, at_s + FILLED_S + 5.0, troubles=(Trouble(down, at_s, FILLED_S + 5.0),))
    return Scene(name, at_s, ends_s, troubles=(Trouble(f"freeze {name.split()[1]}", at_s, LONGEST_FREEZE_S),))


def _beginning(random: Random) -> Scene:
    """Before there is a book: all is slow, or the market flow does not take what comes."""
    if random.random() < 1 / 2:
        slow = Fault("drip", 0.0, 2 * OPENS_S, value=DRIP_S)
        return Scene("beginning", 0.0, 2 * OPENS_S, (slow,), latency_s=SLOW_S)
    frozen = Trouble("freeze market", 0.0, 2 * OPENS_S)
    return Scene("beginning", 0.1, 2 * OPENS_S, troubles=(frozen,))


def _no_connection(random: Random, at_s: float) -> Scene:
    """Nobody is let in: sockets, or no request at all, as a capture finds that was killed and begins anew."""
    lasts_s = LASTS_S - 2.0
    lost = Fault("close", at_s, value=CLOSED)
    killed = (Trouble("kill capture", at_s + 0.5, 0.0, 1.0),)
    faults, troubles = random.choice(
        (
            ((lost, Fault("refuse", at_s, lasts_s, value=503.0, text="connect")), ()),
            ((lost, Fault("refuse", at_s, lasts_s, value=503.0)), killed),
            (tuple(Fault("ban", at_s + later_s, 2.0) for later_s in (0.0, 1.5, 3.0)), killed),
        )
    )
    return Scene("no connection", at_s, at_s + LASTS_S, faults, troubles)
