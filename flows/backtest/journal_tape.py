"""A tape made of a journal: the trading journal as it was written live, or the market journal through the market flow.

The market journal goes through the stages of flows/market.py and operators/signals/messages.py, as live; its shards
are merged by receive time, and by name where times are equal. Rows of history (bars that were imported) are learned
from and give no signal, as live. Answers of the solver are left out: they answered what was held and set then, and a
backtest has its own (drive.py).
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import polars as pl

from flows.backtest.market_stages import market_stages, regimes_read
from flows.backtest.tape import MOST_ROWS, Progress, Source, Tape, row_of_frames
from market.batch import Batch
from market.decisions import Decisions, decisions_of
from market.errors import SettingsError
from market.journal import partitions
from market.messages import Solution
from operators.signals.messages import trading_frames
from operators.stage import Stage
from sources.journal_reader import JournalReader
from sources.recorded import recorded

Topic = Literal["trading", "market"]
REPORTED_ROWS = 256


def journal_source(
    data: Path, topic: Topic, *, timeframes: Mapping[str, str], stages: Sequence[Stage] | None = None
) -> Source:
    """The journal of one topic under `data`. stages: of the market flow, those of flows/market.py if none.

    Raises SettingsError where there is none.
    """
    if not partitions(data, topic):
        raise SettingsError(
            f"{data} holds no {topic} journal; `barograph up` or `barograph import` makes one, or name files of bars"
        )
    read = _read_trading if topic == "trading" else _read_market
    factory = None if stages is None else tuple(stages)

    def tape(until_ns: int | None, progress: Progress) -> Tape:
        return read(data, until_ns, progress, factory, timeframes)

    return Source(f"{topic} journal of {data.name}", tape)


def _shards(data: Path, topic: str) -> list[str]:
    names = []
    for path in partitions(data, topic):
        with JournalReader(path) as journal:
            names.append(journal.meta()["shard"])
    return sorted(names)


def _merged(data: Path, topic: str, until_ns: int | None) -> Iterator[Batch]:
    """Rows of all shards by receive time, up to a time."""
    shards = [recorded(data, shard, topic=topic) for shard in _shards(data, topic)]
    for batch in heapq.merge(*shards, key=lambda batch: (batch.receive_time, batch.shard)):
        if until_ns is None or batch.receive_time <= until_ns:
            yield batch


def _read_trading(
    data: Path, until_ns: int | None, progress: Progress, _stages: Sequence[Stage] | None, _bars: Mapping[str, str]
) -> Tape:
    rows: list[Decisions] = []
    for batch in _merged(data, "trading", until_ns):
        read = decisions_of(batch)
        rows.append(read._replace(messages=tuple(one for one in read.messages if not isinstance(one, Solution))))
        _limit(rows, progress)
    return Tape(tuple(rows), {}, 0, {"source": f"trading journal, {len(rows):,} rows as they were written live"})


def _read_market(
    data: Path, until_ns: int | None, progress: Progress, stages: Sequence[Stage] | None, timeframes: Mapping[str, str]
) -> Tape:
    rows: list[Decisions] = []
    tables: dict[str, list[pl.DataFrame]] = {"regimes": [], "signals": []}
    used: dict[str, list[Stage]] = {}
    states: dict[str, list[object]] = {}
    count = 0
    for arrived in _merged(data, "market", until_ns):
        batch = arrived
        if batch.shard not in used:
            used[batch.shard] = list(stages or market_stages(timeframes))
            states[batch.shard] = [stage.empty() for stage in used[batch.shard]]
        for stage, state in zip(used[batch.shard], states[batch.shard], strict=True):
            batch = stage.advance(state, batch)
        if (regimes := regimes_read(batch)) is not None:
            tables["regimes"].append(regimes)
        if "signals" in batch.tables:
            tables["signals"].append(batch.tables["signals"])
        count += 1
        if frames := trading_frames(batch):
            rows.append(row_of_frames(len(rows) + 1, batch.receive_time, frames))
        _limit(rows, progress)
    made = {name: pl.concat(parts) if parts else pl.DataFrame() for name, parts in tables.items()}
    return Tape(tuple(rows), made, 0, {"source": f"market journal, {count:,} rows through the market flow"})


def _limit(rows: list[Decisions], progress: Progress) -> None:
    if len(rows) % REPORTED_ROWS == 0:
        progress("reading the journal", len(rows), 0)
    if len(rows) > MOST_ROWS:
        raise SettingsError(f"the journal holds more than the {MOST_ROWS:,} rows a backtest takes; give --to")
