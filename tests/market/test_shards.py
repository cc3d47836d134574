"""Instruments stay where they are, shards are spread evenly, and Bytewax hands them to the worker we say."""

from collections import Counter
from typing import Any

import bytewax.operators as op
import pytest
from bytewax._bytewax import cluster_main
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import TestingSource

from market.shards import instruments_of, key_of, shard_name, shard_number, worker_of

SYMBOLS = [f"{base}{quote}" for base in ("BTC", "ETH", "SOL", "XRP", "ADA") for quote in ("USDT", "USDC", "BTC", "EUR")]


def test_every_instrument_belongs_to_one_shard() -> None:
    for shards in (1, 2, 5):
        shared_out = [symbol for number in range(shards) for symbol in instruments_of(number, SYMBOLS, shards)]
        assert sorted(shared_out) == sorted(SYMBOLS)


def test_another_instrument_moves_none_of_the_others() -> None:
    for number in range(4):
        before = instruments_of(number, SYMBOLS, 4)
        assert [symbol for symbol in instruments_of(number, ["NEWUSDT", *SYMBOLS], 4) if symbol != "NEWUSDT"] == before


def test_another_shard_only_takes_instruments_to_itself() -> None:
    names = [f"SYMBOL{number}" for number in range(1000)]
    moved = [(shard_number(name, 4), shard_number(name, 5)) for name in names]
    assert {after for before, after in moved if before != after} == {4}
    assert 140 < sum(before != after for before, after in moved) < 260  # a fifth


def test_the_shards_of_a_venue_are_spread_evenly_over_up_to_eight_workers() -> None:
    for workers in range(1, 9):
        for shards in (4, 8, 12):
            load = Counter(worker_of(shard_name("okx", number), workers) for number in range(shards))
            loads = [load[worker] for worker in range(workers)]
            assert max(loads) - min(loads) <= 1, (workers, shards)


class Seen(DynamicSink[Any]):
    def __init__(self) -> None:
        self.worker: dict[str, int] = {}

    def build(self, _step_id: str, worker_index: int, _worker_count: int) -> StatelessSinkPartition[Any]:
        seen = self.worker

        class Part(StatelessSinkPartition[Any]):
            def write_batch(self, items: list[Any]) -> None:
                seen.update(dict.fromkeys((key for key, _ in items), worker_index))

        return Part()


@pytest.mark.parametrize("workers", [2, 3])
def test_bytewax_hands_a_shard_to_the_worker_that_we_say(workers: int) -> None:
    shards = [*(shard_name(venue, number) for venue in ("okx", "kraken") for number in range(4)), "okx/btc-usdt"]
    seen, flow = Seen(), Dataflow("placing")
    stream = op.input("shards", flow, TestingSource([(key_of(shard), 1) for shard in shards]))
    op.output("seen", op.stateful_map("state", stream, lambda state, item: (state, item)), seen)
    cluster_main(flow, [], 0, worker_count_per_proc=workers)
    assert seen.worker == {key_of(shard): worker_of(shard, workers) for shard in shards}
