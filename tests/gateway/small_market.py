"""A market small enough to check by eye: two instruments, three seconds, one open gap, one position of two accounts."""

import math
from decimal import Decimal
from typing import Any

from clickhouse_connect.driver.client import Client

from sinks.clickhouse import schema

VENUE = "simulated"
SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS
NOW_NS = START_NS + 3 * SECOND_NS
ORIGIN = {"shard": "simulated/0", "offset": 5, "frame": 0}


def fill(client: Client) -> None:
    """Insert it."""
    for table, rows in tables().items():
        columns = list(rows[0])
        client.insert(table, [[row[name] for name in columns] for row in rows], column_names=columns)


def tables() -> dict[str, list[dict[str, Any]]]:
    """Rows by table."""
    return {
        "instruments": [_row("BTCUSDT", START_NS, id=0, **STEPS), _row("ETHUSDT", START_NS, id=1, **STEPS)],
        "quotes": [quote(second, source) for second in (1, 2, 3) for source in ("book", "ticker")],
        "trades": [trade(3)],
        "features": [features(second) for second in (1, 2, 3)],
        "bars": [bar(0, 0, 100.0), bar(1, 0, 101.0), bar(1, 1, 101.5), bar(2, 0, math.nan)],
        "regimes": [
            regime("ultra_short", 1, "calm/bull/trending", 0.9),
            regime("ultra_short", 3, "stressed/bear/trending", 0.7),
            regime("short", 3, "unknown", math.nan),
        ],
        "regime_changes": [
            change(2, "volatility", "calm", "stressed"),
            change(3, "direction", "bull", "bear"),
        ],
        "regime_forecasts": [forecast(second, horizon) for second in (2, 3) for horizon in (1, 50)],
        "signals": [signal(2), signal(3)],
        "gaps": gaps(),
        "dead_letters": [{"venue": VENUE, "receive_time": NOW_NS, "reason": "not JSON", "raw": b"\xff", **ORIGIN}],
        "positions": [position("a", 1, 9.0), position("a", 3, 2.0), position("b", 2, -0.5)],
        **{table: [of_account(table)] for table in DECIDED},
        "accounts": [of_account("accounts") | worth for worth in ({}, {"offset": 2, **WORTH})],
        "risk_events": [risk_event("a", 1, "reducing"), risk_event("a", 2, "resumed"), risk_event("b", 3, "halted")],
        "availability": [availability(0, 3_600, "up", ""), availability(3_600, 4, "down", "sequence")],
        "commits": [commit("simulated/0", 3, 5), commit("simulated/0", 0, 3)],
        "coverage": [coverage(1, 0.5), coverage(2, 0.75)],
        "latency": [latency("store", 3, 9_000_000), latency("sink", 2, 1), latency("sink", 3, 5_000_000)],
    }


WORTH = {"equity": 99_000.5, "drawdown": 0.0125}
DECIDED = (
    *("intents", "ledger", "accounts", "risk", "risk_parts", "limits"),
    *("rebalances", "correlations", "problems", "solutions"),
)  # by the trading flow, beside orders
COLUMNS = {name: table.columns for name, table in schema.tables().items()}
STEPS: dict[str, Any] = {"tick_size": 0.1, "lot_size": 0.001, "contract_size": 1.0, "inverse": False}


def _row(instrument: str, time_ns: int, **values: Any) -> dict[str, Any]:
    return {"venue": VENUE, "instrument": instrument, "receive_time": time_ns, **ORIGIN, **values}


def quote(second: int, source: str) -> dict[str, Any]:
    prices = {"bid_price": 99.9 + second, "bid_size": 1.0, "ask_price": 100.1 + second, "ask_size": math.nan}
    time_ns = START_NS + second * SECOND_NS + 7
    known = {"exchange_time": None, "sequence": 9_000_000_000_000 + second, "valid": True}
    return _row("BTCUSDT", time_ns, source=source, **prices, **known)


def trade(second: int) -> dict[str, Any]:
    values = {"trade_id": 1, "price": 100.0, "size": 1.0, "side": 1, "kind": "trade", "off_book": False}
    return _row("BTCUSDT", START_NS + second * SECOND_NS, exchange_time=None, **values)


def features(second: int) -> dict[str, Any]:
    measured = {name: 1.0 for name, kind in COLUMNS["features"].items() if kind == "Float64"}
    shown = {"mid_price": 100.0 + second, "spread_bps": 2.0, "ofi_50": -3.0, "realised_volatility": math.nan}
    return _row("BTCUSDT", START_NS + second * SECOND_NS, exchange_time=None, sequence=second, **(measured | shown))


def bar(second: int, revision: int, mid_close: float) -> dict[str, Any]:
    prices = dict.fromkeys(("open", "high", "low", "close", "mid_open"), 100.0)
    flows = dict.fromkeys(("volume", "buy_volume", "sell_volume", "notional", "ofi"), 1.0)
    times = {"open_time": START_NS + second * SECOND_NS, "close_time": START_NS + (second + 1) * SECOND_NS}
    counts = {"timeframe": "1s", "trades": 1, "updates": 1, "revision": revision, "mid_close": mid_close}
    return _row("BTCUSDT", NOW_NS, **times, **prices, **flows, **counts)


