"""The console page under load: 200 instruments, 10 updates a second each, in a real headless Chromium.

A small server plays the gateway: the page's own files, canned REST answers and a stream of the real protocol, every
update a quote and a row of features. Measured in the page: animation frames a second, the longest pause between two,
the time spent drawing, and how much work was merged because its part was already due.

    python benchmarks/page.py [--instruments 200] [--updates 10] [--seconds 10] [--browser /usr/bin/chromium]

The ratio printed is frames a second over the 30 that are promised. Headless Chromium draws without a graphics card, and
the server shares the cores with it: a person's machine does better.
"""

import argparse
import asyncio
import json
import math
import threading
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from playwright.sync_api import sync_playwright

from gateway.console import console
from gateway.rows import time_text
from gateway.serve import listen
from sinks.clickhouse.schema import tables

PROMISED_FPS = 30.0
CYCLE = 8  # different messages
THREAD = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")  # of the page, seconds
MEASURE = (Path(__file__).parent / "page_measure.js").read_text()


def names(instruments: int) -> list[str]:
    return [f"ASSET{i:03d}USDT" for i in range(instruments)]


def quote(name: str, i: int, step: int, now_ns: int) -> dict[str, Any]:
    mid = 100.0 * (1 + i) * (1 + 1e-4 * math.sin(0.3 * step + i))
    where = {"venue": "simulated", "instrument": name, "shard": "simulated/0", "offset": step, "frame": i}
    when = {"receive_time": time_text(now_ns), "sequence": step, "source": "book", "valid": True}
    prices = {"bid_price": mid - 0.05, "bid_size": 1.0 + step % 7, "ask_price": mid + 0.05, "ask_size": 2.0}
    return {"kind": "quote", **where, **when, **prices}


def features(name: str, i: int, step: int, now_ns: int) -> dict[str, Any]:
    told = quote(name, i, step, now_ns)
    measured = {
        column: math.sin(step + i + place)
        for place, (column, kind) in enumerate(tables()["features"].columns.items())
        if kind == "Float64"
    }
    mid = (told["bid_price"] + told["ask_price"]) / 2
    return {**measured, **told, "kind": "features", "mid_price": mid, "spread_bps": 1000.0 / mid}


def book(told: dict[str, Any]) -> dict[str, Any]:
    bids = [[told["bid_price"] - 0.1 * level, 1.0 + level] for level in range(10)]
    asks = [[told["ask_price"] + 0.1 * level, 1.0 + level] for level in range(10)]
    return {**told, "kind": "book", "bids": bids, "asks": asks}


def overview(instruments: list[str]) -> dict[str, Any]:
    now = time_text(time.time_ns())
    regime = {"regime": "calm/bull/trending", "confidence": 0.8, "agreement": 0.5, "anomaly": 0.1, "time": now}
    known = {"venue": "simulated", "detection": "chain", "receive_time": now, "spread_bps": 1.0, "ofi_50": 0.0}
    more = {"regimes": {"ultra_short": regime, "short": regime}, "position": 0.0, "pnl": 0.0}
    shown = [
        {**known, **more, "instrument": name, "mid_price": 100.0 * (1 + i), "mid_prices": [100.0 * (1 + i)]}
        for i, name in enumerate(instruments)
    ]
    pulse = {"frames_per_s": 4000.0, "latency_p50_ns": 2_000_000, "latency_p99_ns": 9_000_000, "gaps_open": 0}
    rest = {"dead_letters": 0, "sql_endpoint": "http://127.0.0.1:8123", "accounts": []}
    return {"time": now, "data_time": now, **pulse, **rest, "instruments": shown}


def served(instruments: int, updates: float) -> FastAPI:
    api, listed = FastAPI(), names(instruments)
    api.include_router(console())

    @api.get("/api/v1/overview")
    def overview_() -> dict[str, Any]:
        return overview(listed)

    @api.post("/api/v1/stream/ticket")
    def ticket() -> dict[str, Any]:
        return {"ticket": "t", "expires_s": 30}

    @api.get("/api/v1/{path:path}")
    def others(path: str) -> Any:
        store: dict[str, Any] = {"trouble": "", "gaps_open": [], "latency": []}
        state = {"time": time_text(time.time_ns()), "processes": [], "connections": [], "journal": [], "store": store}
        return state if path == "status" else []

    @api.websocket("/api/v1/stream")
    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json({"type": "hello", "stream": "s", "sequence": 0, "oldest": 0})
        wanted = await socket.receive_json()
        try:
            await send(socket, listed, wanted, updates)
        except (WebSocketDisconnect, RuntimeError):
            return

    return api


def pieces(listed: list[str], wanted: dict[str, Any]) -> list[list[str]]:
    """The events of CYCLE messages, as JSON with a place for the time."""
    kinds = {"quote": quote, "features": features, "book": lambda *told: book(quote(*told))}
    chosen = [(i, name) for i, name in enumerate(listed) if name in (wanted["instruments"] or listed)]
    asked = [kinds[kind] for kind in wanted["kinds"] if kind in kinds]
    epoch = time_text(0)
    messages = ([make(name, i, step, 0) for i, name in chosen for make in asked] for step in range(CYCLE))
    return [json.dumps(events).split(epoch) for events in messages]


async def send(socket: WebSocket, listed: list[str], wanted: dict[str, Any], updates: float) -> None:
    """What was asked for, `updates` times a second, until the client is gone."""
    cycle = pieces(listed, wanted)
    await socket.send_json({"type": "subscribed", "from": 0})
    due = time.monotonic()
    for step in count(1):
        events = time_text(time.time_ns()).join(cycle[step % CYCLE])
        await socket.send_text(f'{{"type":"events","sequence":{step},"previous":{step - 1},"events":{events}}}')
        due += 1 / updates
        await asyncio.sleep(max(0.0, due - time.monotonic()))


@contextmanager
def running(api: FastAPI) -> Any:
    with listen("127.0.0.1", 0) as listener:
        config = uvicorn.Config(api, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        worker = threading.Thread(target=server.run, args=([listener],), daemon=True)
        worker.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        worker.join(5)


def measure(address: str, browser: str, seconds: float) -> dict[str, Any]:
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1600, "height": 1000})
        page.goto(address)
        page.wait_for_function("() => document.querySelectorAll('#instruments tbody tr').length > 0")
        page.wait_for_timeout(2000)
        tools = page.context.new_cdp_session(page)
        tools.send("Performance.enable")
        before = spent(tools)
        found: dict[str, Any] = page.evaluate(MEASURE, seconds * 1000)
        after = spent(tools)
        found |= {f"{name}_ms_per_s": (after[name] - before[name]) / seconds * 1000 for name in THREAD}
        chromium.close()
        return found


def spent(tools: Any) -> dict[str, float]:
    """Seconds that the page's thread has worked so far."""
    metrics = tools.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in metrics if one["name"] in THREAD}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--instruments", type=int, default=200)
    parser.add_argument("--updates", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    told = parser.parse_args()
    with running(served(told.instruments, told.updates)) as address:
        found = measure(address, told.browser, told.seconds)
    load = f"{told.instruments} instruments, {told.updates:.0f} updates/s each"
    print(f"{load}, {told.seconds:.0f} s, stream {found['stream']}")
    for name, value in found.items():
        if name != "stream":
            print(f"  {name:32} {value:12,.1f}")
    print(f"  frames over the {PROMISED_FPS:.0f} promised: {found['fps'] / PROMISED_FPS:.2f}")


if __name__ == "__main__":
    main()
