"""Frames of every venue with tables of keys: of its documentation here, of captures where there are any."""

import json
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cache

import pytest

import venues
from market.errors import FrameError
from market.instrument import Instrument, InstrumentTable
from tests.operators.scan.documented import DOCUMENTED
from tests.venues import recordings
from venues.decimals import finest_step

RECORDED = {
    "coinbase": "02_ws_multivenue_cryptofeed/COINBASE.first_half.jsonl.zst",
    "bybit-linear": "02_ws_multivenue_cryptofeed/BYBIT.first_half.jsonl.zst",
    "okx": "02_ws_multivenue_cryptofeed/OKX.jsonl.zst",
    "kraken": "03_l2_fixtures/kraken_orderbook-v2.first250.json",
    "massive-crypto": "05_ws_equity_frames/polygon_crypto_XQ_20230726.first_half.txt",
    "alpaca-crypto": "05_ws_equity_frames/alpaca_crypto_frames.jsonl",
}


@cache
def recorded(venue: str) -> tuple[bytes, ...]:
    """The frames of a capture; skips the test where there is none."""
    name = RECORDED[venue]
    if name.endswith(".zst"):
        return recordings.received(name)
    if venue == "kraken":
        found = json.loads(recordings.path(name).read_bytes())
        return tuple(json.dumps(frame, separators=(",", ":")).encode() for frame in (found["init"], *found["updates"]))
    lines = (line.strip().strip(",").lstrip("[").rstrip("]") for line in recordings.lines(name))
    frames = (f"[{line}]".encode() for line in lines if line)
    return tuple(frame for frame in frames if _is_json(frame))  # the end of one is cut off


def seeds(venue: str) -> list[bytes]:
    """Good frames of every kind, none of them long."""
    try:
        real = [frame for frame in recorded(venue) if len(frame) < 3_000]
    except pytest.skip.Exception:
        return list(DOCUMENTED[venue])
    return [*DOCUMENTED[venue], *real[:: 1 + len(real) // 200]]


def _is_json(frame: bytes) -> bool:
    with suppress(ValueError):
        json.loads(frame)
        return True
    return False


def instruments(venue: str, frames: Sequence[bytes]) -> InstrumentTable:
    """The instruments that frames name, with the finest steps of their prices."""
    prices: dict[str, set[str]] = {}
    for frame in frames:
        try:
            for texts in venues.get(venue).texts(frame):
                prices.setdefault(texts.symbol, set()).update(texts.prices)
        except FrameError:
            continue
    found = InstrumentTable()
    for symbol in sorted(prices):
        found = found.define(Instrument(venue, symbol, finest_step(prices[symbol]), Decimal("1e-8")))
    return found
