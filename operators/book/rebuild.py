"""`book.rebuild`: events in, TICK and BOOK rows out: every book as of each message, valid only beyond doubt.

Reads batch.events and batch.instruments. Gives batch.ticks, one row per message header in receive order
(market.schema.TICK; a PICTURE is a DEPTH row there), batch.books, one row per valid row of a book message
(market.schema.BOOK; its rules are in operators/book/depth.py), and the tables `gaps` and `control`.

Rule of the venue: operators/book/sequence.py. A snapshot replaces, never merges; whatever breaks the chain of one
instrument (a missing, crossed or impossible message, a checksum that does not match, a reset, no more room) makes that
book alone invalid: where snapshots come over REST, until one that the messages kept since then continue; where they
come in band (operators/book/streams.py), until the next. A snapshot older than a good book changes nothing, unless it
was asked for to reach further, or has the id with which the venue begins anew (Capability.begins_at). Pictures need no
snapshot (operators/book/pictures.py).
A REST snapshot of limited depth tells of nothing beyond its last level. A touch that has gone seven eighths of the way
there asks for a new one, which replaces the book without a gap; a touch that is there all the same makes it invalid
(cause edge), for better levels could exist that were never seen to change. Where the venue tells of levels that come
into the subscribed depth, there is no such edge; what it pushes out is cut (operators/book/cut.py).
A checksum that cannot be verified leaves the book valid and opens a gap of cause unverifiable, until one can. Where the
venue has nothing to verify a book by (Capability.detection none), `valid` says that nothing contradicts it, no more.
In `gaps`, expected_sequence is the update id the book stood at, received_sequence the id that the message says it
continues (cause sequence) or has itself (every other cause), start_time the receive time of the last good message.

Warm-up: none beyond the first snapshot. NaN: prices and sizes of a quote that is not valid; price and size of what is
no trade. `valid` is also false while a book has one side only, or is crossed by the venue's own word, and for messages
the book contains already (old, duplicate).
Cost: 0.06 µs per message, 0.05 µs more per level and 0.25 µs more per BOOK row; 15 µs per batch. A message kept while a
snapshot is awaited costs 5 µs. Memory: 17 bytes per tick in SPAN_BPS of the price and 64 bytes per level, rounded up to
powers of two; about 85 KB for a thousand levels.
Binance, "How to manage a local order book correctly".
"""

from dataclasses import dataclass, field

import numpy as np
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

import venues
from market.batch import Batch, Events, Structs
from market.instrument import Instrument, InstrumentTable, tick_ratio
from market.schema import DEPTH_LEVELS, NO_SEQUENCE, NO_TIME, Kind
from operators.book.changes import crossed
from operators.book.checksum import SCHEMES, text_for
from operators.book.cut import depth_of
from operators.book.digits import MOST_PLACES
from operators.book.ladders import (
    MAX_LEVELS,
    MAX_WIDTH,
    MIN_LEVELS,
    MIN_WIDTH,
    Ladders,
    empty,
    with_books,
    with_levels,
    with_width,
)
from operators.book.orders import room_for
from operators.book.pending import Pending
from operators.book.rows import Place, Verdict, empty_rows
from operators.book.sequence import CHAIN, STREAM, judge, rule_of
from operators.book.told import keep, tell
from operators.book.troubles import Troubles
from operators.book.walk import ASK, ROOMY, apply, count, forget, replace, replace_in_stream, walk
from operators.stage import Stage, registered, wire
from venues.venue import Capability, Venue

SPAN_BPS = 250  # of the price: what a window covers at least, if MAX_WIDTH cells do
MOST_UNITS = 1 << 32  # of prices on the wire, in a tick; where a tick has more, no checksum can be verified

# Rows of the first picture of a book up to which it keeps the least there is: thousands of instruments have such books.
FEW, FEW_LEVELS = 2 * DEPTH_LEVELS, 64


@dataclass
class Books:
    """All books of one shard."""

    ladders: Ladders = field(default_factory=lambda: empty(0))
    pending: Pending = field(default_factory=Pending)
    troubles: Troubles = field(default_factory=Troubles)
    instruments: InstrumentTable = field(default_factory=InstrumentTable)


