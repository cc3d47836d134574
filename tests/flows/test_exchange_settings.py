"""What may be asked of the simulated exchange: the settings, the exchange and the page about it say the same."""

import re
from pathlib import Path

import pytest

from flows.settings import load
from flows.settings_exchange import ExchangeSettings
from market.errors import SettingsError
from simulator.orders.faults import EVENT_FAULTS, FATES, OrderFaults
from simulator.orders.rules import Rules

PAGE = (Path(__file__).parents[2] / "docs" / "venues" / "simulated.md").read_text()
OPTIONS = dict(re.findall(r"^\| `(\w+)` \| ([-\d.]+) \|", PAGE, re.MULTILINE))


def test_the_page_says_what_the_settings_say() -> None:
    fields = ExchangeSettings.model_fields
    assert {name: float(default) for name, default in OPTIONS.items()} == {
        name: float(field.default) for name, field in fields.items()
    }


def test_whatever_may_be_asked_for_does_something() -> None:
    """Each setting is one of the exchange's own, and all of these that a person may want are settings."""
    known = {**vars(Rules()), **{name: value for name, value in vars(OrderFaults()).items() if name[0] != "_"}}
    inner = {"script", "injected", "cut_requested", "expire_requested"}
    assert {name: field.default for name, field in ExchangeSettings.model_fields.items()} == {
        name: value for name, value in known.items() if name not in inner
    }
    assert {*FATES, *EVENT_FAULTS} < known.keys()


def test_the_exchange_gets_what_stands_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "barograph.toml"
    path.write_text("[exchange]\ncapital = 5000.0\nlatency_ms = 5.0\ndisconnect = 0.25\nseed = 7\n")
    exchange = load(path).exchange
    assert exchange.rules() == Rules(capital=5000.0)
    faults = exchange.faults()
    assert (faults.latency_ms, faults.disconnect, faults.seed) == (5.0, 0.25, 7)


@pytest.mark.parametrize("line", ["timeout = 1.5", "latency_ms = -1.0", "leverage = 0", "no_such = 1"])
def test_what_is_out_of_range_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "barograph.toml"
    path.write_text(f"[exchange]\n{line}\n")
    with pytest.raises(SettingsError, match="exchange"):
        load(path)


def test_probabilities_that_are_more_than_one_together_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "barograph.toml"
    path.write_text("[exchange]\ntimeout = 0.6\nmute = 0.6\n")
    with pytest.raises(SettingsError, match="more than 1 together"):
        load(path).exchange.faults()
