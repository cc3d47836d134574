import math

from market.messages import Quote, Signal, Traded, decode
from market.schema import Kind
from operators.regimes import detect
from operators.signals import decide
from operators.signals.messages import trading_frames
from tests.operators.regimes.bar_stream import INSTRUMENTS, batch_of, batches
from tests.operators.regimes.case_detect import MODELS
from tests.rows import ticks as made


def ticks(*rows):
    found = batch_of([], 0)
    names = ("instrument", "kind", "receive_time", "valid", "bid_price", "bid_size", "ask_price", "ask_size")
    return found._replace(ticks=made([dict(zip(names, row, strict=True)) for row in rows]))


def book(instrument, time, kind=Kind.DEPTH, valid=True, bid=100.0):
    sides = (bid, 1.0, bid + 0.1, 2.0) if valid else (math.nan,) * 4
    return (instrument, kind, time, valid, *sides)


def test_the_newest_quote_of_every_instrument_is_told_once():
    said = [decode(frame) for frame in trading_frames(ticks(book(1, 1), book(0, 2), book(1, 3, bid=7.0)))]
    assert [(quote.instrument, quote.time_ns, quote.bid_price) for quote in said] == [
        ("AAAUSDT", 2, 100.0),
        ("BBBUSDT", 3, 7.0),
    ]
    assert said[0] == Quote(
        venue="simulated", instrument="AAAUSDT", time_ns=2, bid_price=100.0, bid_size=1.0, ask_price=100.1,
        ask_size=2.0, valid=True, tick_size=0.1, lot_size=0.001,
    )  # fmt: skip


def test_an_invalid_book_is_told_as_zeros():
    (quote,) = (decode(frame) for frame in trading_frames(ticks(book(0, 1), book(0, 2, Kind.RESET, valid=False))))
    assert (quote.valid, quote.bid_price, quote.ask_size) == (False, 0.0, 0.0)


def test_trades_and_tickers_are_no_quotes_of_the_book():
    assert trading_frames(ticks(book(0, 1, Kind.TRADE), book(1, 1, Kind.TICKER))) == []


def trade(instrument, time, size, kind=Kind.TRADE, off_book=False):
    return {"instrument": instrument, "kind": kind, "receive_time": time, "size": size, "off_book": off_book}


def test_what_was_traded_in_the_book_is_told_once():
    rows = [
        trade(1, 5, 2.0), trade(0, 6, 1.0, Kind.AGGREGATE_TRADE), trade(1, 7, 0.5), trade(1, 8, 9.0, off_book=True),
        trade(1, 9, 2.5, Kind.AGGREGATE_TRADE), trade(0, 9, 1.0, Kind.TRADE),
        trade(0, 9, math.nan, Kind.AGGREGATE_TRADE),
    ]  # fmt: skip
    said = [decode(frame) for frame in trading_frames(batch_of([], 0)._replace(ticks=made(rows)))]
    assert said == [
        Traded(venue="simulated", instrument="AAAUSDT", time_ns=6, size=1.0),
        Traded(venue="simulated", instrument="BBBUSDT", time_ns=7, size=2.5),
    ]


def test_signals_survive_the_journal_in_their_order():
    found = decide.stage().run(detect.stage(models=MODELS).run(batches(1, 1)))
    rows = [row for batch in found if "signals" in batch.tables for row in batch.tables["signals"].to_dicts()]
    said = [decode(frame) for batch in found for frame in trading_frames(batch)]
    signals = [message for message in said if isinstance(message, Signal)]
    assert len(signals) == len(rows) > 100
    for signal, row in zip(signals, rows, strict=True):
        assert (signal.instrument, signal.timeframe, signal.direction, signal.regime) == (
            row["instrument"], row["timeframe"], row["direction"], row["regime"],
        )  # fmt: skip
        assert signal.volatility == (0.0 if math.isnan(row["volatility"]) else row["volatility"])
        assert signal.evidence == {pair["key"]: pair["value"] for pair in row["evidence"]}
    assert {message.venue for message in said} == {INSTRUMENTS[0].venue}