@registered
def stage() -> Stage:
    """The books of a shard, by the sequence rule of the venue that the shard names."""

    def advance(books: Books, batch: Batch) -> Batch:
        _define(books, batch.instruments)
        if len(batch.events) == 0:
            return batch
        ticks, rows = _rebuild(books, batch.events, venues.get(batch.venue))
        for name, table in books.troubles.take().items():
            batch = batch.with_table(name, table)
        return batch._replace(ticks=ticks, books=rows)

    return Stage("book.rebuild", Books, advance)


def rebuild(step_id: str, up: KeyedStream[Batch]) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage())


def _define(books: Books, instruments: InstrumentTable) -> None:
    """A book and a price step for instruments defined since the last batch; a changed step waits for its reset."""
    if instruments is books.instruments:
        return
    known = len(books.ladders.books)
    books.ladders = with_books(books.ladders, len(instruments))
    rows = books.ladders.books
    for number, row in enumerate(instruments.rows):
        rows["next_step"][number] = tick_ratio(row.tick_size)
        rows["places"][number], rows["next_unit"][number] = _on_the_wire(row)
        if books.ladders.tables["held"][number] == 0:
            books.ladders.tables["lot"][number] = tick_ratio(row.lot_size)
    rows["step"][known:] = rows["next_step"][known:]
    same = (rows["step"] == rows["next_step"]).all(axis=1)
    rows["unit"][same] = rows["next_unit"][same]
    books.instruments = instruments


def _on_the_wire(row: Instrument) -> tuple[tuple[int, int], int]:
    """Places of prices and sizes as the venue writes them, and a tick in units of its prices; 0 where that is none."""
    numerator, denominator = tick_ratio(row.tick_size)
    places = _places(row.price_decimals, denominator), _places(row.size_decimals, tick_ratio(row.lot_size)[1])
    if not all(0 <= place <= MOST_PLACES for place in places):
        return (0, 0), 0
    unit, rest = divmod(numerator * 10 ** places[0], denominator)
    return places, 0 if rest or unit > MOST_UNITS else unit


def _places(said: int, denominator: int) -> int:
    """Places that were said, or else those of a step, whose denominator is a power of ten."""
    return said if said >= 0 else len(str(denominator)) - 1


def _rebuild(books: Books, events: Events, venue: Venue) -> tuple[Structs, Structs]:
    """Walk all messages; see to snapshots and full books in between. Returns TICK and BOOK rows."""
    rule, scheme = rule_of(venue.capability), SCHEMES[venue.capability.checksum]
    messages, booked = count(events)
    rows, place, answer = empty_rows(messages, booked, text_for(scheme)), Place(0, 0, 0, 0), ASK
    while True:
        begun, place = place, walk(books.ladders, events, place, answer, rule, scheme, rows)
        for note in rows.told[begun.told : place.told]:
            if rule != STREAM:
                keep(books.pending, events, note)
            tell(books.troubles, books.instruments, events, note, venue.capability)
        if place.event == len(events):
            return rows.ticks, rows.books[: place.book]
        message = events[place.event : place.event + 1 + events[place.event]["levels"]]
        if message["kind"][0] != Kind.SNAPSHOT:
            answer = _widen(books, message)
        elif rule == STREAM:
            answer = _begin(books, message, venue.capability, rows.text)
        else:
            answer = _settle(books, message, venue)


def _begin(books: Books, snapshot: Events, capability: Capability, text: NDArray[np.int64]) -> int:
    """Make a book from a snapshot that came in band; the verdict on it."""
    instrument, head = int(snapshot["instrument"][0]), snapshot[0]
    book = books.ladders.books[instrument]
    # Where two connections overlap, the newer one begins with a book that the older one has left behind.
    older = NO_TIME < head["exchange_time"] < book["time"]
    # A service that was restarted counts from its beginning, and its clock may have been set back.
    counted = capability.begins_at != head["sequence"] and 0 < head["sequence"] < book["last"]
    summed = head["sequence"] == 0 and capability.checksum != ""
    if older and (counted or summed) and book["last"] != NO_SEQUENCE and not crossed(book):
        return Verdict.OLD  # and its row shows nothing: what the book is now was not known then
    if not _fits(books, instrument, snapshot, emptied=True):
        return _lost(books, instrument, Verdict.FULL)
    _cover(books, instrument, snapshot)
    depth = depth_of(snapshot, capability.depths)
    return int(replace_in_stream(books.ladders, snapshot, depth, SCHEMES[capability.checksum], text))


