"""`kill -9` of the gateway and of who tells, in the middle of a stream: a client that comes back misses nothing."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.stream import Server
from tests.kill.listener import Listener
from tests.kill.processes import ROOT, wait_for

# A flow that tells: it goes on from an offset that it has told already, as flows do after a crash.
TELL = """
import sys, time
from pathlib import Path
from tests.gateway.stream.listening import tell, teller
with teller(Path(sys.argv[1])) as part:
    for offset in range(int(sys.argv[2]), 10**9):
        tell(part, offset, offset)
        time.sleep(0.002)
"""
AGAIN = 40  # offsets that are computed again
KILLS = 2


@contextmanager
def telling(data: Path, first: int) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", TELL, str(data), str(first)], cwd=ROOT)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_kills_of_both_ends_of_the_stream_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    ports, first = [0], 1
    with Listener(tmp_path, lambda: ports[0]) as listener:
        for kill in range(KILLS):
            with closing(Server(tmp_path, ring_rows=50)) as server:
                ports[0] = server.port
                for _ in range(2):  # who tells dies under a gateway that lives, then both die
                    with telling(tmp_path, first):
                        goal = listener.last + 150
                        wait_for(lambda goal=goal: listener.last >= goal, f"progress after kill {kill}")
                    first = max(1, offset_of(listener) - AGAIN)
            time.sleep(0.05)
        server = Server(tmp_path, ring_rows=50)
        ports[0] = server.port
        wait_for(lambda: listener.connections > KILLS, "the last connection")
    server.close()
    assert listener.differs() == ""
    quotes = [event["offset"] for event in listener.events if event["kind"] == "quote" and event["instrument"] == "I0"]
    assert quotes == list(range(quotes[0], quotes[0] + len(quotes)))
    assert len(quotes) >= 2 * 150 * KILLS


def offset_of(listener: Listener) -> int:
    return int(listener.events[-1]["offset"])
