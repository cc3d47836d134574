"""Availability the slow obvious way: every frame paints the time since the one before it, and may paint over it."""

import json
from typing import Any

import polars as pl

import venues
from market.batch import Batch
from market.schema import Kind
from operators.frame import frame as ticks_of

MINUTE, DAY = 60 * 10**9, 86_400 * 10**9
CHANNEL = {
    Kind.SNAPSHOT: "depth",
    Kind.DEPTH: "depth",
    Kind.TICKER: "ticker",
    Kind.TRADE: "trade",
    Kind.AGGREGATE_TRADE: "trade",
}
LATE = ("sequence", "checksum", "crossed", "unread", "silent")  # causes that show after the fact
ALL = ("depth", "ticker", "mark", "trade", "status")
Said = tuple[str, str]  # state, cause


class Slow:
    """One subscription: what is painted since the last cut, and what is known."""

    def __init__(self, channel: str) -> None:
        self.channel, self.begun, self.wanted = channel, False, True
        self.wrong: list[str] = []
        self.waits: set[str] = set()  # channels one of which must give data before it is up
        self.paint: list[tuple[int, int, Said]] = []

    def says(self) -> Said:
        if not self.wanted:
            return "closed", "unsubscribed"
        if self.waits:
            return "down", "starting"
        known = [cause for cause in self.wrong if cause != "unverifiable"]
        if known:
            return "down", known[0]
        return ("unverifiable", "checksum") if self.wrong else ("up", "")

    def over(self, since: int, now: int, said: Said) -> None:
        """Paint over what is painted, from `since` on, as far as that was one state."""
        if not self.paint:
            return
        last = self.paint[-1][2]
        at = len(self.paint)
        while at and self.paint[at - 1][2] == last:
            at -= 1
        kept, run = self.paint[:at], self.paint[at:]
        since = max(since, run[0][0])
        kept += [(a, min(b, since), state) for a, b, state in run if a < since]
        self.paint = [*kept, (since, now, said)] if now > since else kept


def slow_availability(batches: list[Batch], stale: int) -> pl.DataFrame:
    """Instrument, channel, start, end, state and cause; equal neighbours are one, but for minutes between them."""
    venue, symbols = venues.get(batches[0].venue), batches[-1].instruments.symbols
    found: dict[tuple[str, str], Slow] = {}
    rows: list[tuple[Any, ...]] = []
    before = 0

    def of(symbol: str, channel: str) -> Slow:
        return found.setdefault((symbol, channel), Slow(channel))

    def carried(route: str) -> list[str]:
        return [str(channel) for channel in venue.carries(route)]

    for batch in batches:
        ticks = ticks_of(batch).to_dicts()
        gaps = batch.tables["gaps"].to_dicts() if "gaps" in batch.tables else []
        for number, (received, raw) in enumerate(zip(batch.receive_times.tolist(), batch.frames, strict=True)):
            record = json.loads(raw[1:]) if raw[:1] == b"\x1e" else {"record": ""}
            kind, time = record["record"], max(before, received)
            before = before or time
            lost: Said | None = ("down", "capture_down") if kind == "began" or time - before > stale else None
            lost = ("down", "torn") if kind == "torn" else lost
            lost = (
                ("unverifiable", "clock") if kind == "clock" and record["adopted"] and record["step_ns"] > 0 else lost
            )
            for key, one in found.items():
                if one.begun:
                    one.paint.append((before, time, lost if lost and one.wanted else one.says()))
                    cuts = [*range(before // DAY * DAY + DAY, time + 1, DAY)]
                    cuts += [time // MINUTE * MINUTE] if time // MINUTE * MINUTE > before else []
                    closed = one.paint[-1][2][0] == "closed"
                    for cut in sorted({cut for cut in cuts if not closed or cut % DAY == 0}):
                        done = [(a, min(b, cut), said) for a, b, said in one.paint if a < cut]
                        rows += [(*key, *cell) for cell in done]
                        one.paint = [(max(a, cut), b, said) for a, b, said in one.paint if b > cut]
                    if lost and one.wanted and lost != one.says():  # what was before cannot be painted over any more
                        one.paint = [(a, b, said) for a, b, said in one.paint if b > a] + [(time, time, ("", ""))]
            before = time
            data = {
                (symbols[tick["instrument"]], CHANNEL.get(tick["kind"])) for tick in ticks if tick["frame"] == number
            }
            for symbol, channel in data:
                if channel:
                    one = of(symbol, channel)
                    one.begun = one.wanted = True
                    if channel != "depth":
                        one.wrong = [cause for cause in one.wrong if cause not in ("silent", "shed")]
                for other in ALL:
                    if channel and (symbol, other) in found and channel in of(symbol, other).waits:
                        of(symbol, other).waits = {"book"} if other == "depth" else set()
            if kind == "began":
                for (symbol, _), one in found.items():
                    one.wanted, one.waits = symbol in record["symbols"], set()
                for symbol in record["symbols"]:
                    for channel in carried(""):
                        of(symbol, channel).begun = True
            if kind == "connected" and not record["overlap"]:
                for symbol in record["symbols"]:
                    for channel in carried(record["route"]):
                        one = of(symbol, channel)
                        one.begun = one.wanted = True
                        one.waits = {channel} if channel in ("depth", "mark") else set(carried(record["route"]))
            if kind == "disconnected":
                for symbol in record["symbols"]:
                    for channel in carried(record["route"]):
                        of(symbol, channel).waits = set()
            for gap in [gap for gap in gaps if gap["frame"] == number and gap["cause"] not in ("duplicate", "late")]:
                one, cause = of(gap["instrument"], gap["channel"]), gap["cause"]
                fine = one.paint and one.paint[-1][2][0] in ("up", "unverifiable")
                if gap["state"] == "open" or (cause == "shed" and one.channel != "depth"):
                    one.wrong += [cause] if cause not in one.wrong else []
                    if fine:
                        one.over(gap["start_time"] if cause in LATE else time, time, one.says())
                elif one.channel == "depth":
                    one.wrong = [other for other in one.wrong if other != cause]
                elif cause != "torn":
                    one.wrong = []
            for one in found.values():
                if one.waits == {"book"} and not one.wrong:
                    one.waits = set()
    for key, one in found.items():  # but for what lasts
        while one.paint and one.paint[-1][2] == one.says():
            one.paint.pop()
        rows += [(*key, *cell) for cell in one.paint]
    return merged(pl.DataFrame(rows, COLUMNS, orient="row"))


COLUMNS = {
    "instrument": pl.String,
    "channel": pl.String,
    "start_time": pl.Int64,
    "end_time": pl.Int64,
    "said": pl.List(pl.String),
}


def merged(rows: pl.DataFrame) -> pl.DataFrame:
    """Cells in order, those without length left out, equal neighbours as one, but for minutes and midnights between.

    A closed market has no rows of minutes.
    """
    key = ["instrument", "channel"]
    cells = rows.filter(pl.col("end_time") > pl.col("start_time")).sort(*key, "start_time")
    same = (pl.col("said") == pl.col("said").shift()) & (pl.col("end_time").shift() == pl.col("start_time"))
    kept = pl.when(pl.col("said").list.first() == "closed").then(DAY).otherwise(MINUTE)
    fresh = ~(same.over(key) & (pl.col("start_time") % kept != 0)).fill_null(value=False)
    numbered = cells.with_columns(run=fresh.cast(pl.Int64).cum_sum())
    return (
        numbered.group_by("run", maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in (*key, "start_time")), pl.col("end_time").last(), pl.col("said").first()
        )
        .drop("run")
    )