def regime(timeframe: str, second: int, name: str, confidence: float) -> dict[str, Any]:
    time_ns = START_NS + second * SECOND_NS
    measured = {column: confidence for column, kind in COLUMNS["regimes"].items() if kind == "Float64"}
    known = {"time": time_ns, "regime": name, "raw_regime": name, "bars_seen": 3}
    told = {"volatility": 1e-4, "agreement": 0.5, "evidence": {"anomaly_tail": 0.25, "weight": math.nan}}
    return _row("BTCUSDT", time_ns, timeframe=timeframe, **(measured | known | told))


def change(second: int, view: str, previous: str, now: str) -> dict[str, Any]:
    time_ns = START_NS + second * SECOND_NS
    known = {"time": time_ns, "view": view, "previous": previous, "regime": now, "probability": 0.7, "held_bars": 9}
    return _row("BTCUSDT", time_ns, timeframe="ultra_short", evidence={"probability_bull": 0.1}, **known)


def forecast(second: int, horizon_bars: int) -> dict[str, Any]:
    time_ns = START_NS + second * SECOND_NS
    measured = {column: 0.25 for column, kind in COLUMNS["regime_forecasts"].items() if kind == "Float64"}
    known = {"time": time_ns, "horizon_bars": horizon_bars, "scored": second, "brier_dynamics": math.nan}
    return _row("BTCUSDT", time_ns, timeframe="ultra_short", **(measured | known))


def signal(second: int) -> dict[str, Any]:
    time_ns = START_NS + second * SECOND_NS
    known = {
        "direction": 0.5,
        "confidence": 0.7,
        "volatility": 1e-4,
        "regime": "calm/bull",
        "evidence": {"ofi_50": -3.0},
    }
    return _row("BTCUSDT", time_ns, timeframe="short", time=time_ns, **known)


def gaps() -> list[dict[str, Any]]:
    """Bitcoin's book is open again, though a duplicate came after; Ether's gap is healed."""
    told = (
        ("BTCUSDT", 1, "sequence", "open"),
        ("BTCUSDT", 2, "duplicate", "healed"),
        ("ETHUSDT", 1, "sequence", "open"),
        ("ETHUSDT", 2, "sequence", "healed"),
    )
    known = {"channel": "depth", "start_time": START_NS, "expected_sequence": 1, "received_sequence": 3}
    return [
        _row(name, START_NS + second * SECOND_NS, cause=cause, state=state, **known)
        for name, second, cause, state in told
    ]


def position(account: str, second: int, size: float) -> dict[str, Any]:
    money = {"average_price": 100.0, "mark_price": 101.0, "realised_pnl": 1.0, "unrealised_pnl": size, "fees": 0.1}
    time_ns = START_NS + second * SECOND_NS
    known = {"account": account, "venue": VENUE, "instrument": "BTCUSDT", "time": time_ns, "receive_time": time_ns}
    return {**known, "size": size, **money, "offset": second, "row": 0}


def of_account(table: str) -> dict[str, Any]:
    """A row with something in every column."""
    return {name: "a" if name == "account" else _something(kind) for name, kind in COLUMNS[table].items()}


def _something(kind: str) -> Any:
    if kind.startswith("Map("):
        inner = kind.removesuffix(")").partition(", ")[2]
        return {"first": _something(inner), "second": _something(inner)}
    if kind.startswith("Array("):
        return [_something(kind.removeprefix("Array(").removesuffix(")"))]
    if kind.startswith("DateTime"):
        return START_NS + SECOND_NS
    if "String" in kind:
        return "something"
    if kind.startswith("Decimal"):
        return Decimal("-12345678901234567890.12345678")
    return True if kind == "Bool" else 1 if "Int" in kind else 0.1


def risk_event(account: str, second: int, event: str) -> dict[str, Any]:
    time_ns = START_NS + second * SECOND_NS
    known = {"account": account, "venue": VENUE, "instrument": "", "time": time_ns, "receive_time": time_ns}
    told = {"event": event, "reason": "drawdown", "values": {"equity": 95_000.0}, "client_order_id": ""}
    return {**known, **told, "offset": second, "row": 0}


def coverage(second: int, share: float) -> dict[str, Any]:
    times = {"session_start": START_NS - 100 * SECOND_NS, "session_end": START_NS + 100 * SECOND_NS}
    lengths = {
        "valid_s": 100.0 * share,
        "recorded_s": 100.0,
        "elapsed_s": 100.0,
        "share": share,
        "ended": False,
        "detection": "chain",
    }
    time_ns = START_NS + second * SECOND_NS
    return _row("BTCUSDT", time_ns, session="2023-11-14", time=time_ns, **times, **lengths)


def availability(second: int, seconds: int, state: str, cause: str) -> dict[str, Any]:
    times = {"start_time": START_NS + second * SECOND_NS, "end_time": START_NS + (second + seconds) * SECOND_NS}
    return _row("BTCUSDT", NOW_NS, channel="depth", state=state, cause=cause, seconds=float(seconds), **times)


def commit(shard: str, previous_offset: int, last_offset: int) -> dict[str, Any]:
    place = {"previous_offset": previous_offset, "first_offset": previous_offset + 1, "last_offset": last_offset}
    return {"shard": shard, "source": "", "receive_time": START_NS + last_offset * SECOND_NS, **place}


def latency(stage: str, second: int, p99_ns: int) -> dict[str, Any]:
    measured = {"count": 10, "p50_ns": 1_000_000, "p99_ns": p99_ns, "p999_ns": 9_500_000, "max_ns": 10_000_000}
    where = {"venue": VENUE, "shard": "simulated/0", "stage": stage, "receive_time": START_NS + second * SECOND_NS}
    return {**where, **measured}
