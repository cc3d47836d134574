"""`Master`: the instruments of a shard as the venue lists them: steps, names, and from when on they hold.

A definition is a record of the journal. What it changes is a row of table `instruments`; one that says nothing new is
none. A definition that is announced for later (`effective_ns`) has its row at once and takes effect with the first
batch received at that time or after. When the price step of a known instrument changes, its book begins anew.
A venue's `stable_id` outlives renames: an instrument whose id had another symbol before is `renamed_from` that one.
Symbols are never forgotten: one that is delisted keeps its number, and its row says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import msgspec

from market.errors import FrameError
from market.instrument import Instrument, InstrumentTable
from market.record import InstrumentDefined
from venues.venue import Listing, listing

SMALLEST_STEP, LARGEST_STEP = Decimal("1e-18"), Decimal("1e18")
MOST_PENDING = 1_000  # announced changes that wait for their time


class Change(NamedTuple):
    """What one definition changes."""

    row: InstrumentDefined | None  # for table `instruments`; None where it was told when announced
    number: int
    restarts: bool  # whether its book begins anew


@dataclass
class Master:
    """All instruments of a shard."""

    table: InstrumentTable = field(default_factory=InstrumentTable)
    listings: dict[str, Listing] = field(default_factory=dict)  # by symbol, of the table
    newest: dict[str, InstrumentDefined] = field(default_factory=dict)  # by symbol
    symbols: dict[str, str] = field(default_factory=dict)  # by stable id
    pending: list[InstrumentDefined] = field(default_factory=list)  # announced, by their time

    def define(self, venue: str, said: InstrumentDefined, received: int) -> Change | None:
        """Take a definition in; None where it says nothing new. Raises FrameError for steps that cannot be."""
        instrument = _instrument(venue, said)
        known = self.newest.get(said.symbol)
        if known is not None and (said.assumed or said in (known, *self.pending)):
            return None
        said = self._named(said)
        if known is not None and said.effective_ns > received:
            if len(self.pending) >= MOST_PENDING:
                raise FrameError(f"{said.symbol} is announced while {MOST_PENDING} announcements wait")
            self.pending = sorted([*self.pending, said], key=lambda one: one.effective_ns)
            return Change(said, self.table.id_of(said.symbol), restarts=False)
        return self._enter(instrument, said, told=False)

    def due(self, venue: str, time: int) -> Iterable[Change]:
        """The announced definitions whose time has come."""
        while self.pending and self.pending[0].effective_ns <= time:
            said = self.pending.pop(0)
            yield self._enter(_instrument(venue, said), said, told=True)

    def _named(self, said: InstrumentDefined) -> InstrumentDefined:
        before = self.symbols.get(said.stable_id, said.symbol) if said.stable_id else said.symbol
        if said.renamed_from or before == said.symbol:
            return said
        return msgspec.structs.replace(said, renamed_from=before)

    def _enter(self, instrument: Instrument, said: InstrumentDefined, *, told: bool) -> Change:
        number, known = self.table.id_of(said.symbol), self.newest.get(said.symbol)
        restarts = number >= 0 and self.table[number].tick_size != instrument.tick_size
        if number < 0 or self.table[number] != instrument:
            self.table = self.table.define(instrument)
            number = self.table.id_of(said.symbol)
            self.listings[said.symbol] = listing(number, instrument)
        self.newest[said.symbol] = said
        if said.stable_id:
            self.symbols[said.stable_id] = said.symbol
        guessed = known is not None and known.assumed
        return Change(None if told else said, number, restarts and not guessed)


def _instrument(venue: str, said: InstrumentDefined) -> Instrument:
    try:
        tick_size, lot_size, contract_size = map(Decimal, (said.tick_size, said.lot_size, said.contract_size))
    except InvalidOperation as error:
        raise FrameError(f"{said.symbol} is defined with a step that is no number") from error
    if not all(
        step.is_finite() and SMALLEST_STEP <= step <= LARGEST_STEP for step in (tick_size, lot_size, contract_size)
    ):
        raise FrameError(f"{said.symbol} is defined with a step that is not from {SMALLEST_STEP} to {LARGEST_STEP}")
    places = (-1 if count is None else count for count in (said.price_decimals, said.size_decimals))
    return Instrument(venue, said.symbol, tick_size, lot_size, contract_size, said.inverse, *places)


def as_row(said: InstrumentDefined, number: int, detection: str, received: int, position: int) -> tuple[Any, ...]:
    """A row of table `instruments`; detection: of the venue's capability."""
    steps = (float(Decimal(step)) for step in (said.tick_size, said.lot_size, said.contract_size))
    names = said.base, said.quote, said.kind, said.status, detection, said.stable_id, said.renamed_from
    return said.symbol, number, *steps, said.inverse, *names, said.effective_ns or received, received, position
