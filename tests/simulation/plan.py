"""What a seed means: the venue, what goes wrong at it and at us, and how everything is set up."""

from dataclasses import dataclass
from random import Random

from simulator.venues import DIALECTS
from simulator.venues.script import DRAWN, Fault, draw_script
from tests.simulation import trouble
from tests.simulation.capture import Synchronous
from tests.simulation.trouble import Trouble

UNTIL_S = 16.0  # everything that goes wrong is over by then
ENDS = {"halt": "resume", "maintenance": "back"}  # what a notice begins, another ends
VENUES = tuple(DIALECTS)


@dataclass(frozen=True)
class Plan:
    """Everything that differs between two worlds."""

    seed: int
    venue: str
    faults: tuple[Fault, ...]
    troubles: tuple[Trouble, ...]
    whole: bool = False  # with the costly stages too
    rate: float = 3.0  # of each instrument's market, steps/s
    look_s: float = 0.25  # at most between two looks of a process
    epoch_s: float = 4.0
    synchronous: Synchronous = "FULL"
    queue_frames: int = 200_000

    @property
    def ends_s(self) -> float:
        """When the last trouble of ours is over."""
        return max((one.ends_s for one in self.troubles), default=0.0)

    def told(self) -> str:
        """For people."""
        faults = [f"{one.at_s:7.3f} s venue: {one.kind} {one.stream or one.text}".rstrip() for one in self.faults]
        ours = [f"{one.at_s:7.3f} s ours:  {one.kind}, for {one.for_s:g} s, {one.number:g}" for one in self.troubles]
        return "\n".join([f"seed {self.seed}, venue {self.venue}", *sorted(faults + ours)])


def plan(seed: int) -> Plan:
    """The world of a seed. Every kind of fault and of trouble has its turn; the others are drawn."""
    random = Random(seed)
    turn = draw_script(seed, faults=1, until_s=UNTIL_S, after_s=1.0, kinds=DRAWN[seed % len(DRAWN) :][:1])
    more = draw_script(random.randrange(1 << 30), faults=random.randint(0, 3), until_s=UNTIL_S, after_s=1.0)
    drawn = turn + more
    ends = [Fault("notice", UNTIL_S, text=ENDS[one.text]) for one in drawn if one.text in ENDS]
    return Plan(
        seed=seed,
        venue=VENUES[seed % len(VENUES)],
        faults=(*drawn, *ends),
        troubles=tuple(trouble.draw(random, turn=seed, troubles=random.randint(1, 5), until_s=UNTIL_S)),
        whole=random.random() < 0.15,
        rate=random.choice((1.0, 3.0, 6.0)),
        look_s=random.choice((0.1, 0.25, 0.5)),
        epoch_s=random.choice((1.0, 3.0, 8.0, 30.0)),
        queue_frames=random.choice((60, 200_000)),
        synchronous="FULL" if seed % 5 else "NORMAL",
    )
