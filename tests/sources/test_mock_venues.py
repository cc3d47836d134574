"""The real `Feed` with the real venues against the simulator's mocks of them, which count every limit."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

import venues
from market import record
from simulator.venues.alpaca import Alpaca
from simulator.venues.binance import Binance
from simulator.venues.bybit import Bybit
from simulator.venues.coinbase import Coinbase
from simulator.venues.desk import Desk
from simulator.venues.faults import Faults
from simulator.venues.kraken import Kraken
from simulator.venues.market import RandomMarket
from simulator.venues.massive import Massive
from simulator.venues.okx import Okx
from simulator.venues.script import Fault
from sources.connection import BEATS
from sources.shared import Shared
from sources.websocket import Feed
from tests.desk_network import DeskNetwork
from tests.virtual import VirtualClock, run, running


class Case(NamedTuple):
    venue: str
    dialect: Callable[[], Any]
    symbols: Sequence[str]


CASES = [
    Case("binance-spot", lambda: Binance(futures=False), ("BTCUSDT", "ETHUSDT")),
    Case("binance-usdm", lambda: Binance(futures=True), ("BTCUSDT", "ETHUSDT")),
    Case("bybit-linear", lambda: Bybit(category="linear"), ("BTCUSDT", "ETHUSDT")),
    Case("bybit-spot", lambda: Bybit(category="spot"), ("BTCUSDT", "ETHUSDT")),
    Case("coinbase", Coinbase, ("BTC-USD", "ETH-USD")),
    Case("kraken", Kraken, ("BTC/USD", "ETH/USD")),
    Case("okx", Okx, ("BTC-USDT", "ETH-USDT")),
    Case("alpaca-iex", lambda: Alpaca(crypto=False), ("AAPL", "MSFT")),
    Case("alpaca-crypto", lambda: Alpaca(crypto=True), ("BTC/USD",)),
    Case("massive-stocks", lambda: Massive(crypto=False), ("AAPL", "MSFT")),
    Case("massive-crypto", lambda: Massive(crypto=True), ("BTC-USD",)),
]


def lived(case: Case, seconds: float, *faults: Fault) -> tuple[Feed, Desk, list[Any]]:
    """A feed and its venue after so long, and the records that were written."""
    venue = venues.get(case.venue)

    async def body(clock: VirtualClock) -> tuple[Feed, Desk, list[Any]]:
        dialect, start_ns = case.dialect(), clock.now_ns()
        market = RandomMarket([dialect.listed(symbol) for symbol in case.symbols], start_ns=start_ns)
        desk = Desk(dialect, market, start_ns=start_ns, faults=Faults(faults))
        network = DeskNetwork(desk, clock)
        shared = Shared.of(venue, clock, random.Random(1).random, network.opener)
        shared.secrets = lambda: dict.fromkeys(venue.secrets, desk.key)
        feed = Feed(venue, tuple(case.symbols), clock, shared.random, shared=shared, get=network.get, look_every_s=0.5)
        async with running(feed.run()):
            await asyncio.sleep(seconds)
            for keeper in feed.keepers:
                live = keeper.live
                assert live is not None, keeper.reason
                assert live.ledger.acknowledged == set(keeper.route.streams)
                beats = {stream for stream in keeper.route.streams if venue.channel_of(stream) in BEATS}
                assert beats <= live.seen, "everything that comes on a beat came"
            frames = [frame for _, frame in feed.queue.take(1 << 30, 1 << 40)]
        return feed, desk, [record.decode(frame) for frame in frames if record.is_record(frame)]

    return run(body)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.venue)
def test_every_stream_of_every_venue_lives_and_no_limit_is_exceeded(case: Case) -> None:
    feed, desk, said = lived(case, 60)
    assert desk.violations == []
    assert not any(isinstance(one, record.Disconnected | record.Silent) for one in said)
    assert sum(isinstance(one, record.InstrumentDefined) for one in said) == len(case.symbols)
    assert all(keeper.generation == 1 for keeper in feed.keepers)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.venue)
def test_trouble_of_every_kind_is_recovered_from_within_the_limits(case: Case) -> None:
    faults = [
        Fault("close", 5, value=1011),
        Fault("half_open", 15),
        Fault("refuse", 70, 20, value=429, text="connect"),
        Fault("close", 71, value=1006),
        Fault("mute", 100, 30),
        Fault("no_ack", 140, count=3),
        Fault("close", 141, value=1001),
    ]
    _, desk, said = lived(case, 270, *faults)
    assert [violation for violation in desk.violations if violation.what != "ping"] == []
    assert any(isinstance(one, record.Disconnected) for one in said)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.venue.startswith(("binance", "okx"))], ids=lambda case: case.venue
)
def test_announced_shutdowns_lose_nothing(case: Case) -> None:
    feed, desk, said = lived(case, 40, Fault("notice", 20, text="shutdown"))
    assert desk.violations == []
    assert not any(isinstance(one, record.Disconnected) for one in said)
    assert all(keeper.generation == 2 for keeper in feed.keepers)
