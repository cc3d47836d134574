"""The scanner reads and writes nothing that is not its own, whatever the bytes, and reads no byte often."""

import ctypes
import itertools
import mmap
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import numpy as np
import pytest

from market.batch import Batch
from market.frames import Frames
from market.schema import EVENT, MARK
from operators import decode
from operators.scan.build import compiled
from operators.scan.frames import scan
from operators.scan.message import scratch
from operators.scan.symbols import hashed
from tests.operators.scan import differential, mutants
from tests.operators.scan.test_fuzz import seeds
from venues.binance.keys import FUTURES_KEYS
from venues.keys import MAX_FRAME_BYTES, Layout

PAGE = mmap.PAGESIZE
NOTHING = 0  # PROT_NONE
DEPTH = (
    b'{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":1,"u":1,"pu":0,'
    b'"b":[%s],"a":[]}}'
)
LEVEL = b'["1.00","1"]'
SYMBOLS = hashed(differential.TABLE)
ONE_TOKEN = 48  # bytes, at most: of a key, a number, a symbol


@contextmanager
def guarded() -> Iterator[np.ndarray]:
    """A page of bytes between two that fault when they are touched."""
    library = ctypes.CDLL(None, use_errno=True)
    memory = mmap.mmap(-1, 3 * PAGE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in (base, base + 2 * PAGE):
        assert library.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), NOTHING) == 0
    yield np.frombuffer(memory, np.uint8)[PAGE : 2 * PAGE]
    for page in (base, base + 2 * PAGE):
        library.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), mmap.PROT_READ | mmap.PROT_WRITE)


def run(
    data: Any,
    offsets: list[int],
    events: np.ndarray,
    marks: np.ndarray,
    *,
    interpreted: bool = False,
    layout: Layout = FUTURES_KEYS,
    symbols: np.ndarray = SYMBOLS,
) -> tuple[int, int, int]:
    """The kernel alone, from the first frame on until it stops."""
    kernel = getattr(scan, "py_func", scan) if interpreted else scan
    places, times = np.array(offsets, np.int32), np.zeros(len(offsets), np.int64)
    numbers = np.zeros(len(offsets), np.int64)
    return kernel(data, places, times, 0, *compiled(layout), symbols, events, 0, marks, 0, numbers, *scratch())


def test_no_byte_beyond_the_data_is_read() -> None:
    chance = mutants.Chance(Random(2))
    frames = mutants.stream(chance, seeds("binance-usdm"), futures=True)
    events, marks = np.zeros(1_000, EVENT), np.zeros(10, MARK)
    with guarded() as page:
        for frame in itertools.islice((frame for frame in frames if len(frame) <= PAGE), 2_000):
            for cut in (len(frame), chance.random.randint(0, len(frame))):
                last = page[PAGE - cut :]  # its end is where the memory ends
                last[:] = np.frombuffer(frame[:cut], np.uint8)
                run(last, [0, cut], events, marks)
            page[: len(frame)] = np.frombuffer(frame, np.uint8)  # its beginning is where the memory begins
            run(page[: len(frame)], [0, len(frame)], events, marks)
        del last, page


def test_no_row_beyond_those_given_is_written() -> None:
    frame = DEPTH % b",".join([LEVEL] * 50)
    data = np.frombuffer(frame, np.uint8)
    for room in range(60):
        events = np.full(100, 77, np.uint8).repeat(EVENT.itemsize).view(EVENT)
        canary = events[room:].tobytes()
        taken, rows, _ = run(data, [0, len(frame)], events[:room], np.zeros(1, MARK))
        assert (taken, rows) == ((1, 51) if room >= 51 else (0, 0))
        assert events[room:].tobytes() == canary


def decoded(frames: list[bytes]) -> Batch:
    stage = decode.stage()
    define = decode.record.encode(decode.record.InstrumentDefined("BTCUSDT", "0.01", "0.001"))
    items = [Batch("binance-usdm/0", 1, np.ones(len(some), np.int64), Frames.of(some)) for some in ([define], frames)]
    return stage.run(items)[-1]


HOSTILE = {
    "50 MB of one frame": DEPTH % b",".join([LEVEL] * 4_000_000),
    "50 MB of blanks": b" " * (50 << 20),
    "as many levels as a frame may have": DEPTH % b",".join([LEVEL] * 1_280_000),
    "as many levels, and an odd one": DEPTH % b",".join([*[LEVEL] * 1_280_000, b'["1.00","1e1"]']),
    "deep arrays": DEPTH % (b"[" * 1_000_000),
    "deep objects": b'{"a":' * 1_000_000,
    "deep unknown value": (DEPTH % LEVEL).replace(b'"e":', b'"x":' + b"[" * 500_000 + b"]" * 500_000 + b',"e":'),
    "a long number": DEPTH % (b'["' + b"9" * 1_000_000 + b'","1"]'),
    "a long string": b'{"stream":"' + b"x" * 1_000_000,
    "many unknown keys": b'{"stream":"btcusdt@depth","data":{'
    + b",".join(b'"k%d":1' % n for n in range(100_000))
    + b"}}",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_frame_costs_memory_in_proportion_and_harms_no_other(name: str) -> None:
    frames = [HOSTILE[name], DEPTH % LEVEL]
    tracemalloc.start()
    try:
        batch = decoded(frames)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert batch.events["frame"].tolist()[-2:] == [1, 1]
    assert peak < 60 * min(len(HOSTILE[name]), MAX_FRAME_BYTES) + 6 * len(HOSTILE[name]) + (1 << 20)


class Watched:
    """Bytes that know how far they were read, and how often."""

    def __init__(self, data: bytes) -> None:
        self.data, self.furthest, self.reads = data, 0, 0

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, at: Any) -> Any:
        last = at.stop - 1 if isinstance(at, slice) else at
        assert last >= 0
        assert isinstance(at, slice) or at < len(self.data)
        self.furthest, self.reads = max(self.furthest, last), self.reads + 1
        return self.data[at]


@pytest.mark.parametrize(
    "piece", [b"{", b" ", b'{"a', b'{"stream":"', b'{"stream":"btcusdt@depth","data":{"b":[', b'"', LEVEL + b",", b"9"]
)
def test_a_frame_that_ends_early_does_not_run_through_all_that_follow(piece: bytes) -> None:
    watched = Watched(b'{"stream":"btcusdt@depth","data":{' + piece * 1_000)
    for end in range(60):
        watched.furthest = watched.reads = 0
        assert run(watched, [0, end], np.zeros(10, EVENT), np.zeros(1, MARK), interpreted=True)[0] == 0
        assert watched.furthest < end + ONE_TOKEN
        assert watched.reads < 20 * ONE_TOKEN
