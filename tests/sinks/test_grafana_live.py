"""Live values to Grafana: the newest of every channel, bounded, owed to nobody."""

import itertools
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from market.clock import ManualClock
from market.metrics import Metrics
from sinks import grafana_live
from sinks.grafana_live import GrafanaLive
from sinks.influx_line import FIELDS, line
from tests.dashboards.grafana_stub import TOKEN, State, grafana

TIME = "2026-11-23T05:33:00.123456789Z"
TIME_NS = 1_795_411_980_123_456_789


def event(kind: str = "quote", instrument: str = "BTC/USD", **more: Any) -> dict[str, Any]:
    known = {
        "kind": kind,
        "venue": "kraken",
        "instrument": instrument,
        "receive_time": TIME,
        "bid_price": 1.5,
        "ask_price": None,
    }
    return {**known, **more}


def pusher(url: str, token: str = TOKEN, **more: Any) -> tuple[GrafanaLive, ManualClock]:
    clock = ManualClock()
    return GrafanaLive(url, token, clock=clock, metrics=Metrics(), **more), clock


def test_events_arrive_as_the_channels_that_the_board_follows() -> None:
    regime = event("regime", timeframe="short", regime="calm/bull/random", probability_calm=0.75, probability_bear=None)
    with grafana() as (url, state):
        live, _ = pusher(url)
        live.offer([event(), regime, event("order"), event("book", bids=[[1, 2]])])
        live.push()
        live.close()
    assert state.lines == [
        ("quote/kraken/BTC_USD", {"bid_price": 1.5}, TIME_NS),
        ("regime/kraken/BTC_USD/short", {"regime": "calm/bull/random", "probability_calm": 0.75}, TIME_NS),
    ]
    assert live.counts() == {"sent": 2, "failed": 0, "dropped": 0, "waiting": 0}


def test_the_live_board_shows_fields_that_are_pushed() -> None:
    board = json.loads((Path(__file__).parents[2] / "dashboards" / "boards" / "live.json").read_text("utf-8"))
    targets = [target for panel in board["panels"] for target in panel.get("targets", [])]
    for target in targets:
        kind = target["channel"].split("/")[2]
        assert set(target["filter"]["fields"]) <= {"time", *FIELDS[kind]}, target["channel"]
    assert targets


def test_the_newest_of_a_channel_takes_the_place_of_the_one_before() -> None:
    with grafana() as (url, state):
        live, _ = pusher(url)
        for price in range(100):
            live.offer([event(bid_price=float(price))])
        live.push()
        live.close()
    assert [fields for _, fields, _ in state.lines] == [{"bid_price": 99.0}]


def test_text_is_quoted_and_what_is_not_a_number_is_left_out() -> None:
    said = line(event("risk_event", instrument="", event='he said "no"\n\\', reason=None))
    assert said is not None
    assert said.text == 'risk_event/kraken event="he said \\"no\\" \\\\" ' + str(TIME_NS)
    assert line(event(bid_price=float("nan"))) is None
    assert line(event(instrument="x" * 200)) is None


def test_a_grafana_that_is_away_costs_nobody_anything_and_is_asked_more_and_more_seldom() -> None:
    asked: list[int] = []
    up = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(clock.monotonic_ns())
        if not up.is_set():
            raise httpx.ConnectError("refused")
        return httpx.Response(200)

    live, clock = pusher("http://grafana:3000", transport=httpx.MockTransport(answer))
    for _ in range(1_200):
        live.offer([event()])
        live.push()
        clock.advance(100_000_000)
    waits = [round((after - before) / 1e9) for before, after in itertools.pairwise(asked)]
    assert waits == sorted(waits)
    assert max(waits) == 30
    assert len(asked) < 15
    counts = live.counts()
    assert (counts["sent"], counts["dropped"], counts["waiting"]) == (0, 1_200, 0)
    up.set()
    clock.advance(31_000_000_000)
    live.offer([event()])
    live.push()
    assert live.counts()["sent"] == 1
    live.close()


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grafana_live, "MOST_CHANNELS", 3)
    monkeypatch.setattr(grafana_live, "MOST_BYTES", 100)
    with grafana() as (url, state):
        live, _ = pusher(url)
        live.offer([event(instrument=f"I{number}") for number in range(5)])
        assert live.counts()["waiting"] == 3
        assert live.counts()["dropped"] == 2
        for _ in range(3):
            live.push()
        live.close()
    assert [channel for channel, _, _ in state.lines] == ["quote/kraken/I0", "quote/kraken/I1", "quote/kraken/I2"]


@pytest.mark.parametrize(
    "wrong", [{}, {"kind": "quote"}, None, {**event(), "receive_time": "soon"}, {**event(), "venue": None}]
)
def test_what_is_no_event_is_dropped_and_counted(wrong: Any) -> None:
    live, _ = pusher("http://grafana:3000")
    live.offer([wrong])
    assert live.counts()["dropped"] + live.counts()["waiting"] == 1
    live.close()


def test_a_wrong_token_is_told_once_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    with grafana() as (url, _), caplog.at_level("INFO", "barograph.grafana"):
        live, clock = pusher(url, token="glsa_secret")
        for _ in range(3):
            live.offer([event()])
            live.push()
            clock.advance(60_000_000_000)
        live.close()
    assert [record.getMessage() for record in caplog.records] == [
        "grafana does not take live values (HTTP 401); they are dropped until it does"
    ]
    assert live.counts()["failed"] == 3


def test_it_posts_by_itself_while_events_come(tmp_path: Path) -> None:
    with grafana() as (url, state):
        live, _ = pusher(url)
        live.start()
        arrived = threading.Event()
        for _ in range(200):
            live.offer([event()])
            if state.lines:
                arrived.set()
                break
            arrived.wait(0.02)
        live.close()
    assert arrived.is_set()
    assert isinstance(state, State)
