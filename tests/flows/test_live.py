"""Live orders need two switches and limits that a person has set."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app, exit_code
from flows.live import LIMITS, VARIABLE, limits_set, permitted
from flows.settings import Settings, load
from flows.settings_text import as_toml, example
from market.errors import BarographError, SettingsError

NUMBER = "010203ABCD"
SWITCH = {VARIABLE: NUMBER}
SET = dict(zip(LIMITS, (1_000.0, 2_000.0, 5_000.0, 0.03), strict=True))
RISK = "[risk]\n" + "".join(f"{name} = {value}\n" for name, value in SET.items())
ALPACA = 'venue = "alpaca-iex"\ninstruments = ["AAPL"]\n'
OUT, LIVE = "[execution]\noutside = true\n", "[execution]\noutside = true\nlive = true\n"
KEYS = {"BAROGRAPH_ALPACA_KEY": "key", "BAROGRAPH_ALPACA_SECRET": "secret"}


def test_paper_is_the_default_whatever_the_environment_says() -> None:
    assert permitted(live=False, environment=SWITCH, limits=SET) == ""
    assert permitted(live=False, environment={}, limits={}) == ""


def test_the_file_that_explains_all_settings_sets_no_limit(tmp_path: Path) -> None:
    path = tmp_path / "barograph.toml"
    path.write_text(example())
    assert limits_set(load(path)) == {}
    path.write_text(as_toml(Settings()))
    assert set(limits_set(load(path))) == set(LIMITS)


def test_both_switches_and_all_limits_open_the_account_that_is_named() -> None:
    assert permitted(live=True, environment=SWITCH, limits=SET) == NUMBER
    assert permitted(live=True, environment={VARIABLE: f" {NUMBER}\n"}, limits=SET) == NUMBER


@pytest.mark.parametrize("value", ["", "  ", "1", "true", "yes", "on", "01-02/03", "0102 03ABCD"])
def test_the_setting_alone_is_refused_and_so_is_a_word_that_is_no_account_number(value: str) -> None:
    with pytest.raises(SettingsError, match=rf"live trading is refused: {VARIABLE} is"):
        permitted(live=True, environment={VARIABLE: value}, limits=SET)
    with pytest.raises(SettingsError, match="is not set"):
        permitted(live=True, environment={}, limits=SET)


@pytest.mark.parametrize("missing", LIMITS)
def test_each_limit_must_be_set_by_a_person(missing: str) -> None:
    limits = {name: value for name, value in SET.items() if name != missing}
    with pytest.raises(SettingsError, match=rf"refused: set {missing} in \[risk\] of the settings file yourself$"):
        permitted(live=True, environment=SWITCH, limits=limits)


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("value", [float("inf"), float("nan"), 0.0, -1.0])
def test_a_limit_that_limits_nothing_is_refused(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=rf"risk\.{name} is {value}, which limits nothing"):
        permitted(live=True, environment=SWITCH, limits={**SET, name: value})


def test_a_drawdown_of_everything_never_halts_and_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"max_drawdown is 1\.0, which never halts"):
        permitted(live=True, environment=SWITCH, limits={**SET, "max_drawdown": 1.0})


def test_every_reason_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        permitted(live=True, environment={}, limits={"max_drawdown": float("inf")})
    text = str(refused.value)
    assert "is not set" in text
    assert "max_order_notional, max_position_notional, max_gross_notional" in text
    assert "max_drawdown is inf" in text


def test_defaults_are_not_limits_that_a_person_set_and_the_same_numbers_in_the_file_are(tmp_path: Path) -> None:
    assert limits_set(load()) == {}
    file = tmp_path / "settings.toml"
    defaults = load().risk
    file.write_text("[risk]\n" + "".join(f"{name} = {getattr(defaults, name)}\n" for name in LIMITS[:3]))
    assert limits_set(load(file)) == {name: getattr(defaults, name) for name in LIMITS[:3]}
    with pytest.raises(SettingsError, match=r"set max_drawdown in \[risk\]"):
        permitted(live=True, environment=SWITCH, limits=limits_set(load(file)))


@pytest.mark.parametrize(
    ("text", "environment", "sentence"),
    [
        ("", {}, "orders stay in the paper venue; set execution.outside in the settings file to send them"),
        ("[execution]\nlive = true\n" + RISK, SWITCH | KEYS, "setting execution in {file}: live needs outside = true"),
        (LIVE + RISK, SWITCH, "the simulated exchange holds no money; set execution.live = false in the settings file"),
        (ALPACA + LIVE + RISK, KEYS, f"live trading is refused: {VARIABLE} is not set"),
        (ALPACA + LIVE + RISK, {VARIABLE: "yes"} | KEYS, f"live trading is refused: {VARIABLE} is 'yes'"),
        (ALPACA + LIVE, SWITCH | KEYS, "live trading is refused: set max_order_notional"),
        (ALPACA + LIVE + RISK, SWITCH, "orders at Alpaca need BAROGRAPH_ALPACA_KEY and BAROGRAPH_ALPACA_SECRET"),
        (ALPACA + OUT, {"BAROGRAPH_ALPACA_KEY": "key"}, "orders at Alpaca need BAROGRAPH_ALPACA_KEY and"),
        ('venue = "kraken"\ninstruments = ["BTC/USD"]\n' + OUT, {}, "no orders can be sent to kraken; simulated and"),
        (OUT, {}, "no simulated exchange runs on"),
    ],
)
def test_the_executor_refuses_in_one_sentence_before_anything_is_begun(
    text: str, environment: dict[str, str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (VARIABLE, *KEYS):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(socket.socket, "connect", None)  # whatever would go out fails otherwise
    file, data = tmp_path / "settings.toml", tmp_path / "data"
    file.write_text(text)
    error = CliRunner().invoke(app, ["execute", "--config", str(file), "--data", str(data)]).exception
    assert isinstance(error, BarographError)
    assert str(error).startswith(sentence.format(file=file))
    assert "\n" not in str(error)
    assert exit_code(error) == 1
    assert not data.exists()


@pytest.mark.parametrize("command", ["up", "execute"])
def test_a_person_sees_one_line_and_an_exit_code(command: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(LIVE)
    words = [sys.executable, "-m", "flows", command, "--config", str(file), "--data", str(tmp_path / "data")]
    answer = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 1
    [line] = answer.stderr.splitlines()
    assert "live trading is refused" in line
    assert "set max_order_notional, max_position_notional, max_gross_notional, max_drawdown in [risk]" in line
