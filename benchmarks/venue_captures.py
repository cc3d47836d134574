"""Which recorded captures a folder holds, whatever their files are called: told apart by how they begin.

Line captures are Binance's; files whose names differ in consecutive days are one recording. Recordings of feed handlers
name their exchange in the header or the address. Two kinds are brought into a form that `import` reads: Kraken's
fixture of v2, whose authors wrote `0.00100000` as `0.001`, gets its places back, as the checksum is of the literal
text; bare frames get receive times.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from market.errors import CaptureError
from sources.lean_zip import tick_file
from sources.lines import opened, raw_lines

EXCHANGES = {  # as the header of a recording names them
    "BINANCE": "binance-spot",
    "BINANCE_FUTURES": "binance-usdm",
    "BINANCE_DELIVERY": "binance-coinm",
    "BYBIT": "bybit-linear",
    "COINBASE": "coinbase",
    "KRAKEN": "kraken-v1",
    "OKEX": "okx",
    "OKX": "okx",
}
HOSTS = {b"//ws-feed": "coinbase-exchange", b"//advanced-trade-ws": "coinbase", b"//ws.okx": "okx"}
BARE = {  # how a line begins -> the venue
    b'[{"T":': "alpaca-sip",
    b'[{"ev":"X': "massive-crypto",
    b'[{"ev":': "massive-stocks",
}
CRYPTO_SYMBOL = re.compile(rb'"S":"[A-Z0-9]+/[A-Z]+"')
OF_COIN_M = re.compile(rb'"s":"[A-Z0-9]+USD_[A-Z0-9]+"')
LINE = re.compile(rb"[0-9]{16,19} [\[{]")
DATED = re.compile(r"(.+_)([0-9]{8})\b.*")
KRAKEN_SIZE_PLACES = 8
FIRST_NS, STEP_NS = 1_767_225_600_000_000_000, 1_000_000  # 2026-01-01 and a millisecond
PEEKED_LINES = 3_000
SUFFIXES = {"", ".0", ".dat", ".gz", ".json", ".jsonl", ".txt", ".zip", ".zst"}


class Capture(NamedTuple):
    """Files of one recording, in their order."""

    paths: tuple[Path, ...]
    venue: str  # its name among ours; as the recording names it where it is not supported
    note: str = ""
    supported: bool = True

    @property
    def name(self) -> str:
        """Its files, the second and later ones by what is different."""
        first, *others = [path.name for path in self.paths]
        return " ".join([first, *(f"+ {other}" for other in others)])


def captures(folder: Path, made: Path) -> list[Capture]:
    """All in the folder, at any depth; `made` takes what is brought into another form."""
    found: list[Capture] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in SUFFIXES):
        found += _captures_of(path, made)
    return _joined(found)


def _captures_of(path: Path, made: Path) -> Iterator[Capture]:
    if path.suffix == ".zip":
        yield from _ticks(path)
        return
    with closing(opened(path)) as file:
        lines = [line for line in islice(raw_lines(file), PEEKED_LINES) if isinstance(line, bytes)]
    first = lines[0] if lines else b""
    if LINE.match(first):
        yield Capture((path,), _of_binance(lines))
    elif first.startswith(b'{"t":"header"'):
        yield _recording(path, json.loads(first)["exchange"], lines)
    elif first.startswith((b"wss://", b"ws://")):
        venue = next((name for host, name in HOSTS.items() if host in first), "")
        yield Capture((path,), venue or first[:40].decode(), supported=bool(venue))
    elif first.startswith(b'{"channel_path"'):
        yield from _examples(path, made)
    elif first.startswith(b'[{"ev":') and not first.endswith(b"]"):
        yield Capture((path,), "massive-crypto")
    elif venue := next((name for start, name in BARE.items() if first.startswith(start)), ""):
        is_crypto = venue == "alpaca-sip" and any(map(CRYPTO_SYMBOL.search, lines))
        frames = [line for line in lines if line.startswith(b"[")]
        yield Capture((_written(made / path.name, frames),), "alpaca-crypto" if is_crypto else venue, "without times")
    elif first.startswith(b"{") and path.suffix == ".json" and any(b'"snapshot"' in line for line in lines[:9]):
        yield from _fixture(path, made)


def _of_binance(lines: Sequence[bytes]) -> str:
    if any(map(OF_COIN_M.search, lines)):
        return "binance-coinm"
    return "binance-usdm" if any(b'"pu":' in line for line in lines) else "binance-spot"


def _recording(path: Path, exchange: str, lines: Sequence[bytes]) -> Capture:
    venue = EXCHANGES.get(exchange, "")
    if venue == "kraken-v1" and any(b"ws.kraken.com/v2" in line for line in lines):
        venue = "kraken"
    return Capture((path,), venue or exchange, supported=bool(venue))


def _ticks(path: Path) -> Iterator[Capture]:
    try:
        ticks = tick_file(path)
    except (CaptureError, zipfile.BadZipFile):
        return  # bars, which say nothing of quotes and trades
    yield Capture((path,), "lean-usa", f"{ticks.symbol} {ticks.date}")


def _joined(found: Sequence[Capture]) -> list[Capture]:
    """Line captures of consecutive days as one recording, trades and quotes of a stock and day as one."""
    joined: list[Capture] = []
    for one in found:
        last = joined[-1] if joined else None
        if last is not None and last.venue == one.venue and (_is_next_day(last, one) or _is_same_day(last, one)):
            joined[-1] = last._replace(paths=(*last.paths, *one.paths))
        else:
            joined.append(one)
    return joined


def _is_next_day(last: Capture, one: Capture) -> bool:
    before, after = DATED.fullmatch(last.paths[-1].name), DATED.fullmatch(one.paths[0].name)
    if not one.venue.startswith("binance") or not before or not after or before[1] != after[1]:
        return False
    return _day(after[2]) - _day(before[2]) == timedelta(days=1)


def _is_same_day(last: Capture, one: Capture) -> bool:
    return one.venue == "lean-usa" and last.note == one.note


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)


def _examples(path: Path, made: Path) -> Iterator[Capture]:
    """Examples of the documentation, `{"channel_path": "/stocks/T", "example": {…}}`, one frame for each."""
    rows = [json.loads(line) for line in path.read_text().splitlines() if line]
    for cluster in dict.fromkeys(row["channel_path"].split("/")[1] for row in rows):
        told = [row["example"] for row in rows if row["channel_path"].split("/")[1] == cluster]
        frames = [json.dumps([example], separators=(",", ":")).encode() for example in told]
        supported = cluster in ("stocks", "crypto")
        paths = (_written(made / f"{path.stem}.{cluster}", frames),)
        yield Capture(paths, f"massive-{cluster}", "of the documentation", supported)


def _fixture(path: Path, made: Path) -> Iterator[Capture]:
    """Kraken v2: a snapshot and its updates, with the places of the wire restored."""
    told = json.loads(path.read_text(), parse_float=str, parse_int=str)
    messages = [one for value in told.values() for one in (value if isinstance(value, list) else [value])]
    books = [one for one in messages if isinstance(one, dict) and one.get("channel") == "book"]
    if not books:
        return
    prices = [level["price"] for one in books for data in one["data"] for level in data["bids"] + data["asks"]]
    places = max(len(price.partition(".")[2]) for price in prices)
    frames = [_book(one, places).encode() for one in books]
    yield Capture((_written(made / path.name, frames),), "kraken", "places restored")


def _book(message: dict[str, Any], places: int) -> str:
    data = message["data"][0]
    sides = [
        ",".join(
            f'{{"price":{_with_places(level["price"], places)},"qty":{_with_places(level["qty"], KRAKEN_SIZE_PLACES)}}}'
            for level in data[side]
        )
        for side in ("bids", "asks")
    ]
    time = f',"timestamp":"{data["timestamp"]}"' if "timestamp" in data else ""
    return (
        f'{{"channel":"book","type":"{message["type"]}","data":[{{"symbol":"{data["symbol"]}","bids":[{sides[0]}],'
        f'"asks":[{sides[1]}],"checksum":{data["checksum"]}{time}}}]}}'
    )


def _with_places(number: str, places: int) -> str:
    whole, _, rest = f"{float(number):.{places}f}".partition(".") if "e" in number else number.partition(".")
    return f"{whole}.{rest:0<{places}}" if places else whole


def _written(path: Path, frames: Sequence[bytes]) -> Path:
    lines = [b"%d %s\n" % (FIRST_NS + at * STEP_NS, frame) for at, frame in enumerate(frames)]
    path.write_bytes(b"".join(lines))
    return path
