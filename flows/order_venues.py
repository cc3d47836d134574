"""Which venue outside takes the orders, by the settings: the simulated exchange, or Alpaca's paper or live account."""

import os

from flows.live import limits_set, permitted
from flows.runfile import read_run_file
from flows.settings import Secrets, Settings
from flows.settings_trading import EXECUTOR
from market.errors import SettingsError
from sinks.orders.terms import Terms
from venues.alpaca import orders as alpaca
from venues.binance import orders as binance
from venues.orders import OrderVenue

SIMULATED = "simulated"


def order_venue(settings: Settings) -> OrderVenue:
    """The account that orders go to; raises SettingsError where none go out, or where they may not."""
    if not settings.execution.outside:
        raise SettingsError("orders stay in the paper venue; set execution.outside in the settings file to send them")
    number = permitted(live=settings.execution.live, environment=os.environ, limits=limits_set(settings))
    if settings.execution.live and settings.venue == SIMULATED:
        raise SettingsError("the simulated exchange holds no money; set execution.live = false in the settings file")
    venue = _venue(settings, number)
    if isinstance(venue, alpaca.AlpacaOrders):
        venue.warm()
    return venue


def kill_venue(settings: Settings) -> OrderVenue | None:
    """The same for the kill switch, which may always, and cannot place; None where orders stay in the paper venue."""
    venue = _venue(settings, "") if settings.execution.outside else None
    return binance.patient(venue) if isinstance(venue, binance.BinanceOrders) else venue


def is_margined(settings: Settings) -> bool:
    """Whether the venue's word on cash is a wallet that positions are not paid from."""
    return (alpaca.CAPABILITY if settings.venue.startswith("alpaca-") else binance.SIMULATED).margined


def wire_terms(settings: Settings) -> Terms:
    """How the executor deals with it."""
    return Terms(**settings.orders.model_dump(include=EXECUTOR))


def _venue(settings: Settings, number: str) -> OrderVenue:
    name, account, instruments = settings.venue, settings.execution.account, tuple(settings.instruments)
    if name == SIMULATED:
        return binance.simulated(account, _port(settings), instruments)
    if not name.startswith("alpaca-"):
        raise SettingsError(f"no orders can be sent to {name}; simulated and alpaca-* take them")
    secrets = Secrets().of(name, (), ("alpaca_key", "alpaca_secret"))  # it says itself which of them it lacks
    key, secret = secrets.get("alpaca_key", ""), secrets.get("alpaca_secret", "")
    if not settings.execution.live:
        return alpaca.paper(name, account, key, secret, instruments=instruments)
    return alpaca.live(name, account, key, secret, account_number=number, instruments=instruments)


def _port(settings: Settings) -> int:
    """Where the simulated exchange takes orders: as it was told, or as it says itself."""
    port = settings.orders.port or read_run_file(settings.data, "simulator").get("orders_port", 0)
    if not port:
        raise SettingsError(f"no simulated exchange runs on {settings.data}; start it, or set orders.port")
    return int(port)
