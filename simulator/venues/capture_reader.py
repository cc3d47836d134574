"""Book messages and trades out of recorded frames of any venue here; read independently of the venues' own code."""

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from market.clock import SECOND_NS
from simulator.venues.book import BUY, SELL

MICROSECOND_STAMPS = 10**17  # stamps below are µs
Texts = Sequence[tuple[str, str]]  # price, size


class Told(NamedTuple):
    """What one frame says of one instrument."""

    symbol: str
    snapshot: bool = False
    bids: Texts = ()
    asks: Texts = ()
    trades: Sequence[tuple[int, str, str]] = ()  # side of the taker, price, size
    number: int = 0  # update id of the book, where a snapshot may be older than the messages before it


def frames(path: Path) -> Iterator[tuple[int, bytes]]:
    """Time in ns and frame of a line capture `<ns> <frame>`, or of lines of JSON with `ts` and `data`."""
    raw: Any = path.open("rb")
    with raw:
        if path.suffix == ".gz":
            raw = gzip.open(raw)  # noqa: SIM115  (the file below it is closed)
        elif path.suffix == ".zst":
            raw = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))
        for line in raw:
            if line.startswith(b"{"):
                row = json.loads(line)
                if row.get("t") == "recv" and isinstance(row.get("data"), str):
                    yield int(row["ts"] * SECOND_NS), row["data"].encode()
                continue
            stamp, _, frame = line.rstrip(b"\n").partition(b" ")
            if stamp.isdigit() and frame:
                number = int(stamp)
                yield number if number >= MICROSECOND_STAMPS else number * 1000, frame


def told(frame: bytes) -> list[Told]:
    """What a frame says of books and trades; nothing for frames of other kinds."""
    try:
        found = json.loads(frame, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return []
    if isinstance(found, list):
        return [one for row in found if isinstance(row, dict) for one in _vendor(row)]
    if not isinstance(found, dict):
        return []
    for reader in (_coinbase, _kraken, _bybit, _okx, _binance):
        rows = reader(found)
        if rows:
            return rows
    return []


def _coinbase(m: dict[str, Any]) -> list[Told]:
    rows = []
    for event in m.get("events", []) if isinstance(m.get("events"), list) else []:
        if m.get("channel") == "l2_data":
            bids, asks = (
                _named([one for one in event["updates"] if one["side"] == side], "price_level", "new_quantity")
                for side in ("bid", "offer")
            )
            rows.append(Told(event["product_id"], event["type"] == "snapshot", bids, asks))
        elif m.get("channel") == "market_trades" and event["type"] == "update":
            for one in reversed(event["trades"]):
                side = SELL if one["side"] == "BUY" else BUY  # the maker's
                rows.append(Told(one["product_id"], trades=[(side, one["price"], one["size"])]))
    return rows


def _kraken(m: dict[str, Any]) -> list[Told]:
    if m.get("channel") == "book":
        return [
            Told(
                row["symbol"],
                m["type"] == "snapshot",
                _named(row["bids"], "price", "qty"),
                _named(row["asks"], "price", "qty"),
            )
            for row in m["data"]
        ]
    if m.get("channel") == "trade" and m["type"] == "update":
        return [
            Told(row["symbol"], trades=[(BUY if row["side"] == "buy" else SELL, row["price"], row["qty"])])
            for row in m["data"]
        ]
    return []


def _bybit(m: dict[str, Any]) -> list[Told]:
    topic, data = str(m.get("topic", "")), m.get("data")
    if topic.startswith("orderbook.") and isinstance(data, dict):
        return [Told(data["s"], m["type"] == "snapshot", _pairs(data["b"]), _pairs(data["a"]))]
    if topic.startswith("publicTrade.") and isinstance(data, list):
        return [Told(one["s"], trades=[(BUY if one["S"] == "Buy" else SELL, one["p"], one["v"])]) for one in data]
    return []


def _okx(m: dict[str, Any]) -> list[Told]:
    argument, data = m.get("arg"), m.get("data")
    if not isinstance(argument, dict) or not isinstance(data, list):
        return []
    symbol = argument.get("instId", "")
    if argument.get("channel") == "books":
        return [Told(symbol, m.get("action") == "snapshot", _pairs(row["bids"]), _pairs(row["asks"])) for row in data]
    if argument.get("channel") == "trades":
        return [Told(symbol, trades=[(BUY if one["side"] == "buy" else SELL, one["px"], one["sz"])]) for one in data]
    return []


def _binance(m: dict[str, Any]) -> list[Told]:
    event = m.get("data", m)
    if not isinstance(event, dict):
        return []
    if "lastUpdateId" in event:
        number = int(event["lastUpdateId"])
        return [Told(event.get("symbol", ""), True, _pairs(event["bids"]), _pairs(event["asks"]), number=number)]
    if event.get("e") == "depthUpdate":
        return [Told(event["s"], False, _pairs(event["b"]), _pairs(event["a"]), number=int(event["u"]))]
    if event.get("e") in ("trade", "aggTrade"):
        return [Told(event["s"], trades=[(SELL if event["m"] else BUY, event["p"], event["q"])])]
    return []


def _vendor(row: dict[str, Any]) -> list[Told]:
    """Alpaca and Massive."""
    kind = row.get("T") if "ev" not in row else row["ev"]
    if kind == "o":
        return [Told(row["S"], bool(row.get("r")), _named(row["b"], "p", "s"), _named(row["a"], "p", "s"))]
    if kind == "XL2":
        return [Told(row["pair"], True, _pairs(row["b"]), _pairs(row["a"]))]
    if kind in ("q", "Q", "XQ"):
        symbol = row["S"] if kind == "q" else row["sym"] if kind == "Q" else row["pair"]
        return [Told(symbol, True, [(row["bp"], row["bs"])], [(row["ap"], row["as"])])]
    if kind in ("t", "T", "XT"):
        symbol = row["S"] if kind == "t" else row["sym"] if kind == "T" else row["pair"]
        seller = row.get("tks") == "S" or (kind == "XT" and row.get("c") == ["1"])
        return [Told(symbol, trades=[(SELL if seller else BUY, row["p"], row["s"])])]
    return []


def _pairs(levels: list[list[str]]) -> Texts:
    return [(level[0], level[1]) for level in levels]


def _named(levels: list[dict[str, str]], price: str, size: str) -> Texts:
    return [(level[price], level[size]) for level in levels]
