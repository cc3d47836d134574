from datetime import UTC, datetime

from market import record
from operators import decode, opening_hours
from tests import tape


def at(day: int, hour: int, minute: int = 0) -> int:
    """A time of November 2013, UTC; New York is five hours behind."""
    return int(datetime(2013, 11, day, hour, minute, tzinfo=UTC).timestamp()) * 10**9


def told(*times: int, shard: str = "lean-usa/0") -> list[tuple[object, ...]]:
    """(phase, exchange time, receive time) after IBM is defined at the first of some times."""
    frames = [
        record.encode(record.InstrumentDefined("IBM", "0.01", "1")),
        *[record.encode(record.Alive())] * len(times),
    ]
    batches = tape.cut(list(zip((times[0], *times), frames, strict=True)), shard=shard)
    said = opening_hours.stage().run(decode.stage().run(batches))
    columns = "phase", "exchange_time", "receive_time"
    return [
        row for batch in said if "market_status" in batch.tables
        for row in batch.tables["market_status"].select(columns).rows()
    ]  # fmt: skip


def test_an_instrument_has_the_phase_of_its_exchange_at_once() -> None:
    assert told(at(5, 14, 29)) == [("closed", at(4, 21), at(5, 14, 29))]
    assert told(at(5, 14, 30)) == [("open", at(5, 14, 30), at(5, 14, 30))]


def test_a_bound_is_told_by_the_first_frame_that_knows_of_it() -> None:
    assert told(at(5, 14), at(5, 14, 40), at(5, 20, 59), at(5, 22))[1:] == [
        ("open", at(5, 14, 30), at(5, 14, 40)),
        ("closed", at(5, 21), at(5, 22)),
    ]


def test_early_closes_and_holidays_are_the_calendar_s() -> None:
    bounds = told(at(27, 22), at(28, 22), at(29, 15), at(29, 18))[1:]  # Thanksgiving, and the half day after it
    assert bounds == [("open", at(29, 14, 30), at(29, 15)), ("closed", at(29, 18), at(29, 18))]


def test_bounds_older_than_a_week_are_not_told_any_more() -> None:
    assert [row[1] for row in told(at(1, 22), at(29, 22))[1:]] == [
        *(at(day, hour, minute) for day in (25, 26, 27) for hour, minute in ((14, 30), (21, 0))),
        *(at(29, 14, 30), at(29, 18)),
    ]


def test_time_that_goes_back_tells_nothing_twice() -> None:
    assert len(told(at(5, 14), at(5, 15), at(5, 14), at(5, 15))) == 2


def test_a_market_that_never_closes_has_no_rows() -> None:
    assert told(at(5, 14), at(5, 22), shard="binance-usdm/0") == []
