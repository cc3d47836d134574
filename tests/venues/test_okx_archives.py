"""What archives hold of OKX v3 (OKEx, 2018 to 2021): frames that its documentation and recorders have shown."""

import pytest

from market.schema import NO_SEQUENCE, NO_TIME, Kind
from tests.venues.mutations import mutated, refused
from tests.venues.soundness import hold
from tests.venues.test_okx import OURS, changed, read
from venues.okx import OKX
from venues.rows import Rows
from venues.venue import Channel, Reply

PARTIAL = (
    b'{"table":"spot/depth_l2_tbt","action":"partial","data":[{"instrument_id":"BTC-USDT","asks":[["9580.3","0.20939963",'
    b'"0","2"],["9582.7","0.33242846","0","3"]],"bids":[["9576.7","0.31658067","0","2"]],"timestamp":'
    b'"2020-02-06T03:35:42.492Z","checksum":-2144245240}]}'
)
UPDATE = (
    b'{"table":"swap/depth","action":"update","data":[{"instrument_id":"BTC-USD-SWAP","asks":[["39167.2","0",0,0]],'
    b'"bids":[["39167.1","1536",0,8]],"timestamp":"2021-06-03T13:14:24.831Z","checksum":1860980846}]}'
)
DEPTH5 = (
    b'{"table":"swap/depth5","data":[{"asks":[["3810.7","3",0,2],["3810.9","21",0,1]],"bids":[["3803.8","20",0,1]],'
    b'"instrument_id":"BTC-USD-SWAP","timestamp":"2018-12-30T15:34:43.183Z"}]}'
)
TRADE = (
    b'{"table":"futures/trade","data":[{"side":"buy","trade_id":"5430565","price":"60059.7","qty":"20","instrument_id":'
    b'"BTC-USD-SWAP","timestamp":"2021-03-22T01:32:18.087Z"}]}'
)
SPOT_TRADE = (
    b'{"table":"spot/trade","data":[{"instrument_id":"BTC-USDT","price":"57000.1","side":"sell","size":"0.00020621",'
    b'"timestamp":"2021-03-22T01:16:28.687Z","trade_id":"1210447366"}]}'
)
TICKER = (
    b'{"table":"spot/ticker","data":[{"instrument_id":"BTC-USDT","last":"146.24","last_qty":"0.082483","best_bid":'
    b'"146.24","best_bid_size":"0.006822","best_ask":"146.25","best_ask_size":"80.541709","timestamp":'
    b'"2019-12-11T02:31:40.436Z"}]}'
)
MARK = (
    b'{"table":"swap/mark_price","data":[{"instrument_id":"BTC-USD-SWAP","mark_price":"5620.9","timestamp":'
    b'"2019-05-06T07:03:33.799Z"}]}'
)
FUNDING = (
    b'{"table":"swap/funding_rate","data":[{"estimated_rate":"0.00065","funding_rate":"0.00072933","funding_time":'
    b'"2021-04-02T00:00:00.000Z","instrument_id":"BTC-USD-SWAP","interest_rate":"0","settlement_time":'
    b'"2021-04-02T08:00:00.000Z"}]}'
)
ACK = b'{"event":"subscribe","channel":"spot/ticker:ETH-USDT"}'
FAILED = b'{"event":"error","message":"Channel : spot/x:ETH-USDT doesn\'t exist","errorCode":30040}'
FRAMES = (PARTIAL, UPDATE, DEPTH5, TRADE, SPOT_TRADE, TICKER, MARK, FUNDING, ACK, FAILED)


