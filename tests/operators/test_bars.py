import math
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from market.batch import Batch
from market.frames import Frames
from market.instrument import Instrument, InstrumentTable
from market.schema import BAR, CORRECTION, Kind
from operators import bars
from operators.growing_bars import KEPT
from tests.contract import cases
from tests.operators.book.messages import table
from tests.rows import flow, ticks

SECOND = 1_000_000_000
DAY = 1_700_006_400 * SECOND  # a midnight
NAN = math.nan
Row = dict[str, object]


def trade(at_s: float, price: float, size: float = 1.0, side: int = 1, kind: Kind = Kind.TRADE, **more: object) -> Row:
    return {"kind": kind, "at": at_s, "price": price, "size": size, "side": side, **more}


def book(at_s: float, mid: float, ofi: float = 0.0, **more: object) -> Row:
    return {"kind": Kind.DEPTH, "at": at_s, "mid_price": mid, "ofi": ofi, "valid": True, **more}


def ticker(at_s: float) -> Row:
    return {"kind": Kind.TICKER, "at": at_s}


def run(
    *rows: Row,
    instruments: InstrumentTable | None = None,
    lateness_s: float = 0.0,
    kept_trades: int = 0,
    corrections: tuple[Row, ...] = (),
) -> Batch:
    known = table(count=2) if instruments is None else instruments
    filled = [_filled(row) for row in rows]
    batch = Batch("binance-usdm/0", 0, np.array([1]), Frames.of([b""]), known, ticks=ticks(filled))
    batch = batch.with_features("order_flow", flow(filled))
    batch = batch.with_table("trade_corrections", pl.DataFrame([_BLANK | said for said in corrections], CORRECTION))
    return bars.stage(lateness_s=lateness_s, kept_trades=kept_trades).run([batch])[0]


_BLANK = {
    "instrument": "X0",
    "exchange_time": 7,
    "receive_time": DAY + 99 * SECOND,
    "frame": 9,
    "price": 0.0,
    "size": 0.0,
}


def cancel(number: int, **more: object) -> Row:
    return {"action": "cancel", "trade_id": number, "new_trade_id": -1, "new_price": NAN, "new_size": NAN, **more}


def correct(number: int, to: int, price: float, size: float, **more: object) -> Row:
    return cancel(number) | {"action": "correct", "new_trade_id": to, "new_price": price, "new_size": size, **more}


def told(batch: Batch) -> dict[tuple[object, object], Row]:
    """The newest revision of every bar, as far as trades and the book made it."""
    newest = {(bar["timeframe"], bar["open_time"]): bar for bar in batch.tables["bars"].to_dicts()}
    how = ("revision", "receive_time", "frame")
    return {key: {name: value for name, value in bar.items() if name not in how} for key, bar in newest.items()}


def causes(batch: Batch) -> list[str]:
    return batch.tables["gaps"]["cause"].to_list() if "gaps" in batch.tables else []


def _filled(row: Row) -> Row:
    at = DAY + int(float(str(row["at"])) * SECOND)
    received = DAY + int(float(str(row.get("received", row["at"]))) * SECOND)
    return {"frame": 3, "exchange_time": at, "receive_time": received, "sequence": 5, **row}


def seconds(batch: Batch, timeframe: str = "1s") -> list[Row]:
    return batch.tables["bars"].filter(pl.col("timeframe") == timeframe).to_dicts()


def test_a_bar_says_what_happened_in_it() -> None:
    rows = (trade(0.1, 10, 2.0), book(0.2, 11.0, 3.0), trade(0.3, 14, 1.0, -1), trade(0.4, 9), book(0.9, 12.0, -1.0))
    found = run(*rows, ticker(1.0))
    assert dict(found.tables["bars"].schema) == BAR
    assert seconds(found) == [
        {
            "instrument": "X0", "timeframe": "1s", "open_time": DAY, "close_time": DAY + SECOND,
            "receive_time": DAY + SECOND, "open": 10.0, "high": 14.0, "low": 9.0, "close": 9.0,
            "volume": 4.0, "buy_volume": 3.0, "sell_volume": 1.0, "notional": 43.0, "trades": 3,
            "mid_open": 11.0, "mid_close": 12.0, "ofi": 2.0, "updates": 2, "revision": 0, "origin": "ticks", "frame": 3,
        }
    ]  # fmt: skip


def test_every_timeframe_closes_at_its_own_end() -> None:
    found = run(trade(1.0, 10), *(ticker(at) for at in (2, 60, 900, 3_600, 86_399, 86_400)))
    closed = found.tables["bars"].select("timeframe", (pl.col("receive_time") - DAY) // SECOND).rows()
    assert closed == [("1s", 2), ("1m", 60), ("15m", 900), ("1h", 3_600), ("1d", 86_400)]


def test_open_and_close_go_by_event_time_not_by_arrival() -> None:
    found = seconds(run(trade(0.5, 11), trade(0.9, 12), trade(0.1, 10), ticker(1.0)))
    assert [(bar["open"], bar["close"]) for bar in found] == [(10.0, 12.0)]


def test_a_bar_waits_for_stragglers() -> None:
    rows = (trade(0.5, 11), ticker(1.2), trade(0.9, 12), ticker(1.25))
    assert [bar["trades"] for bar in seconds(run(*rows, lateness_s=0.25))] == [2]


def test_a_late_row_gives_a_revision_and_the_row_itself_again() -> None:
    found = seconds(run(trade(0.5, 11), ticker(1.0), trade(0.9, 12), trade(0.2, 10)))
    assert [(bar["revision"], bar["open"], bar["close"]) for bar in found] == [
        (0, 11.0, 11.0),
        (1, 11.0, 12.0),
        (2, 10.0, 12.0),
    ]


def test_a_bar_that_begins_late_is_emitted_at_once_and_is_no_revision() -> None:
    found = seconds(run(ticker(5.0), trade(2.5, 11)))
    assert [(bar["open_time"], bar["revision"]) for bar in found] == [(DAY + 2 * SECOND, 0)]


@pytest.mark.parametrize(("at_s", "late"), [(100.0 - KEPT + 1, False), (100.0 - KEPT + 0.9, True)])
def test_a_row_later_than_the_bars_kept_is_counted(at_s: float, late: bool) -> None:
    found = run(ticker(100.0), trade(at_s, 11))
    assert bool(len(seconds(found)) if "bars" in found.tables else 0) != late
    gaps = found.tables["gaps"].select("cause", "state", "channel").rows() if "gaps" in found.tables else []
    assert gaps == ([("late", "healed", "trade")] if late else [])


def test_a_stamp_in_the_future_closes_nothing_and_is_told_once() -> None:
    future = [trade(50.0, 99, received=1.0), book(51.0, 99.0, received=1.5)]
    found = run(trade(0.5, 11), *future, ticker(0.9), trade(0.95, 12), ticker(1.0))
    assert [bar["close"] for bar in seconds(found)] == [12.0]
    assert found.tables["gaps"].select("cause", "state").rows() == [("future", "open"), ("future", "healed")]


def test_a_clock_a_little_ahead_of_ours_is_believed() -> None:
    found = run(trade(0.5, 11, received=-4.0), ticker(1.0) | {"received": -3.5})
    assert len(seconds(found)) == 1


def test_a_row_without_event_time_is_in_no_bar_and_moves_nothing() -> None:
    timeless = book(9.0, 99.0) | {"exchange_time": 0}
    found = seconds(run(book(0.5, 11.0), timeless, ticker(1.0)))
    assert [bar["updates"] for bar in found] == [1]


@pytest.mark.parametrize(
    "row",
    [trade(0.6, 9, off_book=True), trade(0.6, 9, 0.0), trade(0.6, 9, NAN), trade(0.6, 9, kind=Kind.AGGREGATE_TRADE)],
)
def test_what_does_not_count_as_a_trade(row: Row) -> None:
    assert [bar["trades"] for bar in seconds(run(trade(0.5, 10), row, ticker(1.0)))] == [1]


def test_a_second_in_which_nothing_counted_has_no_bar() -> None:
    found = run(ticker(0.5), book(0.6, NAN, valid=False), trade(1.5, 10), ticker(2.0))
    assert [bar["open_time"] for bar in seconds(found)] == [DAY + SECOND]


def test_prices_and_mids_that_were_not_are_nan() -> None:
    found = seconds(run(book(0.5, 11.0), trade(1.5, 10), ticker(2.0)))
    assert math.isnan(float(str(found[0]["open"])))
    assert found[0]["volume"] == 0.0
    assert math.isnan(float(str(found[1]["mid_close"])))


def test_one_instrument_never_closes_the_bars_of_another() -> None:
    assert "bars" not in run(trade(0.5, 10), trade(9.5, 10, instrument=1)).tables


def test_notional_of_an_inverse_contract_is_its_face_value() -> None:
    inverse = Instrument("binance-coinm", "ETHUSD_PERP", Decimal("0.01"), Decimal(1), Decimal(10), True)
    found = run(trade(0.5, 2_680.0, 7.0), ticker(1.0), instruments=InstrumentTable().define(inverse))
    assert seconds(found)[0]["notional"] == 70.0


def test_the_tape_of_the_contract_has_revisions_late_rows_and_future_stamps() -> None:
    case = cases()["bars"]
    found = case.output(case.stage().run(case.whole(1)))
    assert found["bars"]["revision"].max() > 1
    assert set(found["gaps"]["cause"]) == {"late", "future", "unknown", "duplicate"}
    assert set(found["bars"]["timeframe"]) >= {"1s", "1m"}


STREAM = [
    trade(at / 4, 100 + (at * 7) % 13, 1 + at % 3, (-1) ** at, sequence=at) if at % 3 else book(at / 4, 100.0 + at, 0.1)
    for at in range(1, 80)
]
END = ticker(21.0)


@pytest.mark.parametrize("number", [1, 4, 14, 40, 79])
def test_a_trade_that_is_taken_back_was_never_there(number: int) -> None:
    found = run(*STREAM, END, kept_trades=64, corrections=(cancel(number),))
    never = run(*(row for row in STREAM if row.get("sequence") != number), END, kept_trades=64)
    same = {key: bar for key, bar in told(found).items() if bar["trades"] or bar["updates"]}
    assert str(same) == str(told(never))
    assert causes(found) == []


@pytest.mark.parametrize("number", [1, 14, 79])
@pytest.mark.parametrize("price", [1.0, 105.0, 900.0])
def test_a_trade_that_is_corrected_came_so(number: int, price: float) -> None:
    found = run(*STREAM, END, kept_trades=64, corrections=(correct(number, 1_000, price, 5.0),))
    so = [row | {"price": price, "size": 5.0} if row.get("sequence") == number else row for row in STREAM]
    assert str(told(found)) == str(told(run(*so, END, kept_trades=64)))
    assert max(bar["revision"] for bar in seconds(found)) == 1


def test_an_open_bar_is_corrected_before_it_closes_and_has_no_revision() -> None:
    rows = (trade(0.1, 10, sequence=1), trade(0.2, 99, sequence=2), ticker(1.0) | {"frame": 10})
    found = seconds(run(*rows, kept_trades=4, corrections=(cancel(2),)))
    assert [(bar["high"], bar["trades"], bar["revision"]) for bar in found] == [(10.0, 1, 0)]


def test_a_bar_with_nothing_left_in_it_is_given_again_empty_or_not_at_all() -> None:
    late = seconds(run(trade(0.1, 10, sequence=1), ticker(1.0), kept_trades=4, corrections=(cancel(1),)))
    assert [(bar["trades"], bar["volume"], bar["revision"]) for bar in late] == [(1, 1.0, 0), (0, 0.0, 1)]
    assert math.isnan(float(str(late[1]["close"])))
    sooner = run(trade(0.1, 10, sequence=1), ticker(1.0) | {"frame": 10}, kept_trades=4, corrections=(cancel(1),))
    assert "bars" not in sooner.tables


def test_a_correction_is_corrected_by_its_new_id() -> None:
    said = (correct(1, 2, 20.0, 5.0), cancel(1), correct(2, 3, 30.0, 6.0))
    found = run(trade(0.1, 10, sequence=1), ticker(1.0), kept_trades=4, corrections=said)
    assert [bar["close"] for bar in seconds(found)] == [10.0, 20.0, 30.0]
    assert causes(found) == ["unknown"]


def test_a_correction_that_cannot_be_made_is_told() -> None:
    rows = [trade(at, 10, sequence=1 + int(at)) for at in range(4)]
    old = run(*rows, END, kept_trades=2, corrections=(cancel(1), cancel(99), cancel(4), cancel(4)))
    assert causes(old) == ["unknown", "unknown", "duplicate"]
    assert old.tables["gaps"].select("instrument", "start_time", "received_sequence", "channel").row(0) == (
        *("X0", 7, 1, "trade"),
    )
    assert causes(run(*rows, END, corrections=(cancel(4),))) == ["unknown"]
    far = run(*rows, ticker(200.0), kept_trades=8, corrections=(cancel(4),))
    assert causes(far) == ["late"]
    assert [bar["volume"] for bar in seconds(far, "1m")] == [4.0, 3.0]


def test_a_correction_of_a_trade_that_no_bar_counted_changes_none() -> None:
    rows = (trade(0.1, 10, sequence=1), trade(0.2, 50, off_book=True, sequence=2), ticker(1.0))
    found = run(*rows, kept_trades=4, corrections=(cancel(2),))
    assert (len(seconds(found)), causes(found)) == (1, [])


def test_a_venue_that_never_corrects_keeps_no_trades() -> None:
    stage = bars.stage()
    state = stage.empty()
    stage.advance(state, run(trade(0.1, 10)))
    assert state.series.recent.trades.shape == (2, 0)


def test_a_trade_without_an_aggressor_is_in_the_volume_alone() -> None:
    bar = seconds(run(trade(0.5, 10, 2.0, 0), trade(0.6, 10, 1.0, -1), ticker(1.0)))[0]
    assert (bar["volume"], bar["buy_volume"], bar["sell_volume"]) == (3.0, 0.0, 1.0)


@pytest.mark.parametrize("kept_trades", [-1, 65_537])
def test_a_number_of_trades_out_of_range_is_refused(kept_trades: int) -> None:
    with pytest.raises(ValueError, match="kept_trades"):
        bars.stage(kept_trades=kept_trades)


@pytest.mark.parametrize("lateness_s", [-0.1, 5.1, NAN])
def test_a_lateness_out_of_range_is_refused(lateness_s: float) -> None:
    with pytest.raises(ValueError, match="lateness_s"):
        bars.stage(lateness_s=lateness_s)
