"""What a seed means: the venue, what goes wrong at it and at us, and how everything is set up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from simulator.venues import DIALECTS
from simulator.venues.script import DRAWN, Fault, draw_script
from tests.simulation import trouble
from tests.simulation.capture import Synchronous
from tests.simulation.pump import SPOOL_BYTES
from tests.simulation.scenes import CLOSED, SCENES, draw_scene
from tests.simulation.trouble import Trouble

UNTIL_S = 16.0  # everything that goes wrong is over by then
ENDS = {"halt": "resume", "maintenance": "back"}  # what a notice begins, another ends
VENUES = tuple(DIALECTS)
AT_CONNECTING = ("late", "refuse", "stale", "wrong_ack", "no_ack", "ack_silence")  # kinds that need somebody to connect
SMALL_SPOOL_BYTES = 30_000  # full after a block or two


@dataclass(frozen=True)
class Plan:
    """Everything that differs between two worlds."""

    seed: int
    venue: str
    faults: tuple[Fault, ...]
    troubles: tuple[Trouble, ...]
    scene: str = "none"
    whole: bool = False  # with the costly stages too
    rate: float = 3.0  # of each instrument's market, steps/s
    look_s: float = 0.25  # at most between two looks of a process
    epoch_s: float = 4.0
    synchronous: Synchronous = "FULL"
    queue_frames: int = 200_000
    latency_s: float = 0.02  # of a connection, or a request
    spool_bytes: tuple[int, int] = (SPOOL_BYTES, SPOOL_BYTES)  # of the market and of the trading flow

    @property
    def ends_s(self) -> float:
        """When the last trouble of ours is over."""
        return max((one.ends_s for one in self.troubles), default=0.0)

    def told(self) -> str:
        """For people."""
        faults = [f"{one.at_s:7.3f} s venue: {one.kind} {one.stream or one.text}".rstrip() for one in self.faults]
        ours = [f"{one.at_s:7.3f} s ours:  {one.kind}, for {one.for_s:g} s, {one.number:g}" for one in self.troubles]
        return "\n".join([f"seed {self.seed}, venue {self.venue}, scene {self.scene}", *sorted(faults + ours)])


def plan(seed: int) -> Plan:
    """The world of a seed. Every kind of fault and of trouble has its turn in every scene; the others are drawn."""
    random = Random(seed)
    name = SCENES[seed % len(SCENES)]
    scene = draw_scene(random, name, until_s=UNTIL_S)
    window = {"after_s": scene.after_s, "until_s": scene.until_s}
    turn = draw_script(seed, faults=1, kinds=DRAWN[seed % len(DRAWN) :][:1], **window)
    more = draw_script(random.randrange(1 << 30), faults=random.randint(0, 3), **window)
    drawn = [*scene.faults, *turn, *more]
    drawn += _reconnects(random, drawn, scene.until_s)
    drawn += [Fault("notice", UNTIL_S, text=ENDS[one.text]) for one in drawn if one.text in ENDS]
    ours = trouble.draw(random, turn=seed, troubles=random.randint(1, 5), **window)
    ours = sorted((*scene.troubles, *ours), key=lambda one: one.at_s)
    long = any(one.kind == "store refuses" for one in ours)  # it is asked again after a minute only
    spools = (SPOOL_BYTES, SPOOL_BYTES, SMALL_SPOOL_BYTES)
    return Plan(
        seed=seed,
        venue=VENUES[seed % len(VENUES)],
        faults=tuple(drawn),
        troubles=tuple(ours),
        scene=name,
        whole=random.random() < 0.15 and not long,
        rate=1.0 if long else random.choice((1.0, 3.0, 6.0)),
        look_s=random.choice((0.1, 0.25, 0.5)),
        epoch_s=random.choice((1.0, 3.0, 8.0, 30.0)),
        queue_frames=random.choice((60, 200_000)),
        latency_s=0.7 if name == "slow to connect" else random.choice((0.02, 0.02, 0.2)),
        spool_bytes=(random.choice(spools), random.choice(spools)) if name != "backlog" else _one_small(random),
        synchronous="FULL" if seed % 5 else "NORMAL",
    )


def _reconnects(random: Random, faults: Sequence[Fault], until_s: float) -> Iterator[Fault]:
    """Lost connections soon after the beginning of faults that nobody would meet otherwise, most times."""
    for one in faults:
        if one.kind in AT_CONNECTING and random.random() < 0.7:
            yield Fault("close", min(round(one.at_s + random.uniform(0.0, 0.5), 3), until_s), value=CLOSED)


def _one_small(random: Random) -> tuple[int, int]:
    """Spools of which one is full long before the other."""
    small, large = SMALL_SPOOL_BYTES, 4 * SPOOL_BYTES
    return random.choice(((small, large), (large, small), (small, small)))
