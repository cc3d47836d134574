"""Rows for `benchmarks/queries.py`, made inside the store from numbers(): many instruments, a week, realistic shapes.

Prices are ticks of 0.1 that wander, sizes lots of 0.001, times are strewn, a share of quotes is not valid, most
features are short decimals: so that columns compress about as live ones do. The same count makes the same rows.
"""

from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.schema import tables

VENUE, SHARD = "binance-usdm", "binance-usdm/0"
INSTRUMENTS = tuple(f"{name}USDT" for name in ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE", "ADA", "LINK", "LTC", "TRX"))
END_S = 1_767_830_400  # 2026-01-08 00:00 UTC; everything lies before it
SHARES = {"quotes": 0.6, "trades": 0.3, "features": 0.1}  # of the tick rows
CHUNK = 2_000_000  # rows of an insert
TIMEFRAMES = {"ultra_short": 1, "short": 60, "medium": 3600}
BARS = {"1s": 1, "1m": 60, "15m": 900, "1h": 3600}
STATES = ("calm", "normal", "stressed", "bear", "neutral", "bull", "reverting", "random", "trending")


class Size(NamedTuple):
    """How much is made."""

    ticks: int  # rows of quotes, trades and features together
    days: float

    @property
    def start_s(self) -> int:
        """When the oldest row was received, seconds since 1970."""
        return END_S - round(self.days * 86_400)


def fill(client: Client, size: Size) -> None:
    """Insert everything but the roll-ups."""
    for table, share in SHARES.items():
        count = round(size.ticks * share)
        step_ns = (END_S - size.start_s) * 1_000_000_000 // count
        for first in range(0, count, CHUNK):
            _insert(
                client, table, _ticks(table), first, min(CHUNK, count - first), start_s=size.start_s, step_ns=step_ns
            )
    for bar, seconds in BARS.items():
        _periods(client, "bars", _bars(bar, seconds), seconds, size)
    for timeframe, seconds in TIMEFRAMES.items():
        for table in ("regimes", "signals"):
            _periods(
                client,
                table,
                {"regimes": _REGIMES, "signals": _SIGNALS}[table] | {"timeframe": f"'{timeframe}'"},
                seconds,
                size,
            )
        _periods(client, "regime_changes", _CHANGES | {"timeframe": f"'{timeframe}'"}, 600 * seconds, size)
    for table, values in (("latency", _LATENCY), ("commits", _COMMITS)):
        _periods(client, table, values, 10, size)  # together one a second
    _insert(
        client,
        "instruments",
        {**_ORIGIN, "tick_size": "0.1", "lot_size": "0.001"},
        0,
        len(INSTRUMENTS),
        start_s=size.start_s,
        step_ns=1,
    )


def _periods(client: Client, table: str, values: dict[str, str], seconds: int, size: Size) -> None:
    """A row for every instrument and period."""
    count = (END_S - size.start_s) // seconds * len(INSTRUMENTS)
    step_ns = seconds * 1_000_000_000 // len(INSTRUMENTS)
    for first in range(0, count, CHUNK):
        _insert(client, table, values, first, min(CHUNK, count - first), start_s=size.start_s, step_ns=step_ns)


def _insert(
    client: Client, table: str, values: dict[str, str], first: int, count: int, *, start_s: int, step_ns: int
) -> None:
    """Rows number `first` and on. Columns without a value are random decimals, or empty."""
    columns = {name: values.get(name) or _any(kind) for name, kind in tables()[table].columns.items()}
    whole = step_ns * len(INSTRUMENTS)
    chosen = ", ".join(f"{text} as `{name}_`" for name, text in columns.items())
    client.command(
        f"""
        insert into {table} ({", ".join(f"`{name}`" for name in columns)})
        with
            toInt64({start_s}) * 1000000000 + toInt64(number) * {step_ns} as ns,
            toInt64({start_s}) * 1000000000 + intDiv(toInt64(number), {len(INSTRUMENTS)}) * {whole} as period_ns,
            cityHash64(number, '{table}') as chance,
            (chance % 1000) / 1000 as share,
            number % {len(INSTRUMENTS)} as who,
            {list(INSTRUMENTS)}[who + 1] as instrument_name,
            1000 * (who + 1) + 40 * sin(ns / 3.1e13 + who) + 8 * sin(ns / 2.7e12) + share as price_exact,
            round(price_exact * 10) / 10 as price_now,
            round(exp(6 * (intDiv(chance, 1024) % 1000) / 1000 - 3), 3) as size_now
        select {chosen}
        from numbers({first}, {count})
        """,
        settings={"max_partitions_per_insert_block": 1000, "max_insert_threads": 1, "max_execution_time": 0},
    )


def _any(kind: str) -> str:
    """A value for a column of which nothing is said: a decimal of four digits, a small number, nothing."""
    if kind == "Float64":
        return "round(share * 2 - 1, 4)"
    if kind.startswith(("Int", "UInt")):
        return "toInt64(chance % 1000)"
    if "DateTime64" in kind:
        return "fromUnixTimestamp64Nano(ns)"
    return {"Bool": "true"}.get(kind, "map()" if kind.startswith("Map") else "''")


_ORIGIN = {
    "venue": f"'{VENUE}'", "instrument": "instrument_name", "shard": f"'{SHARD}'",
    "offset": "toInt64(intDiv(number, 20))", "frame": "toInt32(number % 20)",
}  # fmt: skip
_TICK = {
    **_ORIGIN, "receive_time": "fromUnixTimestamp64Nano(ns + toInt64(chance % 1000000))",
    "exchange_time": "fromUnixTimestamp64Nano(ns - toInt64(chance % 50000000))", "sequence": "toInt64(number) * 3",
}  # fmt: skip
_PERIOD = {
    **_ORIGIN, "time": "fromUnixTimestamp64Nano(period_ns)",
    "receive_time": "fromUnixTimestamp64Nano(period_ns + 20000000)",
}  # fmt: skip


def _ticks(table: str) -> dict[str, str]:
    if table == "trades":
        more = {
            "trade_id": "toInt64(number)",
            "price": "price_now",
            "size": "size_now",
            "side": "if(chance % 2 = 0, 1, -1)",
        }
        return _TICK | more | {"kind": "'trade'", "off_book": "false"}
    if table == "features":
        more = {"mid_price": "price_now", "micro_price": "price_now + round(share - 0.5, 3)", "spread": "0.1"}
        return _TICK | more | {"spread_bps": "1000 / price_now", "kyle_lambda": "share / 1e4 + number / 1e15"}
    prices = {
        "bid_price": "price_now - 0.1",
        "bid_size": "size_now",
        "ask_price": "price_now",
        "ask_size": "round(size_now * share, 3) + 0.001",
    }
    return _TICK | prices | {"source": "if(chance % 3 = 0, 'ticker', 'book')", "valid": "chance % 100 > 0"}


def _bars(name: str, seconds: int) -> dict[str, str]:
    prices = dict.fromkeys(("open", "high", "low", "close", "mid_open", "mid_close"), "price_now")
    times = {
        "open_time": f"fromUnixTimestamp64Nano(period_ns - toInt64({seconds}) * 1000000000)",
        "close_time": "fromUnixTimestamp64Nano(period_ns)",
    }
    more = {
        "timeframe": f"'{name}'",
        "revision": "0",
        "origin": "'ticks'",
        "volume": "size_now",
        "buy_volume": "size_now * share",
    }
    return _PERIOD | prices | times | more


def _state(first: int) -> str:
    return f"{list(STATES[first : first + 3])}[1 + cityHash64(who, intDiv(period_ns, 600000000000), {first}) % 3]"


_EVIDENCE = "map('volatility', round(share, 4), 'ofi', round(share - 0.5, 4), 'variance_ratio', 1 + round(share, 3))"
_REGIMES = {
    **_PERIOD, "regime": f"concat({_state(0)}, '/', {_state(3)}, '/', {_state(6)})",
    **{f"probability_{state}": "round(share, 4)" for state in STATES},
    "evidence": _EVIDENCE, "confidence": "round(share, 4)",
}  # fmt: skip
_SIGNALS = {**_PERIOD, "regime": _REGIMES["regime"], "direction": "round(share * 2 - 1, 3)", "evidence": _EVIDENCE}
_CHANGES = {**_PERIOD, "view": "'direction'", "previous": _state(3), "regime": _state(3), "evidence": _EVIDENCE}
_LATENCY = {"venue": f"'{VENUE}'", "shard": f"'{SHARD}'", "stage": "['features', 'sink', 'store'][1 + number % 3]"}
_COMMITS = {
    **_ORIGIN,
    "source": "'made'",
    "last_offset": "toInt64(intDiv(number, 10))",
    "rows": "map('quotes', toInt64(90))",
}