@pytest.mark.parametrize(
    ("frame", "kind", "checksum", "prices", "sizes"),
    [
        (PARTIAL, Kind.SNAPSHOT, 2**32 - 2144245240, [957_670, 958_030, 958_270], [0.31658067, 0.20939963, 0.33242846]),
        (UPDATE, Kind.DEPTH, 1860980846, [391_671, 391_672], [1536.0, 0.0]),
        (DEPTH5, Kind.PICTURE, 0, [38_038, 38_107, 38_109], [20.0, 3.0, 21.0]),
    ],
)
def test_books_have_checksums_and_no_ids(
    frame: bytes, kind: Kind, checksum: int, prices: list[int], sizes: list[float]
) -> None:
    rows = read(frame)
    (header,) = rows.headers
    assert (header.kind, header.sequence, header.previous, header.price) == (kind, 0, NO_SEQUENCE, checksum)
    assert (rows.level_prices, rows.level_sizes) == (prices, sizes)


def test_times_are_exact() -> None:
    assert read(PARTIAL).headers[0].exchange_time == 1_580_960_142_492_000_000


@pytest.mark.parametrize(
    ("frame", "side", "number", "size"), [(TRADE, 1, 5430565, 20.0), (SPOT_TRADE, -1, 1210447366, 0.00020621)]
)
def test_trades_have_their_size_under_either_name(frame: bytes, side: int, number: int, size: float) -> None:
    rows = read(frame)
    assert (rows.headers[0].kind, rows.headers[0].side, rows.headers[0].sequence) == (Kind.TRADE, side, number)
    assert rows.header_sizes == [size]


def test_a_ticker_without_sizes_is_no_quote() -> None:
    assert read(TICKER).level_prices == [14_624, 14_625]
    assert read(changed(TICKER, b'"best_bid_size":"0.006822",', b"")) == Rows()


def test_marks_and_funding_rates() -> None:
    (mark,), (funding,) = read(MARK).marks, read(FUNDING).marks
    assert (mark.mark_price, mark.exchange_time) == (5620.9, 1_557_126_213_799_000_000)
    assert (funding.funding_rate, funding.next_funding_time) == (0.00072933, 1_617_321_600_000_000_000)
    assert funding.exchange_time == NO_TIME


def test_tables_and_instruments_are_streams() -> None:
    assert OKX.streams_of(UPDATE) == ("swap/depth:BTC-USD-SWAP",)
    assert OKX.channel_of("swap/depth:BTC-USD-SWAP") is Channel.DEPTH
    assert OKX.symbol_of("swap/depth:BTC-USD-SWAP") == "BTC-USD-SWAP"
    assert OKX.texts(UPDATE) == (("BTC-USD-SWAP", ("39167.1", "39167.2"), ("1536", "0")),)


def test_control_frames_are_known() -> None:
    assert OKX.reply(ACK) == Reply("ack", None, streams=("spot/ticker:ETH-USDT",))
    assert read(ACK) == Rows()
    refused(OKX, FAILED, OURS, "doesn't exist")
    assert read(b'{"table":"spot/candle60s","data":[{"candle":["2019-04-16T10:49:00.000Z","162.03"]}]}') == Rows()


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (changed(UPDATE, b'["39167.1","1536",0,8]', b'[39167.1,"1536",0,8]'), "no price and size in text"),
        (changed(UPDATE, b'["39167.1","1536",0,8]', b'["39167.1"]'), "no price and size in text"),
        (changed(UPDATE, b'"1536"', b'"-1"'), "size"),
        (changed(UPDATE, b"2021-06-03T13", b"2021-06-03 13"), "RFC 3339"),
        (changed(TRADE, b'"qty":"20",', b""), "has no size"),
        (
            b'{"table":"index/ticker","data":[{"instrument_id":"BTC-USD","last":"3977.74"}]}',
            "not understood|no reader|time",
        ),
    ],
)
def test_what_cannot_be_understood_is_refused_whole(frame: bytes, reason: str) -> None:
    refused(OKX, frame, OURS, reason)


def test_fuzzed_frames_are_read_whole_or_refused() -> None:
    assert hold(OKX, list(mutated(FRAMES, 5_000, seed=6)), OURS) > 50
