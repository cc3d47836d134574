"""What became of every frame, one by one: ids from its own JSON, in sets; for frames of Binance and records of ours."""

import json
from collections.abc import Iterator

from market.accounts import Accounts
from market.batch import Batch
from market.schema import Kind
from operators.frame import frame as ticks_of

BOOKS = (Kind.SNAPSHOT, Kind.DEPTH)
TABLES = ("instruments", "history", "market_status", "clock_steps")


class SlowAccounts:
    """The classes of frames, by name."""

    def __init__(self) -> None:
        self.trades = set[tuple[str, str, int]]()
        self.seen = dict[str, int]()  # newest id of a depth message since the last reset
        self.shown = dict[str, int]()  # newest id of a valid book since then
        self.shed = 0

    def classes(self, batch: Batch) -> Iterator[str]:
        """One for every frame."""
        symbols, ticks = batch.instruments.symbols, ticks_of(batch).to_dicts()
        for number, frame in enumerate(batch.frames):
            made = [(symbols[tick["instrument"]], tick) for tick in ticks if tick["frame"] == number]
            for symbol, tick in made:
                if tick["kind"] == Kind.RESET:
                    self.seen.pop(symbol, None)
                    self.shown.pop(symbol, None)
            said = self._ours(frame, batch, number, made) if frame[:1] == b"\x1e" else self._theirs(frame, made)
            yield "dead_lettered" if _has(batch, "dead_letters", number) else said
            for symbol, tick in made:
                if tick["kind"] in BOOKS and tick["valid"]:
                    self.shown[symbol] = tick["sequence"]

    def _theirs(self, frame: bytes, made: list) -> str:  # type: ignore[type-arg]
        try:
            body = json.loads(frame)
        except ValueError:
            return "dead_lettered"
        body = body.get("data", body)
        if "lastUpdateId" in body:
            return self._book(body["lastUpdateId"], made, snapshot=True)
        kind = body.get("e", "bookTicker" if "B" in body else "")
        if kind in ("trade", "aggTrade") and "s" in body:
            key = body["s"], kind, body["t" if kind == "trade" else "a"]
            fresh = key not in self.trades
            self.trades.add(key)
            return "applied" if fresh else "duplicate"
        if kind == "depthUpdate":
            found = self._book(body["u"], made, snapshot=False)
            self.seen[body["s"]] = max(self.seen.get(body["s"], 0), body["u"])
            return found
        return "applied" if kind in ("bookTicker", "markPriceUpdate") else "control"

    def _book(self, number: int, made: list, *, snapshot: bool) -> str:  # type: ignore[type-arg]
        ((symbol, tick),) = made
        if tick["valid"]:
            return "applied"
        passed = 0 if snapshot else self.seen.get(symbol, 0)
        return "duplicate" if number <= max(passed, self.shown.get(symbol, 0)) else "applied"

    def _ours(self, frame: bytes, batch: Batch, number: int, made: list) -> str:  # type: ignore[type-arg]
        said = json.loads(frame[1:])
        if said["record"] == "snapshot":
            return self._book(said["body"]["lastUpdateId"], made, snapshot=True)
        if said["record"] == "shed":
            self.shed += sum(said["symbols"].values())
        if made or any(_has(batch, name, number) for name in (*TABLES, "gaps")):
            return "applied"
        return "duplicate" if said["record"] == "instrument" else "control"


def slow_accounts(batches: list[Batch]) -> Accounts:
    """Of all batches."""
    slow = SlowAccounts()
    found = [said for batch in batches for said in slow.classes(batch)]
    counts = {name: found.count(name) for name in ("applied", "duplicate", "dead_lettered", "control")}
    return Accounts(len(found), **counts, shed=slow.shed)


def _has(batch: Batch, table: str, number: int) -> bool:
    return table in batch.tables and number in batch.tables[table]["frame"].to_list()
