"""What a person tells the system goes the way of all messages: through the journal."""

from typing import Literal

from flows.settings import Settings
from flows.shards import TRADING
from flows.trading import terms_of
from market.clock import SystemClock
from market.errors import SettingsError
from market.journal import LIVE_BLOCK_NS, partition_path
from market.messages import Command, encode
from sinks.journal import JournalWriter
from sinks.outbox import VENUE


def run_account(settings: Settings, action: Literal["reduce", "halt", "resume"], *, account: str, reason: str) -> None:
    """Append a command to the trading journal."""
    known = terms_of(settings).account
    if account != known:
        raise SettingsError(f"there is no account {account!r}; the account is called {known!r}")
    path = partition_path(settings.data, "trading", TRADING)
    if not path.exists():
        raise SettingsError(f"{settings.data} holds no trading journal; nothing trades there")
    now_ns = SystemClock().now_ns()
    command = Command(venue="", instrument="", time_ns=now_ns, account=account, action=action, reason=reason)
    with JournalWriter(path, venue=VENUE, shard=TRADING, block_ns=LIVE_BLOCK_NS) as journal:
        offset = journal.append([now_ns], [encode(command)])
    print(f"{action} of account {account} is row {offset} of the trading journal")
