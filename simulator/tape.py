"""The frames of the simulated exchange without a socket: the same bytes for the same seed, on any day."""

import gzip
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from market import record
from market.clock import SECOND_NS
from simulator.exchange import SLICE_NS, Exchange
from simulator.faults import Faults
from simulator.protocol import MILLISECOND_NS
from simulator.publish import Output
from simulator.regimes import hold
from simulator.rest import snapshot

EPOCH_NS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * SECOND_NS
LATENCY_NS = 2 * MILLISECOND_NS  # from sending to receiving
SNAPSHOT_NS = 350 * MILLISECOND_NS  # simulated time at which the snapshots are taken: after each first depth message
SNAPSHOT_LEVELS = 1000


def tape(
    *,
    instruments: Sequence[str],
    seed: int,
    seconds: float,
    rate: float,
    faults: Faults | None = None,
    records: bool = False,
    start_ns: int = EPOCH_NS,
    regime: tuple[str, str] | None = None,
    record_truth: Callable[[Output], None] | None = None,
) -> Iterator[tuple[int, bytes]]:
    """Receive time in ns, never descending, and frame; all streams of all instruments in the combined form.

    A snapshot comes per instrument: the bare REST body where there is one instrument, with its `symbol` (as coin-M's
    bodies have) where there are several. With `records` the tape is what capture would journal: the definitions come
    first, and snapshots are records. `faults` act on depth frames as on the server's. `regime`
    (volatility, dynamics) never changes where it is given; `record_truth` sees what TruthFile.add takes.
    """
    exchange = Exchange(instruments=instruments, rate=rate, seed=seed)
    if regime is not None:
        hold(exchange.world.latent, *regime)
    if records:
        yield from ((start_ns, _definition(exchange, i)) for i in range(len(instruments)))
    for time_ns in range(SLICE_NS, int(seconds * SECOND_NS) + 1, SLICE_NS):
        received_ns = start_ns + time_ns + LATENCY_NS
        for frames in exchange.run(time_ns, epoch_ns=start_ns, sent_ns=start_ns + time_ns, record=record_truth):
            sent = frames if faults is None else faults.apply(frames, exchange.streams)
            for start, end in zip(
                *(column[: sent.total[0]].tolist() for column in (sent.start, sent.end)), strict=True
            ):
                yield received_ns, sent.buffer[start:end].tobytes()
        if time_ns == SNAPSHOT_NS:
            yield from ((received_ns, _snapshot(exchange, i, records, start_ns)) for i in range(len(instruments)))


def _definition(exchange: Exchange, i: int) -> bytes:
    row = exchange.listings[i]
    return record.encode(record.InstrumentDefined(row.symbol, row.tick_size, row.lot_size))


def _snapshot(exchange: Exchange, i: int, as_record: bool, start_ns: int) -> bytes:
    symbol = exchange.symbols[i]
    named = len(exchange.symbols) > 1 and not as_record
    time_ms = (start_ns + exchange.time_ns) // MILLISECOND_NS
    body = snapshot(exchange, symbol, limit=SNAPSHOT_LEVELS, event_ms=time_ms, time_ms=time_ms, named=named)
    return record.encode(record.Snapshot(symbol, msgspec.Raw(body))) if as_record else body


def write_capture(
    path: Path, *, instruments: Sequence[str], seed: int, seconds: float, rate: float, faults: Faults | None = None
) -> int:
    """Write a tape as a line capture, `<ns> <frame>`, gzipped where the name ends in .gz; the number of lines."""
    lines = 0
    with cast(BinaryIO, gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb")) as file:
        for received_ns, frame in tape(instruments=instruments, seed=seed, seconds=seconds, rate=rate, faults=faults):
            file.write(b"%d %b\n" % (received_ns, frame))
            lines += 1
    return lines
