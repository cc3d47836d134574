from datetime import UTC, datetime
from decimal import Decimal
from math import isnan

import pytest

import venues
from market.errors import FrameError, VenueError
from market.instrument import Instrument
from market.schema import NO_SEQUENCE, Flag, Kind
from venues.lean.times import nanoseconds
from venues.rows import Rows
from venues.venue import Channel, Seen, listing

LEAN = venues.get("lean-usa")
LISTINGS = {"IBM": listing(3, Instrument("lean-usa", "IBM", Decimal("0.01"), Decimal(1)))}
TRADE = b"trade IBM 20131007 1 14430270,1815200,283,P,20002020,0"
BID = b"quote IBM 20131007 2 14400241,1800100,300,0,0,P,1,0"
ASK = b"quote IBM 20131007 3 14400241,0,0,1818000,3000,P,1,0"


def read(frame: bytes) -> Rows:
    rows = Rows()
    LEAN.read(frame, 5, 7, LISTINGS, rows)
    return rows


def of(column: int, value: str, frame: bytes = TRADE) -> bytes:
    """A frame with another value in one column of its line."""
    head, _, line = frame.rpartition(b" ")
    values = line.split(b",")
    values[column] = value.encode()
    return head + b" " + b",".join(values)


def utc(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 10**9  # type: ignore[arg-type, misc]


def test_a_trade_has_the_time_of_new_york_in_utc_cents_and_no_aggressor() -> None:
    row = read(TRADE).events()[0]
    assert row["exchange_time"] == utc(2013, 10, 7, 8) + 30_270_000_000
    assert (row["price"], row["size"], row["side"]) == (18_152, 283.0, 0)
    assert (row["kind"], row["instrument"], row["frame"], row["receive_time"]) == (Kind.TRADE, 3, 7, 5)
    assert row["sequence"] == 20_131_007_000_000_001
    assert row["flags"] == 0


@pytest.mark.parametrize(("frame", "side", "price", "size"), [(BID, 1, 18_001, 300.0), (ASK, -1, 18_180, 3_000.0)])
def test_a_quote_is_the_best_of_all_exchanges_on_the_side_that_it_names(
    frame: bytes, side: int, price: int, size: float
) -> None:
    header, level = read(frame).events()
    assert (header["kind"], header["previous"], header["levels"], header["flags"]) == (Kind.QUOTE, 15, 1, Flag.BEST)
    assert (level["kind"], level["side"], level["price"], level["size"]) == (Kind.LEVEL, side, price, size)
    assert level["previous"] == NO_SEQUENCE


def test_zeros_on_both_sides_withdraw_both() -> None:
    rows = read(b"quote IBM 20131007 2 14400241,0,0,0,0,N,1,0").events()
    assert [(row["side"], row["size"]) for row in rows[1:]] == [(1, 0.0), (-1, 0.0)]


@pytest.mark.parametrize(
    ("date", "milliseconds", "expected"),
    [
        ("20131007", "34200000", utc(2013, 10, 7, 13, 30)),  # summer
        ("20131104", "34200000", utc(2013, 11, 4, 14, 30)),  # winter
        ("20131103", "3600000", utc(2013, 11, 3, 5)),  # clocks change at 2:00
        ("20131103", "34200000", utc(2013, 11, 3, 14, 30)),
        ("20131007", "34200000.000001", utc(2013, 10, 7, 13, 30) + 1),
    ],
)
def test_times_are_those_that_clocks_in_new_york_show(date: str, milliseconds: str, expected: int) -> None:
    assert nanoseconds(date, milliseconds) == expected


@pytest.mark.parametrize(
    ("conditions", "off_book"),
    [
        *((text, False) for text in ("0", "1", "20", "20000020", "2000", "40", "80", "80000000", "")),
        *(
            (text, True)
            for text in (
                "2",
                "4",
                "8",
                "200",
                "800",
                "4000",
                "4800",
                "40000",
                "100000",
                "1000000",
                "2000000",
                "4000000",
            )
        ),
    ],
)
def test_prints_that_are_no_price_of_the_moment_are_off_book(conditions: str, off_book: bool) -> None:
    assert read(of(4, conditions)).events()[0]["flags"] == (Flag.OFF_BOOK if off_book else 0)


@pytest.mark.parametrize(("frame", "column"), [(TRADE, 5), (BID, 7)])
def test_what_algoseek_suspects_is_marked(frame: bytes, column: int) -> None:
    assert read(of(column, "1", frame)).events()[0]["flags"] & Flag.OFF_BOOK


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (of(4, "40"), [("open", "opening trade")]),
        (of(4, "20000080"), [("closed", "closing trade")]),
        (of(4, "100"), [("open", "reopening trade")]),
        (of(4, "1000000"), [("closed", "official close trade")]),
        (of(6, "800", BID), [("open", "opening quote")]),
        (of(6, "10", BID), [("halted", "news dissemination quote")]),
        (of(6, "2000", BID), [("open", "resume quote")]),
        (of(6, "40000", BID), [("limits", "price band quote")]),
        (TRADE, []),
    ],
)
def test_auctions_halts_and_bands_are_told(frame: bytes, told: list[tuple[str, str]]) -> None:
    assert [(row.phase, row.code) for row in read(frame).statuses] == told


