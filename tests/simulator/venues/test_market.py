"""Markets: the same for the same seed, never crossed, and steps say exactly what changed."""

import gzip
import json
from decimal import Decimal

import numba
import pytest

from simulator.listing import listing
from simulator.venues.book import BUY, SELL, Book, Window
from simulator.venues.capture_market import CaptureMarket
from simulator.venues.exchange_market import ExchangeMarket
from simulator.venues.market import RandomMarket
from tests.captures import real

ROWS = (listing("BTCUSDT"), listing("ETHUSDT"))
HOUR_NS = 3600 * 10**9


def copies(market):
    found = [Book() for _ in market.books]
    for i, book in enumerate(market.books):
        for side in (BUY, SELL):
            for ticks, lots in book.best(side):
                found[i].put(side, ticks, lots)
    return found


def follow(market, until_ns):
    """Steps until then; each must turn a copy of the books into the books."""
    books, steps = copies(market), []
    while market.next_ns is not None and market.next_ns <= until_ns:
        step = market.step()
        steps.append(step)
        for change in step.changes:
            books[step.instrument].put(*change)
        mine, true = books[step.instrument], market.books[step.instrument]
        assert (mine.bids, mine.asks) == (true.bids, true.asks)
    return steps


def test_the_same_seed_makes_the_same_market_and_another_seed_another():
    runs = [follow(RandomMarket(ROWS, seed=seed), HOUR_NS // 60) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_steps_say_what_changed_and_no_book_crosses():
    market = RandomMarket(ROWS, seed=4)
    steps = follow(market, HOUR_NS)
    assert len(steps) > 20_000
    assert all(book.ticks(BUY, 0) < book.ticks(SELL, 0) for book in market.books)
    assert all(len({(one.side, one.ticks) for one in step.changes}) == len(step.changes) for step in steps)


def test_books_thin_out_and_steps_burst():
    market, thinnest, gaps, last = RandomMarket(ROWS, seed=4), 1000, [], 0
    while market.next_ns < HOUR_NS:
        step = market.step()
        gaps.append(step.time_ns - last)
        last = step.time_ns
        thinnest = min(thinnest, *(market.books[step.instrument].size(side) for side in (BUY, SELL)))
    assert thinnest < 10
    assert sum(gap < 2_000_000 for gap in gaps) > 100


def test_trades_are_numbered_by_one_and_on_both_sides():
    last, sides = {}, set()
    for step in follow(RandomMarket(ROWS, seed=1), HOUR_NS // 10):
        for trade in step.trades:
            assert trade.number == last.get(step.instrument, trade.number - 1) + 1
            last[step.instrument] = trade.number
            sides.add(trade.side)
    assert len(last) == 2
    assert sides == {BUY, SELL}


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValueError, match="positive"):
        RandomMarket(ROWS, rate=rate)


def test_a_window_tells_what_enters_and_what_leaves_and_leaves_to_the_client_what_is_pushed_out():
    book = Book()
    for ticks in (10, 9, 8):
        book.put(BUY, ticks, 1)
    told, cut = Window(book, 2), Window(book, 2)
    book.put(BUY, 11, 5)
    assert told.changes() == ([(11, 5), (9, 0)], [])
    assert cut.changes(pushed_out=False) == ([(11, 5)], [])
    book.put(BUY, 10, 0)
    assert told.changes() == ([(10, 0), (9, 1)], []) == cut.changes(pushed_out=False)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="too slow without compiled kernels")
def test_the_simulated_exchange_is_a_market_too():
    market = ExchangeMarket({"BTC/USD": "BTCUSDT", "ETH/USD": "ETHUSDT"}, seed=1)
    steps = follow(market, 5 * 10**9)
    assert [row.symbol for row in market.listings] == ["BTC/USD", "ETH/USD"]
    assert {step.instrument for step in steps} == {0, 1}
    trades = [trade for step in steps for trade in step.trades]
    assert len(trades) > 20
    assert {trade.side for trade in trades} == {BUY, SELL}
    assert all(book.ticks(BUY, 0) < book.ticks(SELL, 0) for book in market.books)


def lines(path, frames):
    with gzip.open(path, "wt") as file:
        file.writelines(f"{stamp} {json.dumps(frame)}\n" for stamp, frame in frames)
    return path


def depth(first, last, bids, asks):
    data = {"e": "depthUpdate", "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": asks}
    return {"stream": "btcusdt@depth@100ms", "data": data}


def test_a_capture_opens_with_its_snapshot_and_goes_on_with_what_is_newer(tmp_path):
    path = lines(
        tmp_path / "a.gz",
        [
            (10**18, depth(1, 3, [["9.0", "1.000"]], [])),  # older than the snapshot
            (10**18 + 1, depth(4, 6, [["9.9", "2.000"]], [])),  # newer, and recorded before it
            (10**18 + 2, {"lastUpdateId": 3, "bids": [["9.8", "1.000"]], "asks": [["10.0", "1.500"]]}),
            (10**18 + 3, depth(7, 9, [["9.8", "0.000"]], [])),
        ],
    )
    market = CaptureMarket(path, named="BTCUSDT", start_ns=500)
    assert market.listings[0].tick_size == "0.1"
    assert market.listings[0].lot_size == "0.1"
    assert market.listings[0].size_decimals == 3
    assert market.books[0].bids == {98: 10}
    steps = follow(market, 10**18)
    assert [step.time_ns for step in steps] == [501, 503]
    assert market.books[0].bids == {99: 20}
    assert market.next_ns is None


def test_a_capture_without_the_symbol_is_refused(tmp_path):
    path = lines(tmp_path / "a.gz", [(10**18, depth(1, 3, [["9.0", "1"]], []))])
    with pytest.raises(ValueError, match=r"ETHUSDT; it has books of BTCUSDT"):
        CaptureMarket(path, symbols=["ETHUSDT"])


@pytest.mark.parametrize(("name", "instruments"), [("COINBASE.first_half", 2), ("BYBIT.first_half", 4), ("OKX", 3)])
def test_recorded_books_do_not_cross(name, instruments):
    path = real.folder().parent / "02_ws_multivenue_cryptofeed" / f"{name}.jsonl.zst"
    market = CaptureMarket(path)
    assert len(market.books) == instruments
    while market.next_ns is not None:
        step = market.step()
        bid, _, ask, _ = market.books[step.instrument].touch()
        assert bid < ask
    assert all(Decimal(row.tick_size) > 0 for row in market.listings)
