"""What the roll-ups must hold, computed slowly and in one go from the rows: every bucket by itself, in plain Python."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

Row = dict[str, Any]
KEYS = {"quotes": ("venue", "instrument", "source"), "trades": ("venue", "instrument", "kind")}
ROW_KEYS = {
    "quotes": ("venue", "instrument", "receive_time", "source", "sequence", "shard", "offset", "frame"),
    "trades": ("venue", "instrument", "receive_time", "kind", "trade_id", "shard", "offset", "frame"),
    "features": ("venue", "instrument", "receive_time", "sequence", "shard", "offset", "frame"),
}
SECOND_NS = 1_000_000_000
FINER = {60: 1, 3600: 60}
SUMMED = {"ofi"}
OTHERS = {"updates", "mid_open", "mid_high", "mid_low", "mid_close", "micro_price", "receive_time", *SUMMED}


def newest(name: str, inserted: Iterable[Row]) -> list[Row]:
    """Rows as they are once every key is there once: the last that was inserted."""
    return list({tuple(row[key] for key in ROW_KEYS[name]): row for row in inserted}.values())


def roll_ups(name: str, rows: list[Row], seconds: int, means: Iterable[str] = ()) -> dict[tuple[Any, ...], Row]:
    """Buckets by key and start. means: columns of features that are averaged."""
    parts: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    keys = KEYS.get(name, ("venue", "instrument"))
    for row in sorted(rows, key=lambda row: (row["receive_time"], row["offset"], row["frame"])):
        start = row["receive_time"] // SECOND_NS // seconds * seconds
        parts[(*(row[key] for key in keys), start)].append(row)
    measure: dict[str, Callable[[list[Row]], Row]] = {"quotes": _quotes, "trades": _trades}
    of = measure.get(name, lambda part: _features(part, means))
    found = {key: of(part) | {"receive_time": max(row["receive_time"] for row in part)} for key, part in parts.items()}
    if seconds > 1:
        finer = roll_ups(name, rows, FINER[seconds], means)
        for key, bucket in found.items():
            inside = [
                one for at, one in finer.items() if at[:-1] == key[:-1] and at[-1] // seconds * seconds == key[-1]
            ]
            bucket |= {mean: _weighted(inside, mean) for mean in (means if name == "features" else ["delay_ms"])}
    return found


def _quotes(part: list[Row]) -> Row:
    valid = [row for row in part if row["valid"]]
    mids = [(row["bid_price"] + row["ask_price"]) / 2 for row in valid] or [math.nan]
    spreads = [10_000 * (row["ask_price"] - row["bid_price"]) / mid for row, mid in zip(valid, mids, strict=False)]
    leaning = [(row["bid_size"] - row["ask_size"]) / (row["bid_size"] + row["ask_size"]) for row in valid]
    last = {name: valid[-1][name] if valid else math.nan for name in ("bid_price", "bid_size", "ask_price", "ask_size")}
    return {
        "updates": len(part), "valid_updates": len(valid), **last,
        "mid_open": mids[0], "mid_high": max(mids), "mid_low": min(mids), "mid_close": mids[-1],
        "spread_bps": _mean(spreads), "spread_bps_max": max(spreads, default=math.nan), "imbalance": _mean(leaning),
        **_delays(part),
    }  # fmt: skip


def _trades(part: list[Row]) -> Row:
    book = [row for row in part if not row["off_book"]]
    off = [row for row in part if row["off_book"]]
    buys, sells = ([row for row in book if row["side"] == side] for side in (1, -1))
    prices = [row["price"] for row in book] or [math.nan]
    volume, price_volume = _volume(book), sum(row["price"] * row["size"] for row in book)
    return {
        "rows": len(part), "trades": len(book), "buy_trades": len(buys), "sell_trades": len(sells),
        "volume": volume, "buy_volume": _volume(buys), "sell_volume": _volume(sells), "price_volume": price_volume,
        "open": prices[0], "high": max(prices), "low": min(prices), "close": prices[-1],
        "vwap": price_volume / volume if volume else math.nan,
        "largest_size": max((row["size"] for row in book), default=math.nan),
        "off_book_trades": len(off), "off_book_volume": _volume(off), **_delays(part),
    }  # fmt: skip


def _features(part: list[Row], means: Iterable[str]) -> Row:
    mids = [row["mid_price"] for row in part]
    return {
        "updates": len(part), "mid_open": mids[0], "mid_high": max(mids), "mid_low": min(mids), "mid_close": mids[-1],
        "micro_price": part[-1]["micro_price"], **{name: sum(_ready(part, name)) for name in SUMMED},
        **{name: _mean(_ready(part, name)) for name in means},
    }  # fmt: skip


def _delays(part: list[Row]) -> Row:
    found = [(row["receive_time"] - row["exchange_time"]) / 1e6 for row in part if row["exchange_time"] is not None]
    return {"delay_ms": _mean(found), "delay_ms_max": max(found, default=math.nan)}


def _ready(part: list[Row], name: str) -> list[float]:
    return [row[name] for row in part if not math.isnan(row[name])]


def _volume(part: list[Row]) -> float:
    return float(sum(row["size"] for row in part))


def _weighted(finer: list[Row], mean: str) -> float:
    """Of finer means, each weighing as much as its bucket has rows."""
    pairs = [(one[mean], one.get("updates", one.get("rows", 0))) for one in finer if not math.isnan(one[mean])]
    weight = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / weight if weight else math.nan


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan
