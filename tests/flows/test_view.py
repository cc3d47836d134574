"""The terminal view shows the same facts at any width, as lines too, and never waits for the store."""

import io
import subprocess
import sys
from dataclasses import replace

import pytest
from rich.console import Console

from flows.regime_text import long, short
from flows.screen import ProcessNow, Snapshot, plain, render
from flows.settings import Settings
from flows.supervision.supervise import Supervisor
from flows.view import View, Watch
from gateway.overview import InstrumentNow, Overview, RegimeNow
from market.clock import SECOND_NS, ManualClock
from market.errors import StoreError


def regime(name: str, confidence: float | None, agreement: float | None = None) -> RegimeNow:
    time = "2026-01-01T00:00:00.000000000Z"
    return RegimeNow(regime=name, confidence=confidence, agreement=agreement, time=time)


def seen(data_time: str | None = "2026-01-01T00:00:09.900000000Z", gaps_open: int = 0) -> Overview:
    bitcoin = InstrumentNow(
        venue="simulated",
        instrument="BTCUSDT",
        detection="chain",
        mid_price=64209.05,
        spread_bps=0.0156,
        ofi_50=11.13,
        regimes={
            "ultra_short": regime("stressed/bear/trending", 0.76, 0.5),
            "short": regime("calm/neutral/reverting", 0.9999, 0.75),
            "medium": regime("unknown", None),
        },
        position=-4.2,
        pnl=51.79,
        mid_prices=[1.0, None],
    )
    silent = InstrumentNow(venue="simulated", instrument="1000SHIBUSDT", detection="none", regimes={}, mid_prices=[])
    return Overview(
        time="2026-01-01T00:00:10.000000000Z",
        data_time=data_time,
        frames_per_s=612.4,
        latency_p50_ns=1_830_000,
        latency_p99_ns=None,
        gaps_open=gaps_open,
        dead_letters=3,
        sql_endpoint="http://127.0.0.1:8123",
        instruments=[bitcoin, silent],
    )


def snapshot(overview: Overview | None, trouble: str = "") -> Snapshot:
    processes = (ProcessNow("store", True), ProcessNow("market", False, 2))
    addresses = ("http://127.0.0.1:8123", "http://127.0.0.1:8080/")
    return Snapshot("simulated", "here", 83.0, processes, *addresses, overview, trouble, ("market ended with -9",))


def drawn(shown: Snapshot, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(render(shown))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 150])
def test_every_fact_is_on_the_screen_at_any_width(width):
    text = drawn(snapshot(seen()), width)
    for fact in (
        *("simulated", "up 1:23", "data here", "frames/s 612", "p50 1.83 ms", "p99 –", "gaps 0", "dead letters 3"),
        *(
            "BTCUSDT",
            "64,209.05",
            "0.016",
            "+11.1",
            "▼» stressed 76%",
            "■« calm 99%",
            "warming up",
            "62%",
            "-4.2",
            "+51.79",
            "1000SHIBUSDT",
        ),
        *("● store", "○ market down, 2×", "http://127.0.0.1:8123", "http://127.0.0.1:8080/", "market ended with -9"),
    ):
        assert fact in text, fact
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


def test_a_wide_terminal_holds_an_instrument_in_one_row():
    row = next(line for line in drawn(snapshot(seen()), 150).splitlines() if "BTCUSDT" in line)
    assert "64,209.05" in row
    assert "▼» stressed 76%" in row
    assert "+51.79" in row


def test_the_widest_regimes_fit_80_columns():
    widest = {name: regime("stressed/neutral/reverting", 1.0) for name in ("ultra_short", "short", "medium", "long")}
    overview = seen()
    named = replace(overview.instruments[0], instrument="1000000MOGUSDT", regimes=widest)
    text = drawn(snapshot(replace(overview, instruments=[named])), 80)
    assert text.count("■« stressed 99%") == 4
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_a_regime_of_which_a_part_is_unknown_shows_the_others():
    assert short("calm/bull", 0.5).plain == "▲· calm 50%"
    assert long("stressed/bear/trending").plain == "stressed/bear/trending"