def test_a_halt_takes_the_quotes_away_and_a_band_leaves_them() -> None:
    assert [row["size"] for row in read(of(6, "20", BID)).events()[1:]] == [0.0, 0.0]
    band = read(b"quote IBM 20131007 2 14400241,1800000,0,1900000,0,P,40000,0")
    assert len(band.events()) == 0
    assert band.statuses[0][6:8] == (180.0, 190.0)
    assert isnan(read(of(4, "40")).statuses[0].lower_price)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"trade IBM 20131007 1 14430270,1815200,283,P,20002020", "6 columns, this line 5"),
        (b"quote IBM 20131007 1 14430270,1815200,283,P,1,0", "8 columns, this line 6"),
        (b"trade XYZ 20131007 1 14430270,1815200,283,P,1,0", "no instrument is defined for XYZ"),
        (b"trade IBM 20131307 1 14430270,1815200,283,P,1,0", "not a date"),
        (b"hello", "not `<trade or quote>"),
        (b"\xff\xfe", "not `<trade or quote>"),
        (of(0, "86400000"), "not milliseconds of a day"),
        (of(0, "-1"), "not milliseconds of a day"),
        (of(1, "-5"), "price '-5'"),
        (of(1, "0"), "at price 0"),
        (of(1, "1815250"), "not a multiple of the tick size"),
        (of(2, "nan"), "size 'nan'"),
        (of(2, "1e9"), "size '1e9'"),
        (of(3, "NYSE"), "not a letter"),
        (of(4, "0x40"), "hexadecimal"),
        (of(5, "2"), "suspicious is 0 or 1"),
        (of(7, "", BID), "suspicious is 0 or 1"),
    ],
)
def test_what_is_no_tick_gives_its_reason_and_no_row(frame: bytes, reason: str) -> None:
    rows = Rows()
    with pytest.raises(FrameError, match=reason.replace("(", r"\(")):
        LEAN.read(frame, 5, 7, LISTINGS, rows)
    assert rows == Rows()


def test_steps_are_read_of_prices_in_dollars() -> None:
    assert [text.prices for text in LEAN.texts(TRADE)] == [("181.5200",)]
    assert [text.prices for text in LEAN.texts(ASK)] == [("181.8000",)]
    assert LEAN.infer("IBM", Seen("0.1", "1", 4, 0)).tick_size == "0.01"
    assert LEAN.infer("IBM", Seen("0.0001", "1", 4, 0)).tick_size == "0.0001"


def test_quotes_are_the_book_and_nothing_can_be_connected_to() -> None:
    assert [LEAN.channel_of(name) for name in (*LEAN.streams_of(BID), *LEAN.streams_of(TRADE))] == [
        Channel.DEPTH,
        Channel.TRADE,
    ]
    with pytest.raises(VenueError, match=r"import FILE\.zip"):
        LEAN.routes(["IBM"])


@pytest.mark.parametrize("frame", [b"", b" ", b"trade", b"quote  ", b"\x1e{}", b"trade \xff 1"])
def test_a_frame_of_another_kind_has_no_stream_of_ours_and_raises_nothing_else(frame: bytes) -> None:
    LEAN.streams_of(frame)
    with pytest.raises(FrameError):
        LEAN.texts(frame)


def test_prices_of_a_band_are_nan_where_there_is_none() -> None:
    band = read(b"quote IBM 20131007 2 14400241,1800000,0,0,0,P,40000,0").statuses[0]
    assert band.lower_price == 180.0
    assert isnan(band.upper_price)
