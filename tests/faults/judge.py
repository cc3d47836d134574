"""Whether a run was true: no wrong valid book, no unreported gap, no limit exceeded, recovered in time."""

from collections.abc import Iterator, Sequence

import numpy as np

from market.batch import Batch
from market.clock import SECOND_NS
from market.schema import NO_BOOK
from simulator.venues.script import Fault
from tests.desk_network import DEPTH, Sides
from tests.faults.dict_books import DictBooks
from tests.faults.run import Run

OLDEST_NS = 15 * SECOND_NS  # a frame that faults held back may show a state that old
HELD_NS = 1_100_000_000  # frames of a rotation are stamped before the connection that they are handed on for
LATELY = 12  # at the end, the book shows one of so many last states, for messages and faults delay it
ONE_LEVEL = ("alpaca-iex", "alpaca-sip", "massive-stocks", "massive-crypto")  # what these give is a best quote

UNVERIFIABLE = ("alpaca-iex", "alpaca-sip", "alpaca-crypto", "massive-stocks", "massive-crypto")
UNSEEN = ("drop", "gap", "duplicate", "reorder", "mute", "drip", "late", "field_removed", "field_retyped")


def complaints(played: Run) -> list[str]:
    """Everything that is not as it should be; empty for a true run."""
    return [
        *(f"wrong book: {what}" for what in wrong_books(played)),
        *(f"book of other frames: {what}" for what in contradicted_books(played)),
        *(f"limit exceeded: {what}" for what in played.desk.violations),
        *(f"not recovered: {what}" for what in unrecovered(played)),
    ]


def allowed(venue: str, faults: Sequence[Fault], what: str) -> bool:
    """Whether a complaint is about a loss that the venue gives no means to see; its books are never called verified."""
    lossy = any(fault.kind in UNSEEN for fault in faults)
    untrue = what.startswith(("wrong book", "book of other")) or what.endswith("no book that is true now")
    return venue in UNVERIFIABLE and lossy and untrue


def wrong_books(played: Run) -> Iterator[str]:
    """Valid rows that were never true, or not lately."""
    for batch in played.batches:
        for symbol, received, shown in shown_books(played, batch):
            states = played.truth.states[played.desk.symbols[symbol]]
            deep = depth(played)
            near = (one for time, one in reversed(states) if -HELD_NS <= received - time <= OLDEST_NS)
            if cut(shown, deep) not in (cut(one, deep) for one in near):
                yield f"{symbol} at {(received - states[0][0]) / SECOND_NS:.3f} s: {cut(shown, 2)}"


def unrecovered(played: Run) -> Iterator[str]:
    """Instruments whose newest book is not what is true now, or is in doubt."""
    newest: dict[str, Sides] = {}
    for batch in reversed(played.batches):
        for symbol, _, shown in reversed(list(shown_books(played, batch))):
            newest.setdefault(symbol, shown)
        if len(newest) == len(played.desk.symbols):
            break
    for symbol, number in played.desk.symbols.items():
        lately = [cut(state, depth(played)) for _, state in played.truth.states[number][-LATELY:]]
        if symbol not in newest or cut(newest[symbol], depth(played)) not in lately:
            yield f"{symbol} shows no book that is true now"
        elif symbol in played.open_gaps:
            yield f"{symbol} is still in doubt: {played.open_gaps[symbol]}"


def shown_books(played: Run, batch: Batch) -> Iterator[tuple[str, int, Sides]]:
    """Symbol, receive time and levels in ticks and lots of every valid book row of a batch, in order."""
    for tick in batch.ticks[batch.ticks["book"] != NO_BOOK]:
        symbol = batch.instruments.symbols[tick["instrument"]]
        row, listing = batch.books[tick["book"]], played.desk.market.listings[played.desk.symbols[symbol]]
        step, lot = float(listing.tick_size), float(listing.lot_size)
        sides = [
            tuple(
                zip(
                    np.rint(row[f"{side}_price"][there] / step).astype(int).tolist(),
                    np.rint(row[f"{side}_size"][there] / lot).astype(int).tolist(),
                    strict=True,
                )
            )
            for side in ("bid", "ask")
            if (there := ~np.isnan(row[f"{side}_price"])) is not None
        ]
        yield symbol, int(tick["receive_time"]), (sides[0], sides[1])


def depth(played: Run) -> int:
    """How many levels of a book the venue tells."""
    return 1 if played.venue in ONE_LEVEL else DEPTH


def cut(sides: Sides, deep: int) -> Sides:
    """The best levels."""
    return sides[0][:deep], sides[1][:deep]


def contradicted_books(played: Run) -> Iterator[str]:
    """Valid rows that differ from the plain books of what was received."""
    plain, taken, start = DictBooks(played.venue), 0, 0
    unread = {bytes(row["raw"]) for row in played.rows("dead_letters")}  # told of, and not applied
    for batch in played.batches:
        for tick in batch.ticks[batch.ticks["book"] != NO_BOOK]:
            while taken <= start + tick["frame"]:
                if played.frames[taken][1] not in unread:
                    plain.take(played.frames[taken][1])
                taken += 1
            symbol, row = batch.instruments.symbols[tick["instrument"]], batch.books[tick["book"]]
            shown = [
                list(zip(row[f"{side}_price"].tolist(), row[f"{side}_size"].tolist(), strict=True))[: depth(played)]
                for side in ("bid", "ask")
            ]
            told = plain.books[symbol].best(depth(played))
            for mine, other in zip(shown, told, strict=True):
                if [level for level in mine if level[0] == level[0]] != other:
                    yield f"{symbol}, frame {start + tick['frame']}: {mine[:2]}, plainly {other[:2]}"
        start += len(batch.frames)
