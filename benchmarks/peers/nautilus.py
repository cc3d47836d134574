"""nautilus_trader: frames to its objects, its data engine, an actor with its Rust book; the live path without sockets.

The fastest of what it offers: the actor keeps a `nautilus_pyo3.OrderBook`, whose `bids(10)` reads ten levels (the book
that the engine manages can only list all of them), and objects are built from msgspec structs (5 µs per frame of the
capture; the conversions of its Binance adapter, which read every number from its text twice, 32 µs).
"""

import time

import numpy as np
from nautilus_trader.backtest.data_client import BacktestMarketDataClient
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.core.data import Data
from nautilus_trader.data.engine import DataEngine
from nautilus_trader.model.data import (
    BookOrder,
    MarkPriceUpdate,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.enums import AggressorSide, BookAction, OrderSide
from nautilus_trader.model.identifiers import ClientId, TradeId, TraderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.portfolio.portfolio import Portfolio
from nautilus_trader.test_kit.providers import TestInstrumentProvider

from benchmarks.capture import LEVELS, PRICE_PLACES, SIZE_PLACES
from benchmarks.peers.frames import Depth, Mark, Snapshot, Ticker, Trade, decode
from benchmarks.peers.frames import Levels as RawLevels
from benchmarks.peers.row import Levels, Rows

INSTRUMENT = TestInstrumentProvider.btcusdt_perp_binance()
ID = INSTRUMENT.id


class Features(Actor):
    """The row at every book update, from the ten best levels of a Rust book."""

    def __init__(self) -> None:
        super().__init__()
        self.found = Rows()
        self.quote: QuoteTick | None = None
        self._book = nautilus_pyo3.OrderBook(
            nautilus_pyo3.InstrumentId.from_str(ID.value), nautilus_pyo3.BookType.L2_MBP
        )

    def on_start(self) -> None:
        self.subscribe_order_book_deltas(ID, managed=False, pyo3_conversion=True)
        self.subscribe_quote_ticks(ID)
        self.subscribe_trade_ticks(ID)

    def on_order_book_deltas(self, deltas: nautilus_pyo3.OrderBookDeltas) -> None:
        book = self._book
        book.apply_deltas(deltas)
        bids: Levels = [(float(level.price), level.size()) for level in book.bids(LEVELS)]
        asks: Levels = [(-float(level.price), level.size()) for level in book.asks(LEVELS)]
        self.found.update(bids, asks, deltas.ts_event // 1_000_000)

    def on_trade_tick(self, trade: TradeTick) -> None:
        size = trade.size.as_double()
        self.found.traded += size if trade.aggressor_side == AggressorSide.BUYER else -size

    def on_quote_tick(self, quote: QuoteTick) -> None:
        self.quote = quote


def deltas_of(
    side: OrderSide, levels: RawLevels, sequence: int, event_ns: int, received_ns: int
) -> list[OrderBookDelta]:
    """One side of a message."""
    update, delete = BookAction.UPDATE, BookAction.DELETE
    return [
        OrderBookDelta(
            ID,
            update if size else delete,
            BookOrder(side, Price(price, PRICE_PLACES), Quantity(size, SIZE_PLACES), 0),
            0,
            sequence,
            event_ns,
            received_ns,
        )
        for price, size in levels
    ]


def convert(frame: bytes, received_ns: int) -> Data | None:
    """A frame as an object of nautilus; None for what met no order of the book."""
    message = decode(frame)
    match message:
        case Ticker():
            return QuoteTick(
                ID,
                Price(message.b, PRICE_PLACES),
                Price(message.a, PRICE_PLACES),
                Quantity(message.B, SIZE_PLACES),
                Quantity(message.A, SIZE_PLACES),
                message.T * 1_000_000,
                received_ns,
            )
        case Depth():
            when = message.u, message.T * 1_000_000, received_ns
            levels = deltas_of(OrderSide.BUY, message.b, *when)
            return OrderBookDeltas(ID, levels + deltas_of(OrderSide.SELL, message.a, *when))
        case Trade(X="MARKET"):
            return TradeTick(
                ID,
                Price(message.p, PRICE_PLACES),
                Quantity(message.q, SIZE_PLACES),
                AggressorSide.SELLER if message.m else AggressorSide.BUYER,
                TradeId(str(message.t)),
                message.T * 1_000_000,
                received_ns,
            )
        case Mark():
            return MarkPriceUpdate(ID, Price(message.p, 8), message.E * 1_000_000, received_ns)
        case Snapshot():
            when = message.lastUpdateId, message.T * 1_000_000, received_ns
            levels = deltas_of(OrderSide.BUY, message.bids, *when) + deltas_of(OrderSide.SELL, message.asks, *when)
            return OrderBookDeltas(ID, [OrderBookDelta.clear(ID, *when), *levels])
    return None


def started() -> tuple[DataEngine, Features]:
    """An engine with the actor subscribed to it."""
    clock = TestClock()
    bus = MessageBus(TraderId("BENCHMARK-001"), clock)
    cache = Cache()
    cache.add_instrument(INSTRUMENT)
    engine = DataEngine(bus, cache, clock)
    engine.register_client(BacktestMarketDataClient(ClientId("BINANCE"), bus, cache, clock))
    features = Features()
    features.register_base(Portfolio(bus, cache, clock), bus, cache, clock)
    engine.start()
    features.start()
    return engine, features


def run(frames: list[bytes], receive_times: list[int]) -> tuple[np.ndarray, float, str]:
    engine, features = started()
    began = time.process_time()
    for frame, received_ns in zip(frames, receive_times, strict=True):
        data = convert(frame, received_ns)
        if data is not None:
            engine.process(data)
    seconds = time.process_time() - began
    began = time.process_time()
    for frame, received_ns in zip(frames, receive_times, strict=True):
        convert(frame, received_ns)
    converting = time.process_time() - began
    each = 1e6 / len(frames)
    notes = f"conversion {converting * each:.1f} µs, engine and actor {(seconds - converting) * each:.1f} µs"
    return np.array(features.found.rows), seconds, notes
