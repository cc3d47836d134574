"""Which fault struck in which state: the table that says what the worlds did not try. A zero in it fails the long run.

States are sampled at the moment at which a fault strikes, one of every kind of state.
"""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from simulator.venues.script import DRAWN
from tests.simulation import trouble

if TYPE_CHECKING:
    from simulator.venues.faults import Injected
    from tests.simulation.world import World

STATES = {
    "capture": ("dead", "alive"),
    "connection": ("opening", "waiting", "open"),  # of the route that is best off, while capture is alive
    "book": ("none", "doubt", "valid"),  # of the first instrument, as the market flow knows it
    "market": ("dead", "frozen", "fresh", "behind", "there"),  # fresh: nothing kept yet
    "trading": ("dead", "frozen", "fresh", "behind", "there"),
    "store": ("up", "behind", "ailing"),
    "disk": ("free", "full"),
}
FAULTS = tuple(sorted({*(f"venue: {kind}" for kind in DRAWN), *trouble.KINDS}))
COLUMNS = tuple(f"{what} {state}" for what, states in STATES.items() for state in states)
FEW = 2  # rows that a flow may have yet to take
CONNECTED = {"connecting": "opening", "open": "open", "maintenance": "open"}  # states of a keeper; the others wait

# What needs no session at a mock venue. All others befall frames or connections; those that are refused want to be one.
WITHOUT_SESSION = tuple(f"venue: {kind}" for kind in ("skew", "notice", "ban", "refuse", "stale"))
WITHOUT_CAPTURE = ("venue: skew", "venue: notice")


def impossible(fault: str, column: str) -> str:
    """Why a cell must be empty; "" for one that may not be."""
    if not fault.startswith("venue"):
        return ""
    if column == "capture dead" and fault not in WITHOUT_CAPTURE:
        return "it befalls connections, or who asks for something, and without capture there is nobody"
    if column == "connection waiting" and fault not in WITHOUT_SESSION:
        return "it befalls frames or connections, and there are none while every route waits"
    return ""


class Cells:
    """What one world tried."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.counts: Counter[tuple[str, str]] = Counter()

    def struck(self, fault: str) -> None:
        """A fault strikes now."""
        self.counts.update((fault, f"{what} {state}") for what, state in self._states())

    def listening(self, injected: list["Injected"]) -> list["Injected"]:
        """A list like this one, of which every entry is sampled."""
        return _Heard(self, injected)

    def _states(self) -> Iterable[tuple[str, str]]:
        world = self._world
        yield "capture", "alive" if world.capture.alive else "dead"
        if world.capture.alive and world.capture.feed is not None:
            routes = {CONNECTED.get(keeper.state, "waiting") for keeper in world.capture.feed.keepers}
            yield "connection", next(state for state in ("open", "opening", "waiting") if state in routes)
        yield "book", self._book()
        for flow in (world.market, world.trading):
            yield flow.name, self._flow(flow)
        yield "store", self._store()
        yield "disk", "full" if world.on("disk full") else "free"

    def _book(self) -> str:
        lately = self._world.lately
        symbol = next(iter(lately.desk.symbols))
        if symbol in lately.open_gaps:
            return "doubt"
        known = any(len(batch.books) for batch in lately.batches)
        return "valid" if known else "none"

    def _flow(self, flow: Any) -> str:
        if not flow.alive:
            return "dead"
        if flow.frozen_until_s > self._world.now_s:
            return "frozen"
        if flow.kept is None:
            return "fresh"
        return "behind" if self._world.behind(flow) > FEW else "there"

    def _store(self) -> str:
        world = self._world
        if world.on(*trouble.STORE):
            return "ailing"
        pending = sum(len(flow.pump.line) for flow in (world.market, world.trading) if flow.pump is not None)
        return "behind" if pending else "up"


class _Heard(list["Injected"]):
    def __init__(self, cells: Cells, injected: Iterable["Injected"]) -> None:
        super().__init__(injected)
        self._cells = cells

    def append(self, one: "Injected") -> None:
        super().append(one)
        self._cells.struck(f"venue: {one.kind}")


def zeros(counts: Counter[tuple[str, str]]) -> list[tuple[str, str]]:
    """Cells that are possible and were never tried."""
    return [
        (fault, column)
        for fault in FAULTS
        for column in COLUMNS
        if not counts[fault, column] and not impossible(fault, column)
    ]


def surprises(counts: Counter[tuple[str, str]]) -> list[tuple[str, str]]:
    """Cells that are called impossible, and have a count."""
    return sorted(cell for cell, count in counts.items() if count and impossible(*cell))


def table(counts: Counter[tuple[str, str]]) -> str:
    """For people: a row a fault, a column a state; · for what is impossible, and a count that is a zero marked."""
    width = max(map(len, FAULTS)) + 1
    heads = [column.split() for column in COLUMNS]
    lines = [
        " " * width + "".join(f"{words[0][:7]:>8}" for words in heads),
        " " * width + "".join(f"{words[1][:7]:>8}" for words in heads),
    ]
    for fault in FAULTS:
        cells = [counts[fault, column] or ("·" if impossible(fault, column) else "ZERO") for column in COLUMNS]
        lines.append(f"{fault:<{width}}" + "".join(f"{cell:>8}" for cell in cells))
    return "\n".join(lines)
