"""Settings: one validated tree, and the example file that explains it."""

from itertools import pairwise
from pathlib import Path

import pytest

from flows.portfolio import policy_of
from flows.settings import Settings, load
from flows.settings_text import as_toml, example
from market.errors import SettingsError
from market.regimes import REGIME_TIMEFRAMES
from operators.portfolio.policy import Policy


def test_the_example_file_reads_back_as_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "barograph.toml"
    path.write_text(example())
    assert load(path) == Settings()


def test_every_setting_is_explained() -> None:
    lines = example().splitlines()
    unexplained = [line for before, line in pairwise(lines) if " = " in line and not before.startswith("# ")]
    assert unexplained == []
    assert "# None" not in lines


def test_settings_written_for_a_child_process_read_back_equal(tmp_path: Path) -> None:
    settings = load(None, data=tmp_path / 'odd "name"', instruments=["A", "B"])
    path = tmp_path / "child.toml"
    path.write_text(as_toml(settings))
    assert load(path) == settings


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "barograph.toml"
    path.write_text('venue = "binance-spot"\n')
    assert load(path, venue="binance-usdm").venue == "binance-usdm"
    assert load(path, venue=None).venue == "binance-spot"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("venu = 'x'", "venu"),
        ("[risk]\nmax_drawdown = 2.0", "risk.max_drawdown"),
        ("[store]\nport = 70000", "store.port"),
        ("instruments = []", "instruments"),
        ("= 1", "TOML"),
        ("[regimes.timeframes]\nshort = '2m'", "regimes.timeframes .* must name some of ultra_short"),
        ("[regimes.timeframes]\nweekly = '1d'", "regimes.timeframes .* must name some of ultra_short"),
        ("[regimes.timeframes]\nshort = '1h'\nmedium = '1h'", "regimes.timeframes .* must ascend"),
        ("[regimes]\ntimeframes = {}", "regimes.timeframes .* must name some of"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "barograph.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=said) as error:
        load(path)
    assert str(path) in str(error.value)


def test_regime_timeframes_are_some_of_the_four_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "barograph.toml"
    path.write_text("[regimes.timeframes]\nlong = '1d'\nshort = '15m'\n")
    settings = load(path)
    assert list(settings.regimes.timeframes.items()) == [("short", "15m"), ("long", "1d")]
    assert policy_of(settings).bar_s == {"short": 900, "long": 86_400}


def test_the_default_timeframes_are_those_of_the_regime_model() -> None:
    assert Settings().regimes.timeframes == REGIME_TIMEFRAMES
    assert policy_of(Settings()).bar_s == Policy().bar_s


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="barograph settings >"):
        load(tmp_path / "none.toml")