def test_stale_rows_are_said_to_be_stale():
    assert "No new rows for 0:10" in drawn(snapshot(seen("2026-01-01T00:00:00.000000000Z")), 80)
    assert "No rows yet" in drawn(snapshot(seen(None)), 80)
    assert "No new rows" not in drawn(snapshot(seen()), 80)


def test_trouble_is_shown_with_the_last_known_values():
    text = drawn(snapshot(seen(), "The store does not answer."), 80)
    assert "The store does not answer." in text
    assert "64,209.05" in text


def test_before_the_first_answer_the_reason_is_shown():
    assert "The store is starting." in drawn(snapshot(None, "The store is starting."), 80)


def test_lines_are_one_per_instrument_and_greppable():
    total, bitcoin, silent = plain(snapshot(seen()))
    assert "frames_per_s=612.4" in total
    assert "processes=store:running:0,market:down:2" in total
    assert "latency_p99_ms" not in total
    pairs = dict(pair.split("=", 1) for pair in bitcoin.split())
    assert pairs["instrument"] == "BTCUSDT"
    assert pairs["ultra_short"] == "stressed/bear/trending:0.76"
    assert pairs["medium"] == "unknown"
    assert pairs["agreement"] == "0.62"
    assert pairs["pnl"] == "51.79"
    assert "long" not in pairs
    assert silent.endswith("instrument=1000SHIBUSDT")


def test_a_process_that_waits_or_is_left_alone_says_so():
    waits = ProcessNow("market", True, 0, "waiting", "waits for the store")
    braked = ProcessNow("trading", False, 5, "braked", "trading ended with 74 (I/O error); starts again in 299 s")
    shown = replace(snapshot(seen()), processes=(ProcessNow("store", True, 0, "ready"), waits, braked))
    assert "● store   ● market waits for the store   ○ trading braked, 5×" in drawn(shown, 150)
    assert "processes=store:running:0,market:waiting:0,trading:braked:5" in plain(shown)[0]


def test_lines_before_the_first_answer_tell_the_reason():
    assert 'trouble="The store is starting."' in plain(snapshot(None, "The store is starting."))[0]


def test_a_store_that_goes_away_keeps_the_last_values_and_its_reason():
    answers = iter([StoreError("down"), seen(), StoreError("the store does not answer")])

    def ask() -> Overview:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    watch = Watch(ask)
    watch.once()
    assert watch.latest == (None, "The store is starting.")
    watch.once()
    assert watch.latest == (seen(), "")
    watch.once()
    assert watch.latest == (seen(), "The store does not answer.")


def test_plain_view_writes_lines_at_its_interval_and_sentences_at_once(tmp_path):
    clock, output = ManualClock(1), io.StringIO()
    view = View(
        Settings(data=tmp_path),
        Supervisor(tmp_path),
        plain=True,
        console=Console(file=output),
        clock=clock,
        ask=seen,
    )
    with view:
        view._watch.once()
        view.refresh()
        assert "instrument=" not in output.getvalue()
        clock.advance(5 * SECOND_NS)
        view.refresh()
        view.refresh()
        view.say("market ended")
    assert output.getvalue().count("instrument=BTCUSDT") == 1
    assert output.getvalue().startswith("SQL http://127.0.0.1:8123\nconsole http://127.0.0.1:8080/\n")
    assert output.getvalue().endswith("market ended\n")


def test_live_view_draws_and_leaves_the_last_state_behind(tmp_path):
    clock, output = ManualClock(1), io.StringIO()
    console = Console(file=output, force_terminal=True, width=100, height=30)
    view = View(Settings(data=tmp_path), Supervisor(tmp_path), plain=False, console=console, clock=clock, ask=seen)
    with view:
        view._watch.once()
        clock.advance(SECOND_NS)
        view.refresh()
        assert "\x1b[?1049h" in output.getvalue()
        assert "BTCUSDT" in output.getvalue()
    assert "BTCUSDT" in output.getvalue().split("\x1b[?1049l")[1]


def test_view_and_status_start_without_loading_kernels_or_drawing():
    code = "import sys, flows.view, flows.status; sys.exit(bool({'numba', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