def _settle(books: Books, snapshot: Events, venue: Venue) -> int:
    """Make a book from a snapshot over REST and the messages kept that continue it; the verdict on the snapshot."""
    instrument, sequence = int(snapshot["instrument"][0]), int(snapshot["sequence"][0])
    book = books.ladders.books[instrument]
    kept, good = list(books.pending.of(instrument)), book["last"] != NO_SEQUENCE
    if good and not kept and sequence < book["last"]:
        return Verdict.SETTLED
    newer = [message for message in kept if message["sequence"][0] > sequence]
    if not _continued(sequence, newer, rule_of(venue.capability) == CHAIN, unseen=int(book["seen"])):
        return Verdict.NEAR if good else Verdict.TOO_OLD
    if not _fits(books, instrument, np.concatenate([snapshot, *newer]), emptied=True):
        return _lost(books, instrument, Verdict.FULL)
    _cover(books, instrument, snapshot)
    whole = replace(books.ladders, snapshot, venue.snapshot_levels)
    if not (whole and all(apply(books.ladders, message) for message in newer)):
        return _lost(books, instrument, Verdict.CROSSED)
    # The messages kept have led beyond what the snapshot tells of: a newer one is needed.
    return _lost(books, instrument, Verdict.TOO_OLD) if (book["best"] < book["edge"]).any() else Verdict.SETTLED


def _continued(sequence: int, newer: list[Events], chained: bool, *, unseen: int) -> bool:
    """Whether messages lead on from a snapshot without a hole; `unseen` is the newest id that has come so far."""
    last, seen = sequence, NO_SEQUENCE
    for message in newer:
        if judge(last, seen, message["previous"][0], message["sequence"][0], chained) != Verdict.APPLIED:
            return False
        last = seen = int(message["sequence"][0])
    return last >= unseen


def _cover(books: Books, instrument: int, snapshot: Events) -> None:
    """Windows that span SPAN_BPS of the snapshot's price, if they were not that wide already; empties the book."""
    price = abs(int(snapshot["price"][1])) if len(snapshot) > 1 else 0
    width = MIN_WIDTH
    while width < MAX_WIDTH and width * 10_000 < price * SPAN_BPS:
        width *= 2
    if width > books.ladders.books["width"][instrument]:
        books.ladders = with_width(books.ladders, instrument, width)


def _widen(books: Books, message: Events) -> int:
    """Make room for a depth message or picture; ROOMY, or the verdict that there is none left."""
    instrument = int(message["instrument"][0])
    if _fits(books, instrument, message):
        if books.ladders.books["width"][instrument] == 0:
            _cover(books, instrument, message if len(message) > FEW else message[:1])
        return ROOMY
    books.ladders.books["seen"][instrument] = message["sequence"][0]
    return _lost(books, instrument, Verdict.FULL)


def _fits(books: Books, instrument: int, rows: Events, *, emptied: bool = False) -> bool:
    """Make room for these rows to be new levels or orders, all of them; False beyond the limits of a book.

    There is room to spare for all of them on one side, so that the walk need not count the sides.
    """
    book = books.ladders.books[instrument]
    kinds, sides = rows["kind"], rows["side"]
    orders = (kinds >= Kind.ORDER_ADD) & (kinds <= Kind.ORDER_DELETE)
    levels = (kinds == Kind.LEVEL) | orders
    filled = (0, 0) if emptied else book["filled"].tolist()
    wanted = max(filled[0] + int((levels & (sides > 0)).sum()), filled[1] + int((levels & (sides <= 0)).sum()))
    if wanted > MAX_LEVELS:
        return False
    if orders.any():
        roomy = room_for(books.ladders, instrument, int((rows["kind"] == Kind.ORDER_ADD).sum()))
        if roomy is None:
            return False
        books.ladders = roomy
    spare = wanted if emptied else min(max(filled) + len(rows), MAX_LEVELS)
    if spare > book["room"] // 2:
        least = FEW_LEVELS if kinds[0] == Kind.PICTURE and len(rows) <= FEW else MIN_LEVELS
        books.ladders = with_levels(books.ladders, instrument, max(least, 1 << (spare - 1).bit_length()))
    return True


def _lost(books: Books, instrument: int, verdict: Verdict) -> Verdict:
    forget(books.ladders, instrument)
    return verdict
