"""The page of `barograph status --availability`."""

import io
import json

import pytest
from rich.console import Console
from typer.testing import CliRunner

from flows.availability import availability_json, render_availability
from flows.cli import app
from gateway.rows import Availability


def budget(**said) -> Availability:
    known = {"venue": "kraken", "instrument": "BTC/USD", "channel": "depth", "window": "day", "counted_s": 86_400.0}
    shares = {"used_s": 90.0, "share_up": 0.99, "share_unverifiable": 0.0, "chief_cause": "checksum"}
    left = {"allowed_999_s": 86.4, "left_999_s": -3.6, "allowed_9999_s": 8.64, "left_9999_s": -81.36}
    return Availability(**known | shares | left | said, as_of="2026-11-22T12:00:00.000000000Z")


def text_of(found, width: int = 200) -> str:
    console = Console(width=width, file=io.StringIO())
    console.print(render_availability(found))
    return console.file.getvalue()


def test_a_page_says_what_is_left_of_each_budget_and_what_used_it():
    text = text_of([budget(), budget(window="30 days", left_999_s=2_000.0, share_up=None)])
    exceeded, month = [line for line in text.splitlines() if line.startswith("kraken")]
    assert " ".join(exceeded.split()) == (
        "kraken BTC/USD depth day 99.000% 0.000% 1 min 30 s -3.6 s -1 min 21 s checksum 2026-11-22 12:00:00"
    )
    assert "33 min 20 s" in month


def test_nothing_yet_is_one_sentence():
    assert text_of([]).count("\n") == 1


def test_the_json_is_the_list_of_the_api():
    (found,) = json.loads(availability_json([budget(share_up=None)]), parse_constant=pytest.fail)
    assert (found["instrument"], found["left_999_s"], found["share_up"]) == ("BTC/USD", -3.6, None)


def test_where_no_store_is_it_is_one_sentence_with_the_way_out(tmp_path):
    told = CliRunner().invoke(app, ["status", "--availability", "--data", str(tmp_path / "absent")])
    assert told.exit_code == 1
    assert "barograph up" in str(told.exception or told.output)
