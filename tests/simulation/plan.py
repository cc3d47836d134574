"""What a seed means: the venue, what goes wrong at it and at us, and how everything is set up."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from simulator.venues import DIALECTS
from simulator.venues.script import DRAWN, MOMENTS, Fault, draw_script
from tests.simulation import trouble
from tests.simulation.capture import Synchronous
from tests.simulation.pump import SPOOL_BYTES
from tests.simulation.scenes import CLOSED, SCENES, SLOW_S, draw_scene
from tests.simulation.trouble import Trouble

UNTIL_S = 16.0  # until then things go wrong; some come again, or last, up to 5 s longer
ENDS = {"halt": "resume", "maintenance": "back"}  # what a notice begins, another ends
VENUES = tuple(DIALECTS)
ANNOUNCES = {
    **dict.fromkeys(("binance-spot", "binance-usdm"), "shutdown"),
    **dict.fromkeys(("bybit-spot", "bybit-linear", "kraken", "okx"), "maintenance"),
    **dict.fromkeys(("alpaca-iex", "alpaca-sip", "massive-stocks"), "halt"),
}
ASKS_BOOKS = ("binance-spot", "binance-usdm")  # of which books are asked for over REST
ASKED_WITHIN_S = 4.0  # of a lost connection
LEAST_S = 2.0  # that the fault whose turn it is lasts, for it must meet a frame
AT_CONNECTING = ("late", "refuse", "stale", "wrong_ack", "no_ack", "ack_silence")  # kinds that need somebody to connect
LARGE_SPOOL_BYTES = 4 * SPOOL_BYTES
SMALL_SPOOL_BYTES = 2_000  # too small for a block


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
    venue, turn = _turn(seed, **window)
    more = draw_script(random.randrange(1 << 30), faults=random.randint(0, 3), **window)
    drawn = [*scene.faults, turn, *more, *_again(turn)]
    drawn += [lost for one in (turn, *more) for lost in _reconnects(random, one)]
    drawn += [Fault("notice", UNTIL_S, text=ENDS[one.text]) for one in drawn if one.text in ENDS]
    ours = trouble.draw(random, turn=seed, troubles=random.randint(1, 5), **window)
    ours = sorted((*scene.troubles, *ours), key=lambda one: one.at_s)
    long = any(one.kind == "store refuses" for one in ours)  # it is asked again after a minute only
    backlog = name.endswith("backlog")
    return Plan(
        seed=seed,
        venue=venue,
        faults=tuple(drawn),
        troubles=tuple(ours),
        scene=name,
        whole=random.random() < 0.15 and not long,
        rate=1.0 if long else random.choice((3.0, 6.0) if backlog else (1.0, 3.0, 6.0)),
        look_s=random.choice((0.1, 0.25, 0.5)),
        epoch_s=random.choice((1.0, 3.0) if backlog else (1.0, 3.0, 8.0, 30.0)),
        queue_frames=random.choice((60, 200_000)),
        latency_s=SLOW_S if turn.kind == "stale" else scene.latency_s or random.choice((0.02, 0.02, 0.2)),
        spool_bytes=_spools(random, name),
        synchronous="FULL" if seed % 5 else "NORMAL",
    )


def _turn(seed: int, **window: float) -> tuple[str, Fault]:
    """The fault whose turn it is, at a venue that can do it."""
    venue, kind = VENUES[seed % len(VENUES)], DRAWN[seed % len(DRAWN)]
    (drawn,) = draw_script(seed, faults=1, kinds=[kind], **window)
    fault = replace(drawn, for_s=max(drawn.for_s, LEAST_S))
    if kind == "stale":
        return ASKS_BOOKS[seed % len(ASKS_BOOKS)], replace(fault, for_s=max(fault.for_s, ASKED_WITHIN_S))
    if kind == "notice":
        venue = tuple(ANNOUNCES)[seed % len(ANNOUNCES)]
        return venue, replace(fault, text=ANNOUNCES[venue])
    return venue, fault


def _again(turn: Fault) -> Iterator[Fault]:
    """What happens in a moment comes thrice, for the first may find nobody."""
    if turn.kind in MOMENTS and turn.kind != "notice":
        yield from (replace(turn, at_s=round(turn.at_s + later_s, 3)) for later_s in (1.3, 2.6))


def _reconnects(random: Random, one: Fault) -> Iterator[Fault]:
    """Lost connections, or lost frames, soon after the beginning of a fault that nobody would meet otherwise."""
    if one.kind not in AT_CONNECTING:
        return
    at_s = round(one.at_s + random.uniform(0.0, 0.5), 3)
    if random.random() < 1 / 3 and one.kind != "stale":
        yield Fault("gap", at_s, LEAST_S)
        return
    yield Fault("close", at_s, value=CLOSED)
    if one.kind == "stale":  # once more, while it is asked for a book
        yield Fault("close", round(at_s + random.uniform(1.2, 3.0), 3), value=CLOSED)


def _spools(random: Random, scene: str) -> tuple[int, int]:
    """Limits of the spools of market and trading; where one has a backlog, its own is full long before the other."""
    if scene == "market backlog":
        return SMALL_SPOOL_BYTES, LARGE_SPOOL_BYTES
    if scene == "trading backlog":
        return LARGE_SPOOL_BYTES, SMALL_SPOOL_BYTES
    sizes = (SPOOL_BYTES, SPOOL_BYTES, SMALL_SPOOL_BYTES)
    return random.choice(sizes), random.choice(sizes)
