"""A first look at a line capture: whose frames these are, and the steps of price and size that they use."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path

from flows.answers import Answers
from market import record
from market.errors import CaptureError, FrameError
from market.instrument import Instrument
from operators.definitions import SMALLEST_STEP
from sources.captures import read_capture
from sources.lines import Line
from venues.decimals import finest_step, most_places
from venues.rows import Rows
from venues.venue import Channel, Listing, Seen, Texts, Venue, listing

MAX_SYMBOLS = 1000  # in one file
PROBED_FRAMES = 200  # looked at to tell whether the venue is the right one


@dataclass
class Steps:
    """The finest steps seen of one symbol."""

    tick_size: Decimal = Decimal(1)
    lot_size: Decimal = Decimal(1)
    price_decimals: int = 0  # most places behind the point, zeros counted
    size_decimals: int = 0

    @property
    def seen(self) -> Seen:
        """The same as texts, for the venue."""
        return Seen(f"{self.tick_size:f}", f"{self.lot_size:f}", self.price_decimals, self.size_decimals)


def survey(path: Path, venue: Venue) -> dict[str, Steps]:
    """The symbols of a capture with the finest steps that its texts use.

    Raises CaptureError where it is no capture of the venue.
    """
    found: dict[str, Steps] = {}
    unnamed = Steps()
    for line in read_capture(path, Answers(venue).snapshot):
        if not line.skipped:
            _look(found, unnamed, line.frame, venue)
        if len(found) > MAX_SYMBOLS:
            raise CaptureError(f"{path} has more than {MAX_SYMBOLS} symbols; split it first")
    if not found:
        raise CaptureError(
            f"no line of {path} is `<receive time> <frame>` with a frame of {venue.name}; is it a line capture?"
        )
    if len(found) == 1:
        refine(next(iter(found.values())), unnamed)
    _probe(path, venue, found)
    return found


def _look(found: dict[str, Steps], unnamed: Steps, frame: bytes, venue: Venue) -> None:
    """Take the steps of one frame, to `unnamed` where it has no symbol, as a book from REST; leave out what cannot be
    read, for the dead letters."""
    try:
        said = _texts(frame, venue)
    except FrameError:
        return
    for texts in said:
        if texts.prices:
            steps = found.setdefault(texts.symbol, Steps()) if texts.symbol else unnamed
            prices, sizes = (_credible(part) for part in (texts.prices, texts.sizes))
            refine(steps, Steps(finest_step(prices), finest_step(sizes), most_places(prices), most_places(sizes)))


def _credible(texts: Sequence[str]) -> list[str]:
    """Texts that could be of an instrument; one that is finer is odd, and its frame will be a dead letter."""
    return [text for text in texts if finest_step([text]) >= SMALLEST_STEP]


def _texts(frame: bytes, venue: Venue) -> Sequence[Texts]:
    """The texts of a frame of the venue, or of a book from REST that came with its symbol."""
    if not record.is_record(frame):
        return venue.texts(frame)
    said = record.decode(frame)
    if not isinstance(said, record.Snapshot):
        return ()
    return [texts._replace(symbol=said.symbol) for texts in venue.texts(bytes(said.body))]


def refine(steps: Steps, other: Steps) -> None:
    """Make steps finer where others are."""
    steps.tick_size = min(steps.tick_size, other.tick_size)
    steps.lot_size = min(steps.lot_size, other.lot_size)
    steps.price_decimals = max(steps.price_decimals, other.price_decimals)
    steps.size_decimals = max(steps.size_decimals, other.size_decimals)


def _probe(path: Path, venue: Venue, found: dict[str, Steps]) -> None:
    """Refuse a file of which no depth frame, or nothing at all, can be read: another venue's, most likely."""
    listings = {
        symbol: listing(number, Instrument(venue.name, symbol, steps.tick_size, steps.lot_size))
        for number, (symbol, steps) in enumerate(found.items())
    }
    reasons: dict[bool, list[str]] = {True: [], False: []}
    for line in islice((line for line in read_capture(path) if not line.skipped), PROBED_FRAMES):
        is_depth = Channel.DEPTH in map(venue.channel_of, venue.streams_of(line.frame))
        reasons[is_depth].append(_failure(line, venue, listings))
    for tried in (reasons[True], reasons[True] + reasons[False]):
        if tried and all(tried):
            raise CaptureError(f"{path} cannot be read as {venue.name} ({tried[0]}); is it the right venue?")


def _failure(line: Line, venue: Venue, listings: dict[str, Listing]) -> str:
    """Why a frame cannot be read, "" where it can."""
    try:
        venue.read(line.frame, line.received_ns, 0, listings, Rows())
    except FrameError as error:
        return str(error)
    return ""
