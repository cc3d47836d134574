"""`Member`: one process of a dataflow that runs as a cluster of processes, which start, stop and die together.

Bytewax connects every process with every other and begins when all are there. When one dies, the others notice within
milliseconds and end as well: they hold a part of the work that nobody else knows. Started again, all of them resume at
the same snapshot, and may be more or fewer than before: docs/decisions/009-cluster.md.
"""

import fcntl
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from market.errors import BarographError, SettingsError


class MemberGoneError(BarographError):
    """Another process of the cluster is gone; this one ends too, and all start again."""


class Member(NamedTuple):
    """Which process of which cluster."""

    number: int = 0
    addresses: tuple[str, ...] = ()  # host:port of every member, in their order; empty: one process, no network

    @property
    def members(self) -> int:
        """Processes of the cluster."""
        return max(1, len(self.addresses))

    def name(self, flow: str) -> str:
        """What this process is called: market, or market-0 where there are more.

        >>> Member(1, ("127.0.0.1:7000", "127.0.0.1:7001")).name("market")
        'market-1'
        """
        return f"{flow}-{self.number}" if self.members > 1 else flow


ALONE = Member()


def member_of(number: int, workers: int, addresses: Sequence[str]) -> Member:
    """The member that the settings describe; raises SettingsError where they do not."""
    if not 0 <= number < workers:
        raise SettingsError(f"--member is {number}; flow.workers is {workers}, so members are 0 … {workers - 1}")
    if workers == 1:
        return ALONE
    if len(addresses) != workers:
        raise SettingsError(
            f"flow.workers is {workers} and flow.addresses names {len(addresses)} members; give host:port of each,"
            " or let `barograph up` choose"
        )
    return Member(number, tuple(addresses))


def free_addresses(count: int) -> list[str]:
    """Addresses of this machine for so many members, that nobody else uses now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]


@contextmanager
def held(recovery: Path, member: Member) -> Iterator[None]:
    """Hold the recovery store of a flow: alone, or together with the other members of its cluster."""
    folder, flow = recovery.parent, recovery.name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{flow}.lock").open("w") as whole, (folder / f"{member.name(flow)}.member.lock").open("w") as own:
        try:
            fcntl.flock(whole, (fcntl.LOCK_SH if member.members > 1 else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"a {flow} flow runs on {folder.parent} already; stop it first") from None
        yield


@contextmanager
def one_at_a_time(recovery: Path) -> Iterator[None]:
    """Members of a cluster look after their recovery store one after the other; the first finds the work."""
    with (recovery.parent / f"{recovery.name}.begin.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
