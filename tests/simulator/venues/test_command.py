"""`barograph simulate --venue`: it serves, says where, and tells at the end what the client did wrong."""

import signal
import subprocess
import sys
import urllib.request

import pytest

from simulator.venues import DIALECTS, EXAMPLES
from simulator.venues.script import KINDS
from simulator.venues.urls import PLACES


def barograph(*arguments):
    command = [sys.executable, "-m", "flows", "simulate", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_serves_until_stopped_and_reports(tmp_path):
    script = tmp_path / "faults.toml"
    script.write_text('[[fault]]\nkind = "refuse"\nat_s = 0\nfor_s = 60\nvalue = 503\ntext = "connect"\n')
    process = barograph("--venue", "kraken", "--instruments", "btc/usd", "--faults", str(script))
    try:
        first = process.stdout.readline()
        addresses = dict(process.stdout.readline().split() for _ in range(2))
        settings, faults = process.stdout.readline(), process.stdout.readline()
        with urllib.request.urlopen(f"{addresses['rest']}/AssetPairs", timeout=20) as answer:
            assert b'"XXBTZUSD"' in answer.read()
    finally:
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=30)
    assert first == "mock of kraken, trading BTC/USD\n"
    assert addresses["websocket"].startswith("ws://127.0.0.1:")
    assert f"capture.websocket_url {addresses['websocket'].removesuffix('/v2')}," in settings
    assert "1 to come, the last is over after 60 s" in faults
    assert "the client kept within all limits" in rest
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--venue", "nowhere"], "there is no mock of 'nowhere'; there are binance-spot"),
        (["--venue", "kraken", "--instruments", "BTCUSD"], "write it like BTC/USD"),
        (["--venue", "kraken", "--faults", "none.toml"], "none.toml cannot be read"),
        (["--venue", "kraken", "--capture", "none.gz"], "none.gz cannot be read"),
        (["--venue", "kraken", "--rate", "0"], "must be a positive number of steps"),
    ],
)
def test_what_cannot_be_served_is_one_sentence(arguments, says):
    process = barograph(*arguments)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert says in errors.replace("\n", " ")
    assert "Traceback" not in errors
    assert said == ""


def test_faults_explain_themselves():
    said, _ = barograph("--venue", "kraken", "--faults", "help").communicate(timeout=60)
    assert [kind for kind in KINDS if f"  {kind} " not in said] == []


def test_every_mock_has_a_place_and_an_example():
    assert set(DIALECTS) == set(PLACES) == set(EXAMPLES)
