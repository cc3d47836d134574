"""`Target`: the account that a kill is about, as far as it can be known; what it does not know, a kill never guesses.

The settings are those that the executor itself began with, which it leaves in DATA/run, or those that are named. They
must be about the account that the executor says it sent to.
"""

from pathlib import Path
from typing import NamedTuple

from flows.execute import EXECUTE
from flows.kill.config import RUNNING, SENDING
from flows.order_venues import kill_venue
from flows.runfile import read_run_file
from flows.settings import Settings, load
from market.errors import BarographError, SettingsError
from sinks.orders.pending import account_named, host_of
from venues.orders import OrderVenue


class Target(NamedTuple):
    """The venue with its account; None: orders never leave the trading flow, unless it is `unknown` where they go."""

    venue: OrderVenue | None
    unknown: str = ""  # why
    account: str = ""


def folder_of(data: Path | None, config: Path | None) -> Path:
    """The data folder that is meant; raises SettingsError where there is none: halting another one helps nobody."""
    folder = data or (load(config) if config else Settings()).data
    if not folder.is_dir():
        raise SettingsError(f"there is no data folder {folder}; name the one of the running system with --data")
    return folder


def find_target(data: Path, config: Path | None) -> Target:
    """Whom to ask, by the settings at `config` or those that are left in the data folder. Raises nothing."""
    try:
        return _found(data, config)
    except BarographError as error:
        return Target(None, str(error))
    except Exception as error:  # noqa: BLE001 whatever is broken in there, this machine is stilled all the same
        return Target(None, f"{type(error).__name__}: {error}")


def _found(data: Path, config: Path | None) -> Target:
    sent = read_run_file(data, EXECUTE)
    left = [path for path in (data / SENDING, data / RUNNING) if path.exists()]
    path = config or (left[0] if left else None)
    if path is None and sent:
        raise SettingsError(f"an executor ran on {data} and its settings are gone; name them with --config")
    settings = load(path, data=data)
    venue, account = kill_venue(settings), settings.execution.account
    meant = ("the paper venue", account, "") if venue is None else (venue.name, account, host_of(venue))
    there = (str(sent.get("venue")), str(sent.get("account")), str(sent.get("host", meant[2])))
    if sent and meant != there:
        raise SettingsError(
            f"an executor sent to {account_named(*there)}, but {path or 'the defaults'} name {account_named(*meant)};"
            " name the settings that it ran with by --config"
        )
    return Target(venue, account=account)
