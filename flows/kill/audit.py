"""Telling the trading flow of a kill: a Command in its journal, if that takes one; the kill does not depend on it."""

import threading
from pathlib import Path

from flows.shards import TRADING
from market.clock import Clock
from market.errors import JournalError
from market.journal import LIVE_BLOCK_NS, partition_path
from market.messages import Command, encode
from sinks.journal import JournalWriter
from sinks.outbox import VENUE

WITHIN_S = 3.0  # another writer may keep the journal


def told_trading(data: Path, account: str, reason: str, clock: Clock) -> str:
    """Append `halt`; why it could not be, empty where it was."""
    path, failed = partition_path(data, "trading", TRADING), ["the trading journal is locked"]
    if not path.exists():
        return "there is no trading journal"

    def append() -> None:
        command = Command(
            venue="", instrument="", time_ns=clock.now_ns(), account=account, action="halt", reason=reason
        )
        try:
            with JournalWriter(path, venue=VENUE, shard=TRADING, block_ns=LIVE_BLOCK_NS) as journal:
                journal.append([command.time_ns], [encode(command)])
        except (JournalError, OSError) as error:
            failed[0] = str(error)
        else:
            failed.clear()

    thread = threading.Thread(target=append, daemon=True)
    thread.start()
    thread.join(WITHIN_S)
    return failed[0] if failed else ""
