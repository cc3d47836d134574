"""Import of line captures: each file becomes micro-batches of the journal, whole or not at all.

Files that share a symbol belong together, as a quiet instrument may be missing in one of them; what belongs together is
a shard, `<venue>/<symbols>`, and later files continue it, also those of a later command. So they continue what holds
nothing but history of their symbols (flows/history.py). What a capture does not say, the steps of its instruments, is
inferred from its own texts before its first frame is appended: the finest decimal in use. Frames and receive times stay
as they are, also where times go backwards.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import msgspec

import venues
from flows.answers import Answers
from flows.survey import Steps, refine, survey
from market import record
from market.clock import MILLISECOND_NS, SECOND_NS
from market.errors import CaptureError
from market.history import HISTORY
from market.journal import partition_path, partitions
from sinks.journal import JournalWriter
from sources.captures import read_answers, read_together, together
from sources.journal_reader import JournalReader
from sources.lean_zip import ALIVE
from sources.lines import Line
from venues.venue import Venue

BLOCK_NS = 10 * SECOND_NS
BATCH_NS = 100 * MILLISECOND_NS  # lines of the same 100 ms of receive time are one micro-batch,
MAX_BATCH_FRAMES = 4096  # unless they are more than this,
MAX_BATCH_BYTES = 64 << 20  # or longer than this
MAX_NAME = 100  # characters of a shard's name made of symbols; longer ones end in a digest
PROGRESS_LINES = 5000
DEFINED = "instrument:"  # and a symbol: the note that keeps its newest definition


@dataclass(frozen=True)
class Imported:
    """What became of one file, or of files that were read side by side."""

    paths: tuple[Path, ...]
    shard: str
    lines: int
    skipped: int  # lines that were not `<time> <frame>`; they are dead letters now
    batches: int
    first_ns: int
    last_ns: int

    def __str__(self) -> str:
        skipped = f", {self.skipped:,} skipped" if self.skipped else ""
        seconds = (self.last_ns - self.first_ns) / SECOND_NS
        names = " with ".join(path.name for path in self.paths)
        return f"{names}: {self.lines:,} lines{skipped}, {seconds:,.0f} s of {self.shard}"


@dataclass(frozen=True)
class ImportReport:
    """What became of all files, in their order; prints as one line each."""

    files: tuple[Imported, ...]

    def __str__(self) -> str:
        return "\n".join(str(file) for file in self.files)


@dataclass
class _Group:
    """Files that one shard is made of."""

    shard: str
    steps: dict[str, Steps]
    listed: dict[str, record.InstrumentDefined] = field(default_factory=dict)  # by the venue, in the recording itself
    files: list[tuple[Path, str]] = field(default_factory=list)  # with their SHA-256


def import_captures(
    paths: Sequence[Path], *, venue: str, data: Path, progress: Callable[[int], None] | None = None
) -> ImportReport:
    """Append captures to the journal under `data`, files of one recording in their order.

    `progress` is called with numbers of lines newly done. Raises CaptureError, before anything is written, for a file
    that was imported already, holds no frames or is of another venue; VenueError for an unknown venue.
    """
    protocol = venues.get(venue)
    groups = _grouped(paths, protocol, data)
    for group in groups:
        _refuse_known(group, data, protocol)
    report = {path: done for group in groups for path, done in _import_group(group, data, protocol, progress)}
    return ImportReport(tuple(dict.fromkeys(report[path] for path in paths)))


def _grouped(paths: Iterable[Path], venue: Venue, data: Path) -> list[_Group]:
    groups: list[_Group] = []
    digests: dict[str, Path] = {}
    for path in paths:
        digest = _digest(path)
        if digest in digests:
            raise CaptureError(f"{path} and {digests[digest]} are the same file; name it once")
        digests[digest] = path
        steps = survey(path, venue)
        listed = Answers(venue).definitions(read_answers(path), list(steps))
        groups = _joined(groups, _Group("", steps, listed, [(path, digest)]))
    known = imported_shards(data, venue)
    for group in groups:
        group.shard = _continued_shard(group, known) or _shard(venue.name, group.steps)
    return groups


def _joined(groups: list[_Group], new: _Group) -> list[_Group]:
    """The groups with one more, in which every group that shares a symbol with it is taken up."""
    sharing = [group for group in groups if group.steps.keys() & new.steps.keys()]
    joined = _Group("", {})
    for group in (*sharing, new):
        joined.files += group.files
        joined.listed |= group.listed
        for symbol, seen in group.steps.items():
            refine(joined.steps.setdefault(symbol, Steps()), seen)
    return [*(group for group in groups if group not in sharing), joined]


def imported_shards(data: Path, venue: Venue) -> dict[str, set[str]]:
    """The symbols of every shard of the venue that was imported before."""
    found: dict[str, set[str]] = {}
    for path in partitions(data, "market"):
        with JournalReader(path) as journal:
            facts, is_history = journal.meta(), journal.is_history()
        if facts["venue"] == venue.name:
            notes = {key.removeprefix(DEFINED) for key in facts if key.startswith(DEFINED)}
            past = {key.split(":")[1] for key in facts if key.startswith(f"{HISTORY}:")}
            found[facts["shard"]] = notes | past if is_history else notes
    return found


def _continued_shard(group: _Group, known: dict[str, set[str]]) -> str:
    """The one shard that has a symbol of the group already; "" where none or several have."""
    sharing = [shard for shard, symbols in known.items() if symbols & group.steps.keys()]
    return sharing[0] if len(sharing) == 1 else ""


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CaptureError(f"{path} cannot be read: {error.strerror}") from None


def _shard(venue: str, symbols: Iterable[str]) -> str:
    name = "+".join(sorted(symbol.lower() for symbol in symbols))
    if len(name) > MAX_NAME:
        name = f"{name[:MAX_NAME].rpartition('+')[0]}+{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return f"{venue}/{name}"


def _refuse_known(group: _Group, data: Path, venue: Venue) -> None:
    if not partition_path(data, "market", group.shard).exists():
        return
    with _writer(data, group.shard, venue) as journal:
        known = journal.meta()
    for path, digest in group.files:
        if _key(digest) in known:
            raise CaptureError(f"{path} was imported already, as {known[_key(digest)]}; leave it out")


def _writer(data: Path, shard: str, venue: Venue) -> JournalWriter:
    return JournalWriter(partition_path(data, "market", shard), venue=venue.name, shard=shard, block_ns=BLOCK_NS)


def _key(digest: str) -> str:
    return f"import:{digest}"


def _import_group(
    group: _Group, data: Path, venue: Venue, progress: Callable[[int], None] | None
) -> Iterator[tuple[Path, Imported]]:
    with _writer(data, group.shard, venue) as journal:
        digests = dict(group.files)
        for paths in together(list(digests)):
            with journal.transaction():
                done = _import_files(paths, group, journal, venue, progress)
                rows = f"rows {journal.last_offset() - done.batches + 1} to {journal.last_offset()} of {group.shard}"
                for path in paths:
                    journal.note(_key(digests[path]), rows)
            yield from ((path, done) for path in paths)


def _import_files(
    paths: tuple[Path, ...],
    group: _Group,
    journal: JournalWriter,
    venue: Venue,
    progress: Callable[[int], None] | None,
) -> Imported:
    lines = skipped = batches = first_ns = last_ns = reported = 0
    for batch in micro_batches(read_together(paths, Answers(venue).snapshot)):
        if not batches:
            first_ns = next((line.received_ns for line in batch if line.received_ns), 0)
            _define(journal, group, venue, first_ns)
        journal.append([line.received_ns for line in batch], [line.frame for line in batch])
        batches += 1
        lines += sum(line.frame != ALIVE for line in batch)
        skipped += sum(line.skipped for line in batch)
        last_ns = batch[-1].received_ns
        if progress and lines - reported >= PROGRESS_LINES:
            progress(lines - reported)
            reported = lines
    if progress:
        progress(lines - reported)
    return Imported(paths, group.shard, lines, skipped, batches, first_ns, last_ns)


def _define(journal: JournalWriter, group: _Group, venue: Venue, received_ns: int) -> None:
    """Append definitions that are new or finer than before, in a row of their own. Steps never get coarser."""
    known, frames = journal.meta(), []
    for symbol, steps in sorted(group.steps.items()):
        before = known.get(DEFINED + symbol)
        if before:
            defined = record.decode(record.SEPARATOR + before.encode())
            refine(steps, _steps_of(defined))
        frame = record.encode(_defined(venue.infer(symbol, steps.seen), group.listed.get(symbol)))
        if frame[1:].decode() != before:
            journal.note(DEFINED + symbol, frame[1:].decode())
            frames.append(frame)
    if frames:
        journal.append([received_ns] * len(frames), frames)


def _defined(seen: record.InstrumentDefined, listed: record.InstrumentDefined | None) -> record.InstrumentDefined:
    """What the venue lists, with the finer of the steps listed and seen."""
    if listed is None:
        return seen
    return msgspec.structs.replace(
        listed,
        tick_size=min(seen.tick_size, listed.tick_size, key=Decimal),
        lot_size=min(seen.lot_size, listed.lot_size, key=Decimal),
        price_decimals=_most(seen.price_decimals, listed.price_decimals),
        size_decimals=_most(seen.size_decimals, listed.size_decimals),
    )


def _most(seen: int | None, listed: int | None) -> int | None:
    return None if seen is None and listed is None else max(seen or 0, listed or 0)


def _steps_of(defined: record.InstrumentDefined) -> Steps:
    places = defined.price_decimals or 0, defined.size_decimals or 0
    return Steps(Decimal(defined.tick_size), Decimal(defined.lot_size), *places)


def micro_batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Lines cut where the 100 ms of their receive time end, or a batch is full; always alike for a file."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        other = batch and line.received_ns // BATCH_NS != batch[0].received_ns // BATCH_NS
        if other or len(batch) >= MAX_BATCH_FRAMES or size >= MAX_BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line.frame)
    if batch:
        yield batch
