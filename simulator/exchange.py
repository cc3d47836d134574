"""The exchange as one object: instruments, their world, and the frames of each slice of simulated time."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from simulator import agents, engine, flow, protocol, publish, regimes
from simulator.draws import uniform
from simulator.listing import Listing, listing
from simulator.protocol import Frames
from simulator.publish import Output, World

INSTRUMENTS_MOST = 256  # a ladder takes about 1.2 MB
STEADY_RATE = 1e9 / flow.DEPTH_NS + 1e9 / flow.MARK_NS  # messages per second of an instrument that no agent causes
SLICE_NS = 5_000_000


class Exchange:
    """A seeded exchange that stands at simulated time 0 with full books."""

    def __init__(self, *, instruments: Sequence[str], rate: float, seed: int, ids_after: int = 0) -> None:
        """`rate` is messages per second over all instruments and streams, at least about 16 for each instrument.

        `ids_after`: every update id is above it, every trade id above a 2 000th of it.
        Raises ValueError for no, too many, repeated or malformed instruments and for a rate that is not positive.
        """
        _check(instruments, rate)
        self.listings: tuple[Listing, ...] = tuple(listing(name) for name in instruments)
        self.symbols = tuple(instruments)
        self.templates = protocol.templates(self.listings)
        self.streams = protocol.stream_names(self.listings)
        self.time_ns = 0
        self.frames = protocol.frames()
        self.hits: list[list[int]] = []  # rows of Output.hits, until whoever trades here takes them
        self.world = _world(self.listings, rate / len(instruments) - STEADY_RATE, seed, ids_after)
        for i in range(len(instruments)):
            flow.open_market(self.world, i)

    def run(
        self, until_ns: int, *, epoch_ns: int, sent_ns: int, record: Callable[[Output], None] | None = None
    ) -> Iterator[Frames]:
        """Advance to `until_ns`; frames are good until the next are asked for. `record` sees the truth."""
        out = self.world.out
        first, count = 0, len(self.symbols)
        while first < count:
            first = flow.advance_all(self.world, first, until_ns)
            protocol.format_slice(out, self.templates, self.frames, epoch_ns, sent_ns)
            if record is not None and (out.counts[2] or out.counts[3]):
                record(out)
            if out.counts[4]:
                self.hits += out.hits[: out.counts[4]].tolist()
            out.counts[:] = 0
            if first == count:
                self.time_ns = until_ns
            yield self.frames


def _check(instruments: Sequence[str], rate: float) -> None:
    if not 1 <= len(instruments) <= INSTRUMENTS_MOST:
        raise ValueError(f"{len(instruments)} instruments: the simulated exchange lists 1 to {INSTRUMENTS_MOST}")
    if len(set(instruments)) < len(instruments):
        raise ValueError(f"an instrument is named twice in {', '.join(instruments)}")
    if not 0 < rate < float("inf"):
        raise ValueError(f"rate is {rate}, must be a positive number of messages per second")


def _world(listings: Sequence[Listing], rate: float, seed: int, ids_after: int) -> World:
    names = [row.symbol for row in listings]
    fixed = regimes.traits(listings, rate)
    latent = regimes.opening_latent(seed, names, fixed)
    first_ids = np.array([ids_after + 10**12 + int(9e12 * uniform(row)) for row in latent], np.int64)
    return World(
        book=engine.empty_book(len(names)),
        latent=latent,
        fixed=fixed,
        crowd=agents.empty_crowd(latent),
        work=flow.clockwork(first_ids),
        out=publish.output(),
    )
