"""No clock, no luck, no environment and no hash order but through a seam: what a journal becomes is its own doing.

A seam is a file that must touch the machine; each says why. Sources, sinks and flows take a `market.clock.Clock` and a
`random` function from whoever starts them; nothing below them takes either.
"""

from functools import cache
from pathlib import Path

import pytest

from tests.ambient import ambient

ROOT = Path(__file__).parents[1]
DEEP = ("market", "venues", "operators")  # functions of data alone
OUTER = ("sources", "sinks", "flows", "gateway")
MACHINE = "watches processes of this machine; no row of a table comes of it"
SEAMS = {
    ("market/clock.py", "a clock"): "the clock itself, which others are handed",
    ("market/steady_clock.py", "a clock"): "the clock that capture stamps with, made of the machine's two",
    ("operators/statistics/closed_bars.py", "the order of a set"): "a table to look up in; nobody goes through it",
    ("sources/coinbase_token.py", "randomness"): "a nonce that the venue asks for",
    ("sinks/journal_file.py", "a clock"): "a name that no other unfinished file has",
    ("sinks/broadcast.py", "randomness"): "names a journal, so that another in its place is known as such",
    ("sinks/webhook/endpoints.py", "randomness"): "an id that nobody has",
    ("sinks/webhook/signing.py", "randomness"): "a secret that nobody has",
    ("sinks/journal_sink.py", "a clock"): "how to wait for space on the disk, where nobody says otherwise",
    ("sinks/clickhouse/answer.py", "randomness"): "a mark in an answer that no data can contain",
    ("sinks/clickhouse/request.py", "randomness"): "an id for a query that was given none",
    ("sinks/clickhouse/drain.py", "randomness"): "spreads retries over time, where nobody says otherwise",
    ("flows/capture.py", "randomness"): "spreads reconnections over time",
    ("flows/check_live.py", "randomness"): "spreads reconnections over time",
    ("flows/log_lines.py", "a clock"): "writes a time that was taken already as a date",
    ("flows/up.py", "a clock"): MACHINE,
    ("flows/supervision/child.py", "a clock"): MACHINE,
    ("flows/supervision/supervise.py", "a clock"): MACHINE,
    ("flows/supervision/supervise.py", "the environment"): "hands it on to its processes",
    ("flows/supervision/health_server.py", "a clock"): MACHINE,
    ("flows/supervision/health_server.py", "the environment"): "a secret, which stands in no file",
    ("flows/supervision/notify.py", "a clock"): MACHINE,
    ("flows/supervision/notify.py", "the environment"): "how systemd says where it listens",
    ("flows/__init__.py", "the environment"): "how numpy is told to use one thread",
    ("flows/heart.py", "the environment"): "how a supervisor says that it listens",
    ("flows/measured.py", "the environment"): "how a supervisor calls a process",
    ("flows/measured.py", "randomness"): "a word of one run that nobody can guess",
    ("flows/traces.py", "the environment"): "how OpenTelemetry says who collects; how a supervisor calls a process",
    ("flows/stop.py", "the environment"): "how a supervisor says that it is one",
    ("flows/log_file.py", "the environment"): "how a supervisor says where a log goes",
    ("flows/logs.py", "the environment"): "how a supervisor says who reads the log",
    ("flows/tables.py", "a clock"): "waits for a store that it started",
    ("flows/tables.py", "the environment"): "hands it on to a store that it starts",
    ("gateway/stream/tickets.py", "randomness"): "a secret that nobody can guess",
    ("gateway/serve.py", "the environment"): "a secret, which stands in no file",
    ("flows/execute.py", "randomness"): "spreads reconnections and questions over time",
    ("flows/kill/run.py", "the environment"): "a secret, which stands in no file",
    ("flows/order_venues.py", "the environment"): "the second switch of live trading, which stands in no file",
    ("gateway/keys/text.py", "randomness"): "the secret of a key",
    ("gateway/history/cursor.py", "randomness"): "the secret that cursors are signed with",
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


@cache
def uses() -> dict[tuple[str, str], list[str]]:
    """Where modules do something behind the back of whoever calls them, by module and what it is."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in modules(*DEEP, *OUTER):
        deep = name(path).split("/")[0] in DEEP
        for use in ambient(path.read_text(), waits=deep):
            found.setdefault((name(path), use.what), []).append(f"{name(path)}:{use.line}: {use.name}")
    return found


def test_only_a_seam_touches_clock_luck_environment_and_hash_order() -> None:
    assert {what: where for what, where in uses().items() if what not in SEAMS} == {}


def test_every_seam_is_still_one() -> None:
    assert sorted(set(SEAMS) - set(uses())) == []


def test_below_sources_sinks_and_flows_only_clocks_are_seams() -> None:
    deep = {name: what for name, what in SEAMS if name.split("/")[0] in DEEP and what != "the order of a set"}
    assert deep == {"market/clock.py": "a clock", "market/steady_clock.py": "a clock"}


def test_nothing_below_sources_sinks_and_flows_takes_the_machines_clock_for_itself() -> None:
    assert [name(path) for path in modules("venues", "operators") if "SystemClock" in path.read_text()] == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import time\ntime.time()", "a clock"),
        ("from time import monotonic as now\nnow()", "a clock"),
        ("import time as t\nask = t.perf_counter_ns", "a clock"),
        ("from datetime import datetime\ndatetime.now()", "a clock"),
        ("import datetime\ndatetime.date.today()", "a clock"),
        ("import asyncio\nasync def f():\n    await asyncio.sleep(1)", "a clock"),
        ("import random\nrandom.random()", "randomness"),
        ("from random import choice\nchoice([1])", "randomness"),
        ("import random\nrandom.Random()", "randomness"),
        ("import numpy as np\nnp.random.rand(3)", "randomness"),
        ("import numpy as np\nnp.random.default_rng()", "randomness"),
        ("from uuid import uuid4\nuuid4()", "randomness"),
        ("import os\nos.urandom(4)", "randomness"),
        ("import secrets\nsecrets.token_hex()", "randomness"),
        ("import os\nos.environ['A']", "the environment"),
        ("hash('a') % 3", "order by hash"),
        ("for x in {1, 2}:\n    print(x)", "the order of a set"),
        ("def f(a):\n    seen = set(a)\n    return [x for x in seen]", "the order of a set"),
        ("def f(a: set[str]) -> str:\n    return ','.join(a)", "the order of a set"),
        ("def f(a, b):\n    return list(a.keys() - b.keys())", "the order of a set"),
        ("class A:\n    def __init__(self):\n        self.s = set()\n    def f(self):\n        return tuple(self.s)",
         "the order of a set"),
    ],
)  # fmt: skip
def test_the_ban_bites(text: str, what: str) -> None:
    assert {found.what for found in ambient(text)} == {what}


@pytest.mark.parametrize(
    "text",
    [
        "import random\nrandom.Random(7)",
        "import numpy as np\nnp.random.default_rng(0).normal()",
        "import random\ndef f(chance: random.Random) -> float:\n    return chance.random()",
        "def f(secrets):\n    return secrets.get('key')",
        "def f(time):\n    return time.time()",
        "def f(a):\n    return sorted(set(a))",
        "def f(a):\n    seen = set(a)\n    return sorted(x for x in seen), len(seen), 3 in seen",
        "def f(a):\n    return {x: 1 for x in a}",
    ],
)
def test_the_ban_spares_what_is_given_seeded_or_sorted(text: str) -> None:
    assert ambient(text) == []
